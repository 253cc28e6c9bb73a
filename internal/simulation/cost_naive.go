package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"sluice/internal/inprocess"
	"sluice/internal/local"
	"sluice/internal/local/lambda"
	"sluice/internal/local/poller"
	"sluice/internal/local/template"
	"sluice/internal/sms"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// What the naive design asks of AWS in one call, and at once.
const (
	naivePuts       = 25  // BatchWriteItem's limit
	naiveMessages   = 10  // SendMessageBatch's limit
	naiveParallel   = 8   // calls at once of the function that creates
	naiveSenders    = 100 // invocations at once of the function that sends
	naiveMemoryMB   = 256
	naiveQueue      = "naive"
	naiveTable      = "Naive"
	naiveVisibility = time.Minute
)

// naive is the plain way to send many texts with the same services, to compare costs with: an item, a message in the
// queue and an invocation for each text. It puts the items and queues the messages as many to a call as AWS takes, and
// keeps no pace.
type naive struct {
	db     *dynamodb.Client
	queue  *sqs.Client
	sender *vonage.Client
}

// naiveText is a message in the queue.
type naiveText struct{ Campaign, To string }

// RunNaive sends n texts by the naive design, whose calls the meter counts, to a Vonage that answers after latency.
func RunNaive(t *testing.T, m *Meter, n int, latency time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer time.Sleep(2 * time.Minute) // until the last straggler's timer has fired
		defer cancel()
		fake := vonagetest.New(vonagetest.Config{APIKey: vonageKey, APISecret: vonageWord, Rate: -1, Latency: latency})
		naiveRun(ctx, t, m, n, fake)
		if got := len(fake.Accepted()); got != n {
			t.Errorf("the naive design sent %d texts of %d", got, n)
		}
	})
}

func naiveRun(ctx context.Context, t *testing.T, m *Meter, n int, fake *vonagetest.Fake) {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cloud, err := local.NewCloud(naiveTemplate(), cloudURL, nil)
	fatal(err)
	as := func(by string) aws.Config { return awsConfig(m.Transport(by, inprocess.Transport(cloud))) }
	creator, err := lambda.NewHandler(ctx, lambda.HandlerConfig{Name: "create", Timeout: lambda.MaxTimeout},
		newNaive(as("create"), fake).create)
	fatal(err)
	defer creator.Close()
	sender, err := lambda.NewHandler(ctx, lambda.HandlerConfig{Name: "send", Concurrency: naiveSenders},
		newNaive(as("send"), fake).deliver)
	fatal(err)
	defer sender.Close()
	ended := make(chan struct{}, n) // an element for each delivery: one that failed would come again for ever
	source, err := poller.New(poller.Config{
		Client: sqs.NewFromConfig(as(Platform)), QueueURL: local.QueueURL(cloudURL, naiveQueue),
		QueueARN: "arn:aws:sqs:" + lambda.DefaultRegion + ":" + lambda.Account + ":" + naiveQueue,
		Invoker:  m.Invoker(template.Function{Name: "send", MemoryMB: naiveMemoryMB}, sender), BatchSize: 1,
		MaximumConcurrency: naiveSenders, Visibility: naiveVisibility,
		OnBatch: func(r poller.Result) {
			if r.Err != nil {
				t.Error(r.Err)
			}
			ended <- struct{}{}
		},
	})
	fatal(err)
	polling, stop := context.WithCancel(ctx)
	polled := make(chan error, 1)
	go func() { polled <- source.Run(polling) }()
	body, err := json.Marshal(Recipients(n))
	fatal(err)
	api := template.Function{Name: "create", MemoryMB: naiveMemoryMB, Routes: make([]template.Route, 1)}
	_, err = m.Invoker(api, creator).Invoke(ctx, body)
	fatal(err)
	for range n {
		<-ended
	}
	stop()
	fatal(<-polled)
}

func newNaive(c aws.Config, fake *vonagetest.Fake) naive {
	return naive{db: dynamodb.NewFromConfig(c), queue: sqs.NewFromConfig(c), sender: vonage.NewClient(vonage.Config{
		APIKey: vonageKey, APISecret: vonageWord, BaseURL: vonageURL, Transport: inprocess.Transport(fake),
	})}
}

func naiveTemplate() *template.Template {
	return &template.Template{
		Tables: []template.Table{{Name: naiveTable, Keys: []template.Key{
			{Name: "pk", Type: "S", Kind: "HASH"}, {Name: "sk", Type: "S", Kind: "RANGE"},
		}}},
		Queues: []template.Queue{{LogicalID: "Queue", Name: naiveQueue, VisibilityTimeout: naiveVisibility}},
	}
}

// create stores every text as pending and queues a message for each.
func (f naive) create(ctx context.Context, numbers []string) error {
	const id = "01NAIVE0000000000000000000"
	err := inParallel(ctx, slices.Chunk(numbers, naivePuts), func(ctx context.Context, part []string) error {
		return f.put(ctx, id, part)
	})
	if err != nil {
		return fmt.Errorf("store the texts: %w", err)
	}
	return inParallel(ctx, slices.Chunk(numbers, naiveMessages), func(ctx context.Context, part []string) error {
		return f.enqueue(ctx, id, part)
	})
}

func inParallel(ctx context.Context, parts iter.Seq[[]string], do func(context.Context, []string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(naiveParallel)
	for part := range parts {
		group.Go(func() error { return do(ctx, part) })
	}
	return group.Wait()
}

func (f naive) put(ctx context.Context, id string, numbers []string) error {
	requests := make([]types.WriteRequest, 0, len(numbers))
	for _, to := range numbers {
		item := naiveKey(id, to)
		item["state"] = naiveValue("pending")
		item["text"] = naiveValue("Hello, World!")
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	_, err := f.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{naiveTable: requests},
	})
	return err
}

func (f naive) enqueue(ctx context.Context, id string, numbers []string) error {
	var entries []sqstypes.SendMessageBatchRequestEntry
	for i, to := range numbers {
		body, err := json.Marshal(naiveText{id, to})
		if err != nil {
			return err
		}
		entries = append(entries, sqstypes.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(string(body)),
		})
	}
	_, err := f.queue.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
		QueueUrl: aws.String(local.QueueURL(cloudURL, naiveQueue)), Entries: entries,
	})
	return err
}

// deliver sends the one text of an event: claimed before it is sent, its outcome stored after.
func (f naive) deliver(ctx context.Context, e events.SQSEvent) error {
	var text naiveText
	if err := json.Unmarshal([]byte(e.Records[0].Body), &text); err != nil {
		return err
	}
	if err := f.move(ctx, text, "pending", "claimed", ""); err != nil {
		return err
	}
	to, err := sms.ParseNumber(text.To)
	if err != nil {
		return err
	}
	o := f.sender.Send(ctx, sms.Message{
		From: "447700900000", To: to, Text: "Hello, World!", Ref: text.Campaign,
	})
	if o.Verdict != sms.Accepted {
		return fmt.Errorf("not sent: %s", o.Reason)
	}
	return f.move(ctx, text, "claimed", "accepted", o.Parts[0].MessageID)
}

func (f naive) move(ctx context.Context, text naiveText, from, to, messageID string) error {
	_, err := f.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String(naiveTable), Key: naiveKey(text.Campaign, text.To),
		UpdateExpression:         aws.String("SET #state = :to, message_id = :id, changed_at = :at"),
		ConditionExpression:      aws.String("#state = :from"),
		ExpressionAttributeNames: map[string]string{"#state": "state"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":from": naiveValue(from), ":to": naiveValue(to), ":id": naiveValue(messageID),
			":at": naiveValue(time.Now().UTC().Format(time.RFC3339Nano)),
		},
	})
	return err
}

func naiveKey(id, to string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": naiveValue("MESSAGE#" + id), "sk": naiveValue(to)}
}

func naiveValue(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }
