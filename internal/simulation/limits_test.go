package simulation_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/local/arrivals"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// change is a request that changes a limit in the middle of a campaign.
type change struct {
	method, path string
	body         simulation.JSON
}

// between are the arrivals from one instant after the first to another.
func between(run arrivals.Run, from, to time.Duration) arrivals.Run {
	begin := run[0].At
	run = run.After(from)
	return run.Until(begin.Add(to).Sub(run[0].At))
}

func TestALimitHoldsAndIsUsedAndChangesWithinAChunk(t *testing.T) {
	long := strings.Repeat("x", 200) // two segments
	const id, sender = "{id}", "/pace/sender:447700900000"
	for _, c := range []struct {
		name        string
		campaign    simulation.JSON // what differs from the tutorial's
		first       *change         // before the campaign
		change      change
		before, now float64 // texts a second
	}{
		{
			"the account's", nil, nil,
			change{http.MethodPut, "/pace/account", simulation.JSON{"per_second": 10, "headroom": 0}}, 28.8, 10,
		},
		{
			"the account's, raised", nil, &change{http.MethodPut, "/pace/account", simulation.JSON{"per_second": 10, "headroom": 0}},
			change{http.MethodPut, "/pace/account", simulation.JSON{"per_second": 25, "headroom": 0}}, 10, 25,
		},
		{
			"a campaign's own", simulation.JSON{"max_rate": 5}, nil,
			change{http.MethodPatch, "/campaigns/" + id, simulation.JSON{"max_rate": 20}}, 5, 20,
		},
		{
			"a campaign's own, lowered", simulation.JSON{"max_rate": 20}, nil,
			change{http.MethodPatch, "/campaigns/" + id, simulation.JSON{"max_rate": 2}}, 20, 2,
		},
		{
			"a campaign's own, taken away", simulation.JSON{"max_rate": 5}, nil,
			change{http.MethodPatch, "/campaigns/" + id, simulation.JSON{"max_rate": 0}}, 5, 28.8,
		},
		{
			"a sender's", simulation.JSON{"message_string": long}, nil,
			change{http.MethodPut, sender, simulation.JSON{"per_second": 10, "headroom": 0}}, 28.8, 5,
		},
		{
			"a sender's, taken away", simulation.JSON{"message_string": long},
			&change{http.MethodPut, sender, simulation.JSON{"per_second": 10, "headroom": 0}},
			change{http.MethodDelete, sender, nil}, 5, 28.8,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulation.Run(t, simulation.Options{Vonage: vonagetest.Config{Rate: -1, Latency: 100 * time.Millisecond}}, func(w *simulation.World) {
				const half = 30 * time.Second
				if c.first != nil {
					simulation.Call[simulation.JSON](w, http.StatusOK, c.first.method, c.first.path, c.first.body)
				}
				body := simulation.Tutorial(2400, 800, 0) // three senders
				for name, value := range c.campaign {
					body[name] = value
				}
				made := w.Create(body)
				time.Sleep(half)
				changed := time.Now()
				simulation.Call[simulation.JSON](w, http.StatusOK, c.change.method, strings.Replace(c.change.path, id, made.ID, 1), c.change.body)
				time.Sleep(half + 5*time.Second)
				w.Act(made.ID, "cancel")
				time.Sleep(time.Minute)
				w.Check(made.ID)

				run := arrived(w.Vonage)
				at := changed.Sub(run[0].At)
				isKept(t, "before", run.Until(at), c.before)
				isUsed(t, "before", run.Until(at), c.before, 0.96)
				// Each of the senders finishes the chunk that it has, and may have reserved another in vain.
				isKept(t, "after", between(run, at+4*time.Second, at+half), c.now)
				isUsed(t, "after", between(run, at+8*time.Second, at+half), c.now, 0.9)
			})
		})
	}
}

// isKept says that a rate was not exceeded in any second.
func isKept(t *testing.T, when string, run arrivals.Run, rate float64) {
	t.Helper()
	if busiest := run.Busiest(time.Second); busiest > int(math.Ceil(rate)) {
		t.Errorf("%s: %d arrived in one second, %g may", when, busiest, rate)
	}
}

func isUsed(t *testing.T, when string, run arrivals.Run, rate, least float64) {
	t.Helper()
	if used := run.Used(rate); used < least {
		t.Errorf("%s: %.1f %% of %g a second was used", when, 100*used, rate)
	}
}

// An account that is set to twice of what is allowed.
func TestAWrongSettingIsFoundOutWithNobodyLost(t *testing.T) {
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": "60"}, Vonage: vonagetest.Config{Rate: 30, Latency: 100 * time.Millisecond},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		const n = 3000
		c := w.Create(simulation.Tutorial(n, 1000, 0))
		if c = w.Until(c.ID, "completed", 10*time.Minute); c.Counts.Accepted != n {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
		run := arrived(w.Vonage)
		last := run[len(run)-1].At.Sub(run[0].At)
		first, rest := run.Until(10*time.Second), between(run, 10*time.Second, last-2*time.Second)
		refused := float64(rest.Refused()) / float64(len(rest))
		t.Logf("first 10 s: %d accepted, %d refused; then %.1f %% of the real rate, %.2f %% refused",
			len(first)-first.Refused(), first.Refused(), 100*rest.Used(30), 100*refused)
		if rest.Used(30) < 0.9 || refused > 0.02 {
			t.Errorf("after 10 s, %.1f %% of the real rate is used and %.2f %% refused", 100*rest.Used(30), 100*refused)
		}
	})
}

// The table takes its time, a little more or less.
func slowTable(next http.Handler) http.Handler {
	var mu sync.Mutex
	draw := rand.New(rand.NewPCG(1, 2))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB") {
			mu.Lock()
			took := 4*time.Millisecond + time.Duration(draw.Int64N(int64(8*time.Millisecond)))
			mu.Unlock()
			time.Sleep(took)
		}
		next.ServeHTTP(rw, r)
	})
}

// A campaign's own rate that is above the account's does not make the account's requests denser.
func TestARateAboveTheAccountsLeavesThatAsItIs(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Rate: -1, Latency: 100 * time.Millisecond}}
	simulation.Run(t, o, func(w *simulation.World) {
		body := simulation.Tutorial(450, 450, 0)
		body["max_rate"] = 100
		for _, b := range []simulation.JSON{body, simulation.Tutorial(450, 450, 0)} {
			defer w.Until(w.Create(b).ID, "completed", 5*time.Minute)
		}
		time.Sleep(time.Minute)
		run := arrived(w.Vonage)
		isKept(t, "together", run, 30)
		isUsed(t, "together", run.Until(25*time.Second), 28.8, 0.96)
	})
}

// Batches of other sizes than what may leave in a second.
func TestALimitIsUsedWhateverTheSizesOfBatches(t *testing.T) {
	for _, c := range []struct {
		size  int
		least float64 // of twenty a second
	}{{3, 0.9}, {10, 0.94}, {20, 0.94}, {21, 0.8}, {40, 0.9}} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			o := simulation.Options{Vonage: vonagetest.Config{Rate: -1, Latency: 100 * time.Millisecond}}
			simulation.Run(t, o, func(w *simulation.World) {
				body := simulation.Tutorial(800, c.size, 0)
				body["max_rate"] = 20
				id := w.Create(body).ID
				time.Sleep(30 * time.Second)
				w.Act(id, "cancel")
				run := arrived(w.Vonage)
				if used := run.Used(20); used < c.least {
					t.Errorf("%.1f %% was used", 100*used)
				}
				isKept(t, "all along", run, 20)
			})
		})
	}
}

// Who is slower than another waits, and fails nothing.
func TestManySendersUnderSeveralLimitsWaitForEachOther(t *testing.T) {
	o := simulation.Options{
		Cloud: slowTable, Parameters: map[string]string{"SenderConcurrency": "40"},
		Vonage: vonagetest.Config{Rate: -1, Latency: 100 * time.Millisecond},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		body := simulation.Tutorial(1200, 30, 0)
		body["max_rate"] = 29
		c := w.Until(w.Create(body).ID, "completed", 2*time.Minute)
		if failed := strings.Count(w.Logs(), "message failed"); failed > 0 || c.Counts.Accepted != 1200 {
			t.Errorf("%d deliveries failed; ended %+v", failed, c)
		}
		w.Check(c.ID)
	})
}

func TestASlowLimitKeepsItsLeases(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(40, 8, 0) // five senders, a text each fifty seconds
		body["max_rate"] = 0.1
		c := w.Until(w.Create(body).ID, "completed", 10*time.Minute)
		for _, fault := range []string{"lease lost", "overdue", "message failed", "took over"} {
			if n := strings.Count(w.Logs(), fault); n > 0 {
				t.Errorf("%q is logged %d times", fault, n)
			}
		}
		w.Check(c.ID)
	})
}

// A text of fifteen segments, of a sender of one in twenty seconds: longer than an invocation.
func TestALimitThatIsSlowerThanAnInvocationIsNoHotLoop(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		limit := simulation.JSON{"per_second": 0.1, "headroom": 50}
		simulation.Call[simulation.JSON](w, http.StatusOK, http.MethodPut, "/pace/sender:447700900000", limit)
		body := simulation.Tutorial(2, 2, 0)
		body["message_string"] = strings.Repeat("x", 15*153)
		c := w.Until(w.Create(body).ID, "completed", time.Hour)
		if n := strings.Count(w.Logs(), "batch continues"); n > 5 {
			t.Errorf("it was continued %d times", n)
		}
		w.Check(c.ID)
	})
}

// What one sender has claimed and not settled, where answers are slow.
func TestWhatIsInFlightIsBounded(t *testing.T) {
	for _, c := range []struct{ rate, most int }{{30, 2 * 29}, {1000, 1200}} {
		t.Run(fmt.Sprint(c.rate), func(t *testing.T) {
			o := simulation.Options{
				Parameters: map[string]string{"AccountRate": fmt.Sprint(c.rate)},
				Vonage:     vonagetest.Config{Rate: -1, Latency: 2500 * time.Millisecond},
			}
			simulation.Run(t, o, func(w *simulation.World) {
				made := w.Create(simulation.Tutorial(5*c.rate, 5*c.rate, 0))
				most := 0
				for range 60 {
					time.Sleep(100 * time.Millisecond)
					if b, err := w.Store.Batches(context.Background(), made.ID, 0, 1); err == nil && len(b) == 1 {
						most = max(most, b[0].Cursor-b[0].Settled)
					}
				}
				if most > c.most || most < c.most/2 {
					t.Errorf("%d were in flight, want %d at most", most, c.most)
				}
				w.Act(made.ID, "cancel")
			})
		})
	}
}
