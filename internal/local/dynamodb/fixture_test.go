package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/inprocess"
	"sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
)

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n any) types.AttributeValue    { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
func bin(b string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(b)} }
func list(l ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: l}
}
func dict(m item) types.AttributeValue         { return &types.AttributeValueMemberM{Value: m} }
func strs(s ...string) types.AttributeValue    { return &types.AttributeValueMemberSS{Value: s} }
func numbers(s ...string) types.AttributeValue { return &types.AttributeValueMemberNS{Value: s} }

// fixture is the SDK's own client in front of the service: in process, or, where SLUICE_DYNAMODB_ENDPOINT names one, of
// Amazon's DynamoDB Local, so that the two are held to the same tests.
type fixture struct {
	testing.TB
	ctx    context.Context
	client *awsdynamodb.Client
}

var table = aws.String("table")

func described() dynamodb.Table {
	return dynamodb.Table{
		Name:  *table,
		Hash:  dynamodb.Key{Name: "pk", Kind: attribute.String},
		Range: dynamodb.Key{Name: "sk", Kind: attribute.String},
		Indexes: []dynamodb.Index{
			{
				Name:       "due",
				Hash:       dynamodb.Key{Name: "due_shard", Kind: attribute.String},
				Range:      dynamodb.Key{Name: "due_at", Kind: attribute.Number},
				Projection: dynamodb.ProjectAll,
			},
			{
				Name:       "keys",
				Hash:       dynamodb.Key{Name: "colour", Kind: attribute.String},
				Projection: dynamodb.ProjectInclude,
				Include:    []string{"extra"},
			},
		},
	}
}

// endpoint is where the real thing listens, or empty.
func endpoint() string { return os.Getenv("SLUICE_DYNAMODB_ENDPOINT") }

// onlyHere skips what the two are known not to share.
func onlyHere(t testing.TB, why string) {
	t.Helper()
	if endpoint() != "" {
		t.Skip(why)
	}
}

func open(t testing.TB) fixture {
	t.Helper()
	if endpoint() != "" {
		f := fixture{t, t.Context(), clientAt(endpoint(), http.DefaultTransport)}
		f.create(described())
		return f
	}
	server, err := dynamodb.New(described())
	if err != nil {
		t.Fatal(err)
	}
	return fixture{t, t.Context(), clientAt("http://dynamodb.local", inprocess.Transport(server))}
}

func clientAt(endpoint string, rt http.RoundTripper) *awsdynamodb.Client {
	return awsdynamodb.New(awsdynamodb.Options{
		Region:           "us-east-1",
		BaseEndpoint:     &endpoint,
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       &http.Client{Transport: rt},
		RetryMaxAttempts: 1,
	})
}

// create makes the table anew where tables can be made.
func (f fixture) create(d dynamodb.Table) {
	f.Helper()
	_, err := f.client.DeleteTable(f.ctx, &awsdynamodb.DeleteTableInput{TableName: &d.Name})
	var absent *types.ResourceNotFoundException
	if err != nil && !errors.As(err, &absent) {
		f.Fatal(err)
	}
	kinds := map[string]types.ScalarAttributeType{}
	schema := func(keys ...dynamodb.Key) []types.KeySchemaElement {
		var all []types.KeySchemaElement
		for i, k := range keys {
			if k.Name != "" {
				role := []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]
				all = append(all, types.KeySchemaElement{AttributeName: &k.Name, KeyType: role})
				kinds[k.Name] = types.ScalarAttributeType(k.Kind)
			}
		}
		return all
	}
	in := &awsdynamodb.CreateTableInput{TableName: &d.Name, BillingMode: types.BillingModePayPerRequest, KeySchema: schema(d.Hash, d.Range)}
	for _, x := range d.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: &x.Name, KeySchema: schema(x.Hash, x.Range),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(x.Projection), NonKeyAttributes: x.Include},
		})
	}
	for name, kind := range kinds {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &name, AttributeType: kind})
	}
	if _, err := f.client.CreateTable(f.ctx, in); err != nil {
		f.Fatal(err)
	}
}

func key(pk, sk string) item { return item{"pk": str(pk), "sk": str(sk)} }

// with returns the key with more attributes.
func with(k item, more item) item {
	all := item{}
	for name, value := range k {
		all[name] = value
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

func (f fixture) put(it item) {
	f.Helper()
	if _, err := f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table, Item: it}); err != nil {
		f.Fatal(err)
	}
}

func (f fixture) get(k item) item {
	f.Helper()
	out, err := f.client.GetItem(f.ctx, &awsdynamodb.GetItemInput{TableName: table, Key: k, ConsistentRead: aws.Bool(true)})
	if err != nil {
		f.Fatal(err)
	}
	return out.Item
}

func (f fixture) want(k, want item) {
	f.Helper()
	if diff := cmp.Diff(want, f.get(k), ignoreUnexported); diff != "" {
		f.Errorf("item (-want +got)\n%s", diff)
	}
}

// update changes one item by an expression whose values are v1, v2 and so on.
func (f fixture) update(k item, text string, values ...types.AttributeValue) error {
	in := &awsdynamodb.UpdateItemInput{TableName: table, Key: k, UpdateExpression: &text}
	if len(values) > 0 {
		in.ExpressionAttributeValues = numbered(values)
	}
	_, err := f.client.UpdateItem(f.ctx, in)
	return err
}

func numbered(values []types.AttributeValue) item {
	all := item{}
	for i, v := range values {
		all[fmt.Sprintf(":v%d", i+1)] = v
	}
	return all
}

// query asks for the sort keys, or for what the projection names, in their order.
func (f fixture) query(in awsdynamodb.QueryInput) *awsdynamodb.QueryOutput {
	f.Helper()
	in.TableName = table
	out, err := f.client.Query(f.ctx, &in)
	if err != nil {
		f.Fatal(err)
	}
	return out
}

func sortKeys(items []item) string {
	var all []string
	for _, it := range items {
		all = append(all, it["sk"].(*types.AttributeValueMemberS).Value)
	}
	return strings.Join(all, " ")
}

// wantCode checks the code that the SDK reads from an error answer, and some words of our message.
func wantCode(t testing.TB, err error, code, words string) {
	t.Helper()
	if endpoint() != "" {
		words = ""
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %v, want %s: …%s…", err, code, words)
	}
}

func wantInvalid(t testing.TB, err error, words string) {
	t.Helper()
	wantCode(t, err, "ValidationException", words)
}

var ignoreUnexported = cmp.FilterPath(func(p cmp.Path) bool {
	return p.Last().String() == ".noSmithyDocumentSerde"
}, cmp.Ignore())
