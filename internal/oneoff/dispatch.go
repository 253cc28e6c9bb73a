package oneoff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sluice/internal/campaign"
)

// maxOverdue is the longest from one look at a text that waits to the next. The older it is, the likelier it only waits, and
// the less often it is queued again beside the message that it waits by.
const maxOverdue = 15 * time.Minute

// Dispatcher looks after texts that do not get on. Ticks may overlap, be missed or be repeated.
type Dispatcher struct {
	store Store
	queue Queue
	now   func() time.Time
	log   *slog.Logger
}

// NewDispatcher returns a dispatcher. now is its clock.
func NewDispatcher(store Store, queue Queue, now func() time.Time, log *slog.Logger) *Dispatcher {
	return &Dispatcher{store: store, queue: queue, now: now, log: log}
}

// Tick queues again what waits and is overdue, and marks as unknown what was claimed and got no outcome. One text's fault
// does not hold up another's; the faults come back joined.
func (d *Dispatcher) Tick(ctx context.Context) error {
	ids, err := d.store.DueOneOffs(ctx, d.now())
	if err != nil {
		return fmt.Errorf("look for stuck texts: %w", err)
	}
	var faults []error
	for _, id := range ids {
		if err := d.look(ctx, id); err != nil && !errors.Is(err, campaign.ErrConflict) {
			faults = append(faults, fmt.Errorf("look after text %s: %w", id, err))
		}
	}
	return errors.Join(faults...)
}

func (d *Dispatcher) look(ctx context.Context, id string) error {
	t, err := d.store.OneOff(ctx, id)
	if err != nil {
		return err
	}
	if t.LookAt.IsZero() || t.LookAt.After(d.now()) {
		return nil
	}
	switch t.State {
	case campaign.Pending:
		d.log.WarnContext(ctx, "text overdue, queued again", "text", id)
		if err := d.queue.EnqueueOneOff(ctx, id, 0); err != nil {
			return err
		}
		t.LookAt = d.now().Add(min(max(overdue, d.now().Sub(t.CreatedAt)), maxOverdue))
	case Sending:
		d.log.WarnContext(ctx, "text interrupted", "text", id)
		t.State, t.Code, t.LookAt = campaign.Unknown, "interrupted", time.Time{}
		t.Reason = "the sender was interrupted before the answer was stored"
		if len(t.Receipts) > 0 { // a receipt was faster than this
			t.State, t.Code, t.Reason = campaign.Accepted, "", ""
		}
	default:
		t.LookAt = time.Time{}
	}
	return d.store.SaveOneOff(ctx, t)
}
