package sqsqueue_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/inprocess"
	"sluice/internal/local/sqs"
	"sluice/internal/returns"
	"sluice/internal/sms"
	"sluice/internal/sqsqueue"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

func aReceipt() *sms.Receipt {
	return &sms.Receipt{
		Ref: "01K9SAMP1E0000000000000000", To: "447700900001", From: "447700900000", MessageID: "0C01", Status: sms.Expired,
		Code: "vonage receipt 2", Reason: "absent", OptedOut: true, Whole: true, Network: "23410", Price: "0.0333", At: noon,
	}
}

func anInbound(text string) *sms.Inbound {
	return &sms.Inbound{From: "447700900001", To: "447700900000", MessageID: "0B01", Text: text, At: noon}
}

func received(r *sms.Receipt, i *sms.Inbound) returns.Event {
	return returns.Event{Receipt: r, Inbound: i, ReceivedAt: noon.Add(time.Second)}
}

// overSQS is a queue in this process, and what takes all bodies that are in it.
func overSQS(t *testing.T) (*awssqs.Client, string, func() []string) {
	t.Helper()
	server, err := sqs.New(baseURL, sqs.Queue{Name: "events"})
	if err != nil {
		t.Fatal(err)
	}
	client, url := clientAt(baseURL, inprocess.Transport(server)), baseURL+"/000000000000/events"
	return client, url, func() []string {
		var bodies []string
		for {
			out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Messages) == 0 {
				return bodies
			}
			for _, m := range out.Messages {
				bodies = append(bodies, *m.Body)
			}
		}
	}
}

func TestEventsComeBackAsTheyWereQueued(t *testing.T) {
	part := anInbound("2 of 3")
	part.Part = sms.InboundPart{Ref: "7f", Number: 2, Total: 3}
	held := received(nil, anInbound("later"))
	held.Held = 3
	for name, e := range map[string]returns.Event{
		"a full receipt":       received(aReceipt(), nil),
		"the least receipt":    received(&sms.Receipt{To: "447700900001", MessageID: "0C02", Status: sms.DeliveryUnknown, At: noon}, nil),
		"an inbound text":      received(nil, anInbound("Yes, please! <&> \"ü\" 👍\r\n\t")),
		"an empty text":        received(nil, anInbound("")),
		"a text from a code":   received(nil, &sms.Inbound{From: "60001", To: "Shop", MessageID: "0B02", Text: "Hi", At: noon}),
		"control characters":   received(nil, anInbound("\x00\x01\x1b\x7f\u2028")),
		"what SQS refuses":     received(nil, anInbound("a\ufffeb\uffffc")),
		"a part":               received(nil, part),
		"one that was held":    held,
		"a text of a megabyte": received(nil, anInbound(strings.Repeat("x", 1_048_000))),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, url, take := overSQS(t)
				events := sqsqueue.NewEvents(client, url)
				if err := events.Queue(t.Context(), 0, e); err != nil {
					t.Fatal(err)
				}
				if err := events.Later(t.Context(), 5*time.Second, e); err != nil {
					t.Fatal(err)
				}
				if n := len(take()); n != 1 {
					t.Fatalf("%d at once, want 1", n)
				}
				time.Sleep(5 * time.Second)
				bodies := take()
				if len(bodies) != 1 {
					t.Fatalf("%d after the delay, want 1", len(bodies))
				}
				got, err := sqsqueue.DecodeEvent(bodies[0])
				if err != nil {
					t.Fatal(err)
				}
				if !same(got, e) {
					t.Errorf("it came back another: %s", bodies[0][:min(1000, len(bodies[0]))])
				}
			})
		})
	}
}

// same compares what a failure must not print.
func same(a, b returns.Event) bool { return cmp.Equal(a, b) }

func TestEveryStatusOfAReceiptHasAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, url, take := overSQS(t)
		events := sqsqueue.NewEvents(client, url)
		for d := sms.DeliveryUnknown; d <= sms.Delivered; d++ {
			r := aReceipt()
			r.Status = d
			if err := events.Queue(t.Context(), 0, received(r, nil)); err != nil {
				t.Fatal(err)
			}
			got, err := sqsqueue.DecodeEvent(take()[0])
			if err != nil || got.Receipt.Status != d {
				t.Errorf("%s came back as %v, %v", d, got.Receipt, err)
			}
		}
	})
}

func never(string, int) bool { return false }

func numbered(n int, text string) []returns.Event {
	var all []returns.Event
	for k := range n {
		i := anInbound(text)
		i.MessageID = fmt.Sprint(k)
		all = append(all, received(nil, i))
	}
	return all
}

func TestAnEventOfTheWebhookIsOneCallOfItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, events := newCounting(never)
		for _, e := range []returns.Event{received(aReceipt(), nil), received(nil, anInbound("STOP"))} {
			if err := events.Queue(t.Context(), 5*time.Second, e); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]string{"0C01": "receipts", "0B01": "inbound"}
		if !cmp.Equal(service.groups, want) || !cmp.Equal(service.calls, []string{"SendMessage 0", "SendMessage 0"}) {
			t.Errorf("%q in %q", service.groups, service.calls)
		}
		if !cmp.Equal(service.delays, map[string]int32{"0C01": 5, "0B01": 5}) {
			t.Errorf("delays %v", service.delays)
		}
	})
}

func TestLaterSendsAsManyToACallAsItTakes(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []returns.Event
		calls  []string
	}{
		{"none", nil, nil},
		{"ten at most", numbered(23, "hello"), []string{"SendMessageBatch 10", "SendMessageBatch 10", "SendMessageBatch 3"}},
		{"a mebibyte at most", numbered(7, strings.Repeat("x", 349_000)),
			[]string{"SendMessageBatch 3", "SendMessageBatch 3", "SendMessageBatch 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service, events := newCounting(never)
				if err := events.Later(t.Context(), 10*time.Second, c.events...); err != nil {
					t.Fatal(err)
				}
				if !cmp.Equal(service.calls, c.calls) || len(service.delays) != len(c.events) {
					t.Errorf("calls %q, want %q; %d events taken of %d", service.calls, c.calls, len(service.delays), len(c.events))
				}
			})
		})
	}
}

func TestLaterSendsAgainOnlyWhatSQSFailedToTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, events := newCounting(func(id string, attempt int) bool { return id == "4" && attempt < 3 })
		if err := events.Later(t.Context(), time.Minute, numbered(12, "hello")...); err != nil {
			t.Fatal(err)
		}
		for id, tries := range service.tries {
			if want := map[bool]int{true: 3, false: 1}[id == "4"]; tries != want {
				t.Errorf("%s was sent %d times, want %d", id, tries, want)
			}
		}
		service, events = newCounting(func(string, int) bool { return true })
		if err := events.Later(t.Context(), 0, numbered(1, "hello")...); err == nil || len(service.calls) != 5 {
			t.Errorf("%v after %q", err, service.calls)
		}
	})
}

func TestAnEventThatCannotBeReadBackIsNotQueued(t *testing.T) {
	without := func(change func(*sms.Receipt)) returns.Event {
		r := aReceipt()
		change(r)
		return received(r, nil)
	}
	late := received(nil, anInbound("zebra"))
	late.ReceivedAt = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		event returns.Event
		delay time.Duration
	}{
		{"nothing", received(nil, nil), 0},
		{"both", received(aReceipt(), anInbound("zebra")), 0},
		{"no time", returns.Event{Receipt: aReceipt()}, 0},
		{"no number", without(func(r *sms.Receipt) { r.To = "" }), 0},
		{"a name for a number", without(func(r *sms.Receipt) { r.To = "zebra" }), 0},
		{"no message id", without(func(r *sms.Receipt) { r.MessageID = "" }), 0},
		{"no status", without(func(r *sms.Receipt) { r.Status = 0 }), 0},
		{"a part of none", received(nil, &sms.Inbound{From: "447700900001", MessageID: "1", Part: sms.InboundPart{Number: 2, Total: 1}}), 0},
		{"a year that JSON cannot say", late, 0},
		{"a delay too long", received(aReceipt(), nil), 901 * time.Second},
		{"half a second of delay", received(aReceipt(), nil), 500 * time.Millisecond},
		{"more than a mebibyte", received(nil, anInbound(strings.Repeat("zebra", 300_000))), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			service, events := newCounting(never)
			one := events.Queue(t.Context(), c.delay, c.event)
			all := events.Later(t.Context(), c.delay, received(aReceipt(), nil), c.event)
			if one == nil || all == nil || len(service.calls) > 0 {
				t.Errorf("got %v and %v after %d calls", one, all, len(service.calls))
			}
			for _, err := range []error{one, all} {
				if err != nil && (strings.Contains(err.Error(), "4477") || strings.Contains(err.Error(), "zebra")) {
					t.Errorf("the event is repeated: %v", err)
				}
			}
		})
	}
}

func TestEventsStopWaitingWhenTheirContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, events := newCounting(func(string, int) bool { return true })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := events.Later(ctx, 0, numbered(3, "x")...); err == nil || time.Since(start) > 10*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

const (
	receiptBody = `{"receipt":{"to":"447700900001","message_id":"1","status":"delivered","at":"2026-03-01T09:00:00Z"},` +
		`"received_at":"2026-03-01T09:00:01Z"}`
	inboundBody = `{"inbound":{"from":"447700900001","to":"447700900000","message_id":"2","text":"zebra","part":{"ref":"9","number":1,"total":2},` +
		`"at":"2026-03-01T09:00:00Z"},"received_at":"2026-03-01T09:00:01Z","held":2}`
)

func TestDecodeEventRefusesWhatQueueDoesNotWrite(t *testing.T) {
	for _, good := range []string{receiptBody, inboundBody} {
		if _, err := sqsqueue.DecodeEvent(good); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, body, words string }{
		{"nothing", "", "ends too early"},
		{"null", "null", "a receipt or an inbound text"},
		{"an empty object", "{}", "a receipt or an inbound text"},
		{"a list", "[]", "another form"},
		{"two", receiptBody + receiptBody, "more"},
		{"an unknown field", strings.Replace(receiptBody, `"to"`, `"447700900001":1,"to"`, 1), "a field that"},
		{"an unknown status", strings.Replace(receiptBody, "delivered", "zebra", 1), "status"},
		{"a time that is none", strings.Replace(receiptBody, "2026-03", "zebra", 1), "a value that"},
		{"no number", strings.Replace(receiptBody, "447700900001", "", 1), "number"},
		{"a number with a plus", strings.Replace(inboundBody, `"447700900001"`, `"+447700900001"`, 1), "number"},
		{"no message id", strings.Replace(inboundBody, `"2"`, `""`, 1), "message id"},
		{"a part past all", strings.Replace(inboundBody, `"number":1`, `"number":3`, 1), "part"},
		{"negative patience", strings.Replace(inboundBody, `"held":2`, `"held":-1`, 1), "held"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := sqsqueue.DecodeEvent(c.body)
			if err == nil || !strings.Contains(err.Error(), c.words) || !same(e, returns.Event{}) {
				t.Errorf("got %v, want an error about %q", err, c.words)
			}
			if err != nil && (strings.Contains(err.Error(), "4477") || strings.Contains(err.Error(), "zebra")) {
				t.Errorf("the body is repeated: %v", err)
			}
		})
	}
}

// Whatever is taken can be put back, and comes again as it was.
func FuzzDecodeEvent(f *testing.F) {
	f.Add(receiptBody)
	f.Add(inboundBody)
	f.Add(`{"inbound":{"FROM":"1","message_id":"\ud800","text":"\uffff"},"received_at":"2026-03-01T09:00:01.5+01:00","held":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		e, err := sqsqueue.DecodeEvent(body)
		if err != nil {
			if !same(e, returns.Event{}) {
				t.Errorf("%q: refused, yet returned something", body)
			}
			return
		}
		var bodies []string
		events := sqsqueue.NewEvents(clientAt(baseURL, keeping{&bodies}), queueURL)
		if err := events.Queue(t.Context(), 0, e); err != nil {
			if len(body) < 100_000 { // JSON escapes may take six times as much
				t.Fatalf("%q was taken, and cannot be put back: %v", body, err)
			}
			return
		}
		if again, err := sqsqueue.DecodeEvent(bodies[0]); err != nil || !same(again, e) {
			t.Errorf("%q was written as %q and read as another, %v", body, bodies[0], err)
		}
	})
}
