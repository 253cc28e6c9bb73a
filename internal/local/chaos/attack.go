package chaos

import (
	"context"
	"sync"
	"time"

	"sluice/internal/local/process"
)

// attack carries out a plan's kills.
type attack struct {
	platform  *process.Platform
	functions functions
	kills     []kill

	mu   sync.Mutex
	done bool      // nothing more is killed
	last time.Time // the last kill that met somebody
	// hits are the kills that met somebody, processes those that they ended, senders how many of these were senders.
	hits, processes, senders int
}

// run kills until there is nothing more to kill, or ctx ends, which is no error: the campaign has ended before.
func (a *attack) run(ctx context.Context) error {
	for _, k := range a.kills {
		if !sleep(ctx, time.Until(a.platform.Ready.Add(k.at))) {
			return nil
		}
		if err := a.carryOut(ctx, k); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = true
	return nil
}

// victims may have to be waited for: what was just killed is not back yet.
const (
	lookForVictims = 5 * time.Millisecond
	waitForVictims = 2 * time.Second
)

func (a *attack) carryOut(ctx context.Context, k kill) error {
	for end := time.Now().Add(waitForVictims); time.Now().Before(end); {
		met, err := a.strike(k)
		if met || err != nil {
			return err
		}
		if !sleep(ctx, lookForVictims) {
			return nil
		}
	}
	return nil
}

// strike says whether it met anybody.
func (a *attack) strike(k kill) (bool, error) {
	senders, err := a.functions.that("sender")
	if err != nil {
		return false, err
	}
	victims := senders
	if k.everything {
		if victims, err = a.functions.that(""); err != nil {
			return false, err
		}
	}
	if len(victims) == 0 {
		return false, nil
	}
	if !k.everything {
		victims = []int{senders[k.which%len(senders)]}
	}
	killed, err := a.functions.kill(victims)
	if len(killed) > 0 {
		a.note(killed)
	}
	return len(killed) > 0, err
}

func (a *attack) note(killed []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = time.Now()
	a.hits++
	a.processes += len(killed)
	for _, function := range killed {
		if function == "sender" {
			a.senders++
		}
	}
}

// quiet says whether all kills are so long ago.
func (a *attack) quiet(d time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.done && time.Since(a.last) > d
}
