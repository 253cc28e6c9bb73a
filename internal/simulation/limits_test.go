package simulation_test

import (
	"math"
	"net/http"
	"strings"
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
				isUsed(t, "before", run.Until(at), c.before)
				// Each of the senders finishes the chunk that it has, and may have reserved another in vain.
				isKept(t, "after", between(run, at+4*time.Second, at+half), c.now)
				isUsed(t, "after", between(run, at+8*time.Second, at+half), c.now)
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

func isUsed(t *testing.T, when string, run arrivals.Run, rate float64) {
	t.Helper()
	if used := run.Used(rate); used < 0.96 {
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
