package sqsqueue_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/inprocess"
	"sluice/internal/local/sqs"
	"sluice/internal/sqsqueue"
)

const (
	baseURL  = "http://sqs.local"
	queueURL = baseURL + "/000000000000/batches"
)

func clientAt(endpoint string, rt http.RoundTripper) *awssqs.Client {
	return awssqs.New(awssqs.Options{
		Region:           "eu-west-1",
		BaseEndpoint:     aws.String(endpoint),
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       &http.Client{Transport: rt},
		RetryMaxAttempts: 1,
	})
}

func TestQueue(t *testing.T) {
	campaigntest.TestQueue(t, func(t *testing.T) (campaign.Queue, campaigntest.Receive) {
		server, err := sqs.New(baseURL, sqs.Queue{Name: "batches"})
		if err != nil {
			t.Fatal(err)
		}
		client := clientAt(baseURL, inprocess.Transport(server))
		return sqsqueue.New(client, queueURL), receiver(client, queueURL)
	})
}

// TestQueueLive runs where SLUICE_SQS_ENDPOINT names an SQS that queues may be made in, such as ElasticMQ or moto.
func TestQueueLive(t *testing.T) {
	endpoint := os.Getenv("SLUICE_SQS_ENDPOINT")
	if endpoint == "" {
		t.Skip("SLUICE_SQS_ENDPOINT is not set")
	}
	client := clientAt(endpoint, http.DefaultTransport)
	campaigntest.TestQueueLive(t, func(t *testing.T) (campaign.Queue, campaigntest.Receive) {
		name := strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())
		made, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(name[:min(80, len(name))])})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, err := client.DeleteQueue(context.Background(), &awssqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
			if err != nil {
				t.Error(err)
			}
		})
		return sqsqueue.New(client, *made.QueueUrl), receiver(client, *made.QueueUrl)
	})
}

// receiver takes and deletes messages until none is left.
func receiver(client *awssqs.Client, url string) campaigntest.Receive {
	return func(t *testing.T) []campaign.Delivery {
		t.Helper()
		var all []campaign.Delivery
		for {
			out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range out.Messages {
				d, err := sqsqueue.Decode(*m.Body)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, d)
				in := &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}
				if _, err := client.DeleteMessage(t.Context(), in); err != nil {
					t.Fatal(err)
				}
			}
			if len(out.Messages) == 0 {
				return all
			}
		}
	}
}

// flaky is an SQS that takes some time for each call, and fails entries as told by their delivery and attempt.
type flaky struct {
	takes    time.Duration
	fails    func(batch, attempt int) *types.BatchResultErrorEntry
	attempts map[int]int // calls that each batch number was in
	delays   map[int]int32
	groups   map[int]string
	calls    int
}

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(f.takes)
	f.calls++
	var in struct {
		Entries []struct {
			ID             string `json:"Id"`
			MessageBody    string
			DelaySeconds   int32
			MessageGroupID string `json:"MessageGroupId"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	var successful, failed []map[string]any
	for _, entry := range in.Entries {
		d, err := sqsqueue.Decode(entry.MessageBody)
		if err != nil {
			return nil, err
		}
		f.attempts[d.Batch]++
		if why := f.fails(d.Batch, f.attempts[d.Batch]); why != nil {
			failed = append(failed, map[string]any{"Id": entry.ID, "Code": why.Code, "SenderFault": why.SenderFault})
			continue
		}
		f.delays[d.Batch], f.groups[d.Batch] = entry.DelaySeconds, entry.MessageGroupID
		successful = append(successful, map[string]any{"Id": entry.ID, "MessageId": "m"})
	}
	body, err := json.Marshal(map[string]any{"Successful": successful, "Failed": failed})
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(string(body))), Request: r,
	}, err
}

func newFlaky(fails func(batch, attempt int) *types.BatchResultErrorEntry) *flaky {
	return &flaky{fails: fails, attempts: map[int]int{}, delays: map[int]int32{}, groups: map[int]string{}}
}

func (f *flaky) queue() *sqsqueue.Queue { return sqsqueue.New(clientAt(baseURL, f), queueURL) }

func deliveries(n int, delay time.Duration) []campaign.Delivery {
	var all []campaign.Delivery
	for i := range n {
		all = append(all, campaign.Delivery{Campaign: "c", Batch: i, Delay: delay})
	}
	return all
}

var (
	serverFault = &types.BatchResultErrorEntry{Code: aws.String("InternalError")}
	senderFault = &types.BatchResultErrorEntry{Code: aws.String("AccessDenied"), SenderFault: true}
)

func TestEnqueueSendsAgainOnlyWhatSQSFailedToTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newFlaky(func(batch, attempt int) *types.BatchResultErrorEntry {
			if batch == 4 && attempt < 4 {
				return serverFault
			}
			return nil
		})
		if err := service.queue().Enqueue(t.Context(), deliveries(15, 0)...); err != nil {
			t.Fatal(err)
		}
		for batch, attempts := range service.attempts {
			if want := map[bool]int{true: 4, false: 1}[batch == 4]; attempts != want {
				t.Errorf("batch %d was sent %d times, want %d", batch, attempts, want)
			}
		}
		if service.calls != 5 {
			t.Errorf("%d calls, want 5: ten, three times the one, five", service.calls)
		}
	})
}

func TestEnqueueGivesUp(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault *types.BatchResultErrorEntry
		calls int
		words string
	}{
		{"after five attempts when SQS keeps failing", serverFault, 5, "5 attempts"},
		{"at once when SQS refuses", senderFault, 1, "AccessDenied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := newFlaky(func(int, int) *types.BatchResultErrorEntry { return c.fault })
				err := service.queue().Enqueue(t.Context(), deliveries(20, 0)...)
				if err == nil || !strings.Contains(err.Error(), c.words) || service.calls != c.calls {
					t.Errorf("got %v after %d calls, want %q after %d", err, service.calls, c.words, c.calls)
				}
			})
		})
	}
}

func TestEnqueueStopsWaitingWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newFlaky(func(int, int) *types.BatchResultErrorEntry { return serverFault })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := service.queue().Enqueue(ctx, deliveries(1, 0)...); err == nil || time.Since(start) > 10*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestDelayCountsFromTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newFlaky(func(int, int) *types.BatchResultErrorEntry { return nil })
		service.takes = 700 * time.Millisecond
		all := append(deliveries(30, 60*time.Second), campaign.Delivery{Campaign: "c", Batch: 30, Delay: time.Second})
		if err := service.queue().Enqueue(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
		got := map[string]int32{}
		for _, batch := range []int{0, 10, 20, 30} {
			got[fmt.Sprint(batch)] = service.delays[batch]
		}
		if diff := cmp.Diff(map[string]int32{"0": 60, "10": 60, "20": 59, "30": 0}, got); diff != "" {
			t.Errorf("delays in seconds by batch (-want +got)\n%s", diff)
		}
	})
}

// The first call fails for every delivery: what is sent again is of the same group.
func TestEachDeliveryIsOfTheGroupOfItsCampaign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newFlaky(func(_, attempt int) *types.BatchResultErrorEntry {
			if attempt == 1 {
				return serverFault
			}
			return nil
		})
		var all []campaign.Delivery
		for batch := range 25 {
			all = append(all, campaign.Delivery{Campaign: fmt.Sprint("campaign-", batch%3), Batch: batch})
		}
		if err := service.queue().Enqueue(t.Context(), all...); err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if got := service.groups[d.Batch]; got != d.Campaign {
				t.Errorf("batch %d of %s is of group %q", d.Batch, d.Campaign, got)
			}
		}
	})
}

func TestADelayThatCannotBeKeptIsNamedBeforeAnythingIsSent(t *testing.T) {
	for _, delay := range []time.Duration{901 * time.Second, -time.Second, 1500 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			service := newFlaky(func(int, int) *types.BatchResultErrorEntry { return nil })
			all := append(deliveries(10, 0), campaign.Delivery{Campaign: "01JD", Batch: 10, Delay: delay})
			err := service.queue().Enqueue(t.Context(), all...)
			for _, words := range []string{delay.String(), "15m0s", "01JD"} {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("got %v, want it to say %s", err, words)
				}
			}
			if service.calls != 0 {
				t.Errorf("%d calls were made", service.calls)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	got, err := sqsqueue.Decode(`{"campaign":"01JD","batch":0,"epoch":2}`)
	if want := (campaign.Delivery{Campaign: "01JD", Epoch: 2}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, c := range []struct{ name, body, words string }{
		{"nothing", ``, "ends too early"},
		{"no object", `"01JD"`, "another form"},
		{"an unknown field", `{"campaign":"01JD","batch":1,"epoch":1,"447700900001":"x"}`, "a field that"},
		{"no campaign", `{"batch":1,"epoch":1}`, "campaign"},
		{"an empty campaign", `{"campaign":"","batch":1,"epoch":1}`, "campaign"},
		{"no batch", `{"campaign":"01JD","epoch":1}`, "batch"},
		{"a negative batch", `{"campaign":"01JD","batch":-1,"epoch":1}`, "negative"},
		{"half a batch", `{"campaign":"01JD","batch":1.5,"epoch":1}`, "another form"},
		{"a number too large", `{"campaign":"01JD","batch":447700900001447700900001,"epoch":1}`, "another form"},
		{"no epoch", `{"campaign":"01JD","batch":1}`, "epoch"},
		{"two deliveries", `{"campaign":"01JD","batch":1,"epoch":1}{}`, "more"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			if d, err := sqsqueue.Decode(c.body); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %+v, %v; want an error about %q", d, err, c.words)
			}
			if err != nil && (strings.Contains(err.Error(), "4477") || strings.Contains(err.Error(), "01JD")) {
				t.Errorf("the body is repeated: %v", err)
			}
		})
	}
}

// Whatever is taken is complete, and is what Enqueue would write for it.
func FuzzDecode(f *testing.F) {
	f.Add(`{"campaign":"01JD","batch":1,"epoch":1}`)
	f.Add(`{"campaign":"","batch":-1,"epoch":null} `)
	f.Fuzz(func(t *testing.T, body string) {
		d, err := sqsqueue.Decode(body)
		if err != nil {
			if d != (campaign.Delivery{}) {
				t.Errorf("%q: refused, yet returned %+v", body, d)
			}
			return
		}
		if d.Campaign == "" || d.Batch < 0 || d.Epoch < 0 || d.Delay != 0 {
			t.Errorf("%q was taken for %+v", body, d)
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := sqsqueue.Decode(string(written)); err != nil || again != d {
			t.Errorf("%+v was written as %s and read as %+v, %v", d, written, again, err)
		}
	})
}
