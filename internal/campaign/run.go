package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// run is one holder's work on one batch. At most two of its chunks are in flight: the next is claimed while the answers
// to the last are still out, or the pace would have holes.
type run struct {
	*Deliverer
	campaign Campaign // as last read
	batch    Batch    // as it is stored: nobody else changes it while the lease is held
	// carry is what has landed since the last step: it is stored with the next one.
	carry  Step
	flying []*flight
	// end is when the last reserved slot is over.
	end time.Time
	// late: there is no time for another chunk before the invocation's deadline.
	late bool
}

// errLost: another sender holds the batch now. What this one had claimed is marked unknown by the other.
var errLost = errors.New("lease lost")

func (r *run) run(ctx context.Context) error {
	err := r.send(ctx)
	// Whatever happened, what is in the air must land: its outcomes are known to nobody else.
	if err = errors.Join(err, r.land(ctx, 0)); err == nil {
		err = r.close(ctx)
	}
	if errors.Is(err, errLost) {
		r.log.WarnContext(ctx, "lease lost", "campaign", r.batch.Campaign, "batch", r.batch.Number)
		return nil
	}
	if err != nil {
		return fmt.Errorf("send batch %d of campaign %s: %w", r.batch.Number, r.batch.Campaign, err)
	}
	return nil
}

func (r *run) send(ctx context.Context) error {
	if err := r.takeOver(ctx); err != nil {
		return err
	}
	for r.running() && !r.late && r.batch.Cursor < r.batch.To {
		if err := r.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) running() bool { return r.campaign.Status == Running }

// takeOver marks as unknown what the last holder claimed and left without an outcome.
func (r *run) takeOver(ctx context.Context) error {
	b := r.batch
	if b.Settled == b.Cursor {
		return nil
	}
	list, err := r.store.Recipients(ctx, b.Campaign, b.Settled, b.Cursor)
	if err != nil {
		return fmt.Errorf("read recipients: %w", err)
	}
	stored, err := r.store.Messages(ctx, b.Campaign, list)
	if err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	r.carry = Step{Settled: b.Cursor}
	for i, to := range list {
		m, ok := stored[to]
		if !ok {
			m, err = r.store.RecordAbsent(ctx, b.Campaign, Message{
				To: to, Index: b.Settled + i, Batch: b.Number, State: Unknown, Code: "interrupted",
				Reason: "the sender was interrupted before the answer was stored", At: r.now(),
			})
			if err != nil {
				return fmt.Errorf("mark as unknown: %w", err)
			}
		}
		r.carry.Counts = r.carry.Counts.Plus(m.State.count())
	}
	r.log.WarnContext(ctx, "took over an interrupted batch", "campaign", b.Campaign, "batch", b.Number,
		"in_flight", len(list), "unknown", r.carry.Counts.Unknown)
	return nil
}

// next reserves, claims and launches one chunk.
func (r *run) next(ctx context.Context) error {
	if err := r.until(ctx, r.end.Add(-2*claimLead)); err != nil {
		return err
	}
	n := min(r.chunk(), r.batch.To-r.batch.Cursor)
	if !r.timeFor(ctx, later(r.now(), r.end).Add(sending(n, r.pacer.Rate()))) {
		return nil
	}
	list, err := r.store.Recipients(ctx, r.batch.Campaign, r.batch.Cursor, r.batch.Cursor+n)
	if err != nil {
		return fmt.Errorf("read recipients: %w", err)
	}
	slots, err := r.pacer.Reserve(ctx, n)
	if err != nil {
		return err
	}
	if r.end = slots.End(); !r.timeFor(ctx, r.end) {
		return nil // others are ahead; the slots are wasted, the continuation goes on
	}
	if err := r.await(ctx, slots.First.Add(-claimLead)); err != nil {
		return err
	}
	if err := r.land(ctx, 1); err != nil || !r.running() {
		return err
	}
	from := r.batch.Cursor
	if err := r.claim(ctx, from+n); err != nil || !r.running() {
		return err
	}
	r.launch(ctx, from, list, slots)
	return nil
}

// chunk is about one second of sends.
func (r *run) chunk() int { return min(max(1, int(r.pacer.Rate()+0.5)), MaxChunk) }

// timeFor says whether this invocation can still send until then and land. Once it cannot, the run is late.
func (r *run) timeFor(ctx context.Context, t time.Time) bool {
	deadline, ok := ctx.Deadline()
	r.late = r.late || ok && !t.Add(closing).Before(deadline)
	return !r.late
}

// await waits for a slot and keeps the lease meanwhile: with many senders, a turn may be far off.
func (r *run) await(ctx context.Context, t time.Time) error {
	for t.Sub(r.now()) > leaseTime/2 && r.running() {
		if err := r.until(ctx, r.now().Add(leaseTime/3)); err != nil {
			return err
		}
		if err := r.land(ctx, 0); err != nil {
			return err
		}
		if err := r.step(ctx, r.batch.Cursor); err != nil {
			return err
		}
	}
	if !r.running() {
		return nil
	}
	return r.until(ctx, t)
}

// claim moves the cursor. A campaign that was paused and resumed meanwhile is claimed for again; one that no longer runs
// is left as r.campaign shows it.
func (r *run) claim(ctx context.Context, cursor int) error {
	for r.running() {
		err := r.step(ctx, cursor)
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if err := r.reread(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reread reads the campaign after a conflict.
func (r *run) reread(ctx context.Context) error {
	c, err := r.store.Campaign(ctx, r.batch.Campaign)
	if err != nil {
		return fmt.Errorf("read campaign: %w", err)
	}
	if c.Epoch == r.campaign.Epoch {
		return errLost // the conflict was not about the campaign
	}
	r.campaign = c
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
	after := r.batch.After(s)
	if err := r.store.Step(ctx, r.batch, s); err != nil {
		stored, readErr := r.store.Batch(ctx, BatchKey{Campaign: r.batch.Campaign, Number: r.batch.Number})
		if readErr != nil {
			return errors.Join(err, readErr)
		}
		if !stored.is(after) {
			if stored.Owner != r.batch.Owner {
				return errLost
			}
			return err
		}
	}
	r.batch, r.carry = after, Step{Settled: after.Settled}
	return nil
}

// is compares what a holder writes. Nobody else writes it under the same owner, so equality means that it was written.
func (b Batch) is(o Batch) bool {
	return b.Owner == o.Owner && b.Settled == o.Settled && b.Cursor == o.Cursor && b.Counts == o.Counts &&
		b.Done == o.Done && b.Lease.Equal(o.Lease)
}

// close gives the lease up and sees to it that the batch, or its campaign, goes on.
func (r *run) close(ctx context.Context) error {
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
	case r.running():
		return r.queue.Enqueue(ctx, Delivery{Campaign: r.batch.Campaign, Batch: r.batch.Number, Epoch: r.campaign.Epoch})
	default:
		return nil
	}
}

// giveUp ends the batch, parks it, or leaves it to a continuation. A batch is parked, out of the dispatcher's sight,
// only while the campaign provably stands still: a resume would not see it otherwise.
func (r *run) giveUp(ctx context.Context) error {
	s := r.carry
	s.Cursor, s.Epoch, s.At = r.batch.Cursor, r.campaign.Epoch, r.now()
	s.Done = s.Settled == r.batch.To
	s.Parks = !s.Done && !r.running()
	if !s.Done && !s.Parks {
		s.LookAt = s.At.Add(repairAfter)
	}
	return r.write(ctx, s)
}

// complete ends the campaign if this was its last batch. The dispatcher does it where this call is lost.
func (r *run) complete(ctx context.Context) error {
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

// pause stops the campaign because nobody can be sent anything, and says why.
func (r *run) pause(ctx context.Context, reason string) error {
	for r.running() {
		after := r.campaign.paused(reason)
		err := r.store.Change(ctx, r.campaign, after, time.Time{})
		if err == nil {
			r.campaign = after
			r.log.ErrorContext(ctx, "campaign paused itself", "campaign", after.ID, "reason", reason)
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("pause campaign: %w", err)
		}
		if r.campaign, err = r.store.Campaign(ctx, r.campaign.ID); err != nil {
			return fmt.Errorf("read campaign: %w", err)
		}
	}
	return nil
}
