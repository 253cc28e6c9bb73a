package returns

import (
	"context"
	"sync"
	"time"
)

// turns has those who record one batch of events write for the same campaign one after the other: each adds to its counters,
// and of two transactions that want the same item at the same time the store refuses one, which costs as much as a write and
// must then be tried again. What they read, they read side by side.
type turns struct {
	mu sync.Mutex
	of map[string]chan struct{}
}

func newTurns() *turns { return &turns{of: make(map[string]chan struct{})} }

// take waits until it is the caller's turn, who must end it. Of what belongs to no campaign nothing is counted: nobody
// waits for it.
func (t *turns) take(ctx context.Context, campaign string) (end func(), err error) {
	if campaign == "" {
		return func() {}, nil
	}
	t.mu.Lock()
	turn, ok := t.of[campaign]
	if !ok {
		turn = make(chan struct{}, 1)
		t.of[campaign] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// keep is Store.Keep, in turn.
func (r *Recorder) keep(ctx context.Context, reception Reception) error {
	end, err := r.turns.take(ctx, reception.Campaign)
	if err != nil {
		return err
	}
	defer end()
	return r.store.Keep(ctx, reception)
}

// write is Store.Fold, in turn.
func (f *fold) write(ctx context.Context, changed []Delivery, tallies map[time.Time]Tally) error {
	end, err := f.turns.take(ctx, f.campaign.ID)
	if err != nil {
		return err
	}
	defer end()
	return f.store.Fold(ctx, f.campaign.ID, changed, tallies)
}
