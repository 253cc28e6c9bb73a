package pace

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// listenEvery is how often the reference is asked for its second. It is the error of what is learned, with the time
	// that an answer takes: a clock that is less wrong is left alone.
	listenEvery = 10 * time.Millisecond
	// listenFor bounds how often: a second must have passed.
	listenFor = 3 * time.Second
)

// Clock is a machine's clock, corrected to a reference that all machines share and that tells the second only. It may be
// used concurrently.
type Clock struct {
	own    func() time.Time
	second func(context.Context) (time.Time, error)
	offset atomic.Int64
	agreed atomic.Bool
	turn   chan struct{} // held by the one who listens
}

// NewClock returns a clock that shows its own time until Agree. second returns the reference's time, rounded down to the
// second; nil stands for a machine whose clock needs no correction.
func NewClock(own func() time.Time, second func(context.Context) (time.Time, error)) *Clock {
	c := &Clock{own: own, second: second, turn: make(chan struct{}, 1)}
	c.agreed.Store(second == nil)
	return c
}

// Now is the time, as far as it is known.
func (c *Clock) Now() time.Time { return c.own().Add(time.Duration(c.offset.Load())) }

// Agree corrects the clock, once: it waits for the reference's second to turn, which takes up to a second.
func (c *Clock) Agree(ctx context.Context) error {
	if c.agreed.Load() {
		return nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.agreed.Load() {
		return nil
	}
	offset, err := c.listen(ctx)
	if err != nil {
		return fmt.Errorf("agree on the time: %w", err)
	}
	c.offset.Store(int64(offset))
	c.agreed.Store(true)
	return nil
}

// listen asks until the second turns. It did so between the question before the last and the last answer.
func (c *Clock) listen(ctx context.Context) (time.Duration, error) {
	asked := c.own()
	first, err := c.second(ctx)
	for end := asked.Add(listenFor); err == nil && asked.Before(end); {
		if err = sleep(ctx, listenEvery); err != nil {
			break
		}
		before := asked
		asked = c.own()
		var second time.Time
		if second, err = c.second(ctx); err != nil {
			break
		}
		if !second.Equal(first) {
			return correction(second.Sub(c.own()), second.Sub(before)), nil
		}
	}
	if err == nil {
		err = fmt.Errorf("the reference's second did not turn within %v", listenFor)
	}
	return 0, err
}

// correction is the middle of what it can be; none for a clock that is not shown to be wrong.
func correction(least, most time.Duration) time.Duration {
	if least <= 0 && most >= 0 {
		return 0
	}
	return least + (most-least)/2
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
