package poller_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/local/lambda"
	"sluice/internal/local/poller"
)

func TestMessagesThatSucceedAreDeleted(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.run(poller.Config{}, succeed)
		b.sleep(90 * time.Second) // several empty long polls
		if b.service.receives != 5 {
			t.Errorf("%d receives in 90 s, want 5: one each 20 s", b.service.receives)
		}
		b.send("a")
		synctest.Wait()
		b.wantLeft(queueURL, "0+0")
		want := []poller.Result{{Messages: 1, Deleted: 1}}
		if diff := cmp.Diff(want, b.results); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
	})
}

func TestTheEventDescribesTheMessage(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.run(poller.Config{}, succeed)
		sent, err := b.client.SendMessage(b.Context(), &awssqs.SendMessageInput{QueueUrl: aws.String(queueURL), MessageBody: aws.String("hello"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"text":   {DataType: aws.String("String"), StringValue: aws.String("v")},
				"binary": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
			}})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(b.events) != 1 || len(b.events[0].Records) != 1 {
			t.Fatalf("events %+v, want one of one record", b.events)
		}
		got := b.events[0].Records[0]
		want := events.SQSMessage{
			MessageId: *sent.MessageId, Body: "hello", Md5OfBody: *sent.MD5OfMessageBody, Md5OfMessageAttributes: *sent.MD5OfMessageAttributes,
			EventSourceARN: queueARN, EventSource: "aws:sqs", AWSRegion: "us-east-1", ReceiptHandle: got.ReceiptHandle,
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "946684800000",
				"ApproximateFirstReceiveTimestamp": "946684800000", "SenderId": got.Attributes["SenderId"]},
			MessageAttributes: map[string]events.SQSMessageAttribute{
				"text":   {StringValue: aws.String("v"), StringListValues: []string{}, BinaryListValues: [][]byte{}, DataType: "String"},
				"binary": {BinaryValue: []byte{1, 2}, StringListValues: []string{}, BinaryListValues: [][]byte{}, DataType: "Binary"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		if got.ReceiptHandle == "" {
			t.Error("no receipt handle")
		}
	})
}

func TestAFailedBatchComesBackAfterTheVisibilityTimeoutUntilItIsDead(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.run(poller.Config{}, func(context.Context, int, events.SQSEvent) (any, error) { return nil, errors.New("as asked") })
		b.send("a")
		b.sleep(10 * time.Minute)
		want := []time.Duration{0, visibility, 2 * visibility}
		if !slices.Equal(b.at, want) {
			t.Errorf("invoked at %v, want %v", b.at, want)
		}
		b.wantLeft(queueURL, "0+0")
		b.wantLeft(deadURL, "1+0")
		if failure, ok := errors.AsType[*lambda.FunctionError](b.results[0].Err); !ok || failure.Message != "as asked" || b.results[0].Deleted != 0 {
			t.Errorf("result %+v", b.results[0])
		}
	})
}

func TestReportBatchItemFailures(t *testing.T) {
	const all = 3
	tests := []struct {
		name        string
		respond     func(e events.SQSEvent) any
		wantDeleted int
		wantErr     bool
	}{
		{"null is success", func(events.SQSEvent) any { return nil }, all, false},
		{"an empty object is success", func(events.SQSEvent) any { return struct{}{} }, all, false},
		{"a null list is success", func(events.SQSEvent) any { return events.SQSEventResponse{} }, all, false},
		{"an empty list is success", func(events.SQSEvent) any { return raw(`{"batchItemFailures":[]}`) }, all, false},
		{"a list in another case is no list", func(events.SQSEvent) any { return raw(`{"BatchItemFailures":[{}]}`) }, all, false},
		{"what is named comes again", func(e events.SQSEvent) any {
			return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{ItemIdentifier: e.Records[1].MessageId}}}
		}, all - 1, false},
		{"an empty identifier fails all", func(events.SQSEvent) any { return raw(`{"batchItemFailures":[{"itemIdentifier":""}]}`) }, 0, true},
		{"a null identifier fails all", func(events.SQSEvent) any { return raw(`{"batchItemFailures":[{"itemIdentifier":null}]}`) }, 0, true},
		{"a bad key fails all", func(e events.SQSEvent) any {
			return raw(`{"batchItemFailures":[{"itemIdentifier":"` + e.Records[0].MessageId + `"},{"messageId":"x"}]}`)
		}, 0, true},
		{"an unknown message fails all", func(events.SQSEvent) any { return raw(`{"batchItemFailures":[{"itemIdentifier":"x"}]}`) }, 0, true},
		{"a list that is none fails all", func(events.SQSEvent) any { return raw(`{"batchItemFailures":"x"}`) }, 0, true},
		{"another answer fails all", func(events.SQSEvent) any { return "done" }, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				b.send(numbered(all)...)
				b.run(poller.Config{ReportBatchItemFailures: true}, func(_ context.Context, _ int, e events.SQSEvent) (any, error) {
					return tt.respond(e), nil
				})
				synctest.Wait()
				b.wantLeft(queueURL, fmt.Sprintf("0+%d", all-tt.wantDeleted))
				if r := b.results[0]; r.Deleted != tt.wantDeleted || (r.Err != nil) != tt.wantErr {
					t.Errorf("result %+v, want %d deleted, an error: %t", r, tt.wantDeleted, tt.wantErr)
				}
			})
		})
	}
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func TestWithoutReportBatchItemFailuresTheAnswerIsIgnored(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.send("a")
		b.run(poller.Config{}, func(_ context.Context, _ int, e events.SQSEvent) (any, error) {
			return events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{{ItemIdentifier: e.Records[0].MessageId}}}, nil
		})
		synctest.Wait()
		b.wantLeft(queueURL, "0+0")
	})
}

func TestNothingIsReceivedThatCannotBeInvoked(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.send(numbered(7)...)
		b.run(poller.Config{BatchSize: 1, MaximumConcurrency: 3}, func(ctx context.Context, _ int, _ events.SQSEvent) (any, error) {
			time.Sleep(10 * time.Second)
			return nil, nil
		})
		synctest.Wait()
		b.wantLeft(queueURL, "4+3")
		b.sleep(10 * time.Second)
		b.wantLeft(queueURL, "1+3")
		b.sleep(20 * time.Second)
		b.wantLeft(queueURL, "0+0")
		want := []time.Duration{0, 0, 0, 10 * time.Second, 10 * time.Second, 10 * time.Second, 20 * time.Second}
		if !slices.Equal(b.at, want) {
			t.Errorf("invoked at %v, want %v", b.at, want)
		}
	})
}

func TestBatches(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.run(poller.Config{BatchSize: 25, Window: 5 * time.Second}, succeed)
		b.send(numbered(60)...)
		synctest.Wait()
		b.send("late")
		b.sleep(20 * time.Second)
		var sizes []int
		for _, bodies := range b.bodies() {
			sizes = append(sizes, len(bodies))
		}
		total := 0
		for _, n := range sizes {
			total += n
			if n > 25 {
				t.Errorf("a batch of %d, the limit is 25", n)
			}
		}
		if total != 61 || len(sizes) > 4 {
			t.Errorf("batches of %v, want 61 messages in few", sizes)
		}
		if last := b.at[len(b.at)-1]; last != 5*time.Second {
			t.Errorf("the last batch came at %s, want the end of its window at 5s", last)
		}
		b.wantLeft(queueURL, "0+0")
	})
}

// The shortest window there is: it must not be over because receiving takes time.
func TestAWindowOfASecondGathersWhatComesInIt(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.service.latency = 3 * time.Millisecond
		b.send(numbered(25)...)
		b.run(poller.Config{BatchSize: 100, Window: time.Second}, succeed)
		b.sleep(500 * time.Millisecond)
		b.send("late")
		b.sleep(5 * time.Second)
		b.send("alone")
		b.sleep(5 * time.Second)
		var sizes []int
		for _, bodies := range b.bodies() {
			sizes = append(sizes, len(bodies))
		}
		if !slices.Equal(sizes, []int{26, 1}) {
			t.Fatalf("batches of %v, want all of the first second, then the last", sizes)
		}
		if first := b.at[0]; first < time.Second || first > 2*time.Second {
			t.Errorf("the window ended after %s, want a second and at most one more", first)
		}
		b.wantLeft(queueURL, "0+0")
	})
}

func TestAFullBatchDoesNotWaitForItsWindow(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.service.latency = 3 * time.Millisecond
		b.send(numbered(100)...)
		b.run(poller.Config{BatchSize: 100, Window: 300 * time.Second}, succeed)
		b.sleep(time.Second)
		if got := b.bodies(); len(got) != 1 || len(got[0]) != 100 {
			t.Errorf("%d batches, want one of 100", len(got))
		}
	})
}

func TestABatchFitsThePayload(t *testing.T) {
	inBubble(t, func(b *bench) {
		big := strings.Repeat("x", 1<<20)
		b.send(big, big, big, big, big, big, big)
		b.run(poller.Config{}, succeed)
		synctest.Wait()
		var sizes []int
		for _, bodies := range b.bodies() {
			sizes = append(sizes, len(bodies))
		}
		if want := []int{2, 5}; !slices.Equal(slices.Sorted(slices.Values(sizes)), want) {
			t.Errorf("batches of %v MiB, want %v", sizes, want)
		}
		b.wantLeft(queueURL, "0+0")
	})
}

// throttling is a function that is throttled until it has been tried often enough.
type throttling struct {
	mu    sync.Mutex
	start time.Time
	left  int
	at    []time.Duration
}

func (f *throttling) Invoke(context.Context, []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = append(f.at, time.Since(f.start))
	if f.left--; f.left >= 0 {
		return nil, fmt.Errorf("busy: %w", lambda.ErrThrottled)
	}
	return nil, nil
}

func TestAThrottledBatchIsTriedAgainWithoutAnotherReceive(t *testing.T) {
	inBubble(t, func(b *bench) {
		f := &throttling{start: b.start, left: 3}
		b.send("a")
		b.run(poller.Config{Invoker: f}, nil)
		b.sleep(10 * time.Second)
		want := []time.Duration{0, 1 * time.Second, 3 * time.Second, 7 * time.Second}
		if !slices.Equal(f.at, want) {
			t.Errorf("tried at %v, want %v", f.at, want)
		}
		b.wantLeft(queueURL, "0+0")
	})
}

func TestAThrottledBatchIsGivenUpWhenItsVisibilityEnds(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.send("a")
		b.run(poller.Config{Invoker: &throttling{start: b.start, left: 1 << 30}}, nil)
		b.sleep(visibility)
		if len(b.results) != 1 || !errors.Is(b.results[0].Err, lambda.ErrThrottled) || b.results[0].Took >= visibility {
			t.Errorf("results %+v, want the batch given up within %s", b.results, visibility)
		}
	})
}

func TestFailedReceivesAreTriedWithGrowingPauses(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.service.shut = true
		b.run(poller.Config{}, succeed)
		b.sleep(time.Hour)
		if n := b.service.receives; n < 100 || n > 130 || len(b.errs) != n {
			t.Errorf("%d receives and %d errors in an hour, want about one each 30 s", n, len(b.errs))
		}
		b.service.mu.Lock()
		b.service.shut = false
		b.service.mu.Unlock()
		b.send("a")
		b.sleep(30 * time.Second)
		b.wantLeft(queueURL, "0+0")
	})
}

func TestStoppingGivesUpRunningInvocations(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.send("a")
		stop := b.run(poller.Config{}, func(ctx context.Context, _ int, _ events.SQSEvent) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		b.sleep(time.Second)
		stop()
		if took := time.Since(b.start); took != time.Second {
			t.Errorf("stopped after %s, want at once", took)
		}
		b.wantLeft(queueURL, "0+1")
		if diff := cmp.Diff(context.Canceled, b.results[0].Err, cmpopts.EquateErrors()); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	good := poller.Config{Client: awssqs.New(awssqs.Options{}), QueueURL: queueURL, Invoker: &throttling{}}
	if _, err := poller.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*poller.Config){
		"no client":                       func(c *poller.Config) { c.Client = nil },
		"no function":                     func(c *poller.Config) { c.Invoker = nil },
		"a negative batch size":           func(c *poller.Config) { c.BatchSize = -1 },
		"a batch size over 10,000":        func(c *poller.Config) { c.BatchSize, c.Window = 10_001, time.Second },
		"a batch size over 10, no window": func(c *poller.Config) { c.BatchSize = 11 },
		"a window over 300 s":             func(c *poller.Config) { c.Window = 301 * time.Second },
		"a window of half a second":       func(c *poller.Config) { c.Window = time.Second / 2 },
		"a concurrency of 1":              func(c *poller.Config) { c.MaximumConcurrency = 1 },
		"a concurrency over 1,000":        func(c *poller.Config) { c.MaximumConcurrency = 1001 },
	} {
		t.Run(name, func(t *testing.T) {
			config := good
			change(&config)
			if _, err := poller.New(config); err == nil {
				t.Error("was accepted")
			}
		})
	}
}
