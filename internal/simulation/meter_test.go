package simulation_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
	"sluice/internal/simulation"
)

// answering is a service that always says the same. It notes what it was asked.
type answering struct {
	status int
	body   string
	asked  []string
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	asked, err := io.ReadAll(r.Body)
	a.asked = append(a.asked, string(asked))
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body))}, err
}

func ask(t *testing.T, m *simulation.Meter, by string, service http.RoundTripper, operation, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://cloud.local", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", operation)
	resp, err := m.Transport(by, service).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestAMeterBillsWhatDynamoDBSaysThatItConsumed(t *testing.T) {
	t.Parallel()
	item := `{"v":{"S":"` + strings.Repeat("x", 2<<10) + `"}}`
	for _, c := range []struct {
		name, operation, answer string
		status                  int
		want                    simulation.Bill
	}{
		{"a write with its index", "PutItem",
			`{"ConsumedCapacity":{"CapacityUnits":3,"GlobalSecondaryIndexes":{"due":{"CapacityUnits":2}}}}`, 200,
			simulation.Bill{Write: 3, Calls: 1}},
		{"a read", "GetItem", `{"ConsumedCapacity":{"CapacityUnits":0.5}}`, 200, simulation.Bill{Read: 0.5, Calls: 1}},
		{"a list of tables", "BatchWriteItem", `{"ConsumedCapacity":[{"CapacityUnits":3},{"CapacityUnits":4}]}`, 200,
			simulation.Bill{Write: 7, Calls: 1}},
		{"a transaction", "TransactWriteItems", `{"ConsumedCapacity":[{"CapacityUnits":4,"WriteCapacityUnits":4}]}`, 200,
			simulation.Bill{Write: 4, Calls: 1}},
		{"a transaction applied before", "TransactWriteItems",
			`{"ConsumedCapacity":[{"CapacityUnits":4,"ReadCapacityUnits":4}]}`, 200, simulation.Bill{Read: 4, Calls: 1}},
		{"a failed condition, by the item in it", "UpdateItem", `{"__type":"x#ConditionalCheckFailedException","Item":` + item + `}`,
			400, simulation.Bill{Write: 3, Calls: 1}},
		{"a failed condition, without one", "PutItem", `{"__type":"x#ConditionalCheckFailedException"}`, 400,
			simulation.Bill{Write: 1, Calls: 1}},
		{"a cancelled transaction", "TransactWriteItems",
			`{"__type":"x#TransactionCanceledException","CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":` + item + `}]}`,
			400, simulation.Bill{Write: 2 + 6, Calls: 1}},
		{"a request that is not valid", "PutItem", `{"__type":"x#ValidationException"}`, 400, simulation.Bill{Calls: 1}},
	} {
		m := &simulation.Meter{}
		service := &answering{status: c.status, body: c.answer}
		if got := ask(t, m, "sender", service, "DynamoDB_20120810."+c.operation, `{"TableName":"t"}`); got != c.answer {
			t.Errorf("%s: the function sees %q", c.name, got)
		}
		if service.asked[0] != `{"ReturnConsumedCapacity":"INDEXES","TableName":"t"}` {
			t.Errorf("%s: asked %s", c.name, service.asked[0])
		}
		if diff := cmp.Diff(c.want, m.Bill()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestAMeterBillsQueuesByTheirBytes(t *testing.T) {
	t.Parallel()
	m := &simulation.Meter{}
	message := func(bytes int) string { return `{"Messages":[{"Body":"` + strings.Repeat("x", bytes) + `"}]}` }
	ask(t, m, "api", &answering{200, `{}`, nil}, "AmazonSQS.SendMessageBatch", strings.Repeat("x", 64<<10+1))
	ask(t, m, simulation.Platform, &answering{200, message(10), nil}, "AmazonSQS.ReceiveMessage", `{}`)
	ask(t, m, simulation.Platform, &answering{200, message(200 << 10), nil}, "AmazonSQS.ReceiveMessage", `{}`)
	ask(t, m, simulation.Platform, &answering{200, `{}`, nil}, "AmazonSQS.ReceiveMessage", `{}`)
	ask(t, m, simulation.Platform, &answering{200, `{}`, nil}, "AmazonSQS.DeleteMessageBatch", `{}`)
	ask(t, m, "sender", &answering{200, `{}`, nil}, "secretsmanager.GetSecretValue", `{}`)
	m.Stop()
	ask(t, m, "sender", &answering{200, `{}`, nil}, "secretsmanager.GetSecretValue", `{}`)
	want := simulation.Bill{Calls: 2, Queue: 3, SQS: 2 + 1 + 4 + 1, Secrets: 1}
	if diff := cmp.Diff(want, m.Bill()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAMeterBillsTimeByTheMillisecondAndMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &simulation.Meter{Latency: 5 * time.Millisecond}
		f := template.Function{Name: "api", MemoryMB: 256, Routes: make([]template.Route, 1)}
		run := m.Invoker(f, invoker(func(context.Context, []byte) ([]byte, error) {
			time.Sleep(500*time.Millisecond + time.Microsecond)
			return []byte(ask(t, m, "api", &answering{200, `{}`, nil}, "secretsmanager.GetSecretValue", `{}`)), nil
		}))
		throttled := m.Invoker(f, invoker(func(context.Context, []byte) ([]byte, error) { return nil, lambda.ErrThrottled }))
		for _, i := range []lambda.Invoker{run, throttled} {
			_, _ = i.Invoke(t.Context(), make([]byte, 600<<10))
		}
		want := simulation.Bill{Invocations: 1, GBSeconds: 0.506 / 4, HTTP: 2, Calls: 1, Secrets: 1}
		if diff := cmp.Diff(want, m.Bill()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestABillIsAtThePricesOfItsParts(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	for _, c := range []struct {
		bill    simulation.Bill
		dollars float64
	}{
		{simulation.Bill{Write: million}, 0.625},
		{simulation.Bill{Read: million}, 0.125},
		{simulation.Bill{SQS: million, Queue: million, Calls: million}, 0.50},
		{simulation.Bill{Invocations: million, GBSeconds: 75_000}, 0.20 + 1.000005},
		{simulation.Bill{HTTP: million}, 1},
		{simulation.Bill{Secrets: 10_000}, 0.05},
	} {
		if got := c.bill.Dollars(); got < c.dollars-1e-9 || got > c.dollars+1e-9 {
			t.Errorf("%+v is $%.9f, want $%.9f", c.bill, got, c.dollars)
		}
	}
}
