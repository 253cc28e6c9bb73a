package optout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// ErrCursor: what should say where a page ended was not given out as such.
var ErrCursor = errors.New("is not the cursor of a page")

// Store keeps suppressions. It may be called concurrently; reads see every write that was answered before.
type Store interface {
	// Suppressions returns those of the numbers that have one.
	Suppressions(ctx context.Context, numbers []sms.Number) (map[sms.Number]Suppression, error)
	// Suppress stores s as its next version, if what is stored is of s.Version. campaign.ErrConflict.
	Suppress(ctx context.Context, s Suppression) error
	// SuppressAll closes Everyone for all these numbers, over what is stored, whatever its version. What else is known of
	// a number may be lost only where Everyone says as much. Not atomic: after an error some may be stored.
	SuppressAll(ctx context.Context, numbers []sms.Number, m Mark) error
	// SuppressionsAfter lists those that block anything, in a fixed order, behind the given cursor ("" is the beginning);
	// next is the cursor of the next page, "" at the end. ErrCursor.
	SuppressionsAfter(ctx context.Context, after string, limit int) (page []Suppression, next string, err error)
	// AllSuppressions calls visit with all those that block anything, some at a time, in no order, one call after the other. It
	// may miss what was written in the last seconds.
	AllSuppressions(ctx context.Context, visit func(page []Suppression)) error
}

// List is the suppression list. It may be used concurrently.
type List struct {
	store Store
	now   func() time.Time
}

// NewList returns the list over a store. now is its clock.
func NewList(store Store, now func() time.Time) *List { return &List{store: store, now: now} }

// Blocked returns those of the numbers to whom nothing may be sent from that sender. After an error nothing is known,
// and so nothing may be sent.
func (l *List) Blocked(ctx context.Context, from sms.Sender, numbers []sms.Number) (map[sms.Number]bool, error) {
	known, err := l.store.Suppressions(ctx, numbers)
	if err != nil {
		return nil, fmt.Errorf("look for opt-outs: %w", err)
	}
	blocked := make(map[sms.Number]bool, len(known))
	for n, s := range known {
		if s.Blocks(from) {
			blocked[n] = true
		}
	}
	return blocked, nil
}

// Get returns what is known of a number; campaign.ErrNotFound for one that nothing blocks.
func (l *List) Get(ctx context.Context, n sms.Number) (Suppression, error) {
	s, err := Lookup(ctx, l.store, n)
	if err == nil && !s.Out() {
		return s, campaign.ErrNotFound
	}
	return s, err
}

// Lookup returns what a store knows of a number; of one that it does not know, that there is nothing.
func Lookup(ctx context.Context, store Store, n sms.Number) (Suppression, error) {
	known, err := store.Suppressions(ctx, []sms.Number{n})
	if err != nil {
		return Suppression{}, fmt.Errorf("look for an opt-out: %w", err)
	}
	if s, ok := known[n]; ok {
		return s, nil
	}
	return Suppression{Number: n}, nil
}

// Stop closes a scope for a number.
func (l *List) Stop(ctx context.Context, n sms.Number, scope Scope, cause Cause, campaignID string) (Suppression, error) {
	return l.change(ctx, n, func(s Suppression) (Suppression, bool) {
		return s.Stopped(scope, Mark{Since: l.now(), Cause: cause, Campaign: campaignID})
	})
}

// Bar closes Everyone for a number that the provider says is barred or gone.
func (l *List) Bar(ctx context.Context, n sms.Number, campaignID string) error {
	_, err := l.Stop(ctx, n, Everyone, ByProvider, campaignID)
	return err
}

// Lift opens a scope for a number, or all for an empty one.
func (l *List) Lift(ctx context.Context, n sms.Number, scope Scope) (Suppression, error) {
	return l.change(ctx, n, func(s Suppression) (Suppression, bool) { return s.Lifted(scope, l.now()) })
}

// Import closes Everyone for all the numbers.
func (l *List) Import(ctx context.Context, numbers []sms.Number) error {
	if err := l.store.SuppressAll(ctx, numbers, Mark{Out: true, Since: l.now(), Cause: ByOperator}); err != nil {
		return fmt.Errorf("import opt-outs: %w", err)
	}
	return nil
}

// Page lists whom something blocks.
func (l *List) Page(ctx context.Context, after string, limit int) ([]Suppression, string, error) {
	page, next, err := l.store.SuppressionsAfter(ctx, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list opt-outs: %w", err)
	}
	return page, next, nil
}

// maxConflicts bounds how often a change is made anew because somebody else changed the same number meanwhile.
const maxConflicts = 10

func (l *List) change(ctx context.Context, n sms.Number, change func(Suppression) (Suppression, bool)) (Suppression, error) {
	var err error
	for range maxConflicts {
		s, readErr := Lookup(ctx, l.store, n)
		if readErr != nil {
			return s, readErr
		}
		after, changed := change(s)
		if !changed {
			return s, nil
		}
		if err = l.store.Suppress(ctx, after); !errors.Is(err, campaign.ErrConflict) {
			break
		}
	}
	if err != nil {
		return Suppression{}, fmt.Errorf("change an opt-out: %w", err)
	}
	return Lookup(ctx, l.store, n)
}
