package sqs_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/sqs"
)

func TestDelayIsKeptToTheInstant(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send("held back", 900)
		time.Sleep(900*time.Second - 1)
		f.wantNone("its delay is not over")
		time.Sleep(time.Nanosecond)
		if got := *f.one().Body; got != "held back" {
			f.Errorf("received %q", got)
		}
	}, sqs.Queue{Name: "q"})
}

func TestQueueDelayHoldsForMessagesWithoutTheirOwn(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send("queue's", 0)
		f.send("own", 5)
		time.Sleep(5 * time.Second)
		if got := *f.one().Body; got != "own" {
			f.Errorf("after 5s received %q", got)
		}
		time.Sleep(55 * time.Second)
		if got := bodies(f.receive(0)); !cmp.Equal(got, []string{"own", "queue's"}) {
			f.Errorf("after 60s received %q", got)
		}
	}, sqs.Queue{Name: "q", Delay: time.Minute})
}

func TestAnUndeletedMessageComesBackWhenItsVisibilityTimeoutEnds(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send("again", 0)
		sent := time.Now()
		time.Sleep(time.Second)
		for receive := range 3 {
			m := f.one()
			want := map[string]string{
				"SenderId":                         "000000000000",
				"ApproximateReceiveCount":          strconv.Itoa(receive + 1),
				"SentTimestamp":                    strconv.FormatInt(sent.UnixMilli(), 10),
				"ApproximateFirstReceiveTimestamp": strconv.FormatInt(sent.Add(time.Second).UnixMilli(), 10),
			}
			if diff := cmp.Diff(want, m.Attributes); diff != "" {
				f.Errorf("receive %d: attributes (-want +got)\n%s", receive+1, diff)
			}
			time.Sleep(40*time.Second - 1)
			f.wantNone("it is in flight")
			time.Sleep(time.Nanosecond)
		}
	}, sqs.Queue{Name: "q", VisibilityTimeout: 40 * time.Second})
}

func TestDelete(t *testing.T) {
	t.Run("removes for good", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("done", 0)
			f.delete(f.one())
			time.Sleep(time.Hour)
			f.wantNone("it was deleted")
		}, sqs.Queue{Name: "q"})
	})
	t.Run("works after the visibility timeout while nobody else has received it", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("late", 0)
			m := f.one()
			time.Sleep(time.Minute)
			f.delete(m)
			f.wantNone("it was deleted")
		}, sqs.Queue{Name: "q"})
	})
	t.Run("with an old handle succeeds and leaves the message to its new receiver", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("contended", 0)
			old := f.one()
			time.Sleep(30 * time.Second)
			f.one()
			f.delete(old)
			time.Sleep(30 * time.Second)
			if got := f.one().Attributes["ApproximateReceiveCount"]; got != "3" {
				f.Errorf("receive count %s, want 3", got)
			}
		}, sqs.Queue{Name: "q"})
	})
	t.Run("refuses a handle that it never gave", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			_, err := f.client.DeleteMessage(f.ctx, &awssqs.DeleteMessageInput{QueueUrl: f.url, ReceiptHandle: aws.String("x")})
			var invalid *types.ReceiptHandleIsInvalid
			if !errors.As(err, &invalid) {
				f.Errorf("got %v", err)
			}
		}, sqs.Queue{Name: "q"})
	})
}

func TestChangeMessageVisibility(t *testing.T) {
	t.Run("to zero gives the message back at once and wakes a receiver", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("returned", 0)
			m := f.one()
			time.AfterFunc(3*time.Second, func() {
				if err := f.setVisibility(m, 0); err != nil {
					f.Error(err)
				}
			})
			start := time.Now()
			if got := f.receive(20); len(got) != 1 || time.Since(start) != 3*time.Second {
				f.Errorf("received %q after %v, want it after 3s", bodies(got), time.Since(start))
			}
		}, sqs.Queue{Name: "q"})
	})
	t.Run("extends from now", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("kept", 0)
			m := f.one()
			time.Sleep(20 * time.Second)
			if err := f.setVisibility(m, 30); err != nil {
				f.Fatal(err)
			}
			time.Sleep(30*time.Second - 1)
			f.wantNone("it was extended")
			time.Sleep(time.Nanosecond)
			f.one()
		}, sqs.Queue{Name: "q"})
	})
	t.Run("is refused", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("m", 0)
			m := f.one()
			wantCode(f.T, f.setVisibility(m, 43201), "InvalidParameterValue", "43201")
			time.Sleep(time.Second)
			wantCode(f.T, f.setVisibility(m, 43200), "InvalidParameterValue", "Total VisibilityTimeout")
			time.Sleep(29 * time.Second)
			var notInFlight *types.MessageNotInflight
			if err := f.setVisibility(m, 10); !errors.As(err, &notInFlight) {
				f.Errorf("after its timeout: %v", err)
			}
			f.one()
			wantCode(f.T, f.setVisibility(m, 10), "InvalidParameterValue", "does not exist or is not available")
			sent, err := f.client.SendMessage(f.ctx, &awssqs.SendMessageInput{
				QueueUrl: f.url, MessageBody: aws.String("delayed"), DelaySeconds: 60,
			})
			if err != nil {
				f.Fatal(err)
			}
			guessed := "q/" + *sent.MessageId + "/0"
			if err := f.setVisibility(types.Message{ReceiptHandle: &guessed}, 10); !errors.As(err, &notInFlight) {
				f.Errorf("of one that is delayed: %v", err)
			}
		}, sqs.Queue{Name: "q"})
	})
}

func TestAMessageReceivedTooOftenMovesToTheDeadLetterQueue(t *testing.T) {
	inBubble(t, func(f fixture) {
		sent := time.Now()
		f.send("poison", 0)
		for range 3 {
			f.one()
			time.Sleep(30 * time.Second)
		}
		f.wantNone("it has used up its three receives")
		dead := f.receiveFrom(urlOf("dead"), 0)
		if len(dead) != 1 {
			f.Fatalf("%d dead letters, want 1", len(dead))
		}
		want := map[string]string{
			"SentTimestamp":            strconv.FormatInt(sent.UnixMilli(), 10),
			"DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:000000000000:q",
		}
		for name, value := range want {
			if got := dead[0].Attributes[name]; got != value {
				f.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		time.Sleep(2 * time.Minute)
		if got := f.receiveFrom(urlOf("dead"), 0); len(got) != 0 {
			f.Error("its age counts from its first sending, so it should have expired in the dead-letter queue")
		}
	}, sqs.Queue{Name: "q", DeadLetter: "dead", MaxReceives: 3}, sqs.Queue{Name: "dead", Retention: 3 * time.Minute})
}

func TestLongPoll(t *testing.T) {
	t.Run("wakes on a send", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			start := time.Now()
			time.AfterFunc(7*time.Second, func() { f.send("now", 0) })
			if got := f.receive(20); len(got) != 1 || time.Since(start) != 7*time.Second {
				f.Errorf("received %q after %v", bodies(got), time.Since(start))
			}
		}, sqs.Queue{Name: "q"})
	})
	t.Run("wakes when a delay ends that began during the wait", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			start := time.Now()
			time.AfterFunc(2*time.Second, func() { f.send("soon", 11) })
			if got := f.receive(20); len(got) != 1 || time.Since(start) != 13*time.Second {
				f.Errorf("received %q after %v", bodies(got), time.Since(start))
			}
		}, sqs.Queue{Name: "q"})
	})
	t.Run("waits as long as its queue says and then comes back empty", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			start := time.Now()
			if got := f.receive(0); len(got) != 0 || time.Since(start) != 20*time.Second {
				f.Errorf("received %q after %v", bodies(got), time.Since(start))
			}
		}, sqs.Queue{Name: "q", ReceiveWait: 20 * time.Second})
	})
	t.Run("wakes when a message joins the dead letters", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			f.send("poison", 0)
			f.one()
			start := time.Now()
			var receiver sync.WaitGroup
			defer receiver.Wait()
			receiver.Go(func() {
				time.Sleep(31 * time.Second)
				f.wantNone("it has used up its receive")
			})
			f.receiveFrom(urlOf("dead"), 20)
			if got := f.receiveFrom(urlOf("dead"), 20); len(got) != 1 || time.Since(start) != 31*time.Second {
				f.Errorf("received %q after %v", bodies(got), time.Since(start))
			}
		}, sqs.Queue{Name: "q", DeadLetter: "dead", MaxReceives: 1}, sqs.Queue{Name: "dead"})
	})
	t.Run("gives one message to one of many", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			got := make(chan int, 5)
			for range 5 {
				go func() { got <- len(f.receive(20)) }()
			}
			time.AfterFunc(time.Second, func() { f.send("only one", 0) })
			total := 0
			for range 5 {
				total += <-got
			}
			if total != 1 {
				f.Errorf("five receivers got %d messages, want 1", total)
			}
		}, sqs.Queue{Name: "q"})
	})
	t.Run("takes nothing for a client that has gone", func(t *testing.T) {
		inBubble(t, func(f fixture) {
			ctx, cancel := context.WithTimeout(f.ctx, time.Second)
			defer cancel()
			_, err := f.client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: f.url, WaitTimeSeconds: 20})
			if !errors.Is(err, context.DeadlineExceeded) {
				f.Errorf("got %v", err)
			}
			f.send("for somebody else", 0)
			if got := f.one().Attributes["ApproximateReceiveCount"]; got != "1" {
				f.Errorf("receive count %s, want 1", got)
			}
		}, sqs.Queue{Name: "q"})
	})
}

func TestRetention(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.send("old", 0)
		f.send("delayed", 61)
		time.Sleep(59 * time.Second)
		f.send("young", 0)
		f.wantBodies("old", "young")
		time.Sleep(time.Second)
		counts := f.attributes("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
		want := map[string]string{
			"ApproximateNumberOfMessagesNotVisible": "1", "ApproximateNumberOfMessagesDelayed": "0",
		}
		if diff := cmp.Diff(want, counts); diff != "" {
			f.Errorf("after the retention of the first two (-want +got)\n%s", diff)
		}
	}, sqs.Queue{Name: "q", Retention: time.Minute})
}

func TestDigestsAndAttributesOfAMessage(t *testing.T) {
	inBubble(t, func(f fixture) {
		out, err := f.client.SendMessage(f.ctx, &awssqs.SendMessageInput{
			QueueUrl: f.url, MessageBody: aws.String("héllo\n"), MessageGroupId: aws.String("tenant-7"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"b": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
				"a": {DataType: aws.String("String"), StringValue: aws.String("x")},
			},
		})
		if err != nil {
			f.Fatal(err)
		}
		sum := md5.Sum([]byte("héllo\n"))
		if want := hex.EncodeToString(sum[:]); *out.MD5OfMessageBody != want {
			f.Errorf("body digest %s, want %s", *out.MD5OfMessageBody, want)
		}
		sum = md5.Sum([]byte("\x00\x00\x00\x01a\x00\x00\x00\x06String\x01\x00\x00\x00\x01x" +
			"\x00\x00\x00\x01b\x00\x00\x00\x06Binary\x02\x00\x00\x00\x02\x01\x02"))
		want := hex.EncodeToString(sum[:])
		m := f.one()
		if *out.MD5OfMessageAttributes != want || *m.MD5OfMessageAttributes != want {
			f.Errorf("attribute digests %s and %s, want %s", *out.MD5OfMessageAttributes, *m.MD5OfMessageAttributes, want)
		}
		if *m.Body != "héllo\n" || *m.MessageAttributes["a"].StringValue != "x" ||
			string(m.MessageAttributes["b"].BinaryValue) != "\x01\x02" || m.Attributes["MessageGroupId"] != "tenant-7" {
			f.Errorf("received %+v", m)
		}
	}, sqs.Queue{Name: "q"})
}
