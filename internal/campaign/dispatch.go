package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Dispatcher keeps campaigns moving: it releases what falls due before the next ticks, repairs what is stuck and ends
// what is done. Ticks may overlap, be missed or be repeated.
type Dispatcher struct {
	releaser
	log *slog.Logger
}

// NewDispatcher returns a dispatcher. now is its clock.
func NewDispatcher(store Store, queue Queue, now func() time.Time, log *slog.Logger) *Dispatcher {
	return &Dispatcher{releaser: releaser{store: store, queue: queue, now: now}, log: log}
}

// Tick does what there is to do now. One campaign's fault does not hold up another's; the faults come back joined.
func (d *Dispatcher) Tick(ctx context.Context) error {
	return errors.Join(d.campaigns(ctx), d.batches(ctx))
}

func (d *Dispatcher) campaigns(ctx context.Context) error {
	ids, err := d.store.DueCampaigns(ctx, d.now().Add(horizon))
	if err != nil {
		return fmt.Errorf("look for due campaigns: %w", err)
	}
	var faults []error
	for _, id := range ids {
		faults = append(faults, d.look(ctx, id))
	}
	return errors.Join(faults...)
}

// look does what one campaign needs next.
func (d *Dispatcher) look(ctx context.Context, id string) error {
	c, err := d.store.Campaign(ctx, id)
	if err != nil {
		return fmt.Errorf("read campaign %s: %w", id, err)
	}
	if c.Status != Running {
		return nil
	}
	c, err = d.advance(ctx, c, maxReleaseTick)
	if err != nil || c.Unreleased() > 0 {
		return err
	}
	return d.finish(ctx, c)
}

// finish ends a campaign whose last batch ended without anybody noticing, or looks again in a minute.
func (d *Dispatcher) finish(ctx context.Context, c Campaign) error {
	var err error
	if c.Drained() {
		err = d.store.Complete(ctx, c.ID, d.now())
	} else {
		err = d.store.Look(ctx, c, d.now().Add(Tick))
	}
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("finish campaign %s: %w", c.ID, err)
	}
	return nil
}

func (d *Dispatcher) batches(ctx context.Context) error {
	keys, err := d.store.DueBatches(ctx, d.now())
	if err != nil {
		return fmt.Errorf("look for stuck batches: %w", err)
	}
	var faults []error
	for _, key := range keys {
		faults = append(faults, d.repair(ctx, key))
	}
	return errors.Join(faults...)
}

// repair queues an overdue batch again unless somebody is at work on it. A batch that merely waits its turn in the queue
// looks the same as one whose delivery was lost, so each repair is followed by twice the patience.
func (d *Dispatcher) repair(ctx context.Context, key BatchKey) error {
	b, err := d.store.Batch(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return nil // the index lags behind a batch that was taken back
	}
	if err != nil {
		return fmt.Errorf("read batch %d of campaign %s: %w", key.Number, key.Campaign, err)
	}
	now := d.now()
	if b.Done || b.LookAt.IsZero() || b.LookAt.After(now) {
		return nil
	}
	if b.Held(now) {
		return d.postpone(ctx, b, b.Lease, b.Repairs)
	}
	d.log.WarnContext(ctx, "batch overdue, queued again", "campaign", key.Campaign, "batch", key.Number, "repairs", b.Repairs)
	if err := d.queue.Enqueue(ctx, Delivery{Campaign: key.Campaign, Batch: key.Number}); err != nil {
		return fmt.Errorf("queue batch %d of campaign %s again: %w", key.Number, key.Campaign, err)
	}
	patience := min(repairAfter<<min(b.Repairs, 10), maxRepairAfter)
	return d.postpone(ctx, b, now.Add(patience), b.Repairs+1)
}

func (d *Dispatcher) postpone(ctx context.Context, b Batch, lookAt time.Time, repairs int) error {
	if err := d.store.Postpone(ctx, b, lookAt, repairs); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("look after batch %d of campaign %s: %w", b.Number, b.Campaign, err)
	}
	return nil
}
