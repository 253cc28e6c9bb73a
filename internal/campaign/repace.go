package campaign

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sluice/internal/pace"
)

// Pace is how a campaign's list is cut up: recipients in a batch, and the time from the start of one to the start of the
// next; and how many texts a second may leave, 0 for as many as the account may send.
type Pace struct {
	BatchSize int
	Delay     time.Duration
	MaxRate   float64
}

// PaceRequest asks for another pace, as a client words it; nil leaves a part as it is.
type PaceRequest struct {
	BatchSize    *int
	DelaySeconds *int
	MaxRate      *float64
}

// PaceChange is a request that was found good.
type PaceChange struct{ request PaceRequest }

// Check turns a request into a change, or says everything that is wrong with it.
func (q PaceRequest) Check() (PaceChange, []Problem) {
	var problems []Problem
	if q.BatchSize != nil && *q.BatchSize < 1 {
		problems = append(problems, Problem{Field: "batch_size", Reason: "must be at least 1"})
	}
	seconds := int(MaxPeriod / time.Second)
	if q.DelaySeconds != nil && (*q.DelaySeconds < 0 || *q.DelaySeconds > seconds) {
		problems = append(problems, Problem{
			Field: "delay_period", Reason: "must be from 0 to " + strconv.Itoa(seconds) + " seconds (30 days)",
		})
	}
	if r := q.MaxRate; r != nil && *r != 0 && !(*r >= pace.MinPerSecond && *r <= pace.MaxPerSecond) {
		problems = append(problems, Problem{
			Field: "max_rate", Reason: fmt.Sprintf("must be from %g to %d texts a second, or 0 for no limit of its own",
				pace.MinPerSecond, pace.MaxPerSecond),
		})
	}
	return PaceChange{q}, problems
}

// of is the pace that the change makes of the campaign's.
func (p PaceChange) of(c Campaign) Pace {
	after := Pace{BatchSize: c.BatchSize, Delay: c.Delay, MaxRate: c.MaxRate}
	if p.request.BatchSize != nil {
		after.BatchSize = *p.request.BatchSize
	}
	if p.request.DelaySeconds != nil {
		after.Delay = time.Duration(*p.request.DelaySeconds) * time.Second
	}
	if p.request.MaxRate != nil {
		after.MaxRate = *p.request.MaxRate
	}
	return after
}

// recalled takes the cursor back in front of a released batch, the last that there is.
func (c Campaign) recalled(b Batch) Campaign {
	c.NextIndex, c.NextBatch, c.NextDue = b.From, b.Number-1, b.Due
	return c
}

// repaced goes on at another pace from where the cursor stands.
func (c Campaign) repaced(p Pace) Campaign {
	if c.planned() > 0 && !c.isCut(p) {
		last := c.NextDue.Add(-c.Delay)
		c.Paced = Mark{Index: c.NextIndex, Batches: c.planned(), LastDue: last}
		c.NextDue = last.Add(p.Delay)
	}
	c.BatchSize, c.Delay, c.MaxRate = p.BatchSize, p.Delay, p.MaxRate
	c.Epoch++
	return c
}

// isCut says that the pace cuts the list up as it is cut: nothing has to be taken back for it.
func (c Campaign) isCut(p Pace) bool { return c.BatchSize == p.BatchSize && c.Delay == p.Delay }

// untouched says that nobody has begun the batch: it can be taken back.
func (b Batch) untouched(now time.Time) bool {
	return !b.Done && b.Settled == b.From && b.Cursor == b.From && len(b.Counted) == 0 && !b.Held(now)
}

// Repace changes the size of the batches that have not begun, the delay between them, and how fast they are sent; all
// three at once, also for the batches that are being sent, as far as that can be. StateError where nothing is
// left to send.
func (m *Manager) Repace(ctx context.Context, id string, change PaceChange) (Campaign, error) {
	for range maxConflicts {
		c, err := m.Campaign(ctx, id)
		if err != nil {
			return Campaign{}, err
		}
		if !c.Live() && c.Status != Draft {
			return Campaign{}, StateError{Action: "change the pace of", Status: c.Status}
		}
		after, err := m.repace(ctx, c, change.of(c))
		if err == nil {
			return m.proceed(ctx, after), nil
		}
		if !errors.Is(err, ErrConflict) {
			return Campaign{}, fmt.Errorf("change the pace of campaign %s: %w", id, err)
		}
	}
	return Campaign{}, fmt.Errorf("change the pace of campaign %s: %w", id, ErrConflict)
}

// repace takes back what was released and has not begun, from the last on, and then changes the pace: in one transaction
// where that can hold it all, else in several, between which the campaign stands as if less had been released.
func (m *Manager) repace(ctx context.Context, c Campaign, p Pace) (Campaign, error) {
	if c.isCut(p) {
		after := c.repaced(p)
		return after, m.store.Recall(ctx, c, after, m.looksAt(after), nil, m.now())
	}
	for {
		back, batches, err := m.recallable(ctx, c)
		if err != nil {
			return c, err
		}
		after := back
		if len(batches) < releaseGroup {
			after = back.repaced(p)
		}
		if err := m.store.Recall(ctx, c, after, m.looksAt(after), batches, m.now()); err != nil {
			return c, err
		}
		if len(batches) < releaseGroup {
			return after, nil
		}
		c = after
	}
}

// takeBack takes back all that was released and has not begun, if the campaign is in that status.
func (m *Manager) takeBack(ctx context.Context, id string, status Status) error {
	for range maxConflicts {
		c, err := m.Campaign(ctx, id)
		if err != nil || c.Status != status {
			return err
		}
		back, batches, err := m.recallable(ctx, c)
		if err != nil || len(batches) == 0 {
			return err
		}
		err = m.store.Recall(ctx, c, back, m.looksAt(back), batches, m.now())
		if err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// recallable are the last batches that nobody has begun, releaseGroup at most, and the campaign without them.
func (m *Manager) recallable(ctx context.Context, c Campaign) (Campaign, []Batch, error) {
	released, err := m.store.Batches(ctx, c.ID, max(0, c.NextBatch-releaseGroup), releaseGroup)
	if err != nil {
		return c, nil, fmt.Errorf("list batches: %w", err)
	}
	var batches []Batch
	for i := len(released) - 1; i >= 0; i-- {
		b := released[i]
		if b.Number != c.NextBatch || b.To != c.NextIndex || !b.untouched(m.now()) {
			break
		}
		batches, c = append(batches, b), c.recalled(b)
	}
	return c, batches, nil
}
