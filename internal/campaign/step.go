package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// takeOver marks as unknown what the last holder claimed and left without an outcome.
func (r *run) takeOver(ctx context.Context) error {
	b := r.batch
	r.carry = Step{Settled: b.Settled} // also where outcomes came in late, and all is read anew
	if b.Settled == b.Cursor {
		return nil
	}
	list, err := r.recipients(ctx, b.Settled, b.Cursor-b.Settled)
	if err != nil {
		return err
	}
	stored, err := r.store.Messages(ctx, b.Campaign, numbersOf(list))
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	messages := make([]Message, 0, len(list))
	for i, to := range list {
		if slices.Contains(b.Counted, b.Settled+i) {
			continue
		}
		m, ok := stored[to.Number]
		if !ok || m.State == Retrying {
			m, err = r.store.RecordAbsent(ctx, b.Campaign, Message{
				To: to.Number, Index: b.Settled + i, Batch: b.Number, State: Unknown, Code: "interrupted",
				Reason: "the sender was interrupted before the answer was stored", At: b.claimed(r.now()),
			})
			if err != nil {
				return fmt.Errorf("mark as unknown: %w", err)
			}
		}
		messages = append(messages, m)
	}
	r.count(b.Cursor, messages)
	r.log.WarnContext(ctx, "took over an interrupted batch", "campaign", b.Campaign, "batch", b.Number,
		"in_flight", len(list), "unknown", r.carry.Counts.Unknown)
	return nil
}

// claim moves the cursor, and says whether it did. It does not for a campaign that has changed meanwhile, which is then
// left as r.campaign shows it: it may not run any more, or at another rate.
func (r *run) claim(ctx context.Context, cursor int) (bool, error) {
	for epoch := r.campaign.Epoch; epoch == r.campaign.Epoch; {
		err := r.step(ctx, cursor)
		if !errors.Is(err, ErrConflict) {
			return err == nil, err
		}
		if err := r.reread(ctx); err != nil {
			return false, err
		}
	}
	return false, nil
}

// renew stores what has landed and renews the lease.
func (r *run) renew(ctx context.Context) error {
	for {
		err := r.step(ctx, r.batch.Cursor)
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if err := r.reread(ctx); err != nil {
			return err
		}
	}
}

// reread finds out what a conflict was about: late outcomes of a former holder, the campaign, or the lease.
func (r *run) reread(ctx context.Context) error {
	stored, err := r.store.Batch(ctx, r.batch.key())
	if err != nil {
		return fmt.Errorf("read batch: %w", err)
	}
	if stored.Owner != r.batch.Owner {
		return errLost
	}
	if stored.Late != r.batch.Late {
		// Only before the first step can there be any: until then, all that is in flight is the former holder's.
		r.batch = stored
		return r.takeOver(ctx)
	}
	c, err := r.store.Campaign(ctx, r.batch.Campaign)
	if err != nil {
		return fmt.Errorf("read campaign: %w", err)
	}
	if c.Epoch == r.campaign.Epoch {
		return errLost // neither the batch nor the campaign explains it
	}
	r.know(c)
	r.window = c.Window.plus(r.carry.Counts)
	return nil
}

// step stores what has landed, moves the cursor and renews the lease.
func (r *run) step(ctx context.Context, cursor int) error {
	s := r.carry
	s.Cursor, s.Epoch, s.At = cursor, r.campaign.Epoch, r.now()
	s.Lease, s.LookAt = s.At.Add(leaseTime), r.batch.LookAt
	return r.write(ctx, s)
}

// write stores a step, once: where the answer was lost, the stored batch tells whether it took effect.
func (r *run) write(ctx context.Context, s Step) error {
	s.FreshWindow = r.window.full()
	after := r.batch.After(s)
	if err := r.store.Step(ctx, r.batch, s); err != nil {
		stored, readErr := r.store.Batch(ctx, r.batch.key())
		if readErr != nil {
			return errors.Join(err, readErr)
		}
		if !stored.is(after) {
			return err
		}
	}
	if s.FreshWindow {
		r.window = r.window.anew(s.Counts)
	}
	r.batch, r.carry = after, Step{Settled: after.Settled}
	r.shared.lease.Store(after.Lease.UnixNano())
	return nil
}

// is compares what a holder writes. Nobody else writes it under the same owner, so equality means that it was written.
func (b Batch) is(o Batch) bool {
	return b.Owner == o.Owner && b.Settled == o.Settled && b.Cursor == o.Cursor && b.Done == o.Done &&
		b.Lease.UnixMilli() == o.Lease.UnixMilli()
}

// close gives the lease up and sees to it that the batch, or its campaign, goes on. After a fault the batch is left to the
// dispatcher, or what is at fault would be asked again and again.
func (r *run) close(ctx context.Context, well bool) error {
	for {
		err := r.giveUp(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if err := r.reread(ctx); err != nil {
			return err
		}
	}
	r.log.InfoContext(ctx, "batch "+r.batch.state(), "campaign", r.batch.Campaign, "batch", r.batch.Number,
		"recipients", r.batch.To-r.batch.From, "accepted", r.batch.Counts.Accepted, "failed", r.batch.Counts.Failed,
		"unknown", r.batch.Counts.Unknown, "left", r.batch.To-r.batch.Settled)
	switch {
	case r.batch.Done:
		return r.complete(ctx)
	case r.running() && well:
		return r.queue.Enqueue(ctx, Delivery{
			Campaign: r.batch.Campaign, Batch: r.batch.Number, Epoch: r.campaign.Epoch,
			Delay: heldUntil(r.shared.until(), r.now()),
		})
	default:
		return nil
	}
}

// giveUp ends the batch, parks it, or leaves it to a continuation. A batch is parked, out of the dispatcher's sight,
// only while the campaign provably stands still: a resume would not see it otherwise.
func (r *run) giveUp(ctx context.Context) error {
	s := r.carry
	s.Cursor, s.Epoch, s.At = r.batch.Cursor, r.campaign.Epoch, r.now()
	if r.held >= 0 {
		s.Cursor, s.Counted = r.held, r.countedBehind()
		s.Counts = s.Counts.Plus(countOf(r.behind))
	}
	s.Done = s.Settled == r.batch.To
	s.Parks = !s.Done && !r.running()
	if !s.Done && !s.Parks {
		s.LookAt = later(s.At, r.shared.until()).Add(repairAfter)
	}
	return r.write(ctx, s)
}

// countedBehind are the indices behind the cursor to be, of which the counts know.
func (r *run) countedBehind() []int {
	var counted []int
	for _, i := range r.batch.Counted {
		if i >= r.held {
			counted = append(counted, i)
		}
	}
	for _, m := range r.behind {
		counted = append(counted, m.Index)
	}
	return counted
}

// complete ends the campaign if this was its last batch. The dispatcher does it where this call is lost, or a batch that was
// released later ended earlier.
func (r *run) complete(ctx context.Context) error {
	if r.campaign.Unreleased() > 0 {
		return nil
	}
	c, err := r.store.Campaign(ctx, r.batch.Campaign)
	if err != nil {
		return fmt.Errorf("read campaign: %w", err)
	}
	if !c.Live() || !c.Drained() {
		return nil
	}
	if err := r.store.Complete(ctx, c.ID, r.now()); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("complete campaign: %w", err)
	}
	return nil
}

// pause stops the campaign because sending on would be no use, and says why.
func (r *run) pause(ctx context.Context, reason string) error {
	for r.running() {
		after := r.campaign.paused(reason)
		err := r.store.Change(ctx, r.campaign, after, time.Time{})
		if err == nil {
			r.know(after)
			r.log.ErrorContext(ctx, "campaign paused itself", "campaign", after.ID, "reason", reason)
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("pause campaign: %w", err)
		}
		c, err := r.store.Campaign(ctx, r.campaign.ID)
		if err != nil {
			return fmt.Errorf("read campaign: %w", err)
		}
		r.know(c)
	}
	return nil
}
