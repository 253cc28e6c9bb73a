package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sluice/internal/pace"
)

// Deliverer sends batches: it takes a batch's lease and then, chunk by chunk, reserves slots, claims, sends and settles.
// Many may work at once, in many processes; a batch has one holder at a time.
type Deliverer struct {
	store  Store
	queue  Queue
	sender Sender
	screen Screen
	pacing Pacing
	brake  float64
	owner  func() string
	now    func() time.Time
	log    *slog.Logger
}

// NewDeliverer returns a deliverer. brake is the share of the latest sends above which failures pause a campaign; owner
// returns a new name for each lease; now is its clock.
func NewDeliverer(store Store, queue Queue, sender Sender, screen Screen, pacing Pacing, brake float64,
	owner func() string, now func() time.Time, log *slog.Logger,
) *Deliverer {
	return &Deliverer{
		store: store, queue: queue, sender: sender, screen: screen, pacing: pacing, brake: brake, owner: owner,
		now: now, log: log,
	}
}

// Deliver sends the batch that dl names, as far as the time until ctx's deadline allows, and queues a continuation for
// the rest. Whatever is no longer due (done, held by another, paused) is success: the delivery has served. After an
// error the delivery may come again.
func (d *Deliverer) Deliver(ctx context.Context, dl Delivery) error {
	key := BatchKey{Campaign: dl.Campaign, Number: dl.Batch}
	r, err := d.take(ctx, key)
	if errors.Is(err, ErrHeld) || errors.Is(err, ErrConflict) {
		return nil
	}
	if errors.Is(err, ErrNotFound) && d.wasRecalled(ctx, key) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.batch.Due.Sub(d.now()) > maxEarly { // it was taken back and released anew for later
		r.shared.wait(d.now().Add(holdBack(r.batch.Due, d.now())))
		return r.close(ctx, true)
	}
	if err := d.until(ctx, r.batch.Due.Add(-2*claimLead)); err != nil {
		return err
	}
	return r.run(ctx)
}

// wasRecalled says whether a batch that is not there was one: a new pace and a resume take back what has not begun.
func (d *Deliverer) wasRecalled(ctx context.Context, key BatchKey) bool {
	_, err := d.store.Campaign(ctx, key.Campaign)
	return err == nil
}

// take leases the batch and reads its campaign, in this order, so that a pause before the lease is seen.
func (d *Deliverer) take(ctx context.Context, key BatchKey) (*run, error) {
	now := d.now()
	b, err := d.store.Lease(ctx, key, d.owner(), now, now.Add(leaseTime))
	if err != nil {
		return nil, fmt.Errorf("lease batch %d of campaign %s: %w", key.Number, key.Campaign, err)
	}
	c, err := d.store.Campaign(ctx, key.Campaign)
	if err != nil {
		return nil, fmt.Errorf("read campaign %s: %w", key.Campaign, err)
	}
	r := &run{Deliverer: d, batch: b, window: c.Window, held: -1, carry: Step{Settled: b.Settled}}
	r.know(c)
	r.shared.lease.Store(b.Lease.UnixNano())
	return r, nil
}

// until waits for an instant, also where the clock is set back meanwhile.
func (d *Deliverer) until(ctx context.Context, t time.Time) error {
	for {
		if _, err := d.untilOr(ctx, t, nil); err != nil || !d.now().Before(t) {
			return err
		}
	}
}

// untilOr waits for an instant, or for something that comes first.
func (d *Deliverer) untilOr(ctx context.Context, t time.Time, first <-chan struct{}) (bool, error) {
	wait := t.Sub(d.now())
	if wait <= 0 {
		return false, ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false, nil
	case <-first:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// want is n slots, none before an instant. It leaves the time that a reservation and a claim take: a slot that is missed
// is wasted.
//
// None is wanted that is over less than margin before the invocation's deadline.
func (d *Deliverer) want(ctx context.Context, n int, notBefore time.Time, margin time.Duration) pace.Want {
	w := pace.Want{N: n, NotBefore: notBefore, Lead: slotLead, Wait: d.until}
	if deadline, ok := d.deadline(ctx); ok {
		w.Before = deadline.Add(-margin)
	}
	return w
}

// deadline is when the invocation ends, by our clock: the context goes by the machine's.
func (d *Deliverer) deadline(ctx context.Context) (time.Time, bool) {
	t, ok := ctx.Deadline()
	return d.now().Add(time.Until(t)), ok
}
