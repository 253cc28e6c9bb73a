package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// slack is how late a release may be and still count as on time: below it, the planned second holds and nothing drifts;
// above it, the plan moves, so that a backlog never goes out at once.
const slack = time.Second

// plan moves the cursor over the batches that fall due by then, n at the most.
func (c Campaign) plan(now, by time.Time, n int) (Campaign, []Batch) {
	var batches []Batch
	for len(batches) < n && c.Unreleased() > 0 && !c.NextDue.After(by) {
		due := c.NextDue
		if now.Sub(due) > slack {
			due = now
		}
		b := Batch{
			Campaign: c.ID, Number: c.NextBatch + 1,
			From: c.NextIndex, To: min(c.NextIndex+c.BatchSize, c.Recipients),
			Due: due, LookAt: due.Add(firstLook),
		}
		b.Settled, b.Cursor = b.From, b.From
		batches = append(batches, b)
		c.NextIndex, c.NextBatch, c.NextDue = b.To, b.Number, due.Add(c.Delay)
	}
	return c, batches
}

// lookAt is when the dispatcher must look at a running campaign: at its next release, or, when all is released, to see
// whether it is complete.
func (c Campaign) lookAt(now time.Time) time.Time {
	if c.Requeue {
		return now
	}
	if c.Unreleased() > 0 {
		return c.NextDue
	}
	return later(now, c.NextDue.Add(-c.Delay)).Add(Tick)
}

// releaser turns what falls due into batches and deliveries. It is shared by whoever starts a campaign moving and by
// the dispatcher that keeps it so.
type releaser struct {
	store Store
	queue Queue
	now   func() time.Time
}

// advance does what a campaign that was set moving needs: what a pause had stopped is queued again, and what falls due
// is released, at most most batches. It returns the campaign as it leaves it.
func (r releaser) advance(ctx context.Context, c Campaign, most int) (Campaign, error) {
	if c.Requeue {
		if err := r.requeue(ctx, c); err != nil {
			return c, err
		}
		c.Requeue = false
	}
	return r.release(ctx, c, most)
}

// release releases what falls due within the horizon, at most most batches, and returns the campaign as it leaves it.
// When somebody else changes the campaign meanwhile, it stops: what is left is theirs or the next tick's.
//
// A batch is stored before its delivery is queued. A crash between the two leaves a batch that nobody was told of, which
// the dispatcher finds by its LookAt.
func (r releaser) release(ctx context.Context, c Campaign, most int) (Campaign, error) {
	for released := 0; released < most && c.Status == Running; {
		now := r.now()
		next, batches := c.plan(now, now.Add(horizon), min(releaseGroup, most-released))
		if len(batches) == 0 {
			break
		}
		err := r.store.Release(ctx, c, next, next.lookAt(now), batches)
		if errors.Is(err, ErrConflict) {
			break
		}
		if err != nil {
			return c, fmt.Errorf("release batch %d of campaign %s: %w", batches[0].Number, c.ID, err)
		}
		c = next
		if err := r.enqueue(ctx, c, batches...); err != nil {
			return c, err
		}
		released += len(batches)
	}
	return c, nil
}

// requeue queues every unfinished batch again, after a resume.
func (r releaser) requeue(ctx context.Context, c Campaign) error {
	for after := 0; ; {
		batches, err := r.store.Batches(ctx, c.ID, after, 100)
		if err != nil {
			return fmt.Errorf("list the batches of campaign %s: %w", c.ID, err)
		}
		if len(batches) == 0 {
			break
		}
		after = batches[len(batches)-1].Number
		for _, b := range batches {
			if b.Done {
				continue
			}
			lookAt := later(r.now(), b.Due).Add(repairAfter)
			if err := r.store.Postpone(ctx, b, lookAt, 0); err != nil && !errors.Is(err, ErrConflict) {
				return fmt.Errorf("look after batch %d of campaign %s: %w", b.Number, c.ID, err)
			}
			if err := r.enqueue(ctx, c, b); err != nil {
				return err
			}
		}
	}
	if err := r.store.Requeued(ctx, c); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("mark campaign %s as requeued: %w", c.ID, err)
	}
	return nil
}

func (r releaser) enqueue(ctx context.Context, c Campaign, batches ...Batch) error {
	deliveries := make([]Delivery, 0, len(batches))
	for _, b := range batches {
		deliveries = append(deliveries, Delivery{
			Campaign: c.ID, Batch: b.Number, Epoch: c.Epoch, Delay: holdBack(b.Due, r.now()),
		})
	}
	if err := r.queue.Enqueue(ctx, deliveries...); err != nil {
		return fmt.Errorf("queue batch %d of campaign %s: %w", batches[0].Number, c.ID, err)
	}
	return nil
}

// holdBack is the queue's delay for something due: whole seconds, a little early, so that the sender can keep the exact
// instant.
func holdBack(due, now time.Time) time.Duration {
	return min(max(0, due.Sub(now)-lead), MaxDelay).Truncate(time.Second)
}

// heldUntil is the queue's delay for what is of no use earlier: whole seconds, a little late, or none for less than one.
func heldUntil(t, now time.Time) time.Duration {
	if t.Sub(now) < time.Second {
		return 0
	}
	return min(max(0, t.Sub(now)+time.Second-1).Truncate(time.Second), MaxDelay)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
