package simulation_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/internal/local/arrivals"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// pacing is a campaign that is sent as quickly as it may be.
type pacing struct {
	rate, headroom int // requests a second, and percent of them that are kept free
	senders        int // batches that are sent at the same time
	latency        time.Duration
	seconds        int // of sends
}

// texts is how many there are, in batches of the same size.
func (p pacing) texts() int { return p.batch() * p.senders }

func (p pacing) batch() int { return (p.rate*p.seconds + p.senders - 1) / p.senders }

func (p pacing) String() string {
	return fmt.Sprintf("%d a second, less %d %%, %v, %d senders", p.rate, p.headroom, p.latency, p.senders)
}

// options are the system and the provider that it is sent with.
func (p pacing) options(provider vonagetest.Config) simulation.Options {
	provider.Rate, provider.Latency = p.rate, p.latency
	return simulation.Options{
		Parameters: map[string]string{
			"AccountRate": fmt.Sprint(p.rate), "PaceHeadroom": fmt.Sprint(p.headroom),
			"SenderConcurrency": fmt.Sprint(max(2, p.senders)), // less is not possible, but one batch needs only one
		},
		Vonage: provider,
	}
}

// send returns what arrived until all of it was accepted.
func (p pacing) send(t *testing.T, o simulation.Options) arrivals.Run {
	t.Helper()
	var run arrivals.Run
	simulation.RunAlone(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(p.texts(), p.batch(), 0))
		c = w.Until(c.ID, "completed", 10*time.Minute)
		if c.Counts.Accepted != p.texts() {
			t.Errorf("%v: ended %+v", p, c)
		}
		run = arrived(w.Vonage)
	})
	return run
}

func arrived(provider *vonagetest.Fake) arrivals.Run {
	ledger := provider.Ledger()
	run := make(arrivals.Run, len(ledger))
	for i, e := range ledger {
		run[i] = arrivals.Arrival{At: e.At, Refused: !e.Accepted()}
	}
	return run
}

// beginning is left out of the share that is used: the first batches of a campaign start one after the other.
const beginning = time.Second

// What arrives when it was sent needs no headroom.
func TestAllOfTheRateIsUsedAndNeverMoreOfIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pacing
		least float64
	}{
		{pacing{rate: 30, latency: 200 * time.Millisecond, senders: 1, seconds: 15}, 0.99},
		{pacing{rate: 30, latency: 200 * time.Millisecond, senders: 2, seconds: 15}, 0.99},
		{pacing{rate: 30, latency: 200 * time.Millisecond, senders: 5, seconds: 15}, 0.99},
		{pacing{rate: 1000, latency: 200 * time.Millisecond, senders: 1, seconds: 4}, 0.97},
		{pacing{rate: 1000, latency: 200 * time.Millisecond, senders: 5, seconds: 4}, 0.97},
		{pacing{rate: 1000, latency: 800 * time.Millisecond, senders: 1, seconds: 4}, 0.97},
	} {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			run := c.send(t, c.options(vonagetest.Config{}))
			if used := run.After(beginning).Used(float64(c.rate)); used < c.least {
				t.Errorf("%.2f %% of the rate was used", 100*used)
			}
			if busiest := run.Busiest(time.Second); busiest > c.rate {
				t.Errorf("%d arrived in one second", busiest)
			}
			if n := run.Refused(); n > 0 {
				t.Errorf("%d were refused", n)
			}
		})
	}
}
