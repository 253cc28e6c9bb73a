package vonagetest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/vonage/vonagetest"
)

func TestEarlyReceiptsComeBeforeTheAnswer(t *testing.T) {
	d := &desk{answer: func(http.ResponseWriter, *http.Request) { time.Sleep(100 * time.Millisecond) }}
	r := vonagetest.Returns{Delivered: 1, Early: 0.5, Delay: vonagetest.Curve{Median: time.Minute}, Jitter: time.Second}
	running(t, r, d, func(t *testing.T, fake *vonagetest.Fake) {
		const n = 400
		before := 0
		for i := range n {
			known, start := len(d.hooks()), time.Now()
			post(t, client(fake), form("to", number(i), "text", strings.Repeat("a", 161)))
			if took := time.Since(start); took == 0 {
				continue
			} else if took != 100*time.Millisecond {
				t.Errorf("the answer took %v", took)
			}
			if came := len(d.hooks()) - known; came >= 2 { // others may be due too
				before++
			}
		}
		mustBeAbout(t, "early", before, n, r.Early)
		settle(t, fake)
		if got := len(d.hooks()); got != 2*n {
			t.Errorf("%d receipts for %d texts of two parts", got, n)
		}
	})
}

func TestAnEarlyReceiptThatIsNotAnsweredHoldsTheSendUpForASecondOnly(t *testing.T) {
	d := &desk{answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	running(t, vonagetest.Returns{Delivered: 1, Early: 1}, d, func(t *testing.T, fake *vonagetest.Fake) {
		start := time.Now()
		sendTo(t, fake, 1)
		if took := time.Since(start); took != time.Second {
			t.Errorf("the answer took %v", took)
		}
	})
}

// Over a socket, with a transport of its own.
func TestWebhooksGoOverTheNetworkToo(t *testing.T) {
	came := make(chan string)
	us := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { came <- r.URL.Query().Get("status") }))
	defer us.Close()
	c := config
	c.Returns = vonagetest.Returns{ReceiptsURL: us.URL + "/receipts", Format: vonagetest.FormatGET, Delivered: 1, Concurrency: 1}
	fake := vonagetest.New(c)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		fake.Run(ctx)
	}()
	post(t, client(fake), form())
	post(t, client(fake), form())
	if first, second := <-came, <-came; first != "delivered" || second != "delivered" {
		t.Errorf("got %q and %q", first, second)
	}
	cancel()
	<-ended
	if w := fake.Webhooks()[0]; w.Outcome != vonagetest.Taken || w.HTTPStatus != 200 {
		t.Errorf("the ledger says %+v", w)
	}
}

func TestEarlyReceiptsOvertakeABacklog(t *testing.T) {
	d := &desk{answer: func(http.ResponseWriter, *http.Request) { time.Sleep(100 * time.Millisecond) }}
	running(t, vonagetest.Returns{Delivered: 1, Early: 1, Concurrency: 1}, d, func(t *testing.T, fake *vonagetest.Fake) {
		for range 100 {
			if err := fake.Reply(number(0), ourNumber, "Yes"); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		sendTo(t, fake, 1)
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("the answer took %v, want it behind one reply at most", took)
		}
		settle(t, fake)
	})
}

func TestNobodyWaitsForReceiptsThatAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := answering(vonagetest.Returns{Delivered: 1, Early: 1}, &desk{}) // and nothing runs
		start := time.Now()
		time.AfterFunc(300*time.Millisecond, fake.Reset)
		sendTo(t, fake, 1)
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("the answer took %v", took)
		}
	})
}
