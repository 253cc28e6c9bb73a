package vonagetest_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/inprocess"
	"sluice/internal/vonage/vonagetest"
)

const (
	receiptsURL = "http://us/webhooks/vonage/receipts"
	inboundURL  = "http://us/webhooks/vonage/inbound"
	ourNumber   = "447700900999"
)

// hook is one webhook as it arrived.
type hook struct {
	at     time.Time
	path   string
	method string
	header http.Header
	query  url.Values
	body   string
}

// desk is our side: it takes webhooks down and answers them.
type desk struct {
	answer func(http.ResponseWriter, *http.Request) // nil for 200
	mu     sync.Mutex
	got    []hook
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	d.got = append(d.got, hook{time.Now(), r.URL.Path, r.Method, r.Header, r.URL.Query(), string(body)})
	d.mu.Unlock()
	if d.answer != nil {
		d.answer(w, r)
	}
}

func (d *desk) hooks() []hook {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// answering returns a fake whose webhooks are those of the desk.
func answering(r vonagetest.Returns, d *desk) *vonagetest.Fake {
	c := config
	r.ReceiptsURL, r.InboundURL, r.Transport = receiptsURL, inboundURL, inprocess.Transport(d)
	c.Rate, c.Returns = -1, r
	return vonagetest.New(c)
}

// running lets the fake run in a bubble while do does something. Nothing may be left behind: the bubble would not end.
func running(t *testing.T, r vonagetest.Returns, d *desk, do func(t *testing.T, fake *vonagetest.Fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fake := answering(r, d)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			fake.Run(ctx)
		}()
		do(t, fake)
		cancel()
		<-ended
	})
}

func number(i int) string { return fmt.Sprintf("4477%08d", i) }

// sendTo sends a text to n people from a number of ours, in one instant.
func sendTo(t *testing.T, fake *vonagetest.Fake, n int, changes ...string) {
	t.Helper()
	c := client(fake)
	for i := range n {
		post(t, c, form(append([]string{"to", number(i), "from", ourNumber}, changes...)...))
	}
}

// settle waits, in steps of a minute, until nothing more comes.
func settle(t *testing.T, fake *vonagetest.Fake) {
	t.Helper()
	for end := time.Now().Add(10 * 24 * time.Hour); !fake.Settled(); time.Sleep(time.Minute) {
		if time.Now().After(end) {
			t.Fatalf("%d webhooks are still pending after ten days", fake.Pending())
		}
	}
}

func count[K comparable](rows []vonagetest.Webhook, by func(vonagetest.Webhook) K) map[K]int {
	counts := map[K]int{}
	for _, w := range rows {
		counts[by(w)]++
	}
	return counts
}

// of picks rows.
func of(rows []vonagetest.Webhook, which func(vonagetest.Webhook) bool) []vonagetest.Webhook {
	return slices.DeleteFunc(slices.Clone(rows), func(w vonagetest.Webhook) bool { return !which(w) })
}

// mustBeAbout allows four standard deviations.
func mustBeAbout(t *testing.T, what string, got, of int, share float64) {
	t.Helper()
	if within := 4 * math.Sqrt(share*(1-share)*float64(of)); math.Abs(float64(got)-share*float64(of)) > within {
		t.Errorf("%s: %d of %d, want %.0f or so (within %.0f)", what, got, of, share*float64(of), within)
	}
}

var usual = vonagetest.Returns{
	Delivered: 0.8, Failed: 0.06, Rejected: 0.03, Expired: 0.03, OptedOut: 0.02, Buffered: 0.25, Lost: 0.05,
	Delay:   vonagetest.Curve{Median: 8 * time.Second, P95: 2 * time.Minute},
	Replies: 0.3, Stops: 0.1, ReplyDelay: vonagetest.Curve{Median: 10 * time.Minute, P95: 6 * time.Hour},
	Jitter: 5 * time.Second, Seed: 1,
}

func TestNothingComesBackByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(config)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		post(t, client(fake), form("from", ourNumber))
		fake.Run(ctx)
		if w := fake.Webhooks(); len(w) != 0 || !fake.Settled() {
			t.Errorf("planned %+v", w)
		}
	})
}

func TestSharesHoldForManyRecipients(t *testing.T) {
	const n = 10_000
	d := &desk{}
	running(t, usual, d, func(t *testing.T, fake *vonagetest.Fake) {
		sendTo(t, fake, n)
		settle(t, fake)
		all := fake.Webhooks()
		receipts := of(all, func(w vonagetest.Webhook) bool { return w.Kind == vonagetest.KindReceipt })
		sent := of(all, func(w vonagetest.Webhook) bool { return w.Outcome == vonagetest.Taken })
		if len(d.hooks()) != len(sent) {
			t.Errorf("%d webhooks came, the ledger has %d taken", len(d.hooks()), len(sent))
		}
		status := count(receipts, func(w vonagetest.Webhook) string { return w.Status + " " + w.Code })
		mustBeAbout(t, "delivered", status["delivered 0"], n, usual.Delivered)
		failed := 0
		for _, code := range []string{"2", "3", "7", "8", "99"} {
			failed += status["failed "+code]
			mustBeAbout(t, "failed "+code, status["failed "+code], n, usual.Failed/5)
		}
		mustBeAbout(t, "failed", failed, n, usual.Failed)
		mustBeAbout(t, "rejected", status["rejected 6"]+status["rejected 14"], n, usual.Rejected)
		mustBeAbout(t, "expired", status["expired 1"], n, usual.Expired)
		mustBeAbout(t, "opted out", status["failed 9"], n, usual.OptedOut)
		mustBeAbout(t, "accepted", status["accepted 0"], n, usual.Buffered/2)
		mustBeAbout(t, "buffered", status["buffered 0"], n, usual.Buffered/2)
		if len(status) != 12 {
			t.Errorf("there are other receipts: %v", status)
		}
		lost := of(receipts, func(w vonagetest.Webhook) bool { return w.Outcome == vonagetest.Lost })
		mustBeAbout(t, "lost", len(lost), len(receipts), usual.Lost)

		texts := map[string]string{} // what each said
		for _, w := range all {
			if w.Kind == vonagetest.KindInbound {
				texts[w.Number] = w.Text
			}
		}
		reached := n - failed - status["rejected 6"] - status["rejected 14"] - status["expired 1"] - status["failed 9"]
		mustBeAbout(t, "replies", len(texts), reached, usual.Replies)
		stopped := 0
		for _, said := range texts {
			if strings.EqualFold(said, "stop") {
				stopped++
			}
		}
		mustBeAbout(t, "stops", stopped, len(texts), usual.Stops)
	})
}

// story is all that comes back, without the ids, which are in order of arrival.
func story(t *testing.T, r vonagetest.Returns, n int) (rows []vonagetest.Webhook) {
	running(t, r, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		c := client(fake)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { post(t, c, form("to", number(i), "from", ourNumber)) }) // in whatever order
		}
		all.Wait()
		settle(t, fake)
		rows = fake.Webhooks()
	})
	for i := range rows {
		rows[i].MessageID = ""
	}
	slices.SortFunc(rows, func(a, b vonagetest.Webhook) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	return rows
}

func TestWhatComesBackIsRepeatedByItsSeed(t *testing.T) {
	r := usual
	r.Copies, r.Concurrency = 2, 1000
	one := story(t, r, 300)
	if again := story(t, r, 300); !slices.Equal(one, again) {
		t.Error("the same seed gave something else")
	}
	r.Seed++
	if slices.Equal(one, story(t, r, 300)) {
		t.Error("another seed gave the same")
	}
}

// To change one setting does not deal the others again.
func TestChancesAreIndependent(t *testing.T) {
	final := func(rows []vonagetest.Webhook) map[string]string {
		fates := map[string]string{}
		for _, w := range rows {
			if w.Kind == vonagetest.KindReceipt && w.Status != "accepted" && w.Status != "buffered" {
				fates[w.Number] = w.At.String() + w.Status + w.Code
			}
		}
		return fates
	}
	r := usual
	r.Lost = 0
	one := final(story(t, r, 300))
	r.Buffered, r.Replies, r.ReplyTexts = 0, 0.9, []string{"Yes"}
	if other := final(story(t, r, 300)); len(one) < 250 || !maps.Equal(one, other) {
		t.Errorf("fates of %d and %d people differ for a setting that does not concern them", len(one), len(other))
	}
}

func TestASecondTextHasAFateOfItsOwn(t *testing.T) {
	running(t, vonagetest.Returns{Delivered: 0.5, Expired: 0.5}, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		for range 40 {
			post(t, client(fake), form())
		}
		settle(t, fake)
		status := count(fake.Webhooks(), func(w vonagetest.Webhook) string { return w.Status })
		mustBeAbout(t, "delivered", status["delivered"], 40, 0.5)
	})
}

func TestEachPartHasAReceipt(t *testing.T) {
	r := vonagetest.Returns{Delivered: 1, Buffered: 1, Delay: vonagetest.Curve{Median: time.Minute}, Jitter: 50 * time.Second}
	running(t, r, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		sendTo(t, fake, 50, "text", strings.Repeat("a", 400))
		settle(t, fake)
		receipts := fake.Webhooks()
		ids := count(receipts, func(w vonagetest.Webhook) string { return w.MessageID + w.Status[:1] })
		if len(receipts) != 300 || len(count(receipts, func(w vonagetest.Webhook) string { return w.MessageID })) != 150 {
			t.Errorf("there are %d receipts, want two for each of 150 parts: %v", len(receipts), ids)
		}
		for _, e := range fake.Ledger() {
			for _, id := range e.MessageIDs {
				if ids[id+"d"] != 1 {
					t.Errorf("part %s has %d final receipts", id, ids[id+"d"])
				}
			}
		}
		slices.SortStableFunc(receipts, func(a, b vonagetest.Webhook) int { return a.At.Compare(b.At) })
		overtaken, disordered := 0, 0
		final, last := map[string]bool{}, map[string]string{}
		for _, w := range receipts {
			if w.Status != "delivered" {
				if final[w.MessageID] {
					overtaken++
				}
				continue
			}
			if w.MessageID < last[w.Number] {
				disordered++
			}
			final[w.MessageID], last[w.Number] = true, w.MessageID
		}
		if overtaken == 0 || disordered == 0 {
			t.Errorf("%d receipts overtook an intermediate one, %d one of an earlier part", overtaken, disordered)
		}
	})
}

func TestPartsAreLostOneByOne(t *testing.T) {
	running(t, vonagetest.Returns{Delivered: 1, Lost: 0.5}, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		const n = 400
		sendTo(t, fake, n, "text", strings.Repeat("a", 161))
		settle(t, fake)
		lost := of(fake.Webhooks(), func(w vonagetest.Webhook) bool { return w.Outcome == vonagetest.Lost })
		mustBeAbout(t, "lost", len(lost), 2*n, 0.5)
		one := 0
		for _, parts := range count(lost, func(w vonagetest.Webhook) string { return w.Number }) {
			if parts == 1 {
				one++
			}
		}
		mustBeAbout(t, "texts that lost one of two", one, n, 0.5)
	})
}

func TestReceiptsKeepTheirTime(t *testing.T) {
	r := vonagetest.Returns{Delivered: 1, Buffered: 1, Delay: vonagetest.Curve{Median: time.Minute}}
	running(t, r, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		start := time.Now()
		sendTo(t, fake, 100)
		settle(t, fake)
		for _, w := range fake.Webhooks() {
			after := w.At.Sub(start)
			if final := w.Status == "delivered"; final && after != time.Minute || !final && after >= time.Minute {
				t.Errorf("%s came after %v", w.Status, after)
			}
		}
	})
}

func TestWebhooksAreSentMoreThanOnce(t *testing.T) {
	d := &desk{answer: func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }}
	r := vonagetest.Returns{Delivered: 1, Copies: 3, Secret: "s", Concurrency: 300}
	running(t, r, d, func(t *testing.T, fake *vonagetest.Fake) {
		start := time.Now()
		sendTo(t, fake, 100)
		settle(t, fake)
		rows := fake.Webhooks()
		for id, n := range count(rows, func(w vonagetest.Webhook) string { return w.MessageID }) {
			if n != 3 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		together := 0
		for _, w := range rows {
			late := w.At.Sub(start)
			if late >= vonagetest.CopySpread || w.Copy == 0 && late > 0 {
				t.Errorf("copy %d came after %v", w.Copy, late)
			}
			if w.Copy > 0 && late == 0 {
				together++
			}
		}
		mustBeAbout(t, "copies together with the first", together, 200, 0.25)
		signatures := map[string]bool{}
		for _, h := range d.hooks() {
			signatures[params(t, h)["nonce"]] = true
		}
		if len(signatures) != 300 {
			t.Errorf("%d different nonces", len(signatures))
		}
	})
}

// A fault between acceptance and answer does not hinder the carrier: the receipt is all that a sender hears.
func TestAReceiptComesForATextWhoseAnswerWasLost(t *testing.T) {
	running(t, vonagetest.Returns{Delivered: 1}, &desk{}, func(t *testing.T, fake *vonagetest.Fake) {
		if err := fake.Inject(vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Times: 1},
			vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 6}); err != nil {
			t.Fatal(err)
		}
		if _, err := client(fake).PostForm("http://fake/sms/json", form()); err == nil {
			t.Error("the connection was not dropped")
		}
		post(t, client(fake), form()) // refused
		settle(t, fake)
		if w := fake.Webhooks(); len(w) != 1 || w[0].ClientRef != "run-1" || w[0].Outcome != vonagetest.Taken {
			t.Errorf("got %+v", w)
		}
	})
}
