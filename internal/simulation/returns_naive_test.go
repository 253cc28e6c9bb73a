package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/inprocess"
	"sluice/internal/local"
	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
	"sluice/internal/simulation"
)

// naiveWebhook is the plain way to take what comes back, to compare costs with: the function that is called writes the row
// and adds to the campaign's counter by itself, without a queue. Whose reply it is, it reads where each text that was sent
// has written it down.
type naiveWebhook struct {
	db *dynamodb.Client
	// together writes row and counter in one transaction: else a function that dies between the two has lost a count.
	together bool
}

const (
	naiveTableName = "Naive"
	naiveURL       = "http://cloud.local"
)

// naiveCall is what the function is asked: about the n-th recipient.
type naiveCall struct {
	Kind string // "receipt", "reply" or "text", which is what each text that is sent costs more
	N    int
}

// naively runs n calls of a kind and returns what was counted.
func naively(t *testing.T, kind string, n int, together bool) *simulation.Meter {
	t.Helper()
	meter := &simulation.Meter{Latency: awsLatency}
	synctest.Test(t, func(t *testing.T) {
		cloud, err := local.NewCloud(&template.Template{Tables: []template.Table{{Name: naiveTableName, Keys: []template.Key{
			{Name: "pk", Type: "S", Kind: "HASH"}, {Name: "sk", Type: "S", Kind: "RANGE"},
		}}}}, naiveURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		function := naiveWebhook{together: together, db: dynamodb.NewFromConfig(aws.Config{
			Region: lambda.DefaultRegion, BaseEndpoint: aws.String(naiveURL),
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
			HTTPClient:  &http.Client{Transport: meter.Transport("webhook", inprocess.Transport(cloud))},
		})}
		handler, err := lambda.NewHandler(t.Context(), lambda.HandlerConfig{Name: "webhook"}, function.handle)
		if err != nil {
			t.Fatal(err)
		}
		defer handler.Close()
		described := template.Function{Name: "webhook", MemoryMB: 256}
		if kind != "text" { // which is written by a sender that runs anyway
			described.Routes = make([]template.Route, 1)
		}
		invoker := meter.Invoker(described, handler)
		for i := range n {
			payload, err := json.Marshal(naiveCall{kind, i})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := invoker.Invoke(t.Context(), payload); err != nil {
				t.Fatal(err)
			}
		}
	})
	return meter
}

func (f naiveWebhook) handle(ctx context.Context, call naiveCall) error {
	number := fmt.Sprintf("4478%08d", call.N)
	switch call.Kind {
	case "text":
		_, err := f.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(naiveTableName), Item: row("LAST#447700900000", number)})
		return err
	case "reply":
		_, err := f.db.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(naiveTableName), Key: row("LAST#447700900000", number), ConsistentRead: aws.Bool(true),
		})
		if err != nil {
			return err
		}
		return f.write(ctx, row("REPLIES#01NAIVE0000000000000000000", number+"#"+time.Now().UTC().Format(time.RFC3339Nano)), "replied")
	default:
		return f.write(ctx, row("RECEIPTS#01NAIVE0000000000000000000", number), "delivered")
	}
}

func row(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
}

// write stores a row that is new, and counts it.
func (f naiveWebhook) write(ctx context.Context, item map[string]types.AttributeValue, counter string) error {
	isNew := aws.String("attribute_not_exists(pk)")
	add := aws.String("ADD " + counter + " :one")
	one := map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}}
	campaign := row("CAMPAIGN#01NAIVE0000000000000000000", "CAMPAIGN")
	table := aws.String(naiveTableName)
	if f.together {
		_, err := f.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: table, Item: item, ConditionExpression: isNew}},
			{Update: &types.Update{TableName: table, Key: campaign, UpdateExpression: add, ExpressionAttributeValues: one}},
		}})
		return err
	}
	_, err := f.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item, ConditionExpression: isNew})
	if err != nil {
		return err
	}
	_, err = f.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: table, Key: campaign, UpdateExpression: add, ExpressionAttributeValues: one,
	})
	return err
}
