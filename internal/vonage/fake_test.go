package vonage_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/inprocess"
	"sluice/internal/sms"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// fakeCase is what the client and the fake's ledger must say of one text under one fault.
type fakeCase struct {
	name     string
	fault    vonagetest.Fault
	text     string
	verdict  sms.Verdict
	code     string
	after    time.Duration
	took     time.Duration
	parts    int
	accepted bool
	barred   bool
}

var long = strings.Repeat("a", 400) // three parts

// fakeCases are the same by both ways.
var fakeCases = []fakeCase{
	{name: "accepted", verdict: sms.Accepted, parts: 1, accepted: true},
	{name: "another number is barred", fault: vonagetest.Fault{Kind: "status", Code: 7, To: "447700900999"}, verdict: sms.Accepted, parts: 1, accepted: true},
	{name: "too many requests", fault: vonagetest.Fault{Kind: "http", Code: 429, RetryAfter: 2}, verdict: sms.Retry, code: "http 429", after: 2 * time.Second},
	{name: "unauthorized", fault: vonagetest.Fault{Kind: "http", Code: 401}, verdict: sms.Stop, code: "http 401"},
	{name: "failure of unknown origin before acceptance", fault: vonagetest.Fault{Kind: "http", Code: 500}, verdict: sms.Unknown, code: "http 500"},
	{name: "gateway failure before acceptance", fault: vonagetest.Fault{Kind: "http", Code: 502}, verdict: sms.Unknown, code: "http 502"},
	{name: "gateway failure after acceptance", fault: vonagetest.Fault{Kind: "http", Code: 504, Accept: true}, verdict: sms.Unknown, code: "http 504", accepted: true},
	{name: "hangs before acceptance", fault: vonagetest.Fault{Kind: "hang"}, verdict: sms.Unknown, code: "timeout", took: 10 * time.Second},
	{name: "hangs after acceptance", fault: vonagetest.Fault{Kind: "hang", Accept: true}, verdict: sms.Unknown, code: "timeout", took: 10 * time.Second, accepted: true},
	{name: "dropped before acceptance", fault: vonagetest.Fault{Kind: "drop-before"}, verdict: sms.Unknown, code: "connection lost"},
	{name: "dropped after acceptance", fault: vonagetest.Fault{Kind: "drop-after"}, verdict: sms.Unknown, code: "connection lost", accepted: true},
	{name: "garbage", fault: vonagetest.Fault{Kind: "garbage"}, verdict: sms.Unknown, code: "http 200"},
	{name: "garbage after acceptance", fault: vonagetest.Fault{Kind: "garbage", Accept: true}, verdict: sms.Unknown, code: "http 200", accepted: true},
}

// ownFakeCases differ in the code, and in that one API answers for each part.
var ownFakeCases = map[vonage.API][]fakeCase{
	vonage.SMS: {
		{name: "accepted in three parts", text: long, verdict: sms.Accepted, parts: 3, accepted: true},
		{name: "one part of three accepted", fault: vonagetest.Fault{Kind: "status", Code: 9, Keep: 1}, text: long, verdict: sms.Accepted, code: "vonage 9", parts: 1, accepted: true},
		{name: "throttled with a wait", fault: vonagetest.Fault{Kind: "status", Code: 1, Text: "Throughput Rate Exceeded - please wait [ 702 ] and retry"}, verdict: sms.Retry, code: "vonage 1", after: 702 * time.Millisecond},
		{name: "internal error", fault: vonagetest.Fault{Kind: "status", Code: 5}, verdict: sms.Retry, code: "vonage 5"},
		{name: "out of credit", fault: vonagetest.Fault{Kind: "status", Code: 9}, verdict: sms.Stop, code: "vonage 9"},
		{name: "barred number", fault: vonagetest.Fault{Kind: "status", Code: 7, To: recipient.Digits()}, verdict: sms.Failed, code: "vonage 7", barred: true},
		{name: "number no longer in use", fault: vonagetest.Fault{Kind: "status", Code: 33}, verdict: sms.Failed, code: "vonage 33", barred: true},
		{name: "empty answer", fault: vonagetest.Fault{Kind: "empty"}, verdict: sms.Unknown, code: "http 200"},
		{name: "empty answer after acceptance", fault: vonagetest.Fault{Kind: "empty", Accept: true}, verdict: sms.Unknown, code: "http 200", accepted: true},
	},
	vonage.Messages: {
		{name: "a long text has one id", text: long, verdict: sms.Accepted, parts: 1, accepted: true},
		{name: "a fault that keeps one part keeps the text", fault: vonagetest.Fault{Kind: "status", Code: 9, Keep: 1}, text: long, verdict: sms.Accepted, parts: 1, accepted: true},
		{name: "throttled without a wait", fault: vonagetest.Fault{Kind: "status", Code: 1}, verdict: sms.Retry, code: "messages 1000"},
		{name: "throttled with a wait", fault: vonagetest.Fault{Kind: "status", Code: 10, RetryAfter: 3}, verdict: sms.Retry, code: "messages 1000", after: 3 * time.Second},
		{name: "internal error", fault: vonagetest.Fault{Kind: "status", Code: 5}, verdict: sms.Retry, code: "messages 1030"},
		{name: "out of credit", fault: vonagetest.Fault{Kind: "status", Code: 9}, verdict: sms.Stop, code: "http 402"},
		{name: "account suspended", fault: vonagetest.Fault{Kind: "status", Code: 8}, verdict: sms.Stop, code: "messages 1060"},
		{name: "sender not allowed", fault: vonagetest.Fault{Kind: "status", Code: 15}, verdict: sms.Stop, code: "messages 1120"},
		{name: "demo mode", fault: vonagetest.Fault{Kind: "status", Code: 29}, verdict: sms.Failed, code: "messages 1160"},
		{name: "barred number", fault: vonagetest.Fault{Kind: "status", Code: 7, To: recipient.Digits()}, verdict: sms.Failed, code: "messages 1050", barred: true},
		{name: "number no longer in use", fault: vonagetest.Fault{Kind: "status", Code: 33}, verdict: sms.Failed, code: "messages 1190", barred: true},
		{name: "a status that only the SMS API has", fault: vonagetest.Fault{Kind: "status", Code: 101}, verdict: sms.Failed, code: "messages 1040"},
		{name: "empty answer", fault: vonagetest.Fault{Kind: "empty"}, verdict: sms.Unknown, code: "http 202"},
		{name: "empty answer after acceptance", fault: vonagetest.Fault{Kind: "empty", Accept: true}, verdict: sms.Unknown, code: "http 202", accepted: true},
	},
}

// What the client believes and what the fake's ledger says must go together: accepted is in the ledger, and whatever
// may be sent again is not.
func TestSendAgainstTheFake(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		for _, c := range slices.Concat(fakeCases, ownFakeCases[w.API]) {
			t.Run(c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { c.check(t, w) })
			})
		}
	})
}

func (c fakeCase) check(t *testing.T, w way) {
	fake := newFake()
	if c.fault.Kind != "" {
		if err := fake.Inject(c.fault); err != nil {
			t.Fatal(err)
		}
	}
	m := message()
	m.Text = cmp.Or(c.text, m.Text)
	start := time.Now()
	o := w.client(inprocess.Transport(fake)).Send(t.Context(), m)
	checkOutcome(t, o)
	if o.Verdict != c.verdict || o.Code != c.code || o.RetryAfter != c.after || len(o.Parts) != c.parts || o.Barred != c.barred {
		t.Errorf("got %+v, want %s %q after %v with %d parts, barred %v", o, c.verdict, c.code, c.after, c.parts, c.barred)
	}
	if took := time.Since(start); took != c.took {
		t.Errorf("took %v, want %v", took, c.took)
	}
	ledger := fake.Ledger()
	if len(ledger) != 1 || ledger[0].Accepted() != c.accepted || ledger[0].ClientRef != m.Ref || ledger[0].Text != m.Text {
		t.Fatalf("the ledger has %+v, want one request, accepted %v", ledger, c.accepted)
	}
	for i, p := range o.Parts {
		if p.MessageID != ledger[0].MessageIDs[i] || w.API == vonage.SMS && (p.Network == "" || p.Price == "") {
			t.Errorf("part %d is %+v, the ledger has %v", i, p, ledger[0].MessageIDs)
		}
	}
}

func TestSendWithTheWrongCredentialsStops(t *testing.T) {
	code := map[vonage.API]string{vonage.SMS: "vonage 4", vonage.Messages: "http 401"}
	bothWays(t, func(t *testing.T, w way) {
		synctest.Test(t, func(t *testing.T) {
			fake := vonagetest.New(vonagetest.Config{APIKey: apiKey, APISecret: "another", ApplicationID: "another"})
			if o := send(t, w.client(inprocess.Transport(fake))); o.Verdict != sms.Stop || o.Code != code[w.API] {
				t.Errorf("got %+v, want stop", o)
			}
		})
	})
}

func TestSendWithKeyAndSecretByTheMessagesAPI(t *testing.T) {
	for secret, want := range map[string]sms.Verdict{apiSecret: sms.Accepted, "another": sms.Stop} {
		client := vonage.NewClient(vonage.Config{
			API: vonage.Messages, APIKey: apiKey, APISecret: secret, BaseURL: "http://fake/v1", Transport: inprocess.Transport(newFake()),
		})
		if o := send(t, client); o.Verdict != want {
			t.Errorf("got %+v, want %s", o, want)
		}
	}
}

// told is how a wait is told by this way: the Messages API knows only whole seconds.
func (w way) told(wait time.Duration) time.Duration {
	if w.API == vonage.Messages {
		return (wait + time.Second - 1).Truncate(time.Second)
	}
	return wait
}

// A sender that waits as long as it is told to never loses more than the one request.
func TestSendIsToldWhenTheThrottleOpensAgain(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		synctest.Test(t, func(t *testing.T) {
			client := w.client(inprocess.Transport(fakeWith(vonagetest.Config{Rate: 3})))
			for range 3 {
				send(t, client)
				time.Sleep(100 * time.Millisecond)
			}
			const left = 700 * time.Millisecond
			o := send(t, client)
			if o.Verdict != sms.Retry || o.Throttled != sms.ByAccount || o.RetryAfter != w.told(left) {
				t.Fatalf("got %+v, want a wait of %v", o, w.told(left))
			}
			time.Sleep(left - time.Millisecond)
			if o := send(t, client); o.Verdict != sms.Retry || o.RetryAfter != w.told(time.Millisecond) {
				t.Errorf("a millisecond early: got %+v", o)
			}
			time.Sleep(time.Millisecond)
			if o := send(t, client); o.Verdict != sms.Accepted {
				t.Errorf("in time: got %+v", o)
			}
		})
	})
}

func TestSendIsToldWhenItsSenderMaySendAgain(t *testing.T) {
	by := map[vonage.API]sms.Throttle{vonage.SMS: sms.ByNumber, vonage.Messages: sms.ByAccount}
	bothWays(t, func(t *testing.T, w way) {
		synctest.Test(t, func(t *testing.T) {
			client := w.client(inprocess.Transport(fakeWith(vonagetest.Config{SenderRate: 3})))
			m := message()
			m.Text = long // three parts
			if o := client.Send(t.Context(), m); o.Verdict != sms.Accepted {
				t.Fatalf("got %+v", o)
			}
			time.Sleep(298 * time.Millisecond)
			const left = 702 * time.Millisecond
			if o := send(t, client); o.Verdict != sms.Retry || o.Throttled != by[w.API] || o.RetryAfter != w.told(left) {
				t.Fatalf("got %+v, want a wait of %v", o, w.told(left))
			}
			time.Sleep(left)
			if o := send(t, client); o.Verdict != sms.Accepted {
				t.Errorf("in time: got %+v", o)
			}
		})
	})
}

func TestSendGivenUpWhileTheProviderWorksIsUnknown(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		synctest.Test(t, func(t *testing.T) {
			fake := fakeWith(vonagetest.Config{Latency: 300 * time.Millisecond})
			ctx, cancel := context.WithTimeout(t.Context(), 299*time.Millisecond)
			defer cancel()
			o := w.client(inprocess.Transport(fake)).Send(ctx, message())
			if o.Verdict != sms.Unknown || len(fake.Accepted()) != 1 {
				t.Errorf("got %+v with %d accepted, want unknown though it was accepted", o, len(fake.Accepted()))
			}
		})
	})
}

func TestOneClientServesManyGoroutines(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		const senders, each = 50, 40
		synctest.Test(t, func(t *testing.T) {
			fake := fakeWith(vonagetest.Config{Rate: -1, Latency: 150 * time.Millisecond})
			client := w.client(inprocess.Transport(fake))
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
	})
}

// BenchmarkSend is what an attempt costs beside its network, by either way, and what it would cost with a token for each.
// Each has a goroutine of its own, whose stack has yet to grow.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		name string
		way
		always bool // a new client, and so a new token
	}{{"sms", bySMS, false}, {"messages", byMessages, false}, {"messages-token-for-each", byMessages, true}} {
		b.Run(c.name, func(b *testing.B) {
			provider := roundTrip(func(r *http.Request) (*http.Response, error) {
				return answering(http.StatusOK, jsonType(), strings.NewReader(c.taken))(r)
			})
			client := c.client(provider)
			outcomes := make(chan sms.Outcome)
			b.ReportAllocs()
			for b.Loop() {
				if c.always {
					client = c.client(provider)
				}
				go func() { outcomes <- client.Send(b.Context(), message()) }()
				if o := <-outcomes; o.Verdict != sms.Accepted {
					b.Fatal(o)
				}
			}
		})
	}
}
