package returns

import (
	"context"
	"errors"
	"fmt"

	"sluice/internal/campaign"
)

// part records one part of a long text. The first one that comes is put back once: when it comes again, the text is
// recorded as far as it is there.
func (r *Recorder) part(ctx context.Context, e Event) error {
	key := fragmentsKey(*e.Inbound)
	for range maxConflicts {
		f, err := r.store.Fragments(ctx, key)
		if err != nil {
			return fmt.Errorf("read the parts of a text: %w", err)
		}
		if err = r.addPart(ctx, e, f); !errors.Is(err, campaign.ErrConflict) {
			return err
		}
	}
	return errContended
}

func (r *Recorder) addPart(ctx context.Context, e Event, f Fragments) error {
	in := *e.Inbound
	if f.First != "" && (!f.belongs(in) || !f.has(in) && e.ReceivedAt.Sub(f.ReceivedAt) > sameText) {
		if !f.Done { // another text with the same reference: of this one, nothing more comes
			if err := r.join(ctx, e, f); err != nil {
				return err
			}
			f.Version++
		}
		f = f.anew()
	}
	if f.Done {
		return nil // it came before
	}
	if !f.has(in) {
		f = f.with(in, e.ReceivedAt)
	}
	if f.complete() || e.Held > 0 {
		return r.join(ctx, e, f)
	}
	if err := r.store.Keep(ctx, Reception{Fragments: &f}); err != nil || f.First != in.MessageID {
		return err
	}
	return r.later(ctx, e, patienceForParts)
}

// join records a long text as one reply.
func (r *Recorder) join(ctx context.Context, e Event, f Fragments) error {
	in := *e.Inbound
	in.MessageID, in.Text = f.First, f.joined()
	e.ReceivedAt = f.ReceivedAt
	f.Done = true
	e.Held = 1 // whoever waits for the record of the text has waited for the parts
	return r.reply(ctx, e, in, &f)
}
