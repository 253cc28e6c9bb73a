package vonagetest_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/vonage/vonagetest"
)

func TestWebhooksAreSentAgain(t *testing.T) {
	day := []time.Duration{0}
	for wait, at := 5*time.Second, 5*time.Second; at <= 24*time.Hour; at += wait {
		day = append(day, at)
		wait = min(2*wait, 15*time.Minute)
	}
	const s = time.Second
	for _, c := range []struct {
		name    string
		answers []int // the last of them from then on; 0 drops the connection
		want    []time.Duration
		outcome vonagetest.WebhookOutcome
	}{
		{"not after 200", []int{200}, day[:1], vonagetest.Taken},
		{"not after 204", []int{204}, day[:1], vonagetest.Taken},
		{"not after 400", []int{400}, day[:1], vonagetest.Refused},
		{"not after 404", []int{404}, day[:1], vonagetest.Refused},
		{"not after a redirect", []int{302}, day[:1], vonagetest.Refused},
		{"after 429", []int{429, 200}, day[:2], vonagetest.Taken},
		{"after 503", []int{503, 503, 500, 502, 200}, []time.Duration{0, 5 * s, 15 * s, 35 * s, 75 * s}, vonagetest.Taken},
		{"after a dropped connection", []int{0, 200}, day[:2], vonagetest.Taken},
		{"until 400", []int{500, 500, 400}, day[:3], vonagetest.Refused},
		{"for a day at most", []int{500}, day, vonagetest.GivenUp},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls atomic.Int64
			d := &desk{answer: func(w http.ResponseWriter, r *http.Request) {
				n := min(int(calls.Add(1)), len(c.answers))
				if c.answers[n-1] == 0 {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Location", receiptsURL)
				w.WriteHeader(c.answers[n-1])
			}}
			running(t, vonagetest.Returns{Delivered: 1, Secret: "s"}, d, func(t *testing.T, fake *vonagetest.Fake) {
				start := time.Now()
				sendTo(t, fake, 1)
				settle(t, fake)
				var got []time.Duration
				for _, h := range d.hooks() {
					got = append(got, h.at.Sub(start))
					if h.body != d.hooks()[0].body {
						t.Error("it was not the same again")
					}
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("sent at %v, want %v", got, c.want)
				}
				w := fake.Webhooks()[0]
				if w.Outcome != c.outcome || w.Attempts != len(c.want) || w.HTTPStatus != c.answers[len(c.answers)-1] || !w.At.Equal(start) {
					t.Errorf("the ledger says %+v, want %s after %d attempts", w, c.outcome, len(c.want))
				}
			})
		})
	}
}

func TestAWebhookIsGivenFifteenSeconds(t *testing.T) {
	d := &desk{answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	running(t, vonagetest.Returns{Delivered: 1}, d, func(t *testing.T, fake *vonagetest.Fake) {
		start := time.Now()
		sendTo(t, fake, 1)
		time.Sleep(21 * time.Second)
		if h := d.hooks(); len(h) != 2 || h[1].at.Sub(start) != 20*time.Second {
			t.Errorf("sent %d times, want again 5 s after 15 s", len(h))
		}
	})
}

func TestSoManyWebhooksAreUnderWayAtOnce(t *testing.T) {
	for concurrency, want := range map[int]time.Duration{0: 4 * time.Second, 20: 10 * time.Second, 1000: time.Second} {
		var now, most atomic.Int64
		d := &desk{answer: func(http.ResponseWriter, *http.Request) {
			for n, seen := now.Add(1), most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			time.Sleep(time.Second)
			now.Add(-1)
		}}
		running(t, vonagetest.Returns{Delivered: 1, Concurrency: concurrency}, d, func(t *testing.T, fake *vonagetest.Fake) {
			start := time.Now()
			sendTo(t, fake, 200)
			for !fake.Settled() {
				time.Sleep(100 * time.Millisecond)
			}
			if took := time.Since(start); took < want || took > want+100*time.Millisecond || int64(want/time.Second)*most.Load() != 200 {
				t.Errorf("with a concurrency of %d: %v, %d at once; want %v", concurrency, took, most.Load(), want)
			}
		})
	}
}

func TestWhatWaitsGoesOnWithTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{answer: func(http.ResponseWriter, *http.Request) { time.Sleep(3 * time.Second) }}
		fake := answering(vonagetest.Returns{Delivered: 1, Delay: vonagetest.Curve{Median: 10 * time.Second}}, d)
		sendTo(t, fake, 5)
		run := func(wait time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			fake.Run(ctx)
		}
		run(5 * time.Second)
		if len(d.hooks()) != 0 || fake.Pending() != 5 {
			t.Fatalf("%d came early, %d wait", len(d.hooks()), fake.Pending())
		}
		run(6 * time.Second) // ends in the middle of the first attempts
		if len(d.hooks()) != 5 || fake.Pending() != 5 || fake.Webhooks()[0].Outcome != vonagetest.Waiting {
			t.Fatalf("%d came, %d wait: %+v", len(d.hooks()), fake.Pending(), fake.Webhooks())
		}
		run(time.Minute)
		if len(d.hooks()) != 10 || !fake.Settled() {
			t.Errorf("%d came, %d wait", len(d.hooks()), fake.Pending())
		}
		synctest.Wait()
	})
}

func TestResetForgetsWhatWasToComeBack(t *testing.T) {
	d := &desk{answer: func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		w.WriteHeader(500)
	}}
	r := vonagetest.Returns{Delivered: 1, Buffered: 1, Early: 0.5, Seed: 3, Delay: vonagetest.Curve{Median: time.Minute}}
	running(t, r, d, func(t *testing.T, fake *vonagetest.Fake) {
		sendTo(t, fake, 20)
		synctest.Wait() // for those that are on their way at this instant
		before := len(d.hooks())
		fake.Reset()
		time.Sleep(time.Hour)
		if before == 0 || len(d.hooks()) != before || !fake.Settled() || len(fake.Webhooks()) != 0 {
			t.Errorf("%d webhooks came before, %d after, %d wait", before, len(d.hooks())-before, fake.Pending())
		}
		sendTo(t, fake, 1)
		if n := len(fake.Webhooks()); n != 2 {
			t.Errorf("then there are %d", n)
		}
	})
}

func TestReturnsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		returns vonagetest.Returns
		want    string
	}{
		{"nothing", vonagetest.Returns{}, ""},
		{"the usual", usual, ""},
		{"tenths that add up to one", vonagetest.Returns{Delivered: 0.7, Failed: 0.1, Rejected: 0.1, Expired: 0.1}, ""},
		{"a constant delay", vonagetest.Returns{Delay: vonagetest.Curve{Median: 1, P95: 1}}, ""},
		{"a share above one", vonagetest.Returns{Lost: 1.1}, "Lost is 1.1"},
		{"a negative share", vonagetest.Returns{Stops: -0.1}, "Stops is -0.1"},
		{"a share that is no number", vonagetest.Returns{Early: math.NaN()}, "Early is NaN"},
		{"more fates than texts", vonagetest.Returns{Delivered: 0.9, OptedOut: 0.2}, "add up to 1.1"},
		{"a method of no name", vonagetest.Returns{Method: "sha3"}, `"sha3" is not known`},
		{"a format of no name", vonagetest.Returns{Format: "xml"}, `"xml" is not known`},
		{"a path as address", vonagetest.Returns{ReceiptsURL: "/webhooks"}, "ReceiptsURL"},
		{"another scheme", vonagetest.Returns{InboundURL: "ftp://us"}, "InboundURL"},
		{"an address with a query", vonagetest.Returns{InboundURL: "http://us/?token=1"}, "has a query"},
		{"a curve that falls", vonagetest.Returns{Delay: vonagetest.Curve{Median: 2, P95: 1}}, "Delay"},
		{"a curve from zero", vonagetest.Returns{ReplyDelay: vonagetest.Curve{P95: 1}}, "ReplyDelay"},
		{"a negative delay", vonagetest.Returns{Delay: vonagetest.Curve{Median: -1}}, "Delay"},
		{"a curve of ages", vonagetest.Returns{Delay: vonagetest.Curve{Median: time.Second, P95: 1000 * time.Hour}}, "longer than"},
		{"an empty reply", vonagetest.Returns{ReplyTexts: []string{"a", ""}}, "empty"},
		{"negative counts", vonagetest.Returns{Copies: -1}, "negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.returns.Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			defer func() {
				if panicked := recover() != nil; panicked != (c.want != "") {
					t.Errorf("New panicked: %v", panicked)
				}
			}()
			vonagetest.New(vonagetest.Config{Returns: c.returns})
		})
	}
}

// errNoNetwork answers at once, and costs nothing that is not the fake's.
type errNoNetwork struct{}

func (errNoNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network")
}

// BenchmarkWhatIsHeld says what a text costs while two receipts and perhaps a reply wait.
func BenchmarkWhatIsHeld(b *testing.B) {
	c := config
	c.Rate, c.Returns = -1, usual
	c.Returns.ReceiptsURL, c.Returns.InboundURL, c.Returns.Transport = receiptsURL, inboundURL, errNoNetwork{}
	for b.Loop() {
		const n = 100_000
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		fake := vonagetest.New(c)
		sendDirect(b, fake, n)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/text")
		b.ReportMetric(float64(fake.Pending())/n, "webhooks/text")
	}
}

func sendDirect(b *testing.B, fake *vonagetest.Fake, n int) {
	b.Helper()
	for i := range n {
		r, err := http.NewRequest("POST", "http://fake/sms/json", strings.NewReader(form("to", number(i), "from", ourNumber).Encode()))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		fake.ServeHTTP(discard{}, r)
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
