package sqs_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/sqs"
)

func TestSendIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, code, words string
		in                awssqs.SendMessageInput
	}{
		{"beyond 900 s", "InvalidParameterValue", "Value 901 for parameter DelaySeconds",
			awssqs.SendMessageInput{MessageBody: aws.String("m"), DelaySeconds: 901}},
		{"with a negative delay", "InvalidParameterValue", "-1",
			awssqs.SendMessageInput{MessageBody: aws.String("m"), DelaySeconds: -1}},
		{"with one byte more than 1 MiB", "InvalidParameterValue", "1048576",
			awssqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("m", sqs.MaxMessageBytes+1))}},
		{"without a body", "MissingParameter", "MessageBody", awssqs.SendMessageInput{MessageBody: aws.String("")}},
		{"with a character that XML cannot hold", "InvalidMessageContents", "U+0001",
			awssqs.SendMessageInput{MessageBody: aws.String("a\x01b")}},
		{"to a queue that is not there", "AWS.SimpleQueueService.NonExistentQueue", "does not exist",
			awssqs.SendMessageInput{MessageBody: aws.String("m"), QueueUrl: aws.String(urlOf("other"))}},
		{"with what only FIFO queues have", "MalformedInput", "MessageDeduplicationId",
			awssqs.SendMessageInput{MessageBody: aws.String("m"), MessageDeduplicationId: aws.String("1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(f fixture) {
				if c.in.QueueUrl == nil {
					c.in.QueueUrl = f.url
				}
				_, err := f.client.SendMessage(f.ctx, &c.in)
				wantCode(f.T, err, c.code, c.words)
				f.wantNone("it was refused")
			}, sqs.Queue{Name: "q"})
		})
	}
}

func TestSendTakesTheLargestMessage(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send(strings.Repeat("m", sqs.MaxMessageBytes), 900)
		time.Sleep(900 * time.Second)
		if got := len(*f.one().Body); got != sqs.MaxMessageBytes {
			f.Errorf("received %d bytes", got)
		}
	}, sqs.Queue{Name: "q"})
}

func batch(n int, body string) []types.SendMessageBatchRequestEntry {
	var entries []types.SendMessageBatchRequestEntry
	for i := range n {
		entries = append(entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(body),
		})
	}
	return entries
}

func TestBatchIsRefusedWhole(t *testing.T) {
	half := strings.Repeat("m", sqs.MaxMessageBytes/2)
	twice := batch(2, "m")
	twice[1].Id = twice[0].Id
	bad := batch(1, "m")
	bad[0].Id = aws.String("a b")
	for _, c := range []struct {
		name    string
		entries []types.SendMessageBatchRequestEntry
		want    error
	}{
		{"with eleven entries", batch(11, "m"), &types.TooManyEntriesInBatchRequest{}},
		{"without entries", []types.SendMessageBatchRequestEntry{}, &types.EmptyBatchRequest{}},
		{"with one id twice", twice, &types.BatchEntryIdsNotDistinct{}},
		{"with an id that is none", bad, &types.InvalidBatchEntryId{}},
		{"with more than 1 MiB together", append(batch(2, half), types.SendMessageBatchRequestEntry{
			Id: aws.String("last"), MessageBody: aws.String("m"),
		}), &types.BatchRequestTooLong{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(f fixture) {
				_, err := f.client.SendMessageBatch(f.ctx, &awssqs.SendMessageBatchInput{QueueUrl: f.url, Entries: c.entries})
				if got, want := typed(err), fmt.Sprintf("%T", c.want); got != want {
					f.Errorf("got %s (%v), want %s", got, err, want)
				}
				f.wantNone("the batch was refused")
			}, sqs.Queue{Name: "q"})
		})
	}
}

// typed names the innermost error's type.
func typed(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Sprintf("%T", err)
}

func TestBatchAnswersEachEntryByItself(t *testing.T) {
	inBubble(t, func(f fixture) {
		entries := batch(10, "m")
		entries[3].DelaySeconds = 901
		out, err := f.client.SendMessageBatch(f.ctx, &awssqs.SendMessageBatchInput{QueueUrl: f.url, Entries: entries})
		if err != nil {
			f.Fatal(err)
		}
		if len(out.Successful) != 9 || len(out.Failed) != 1 {
			f.Fatalf("%d sent and %d failed, want 9 and 1", len(out.Successful), len(out.Failed))
		}
		if e := out.Failed[0]; *e.Id != "3" || *e.Code != "InvalidParameterValue" || !e.SenderFault {
			f.Errorf("failed entry %+v", e)
		}
		received := f.receive(0)
		var changes []types.ChangeMessageVisibilityBatchRequestEntry
		var deletes []types.DeleteMessageBatchRequestEntry
		for i, m := range received {
			id := aws.String(fmt.Sprint("id-", i))
			changes = append(changes, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: id, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: int32(i * 10),
			})
			deletes = append(deletes, types.DeleteMessageBatchRequestEntry{Id: id, ReceiptHandle: m.ReceiptHandle})
		}
		changed, err := f.client.ChangeMessageVisibilityBatch(f.ctx,
			&awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: f.url, Entries: changes})
		if err != nil || len(changed.Successful) != 9 {
			f.Fatalf("changed %+v, %v", changed, err)
		}
		deletes[0].ReceiptHandle = aws.String("nonsense")
		deleted, err := f.client.DeleteMessageBatch(f.ctx,
			&awssqs.DeleteMessageBatchInput{QueueUrl: f.url, Entries: deletes})
		if err != nil || len(deleted.Successful) != 8 || *deleted.Failed[0].Code != "ReceiptHandleIsInvalid" {
			f.Fatalf("deleted %+v, %v", deleted, err)
		}
		if got := f.one(); *got.MessageId != *received[0].MessageId {
			f.Errorf("the message that was given back is not the one that is left")
		}
	}, sqs.Queue{Name: "q"})
}

func TestReceiveIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		in   awssqs.ReceiveMessageInput
	}{
		{"more than 10 messages", awssqs.ReceiveMessageInput{MaxNumberOfMessages: 11}},
		{"waits beyond 20 s", awssqs.ReceiveMessageInput{WaitTimeSeconds: 21}},
		{"visibility beyond 12 hours", awssqs.ReceiveMessageInput{VisibilityTimeout: 43201}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(f fixture) {
				c.in.QueueUrl = f.url
				_, err := f.client.ReceiveMessage(f.ctx, &c.in)
				wantCode(f.T, err, "InvalidParameterValue", "is invalid")
			}, sqs.Queue{Name: "q"})
		})
	}
}

func TestQueuesAreDescribed(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send("visible", 0)
		f.send("in flight", 0)
		f.send("delayed", 60)
		if _, err := f.client.ReceiveMessage(f.ctx, &awssqs.ReceiveMessageInput{QueueUrl: f.url}); err != nil {
			f.Fatal(err)
		}
		want := map[string]string{
			"QueueArn":                              "arn:aws:sqs:eu-west-1:000000000000:q",
			"ApproximateNumberOfMessages":           "1",
			"ApproximateNumberOfMessagesNotVisible": "1",
			"ApproximateNumberOfMessagesDelayed":    "1",
			"VisibilityTimeout":                     "720",
			"DelaySeconds":                          "0",
			"MessageRetentionPeriod":                "345600",
			"ReceiveMessageWaitTimeSeconds":         "0",
			"MaximumMessageSize":                    "1048576",
			"RedrivePolicy":                         `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead","maxReceiveCount":5}`,
		}
		if diff := cmp.Diff(want, f.attributes("All")); diff != "" {
			f.Errorf("attributes (-want +got)\n%s", diff)
		}
		list, err := f.client.ListQueues(f.ctx, &awssqs.ListQueuesInput{})
		if err != nil || !cmp.Equal(list.QueueUrls, []string{urlOf("dead"), urlOf("q")}) {
			f.Errorf("queues %+v, %v", list, err)
		}
		found, err := f.client.GetQueueUrl(f.ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("dead")})
		if err != nil || *found.QueueUrl != urlOf("dead") {
			f.Errorf("found %+v, %v", found, err)
		}
		_, err = f.client.GetQueueUrl(f.ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("absent")})
		var absent *types.QueueDoesNotExist
		if !errors.As(err, &absent) {
			f.Errorf("an absent queue: %v", err)
		}
	}, sqs.Queue{Name: "q", VisibilityTimeout: 12 * time.Minute, DeadLetter: "dead", MaxReceives: 5}, sqs.Queue{Name: "dead"})
}

func TestPurgeEmptiesTheQueueOnceAMinute(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send("ready", 0)
		f.send("delayed", 60)
		if _, err := f.client.PurgeQueue(f.ctx, &awssqs.PurgeQueueInput{QueueUrl: f.url}); err != nil {
			f.Fatal(err)
		}
		_, err := f.client.PurgeQueue(f.ctx, &awssqs.PurgeQueueInput{QueueUrl: f.url})
		var busy *types.PurgeQueueInProgress
		if !errors.As(err, &busy) {
			f.Errorf("a second purge: %v", err)
		}
		time.Sleep(time.Minute)
		f.wantNone("the queue was purged")
		if _, err := f.client.PurgeQueue(f.ctx, &awssqs.PurgeQueueInput{QueueUrl: f.url}); err != nil {
			f.Errorf("a purge a minute later: %v", err)
		}
	}, sqs.Queue{Name: "q"})
}

func TestAnUnsupportedOperationIsRefusedByName(t *testing.T) {
	inBubble(t, func(f fixture) {
		_, err := f.client.CreateQueue(f.ctx, &awssqs.CreateQueueInput{QueueName: aws.String("new")})
		wantCode(f.T, err, "InvalidAction", "AmazonSQS.CreateQueue")
	}, sqs.Queue{Name: "q"})
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name, words string
		queues      []sqs.Queue
	}{
		{"an unknown dead-letter queue", `"nowhere"`, []sqs.Queue{{Name: "q", DeadLetter: "nowhere"}}},
		{"a queue that is its own dead-letter queue", `"q" is not another`, []sqs.Queue{{Name: "q", DeadLetter: "q"}}},
		{"one name twice", "twice", []sqs.Queue{{Name: "q"}, {Name: "q"}}},
		{"a name with a dot", "name", []sqs.Queue{{Name: "q.fifo"}}},
		{"a delay beyond 900 s", "15m1s", []sqs.Queue{{Name: "q", Delay: 901 * time.Second}}},
		{"half a second", "500ms", []sqs.Queue{{Name: "q", Delay: 500 * time.Millisecond}}},
		{"a short retention", "59s", []sqs.Queue{{Name: "q", Retention: 59 * time.Second}}},
		{"small messages only", "1023", []sqs.Queue{{Name: "q", MaxMessageBytes: 1023}}},
		{"receives without a dead-letter queue", "DeadLetter", []sqs.Queue{{Name: "q", MaxReceives: 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := sqs.New(baseURL, c.queues...); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want an error about %s", err, c.words)
			}
		})
	}
}

// Whatever is sent, the answer is one of a client's faults or a success, never a panic or a fault of the service.
func FuzzRequest(f *testing.F) {
	const url = `"QueueUrl":"` + baseURL + `/000000000000/q"`
	f.Add("SendMessage", []byte(`{`+url+`,"MessageBody":"m","DelaySeconds":900}`))
	f.Add("SendMessageBatch", []byte(`{`+url+`,"Entries":[{"Id":"1","MessageBody":"m"}]}`))
	f.Add("ReceiveMessage", []byte(`{`+url+`,"MaxNumberOfMessages":10,"AttributeNames":["All"]}`))
	f.Add("DeleteMessage", []byte(`{`+url+`,"ReceiptHandle":"q/x/1"}`))
	f.Add("ChangeMessageVisibilityBatch", []byte(`{`+url+`,"Entries":[{"Id":"1","ReceiptHandle":"q//","VisibilityTimeout":0}]}`))
	f.Add("GetQueueAttributes", []byte(`{"QueueUrl":"%zz","AttributeNames":null}`))
	f.Add("StartMessageMoveTask", []byte(`{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:dead","DestinationArn":""}`))
	f.Add("ListMessageMoveTasks", []byte(`{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:dead","MaxResults":10}`))
	server, err := sqs.New(baseURL, sqs.Queue{Name: "q", DeadLetter: "dead"}, sqs.Queue{Name: "dead"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		if strings.Contains(strings.ToLower(string(body)), "waittimeseconds") {
			t.Skip("would wait in real time")
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		r.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("%s %q: %d %s", operation, body, w.Code, w.Body)
		}
	})
}
