package simulation_test

import (
	"sync"
	"testing"
	"time"

	"sluice/internal/vonage/vonagetest"
)

// stalls makes whoever asks for the time wait for a moment, once in a while, as a busy machine does.
type stalls struct {
	every, length time.Duration

	mu   sync.Mutex
	next time.Time
}

func (s *stalls) now() time.Time {
	s.mu.Lock()
	due := !time.Now().Before(s.next)
	if due {
		s.next = time.Now().Add(s.every)
	}
	s.mu.Unlock()
	if due {
		time.Sleep(s.length)
	}
	return time.Now()
}

// A slot that was missed is lost. That those behind it are kept makes the difference between a slot a second and most of
// a chunk.
func TestAStallCostsTheSlotsThatItTookAndNoOthers(t *testing.T) {
	t.Parallel()
	p := pacing{rate: 30, headroom: 4, latency: 200 * ms, senders: 5, seconds: 20}
	stalling := &stalls{every: time.Second, length: 60 * ms} // of which the tolerance covers 20 ms
	o := p.options(vonagetest.Config{})
	o.Clock = func(function string) func() time.Time {
		if function == "sender" {
			return stalling.now
		}
		return time.Now
	}
	run := p.send(t, o)
	if used := run.After(beginning).Used(float64(p.rate)); used < 0.88 {
		t.Errorf("%.1f %% of the rate was used", 100*used)
	}
	if busiest, refused := run.Busiest(time.Second), run.Refused(); busiest > p.rate || refused > 0 {
		t.Errorf("%d arrived in one second, %d were refused", busiest, refused)
	}
}
