package pace

import (
	"sync"
	"time"
)

// line is what this process knows of one limited thing.
type line struct {
	mu    sync.Mutex
	state State
	// asOf is when the state was read last; zero if it never was.
	asOf time.Time
	// end of the last stretch that this process took.
	end time.Time
	// reported is the last generation whose refusal was reported, plus one.
	reported int64
}

func (l *line) known() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// age is how old what is known is.
func (l *line) age(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.asOf)
}

func (l *line) learn(s State, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asOf = now; s.Generation >= l.state.Generation {
		l.state = s
	}
}

// took notes a stretch, and says whether it follows on nothing, or on somebody else's.
func (l *line) took(first, end, notBefore time.Time) (idle, others bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !first.Equal(l.end) {
		idle, others = !first.After(notBefore), first.After(notBefore)
	}
	l.end = end
	return idle, others
}

// mayReport says whether a refusal in a generation is news, to be told once.
func (l *line) mayReport(generation int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if generation != l.state.Generation || generation < l.reported {
		return false
	}
	l.reported = generation + 1
	return true
}

// unreported takes that back: the report did not arrive.
func (l *line) unreported(generation int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reported == generation+1 {
		l.reported = generation
	}
}
