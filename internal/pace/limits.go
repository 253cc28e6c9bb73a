package pace

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits reads and sets limits while they are in use. It may be used concurrently.
type Limits struct {
	store   Store
	account Limit
	now     func() time.Time
}

// NewLimits returns the limits that are kept in store. The account's is the given one until another is set; other things
// have none until then.
func NewLimits(store Store, account Limit, now func() time.Time) *Limits {
	return &Limits{store: store, account: account, now: now}
}

// Status is how one limited thing stands.
type Status struct {
	// Limit is the one that holds: what was set, or else the configured one; zero for none.
	Limit Limit
	IsSet bool
	// Rate is how many units a second are given out now: less than Limit.Effective for a minute after a refusal. Zero where
	// there is no limit.
	Rate float64
	// RefusedAt is when the provider last refused because of the rate; zero if it did not under this limit.
	RefusedAt time.Time
	// FreeAt is the first instant that is not given away; not after now when the pace is idle.
	FreeAt time.Time
}

// Get tells how the thing that key names stands.
func (l *Limits) Get(ctx context.Context, key string) (Status, error) {
	s, err := l.store.Load(ctx, key)
	if err != nil {
		return Status{}, fmt.Errorf("read the limit of the %s: %w", Kind(key), err)
	}
	status := Status{Limit: s.limit(l.configured(key)), IsSet: s.Limit != Limit{}, FreeAt: s.TAT}
	if s.Refused > 0 {
		status.RefusedAt = s.Since
	}
	if status.Limit != (Limit{}) {
		status.Rate = s.Rate(status.Limit, l.now())
	}
	return status, nil
}

func (l *Limits) configured(key string) Limit {
	if key == AccountKey {
		return l.account
	}
	return Limit{}
}

// Set changes a limit. Senders follow with their next reservation, and give up what they had reserved for later than in
// two seconds. ErrLimit for one that is out of bounds.
func (l *Limits) Set(ctx context.Context, key string, limit Limit) error {
	if err := limit.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrLimit, err)
	}
	return l.set(ctx, key, limit)
}

// Unset makes the configured limit hold again, in the same way.
func (l *Limits) Unset(ctx context.Context, key string) error { return l.set(ctx, key, Limit{}) }

func (l *Limits) set(ctx context.Context, key string, limit Limit) error {
	s, err := l.store.Load(ctx, key)
	for range maxTries {
		if err != nil && !errors.Is(err, ErrChanged) {
			break
		}
		if s, err = l.store.Swap(ctx, key, s, s.Set(limit, l.now())); err == nil {
			return nil
		}
	}
	return fmt.Errorf("set the limit of the %s: %w", Kind(key), err)
}

// ErrLimit: the limit is out of bounds.
var ErrLimit = errors.New("not a limit")
