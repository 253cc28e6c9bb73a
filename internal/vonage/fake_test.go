package vonage_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/inprocess"
	"sluice/internal/sms"
	"sluice/internal/vonage/vonagetest"
)

// What the client believes and what the fake's ledger says must go together: accepted is in the ledger, and whatever
// may be sent again is not.
func TestSendAgainstTheFake(t *testing.T) {
	long := strings.Repeat("a", 400) // three parts
	for _, c := range []struct {
		name     string
		fault    vonagetest.Fault
		text     string
		verdict  sms.Verdict
		code     string
		after    time.Duration
		took     time.Duration
		parts    int
		accepted bool
	}{
		{name: "accepted", verdict: sms.Accepted, parts: 1, accepted: true},
		{name: "accepted in three parts", text: long, verdict: sms.Accepted, parts: 3, accepted: true},
		{name: "one part of three accepted", fault: vonagetest.Fault{Kind: "status", Code: 9, Keep: 1}, text: long, verdict: sms.Accepted, code: "vonage 9", parts: 1, accepted: true},
		{name: "throttled with a wait", fault: vonagetest.Fault{Kind: "status", Code: 1, Text: "Throughput Rate Exceeded - please wait [ 702 ] and retry"}, verdict: sms.Retry, code: "vonage 1", after: 702 * time.Millisecond},
		{name: "internal error", fault: vonagetest.Fault{Kind: "status", Code: 5}, verdict: sms.Retry, code: "vonage 5"},
		{name: "out of credit", fault: vonagetest.Fault{Kind: "status", Code: 9}, verdict: sms.Stop, code: "vonage 9"},
		{name: "barred number", fault: vonagetest.Fault{Kind: "status", Code: 7, To: recipient.Digits()}, verdict: sms.Failed, code: "vonage 7"},
		{name: "another number is barred", fault: vonagetest.Fault{Kind: "status", Code: 7, To: "447700900999"}, verdict: sms.Accepted, parts: 1, accepted: true},
		{name: "too many requests", fault: vonagetest.Fault{Kind: "http", Code: 429, RetryAfter: 2}, verdict: sms.Retry, code: "http 429", after: 2 * time.Second},
		{name: "unauthorized", fault: vonagetest.Fault{Kind: "http", Code: 401}, verdict: sms.Stop, code: "http 401"},
		{name: "gateway failure before acceptance", fault: vonagetest.Fault{Kind: "http", Code: 502}, verdict: sms.Unknown, code: "http 502"},
		{name: "gateway failure after acceptance", fault: vonagetest.Fault{Kind: "http", Code: 504, Accept: true}, verdict: sms.Unknown, code: "http 504", accepted: true},
		{name: "hangs before acceptance", fault: vonagetest.Fault{Kind: "hang"}, verdict: sms.Unknown, code: "timeout", took: 10 * time.Second},
		{name: "hangs after acceptance", fault: vonagetest.Fault{Kind: "hang", Accept: true}, verdict: sms.Unknown, code: "timeout", took: 10 * time.Second, accepted: true},
		{name: "dropped before acceptance", fault: vonagetest.Fault{Kind: "drop-before"}, verdict: sms.Unknown, code: "connection lost"},
		{name: "dropped after acceptance", fault: vonagetest.Fault{Kind: "drop-after"}, verdict: sms.Unknown, code: "connection lost", accepted: true},
		{name: "empty answer", fault: vonagetest.Fault{Kind: "empty"}, verdict: sms.Unknown, code: "http 200"},
		{name: "empty answer after acceptance", fault: vonagetest.Fault{Kind: "empty", Accept: true}, verdict: sms.Unknown, code: "http 200", accepted: true},
		{name: "garbage", fault: vonagetest.Fault{Kind: "garbage"}, verdict: sms.Unknown, code: "http 200"},
		{name: "garbage after acceptance", fault: vonagetest.Fault{Kind: "garbage", Accept: true}, verdict: sms.Unknown, code: "http 200", accepted: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake()
				if c.fault.Kind != "" {
					if err := fake.Inject(c.fault); err != nil {
						t.Fatal(err)
					}
				}
				m := message()
				if c.text != "" {
					m.Text = c.text
				}
				start := time.Now()
				o := newClient(inprocess.Transport(fake)).Send(t.Context(), m)
				checkOutcome(t, o)
				if o.Verdict != c.verdict || o.Code != c.code || o.RetryAfter != c.after || len(o.Parts) != c.parts {
					t.Errorf("got %+v, want %s %q after %v with %d parts", o, c.verdict, c.code, c.after, c.parts)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				ledger := fake.Ledger()
				if len(ledger) != 1 || ledger[0].Accepted() != c.accepted || ledger[0].ClientRef != m.Ref || ledger[0].Text != m.Text {
					t.Fatalf("the ledger has %+v, want one request, accepted %v", ledger, c.accepted)
				}
				for i, p := range o.Parts {
					if p.MessageID != ledger[0].MessageIDs[i] || p.Network == "" || p.Price == "" {
						t.Errorf("part %d is %+v, the ledger has %v", i, p, ledger[0].MessageIDs)
					}
				}
			})
		})
	}
}

func TestSendWithTheWrongSecretStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(vonagetest.Config{APIKey: apiKey, APISecret: "another"})
		if o := send(t, newClient(inprocess.Transport(fake))); o.Verdict != sms.Stop || o.Code != "vonage 4" {
			t.Errorf("got %+v, want stop", o)
		}
	})
}

// A sender that waits as long as it is told to never loses more than the one request.
func TestSendIsToldWhenTheThrottleOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(vonagetest.Config{APIKey: apiKey, APISecret: apiSecret, Rate: 3})
		client := newClient(inprocess.Transport(fake))
		for range 3 {
			send(t, client)
			time.Sleep(100 * time.Millisecond)
		}
		o := send(t, client)
		if o.Verdict != sms.Retry || o.RetryAfter != 700*time.Millisecond {
			t.Fatalf("got %+v, want a wait of 700ms", o)
		}
		time.Sleep(o.RetryAfter - time.Millisecond)
		if o := send(t, client); o.Verdict != sms.Retry || o.RetryAfter != time.Millisecond {
			t.Errorf("a millisecond early: got %+v", o)
		}
		time.Sleep(time.Millisecond)
		if o := send(t, client); o.Verdict != sms.Accepted {
			t.Errorf("in time: got %+v", o)
		}
	})
}

func TestSendIsToldWhenItsSenderMaySendAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(vonagetest.Config{APIKey: apiKey, APISecret: apiSecret, SenderRate: 1})
		client := newClient(inprocess.Transport(fake))
		send(t, client)
		time.Sleep(298 * time.Millisecond)
		if o := send(t, client); o.Verdict != sms.Retry || o.RetryAfter != 702*time.Millisecond {
			t.Fatalf("got %+v, want a wait of 702ms", o)
		}
		time.Sleep(702 * time.Millisecond)
		if o := send(t, client); o.Verdict != sms.Accepted {
			t.Errorf("in time: got %+v", o)
		}
	})
}

func TestSendGivenUpWhileTheProviderWorksIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(vonagetest.Config{APIKey: apiKey, APISecret: apiSecret, Latency: 300 * time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), 299*time.Millisecond)
		defer cancel()
		o := newClient(inprocess.Transport(fake)).Send(ctx, message())
		if o.Verdict != sms.Unknown || len(fake.Accepted()) != 1 {
			t.Errorf("got %+v with %d accepted, want unknown though it was accepted", o, len(fake.Accepted()))
		}
	})
}

func TestOneClientServesManyGoroutines(t *testing.T) {
	const senders, each = 50, 40
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(vonagetest.Config{APIKey: apiKey, APISecret: apiSecret, Rate: -1, Latency: 150 * time.Millisecond})
		client := newClient(inprocess.Transport(fake))
		var all sync.WaitGroup
		for i := range senders {
			all.Go(func() {
				for j := range each {
					m := message()
					m.To = sms.Number(fmt.Sprintf("4477%04d%04d", i, j))
					if o := client.Send(t.Context(), m); o.Verdict != sms.Accepted {
						t.Errorf("got %+v", o)
					}
				}
			})
		}
		all.Wait()
		accepted := fake.Accepted()
		if len(accepted) != senders*each {
			t.Errorf("%d people were texted, want %d", len(accepted), senders*each)
		}
		for who, times := range accepted {
			if times != 1 {
				t.Errorf("%v was texted %d times", who, times)
			}
		}
	})
}

// BenchmarkSend is what an attempt costs beside its network. Each has a goroutine of its own, whose stack has yet to grow.
func BenchmarkSend(b *testing.B) {
	const body = `{"message-count":"1","messages":[{"to":"447700900123","message-id":"0A0000000123ABCD1","status":"0",` +
		`"remaining-balance":"3.14159265","message-price":"0.03330000","network":"23420","client-ref":"run-1"}]}`
	client := newClient(roundTrip(func(r *http.Request) (*http.Response, error) {
		return answering(http.StatusOK, jsonType(), strings.NewReader(body))(r)
	}))
	outcomes := make(chan sms.Outcome)
	b.ReportAllocs()
	for b.Loop() {
		go func() { outcomes <- client.Send(b.Context(), message()) }()
		if o := <-outcomes; o.Verdict != sms.Accepted {
			b.Fatal(o)
		}
	}
}
