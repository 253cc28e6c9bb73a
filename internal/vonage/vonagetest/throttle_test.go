package vonagetest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/vonage/vonagetest"
)

func refusedFor(ms int) string {
	return fmt.Sprintf(`{"message-count":"1","messages":[{"status":"1","error-text":"Throughput Rate Exceeded - please wait [ %d ] and retry"}]}`, ms)
}

// step is a text of so many parts at a moment, and how long its sender is told to wait; 0 means that it is accepted.
type step struct {
	at    time.Duration
	from  string
	parts int
	wait  int // milliseconds
}

func TestEachSenderHasALimitOfItsOwnInParts(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		rate  int
		steps []step
	}{
		{"none is set", 0, []step{{0, "A", 9, 0}, {0, "A", 9, 0}}},
		{"texts of one part", 2, []step{{0, "A", 1, 0}, {100 * ms, "A", 1, 0}, {298 * ms, "A", 1, 702}}},
		{"another sender is not concerned", 1, []step{{0, "A", 1, 0}, {0, "A", 1, 1000}, {0, "B", 1, 0}, {1 * ms, "B", 1, 999}}},
		{"long texts cost their parts", 4, []step{{0, "A", 3, 0}, {0, "A", 2, 1000}, {0, "A", 1, 0}, {0, "A", 1, 1000}}},
		{"what was refused costs nothing", 2, []step{{0, "A", 1, 0}, {0, "A", 2, 1000}, {0, "A", 1, 0}}},
		{"whoever waited so long is let in", 1, []step{{0, "A", 1, 0}, {298 * ms, "A", 1, 702}, {1000 * ms, "A", 1, 0}, {1001 * ms, "A", 1, 999}}},
		{"the wait is rounded up", 1, []step{{0, "A", 1, 0}, {298*ms + 1, "A", 1, 702}, {999*ms + 1, "A", 1, 1}}},
		{"a window begins with a text", 1, []step{{0, "A", 1, 0}, {1700 * ms, "A", 1, 0}, {2000 * ms, "A", 1, 700}}},
		{"a text of more parts takes several windows", 2, []step{{0, "A", 5, 0}, {1000 * ms, "A", 1, 2000}, {3000 * ms, "A", 1, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limited := config
				limited.Rate, limited.SenderRate = -1, c.rate
				fake, start := vonagetest.New(limited), time.Now()
				for i, s := range c.steps {
					time.Sleep(time.Until(start.Add(s.at)))
					got := post(t, client(fake), form("from", s.from, "text", strings.Repeat("a", 153*(s.parts-1)+8)))
					if s.wait > 0 && got != refusedFor(s.wait) {
						t.Errorf("step %d: got %s, want a wait of %d ms", i, got, s.wait)
					} else if s.wait == 0 && strings.Count(got, `"status":"0"`) != s.parts {
						t.Errorf("step %d: got %s, want %d parts accepted", i, got, s.parts)
					}
				}
				if n := len(fake.Ledger()); n != len(c.steps) {
					t.Errorf("the ledger has %d requests, want all %d", n, len(c.steps))
				}
			})
		})
	}
}

func TestTheAccountCountsWhatASenderIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := config
		limited.Rate, limited.SenderRate = 3, 1
		fake := vonagetest.New(limited)
		post(t, client(fake), form("text", "")) // says nothing, and costs its sender nothing
		post(t, client(fake), form())
		if got := post(t, client(fake), form()); got != refusedFor(1000) {
			t.Errorf("got %s, want the sender's limit", got)
		}
		if got := post(t, client(fake), form("from", "Other")); !strings.Contains(got, "Exceeded maximum MT throughput") {
			t.Errorf("got %s, want the account's limit", got)
		}
		fake.Reset()
		if got := post(t, client(fake), form()); !strings.Contains(got, `"status":"0"`) {
			t.Errorf("after Reset: %s", got)
		}
	})
}
