package vonagetest_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/vonage/vonagetest"
)

const jitter = 400 * time.Millisecond

func late(seed uint64) *vonagetest.Fake {
	c := config
	c.Rate, c.Jitter, c.Seed = -1, jitter, seed
	return vonagetest.New(c)
}

// arrivals sends to n people, one every millisecond, and returns how long each request was under way.
func arrivals(t *testing.T, fake *vonagetest.Fake, n int) []time.Duration {
	t.Helper()
	number := func(i int) string { return fmt.Sprintf("4477009%05d", i) }
	left := map[string]time.Time{}
	var all sync.WaitGroup
	for i := range n {
		left[number(i)] = time.Now()
		all.Go(func() { post(t, client(fake), form("to", number(i))) })
		time.Sleep(time.Millisecond)
	}
	all.Wait()
	took := make([]time.Duration, n)
	for _, e := range fake.Ledger() {
		for i := range n {
			if e.To == number(i) {
				took[i] = e.At.Sub(left[e.To])
			}
		}
	}
	return took
}

func TestJitterLetsRequestsArriveLateAndOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		fake := late(1)
		took := arrivals(t, fake, n)
		if first, last := slices.Min(took), slices.Max(took); first < 0 || first > jitter/10 || last < jitter*9/10 || last >= jitter {
			t.Errorf("requests were under way for %v to %v, want all of [0, %v)", first, last, jitter)
		}
		var sum time.Duration
		for _, d := range took {
			sum += d
		}
		if mean := sum / n; mean < jitter*45/100 || mean > jitter*55/100 {
			t.Errorf("the mean is %v, want about %v", mean, jitter/2)
		}
		ledger := fake.Ledger()
		if !slices.IsSortedFunc(ledger, func(a, b vonagetest.Entry) int { return a.At.Compare(b.At) }) {
			t.Error("the ledger is not in order of arrival")
		}
		if slices.IsSortedFunc(ledger, func(a, b vonagetest.Entry) int { return strings.Compare(a.To, b.To) }) {
			t.Error("no request has overtaken another")
		}
	})
}

func TestJitterIsRepeatedByItsSeed(t *testing.T) {
	run := func(seed uint64) (took []time.Duration) {
		synctest.Test(t, func(t *testing.T) { took = arrivals(t, late(seed), 200) })
		return took
	}
	one := run(1)
	if again := run(1); !slices.Equal(one, again) {
		t.Errorf("the same seed gave %v, then %v", one, again)
	}
	if slices.Equal(one, run(2)) {
		t.Error("another seed gave the same")
	}
}

func TestJitterIsAnotherForTheSameText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, seen := late(1), map[time.Duration]bool{}
		for range 5 {
			left := time.Now()
			post(t, client(fake), form())
			seen[time.Since(left)] = true
		}
		if len(seen) != 5 {
			t.Errorf("five requests took %v", seen)
		}
	})
}

func TestJitterDoesNotLoseWhatItsClientGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config
		c.Jitter, c.Latency = time.Hour, time.Second
		fake := vonagetest.New(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "POST", "http://fake/sms/json", strings.NewReader(form().Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if _, err := client(fake).Do(r); err == nil {
			t.Fatal("was answered in a millisecond")
		}
		if n := len(fake.Ledger()); n != 0 {
			t.Fatalf("the ledger has %d entries at once", n)
		}
		time.Sleep(time.Hour)
		if l := fake.Ledger(); len(l) != 1 || !l[0].Accepted() {
			t.Errorf("the ledger has %+v, want it accepted", l)
		}
	})
}
