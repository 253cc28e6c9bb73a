package optout

import (
	"context"
	"fmt"
	"iter"

	"sluice/internal/sms"
)

// Crowd is many different numbers.
type Crowd interface {
	Len() int
	Has(n sms.Number) bool
	All() iter.Seq[sms.Number]
}

// fewEnough is how many numbers are looked up one by one: each is a read unit, and 100 of them are a call, so that these are 50
// calls. For more, the whole list is read instead: a unit is then some 60 opt-outs, and what it costs does not grow with the
// crowd. 1,000,000 numbers would be 1,000,000 units and 10,000 calls; a list of 100,000 opt-outs is 1,700 units and 64 calls.
const fewEnough = 5000

// Among returns those of many numbers to whom nothing may be sent from that sender, in no order. It is for a forecast: what was
// recorded in the last seconds may be missing.
func (l *List) Among(ctx context.Context, from sms.Sender, crowd Crowd) ([]sms.Number, error) {
	if crowd.Len() > fewEnough {
		return l.amongAll(ctx, from, crowd)
	}
	few := make([]sms.Number, 0, crowd.Len())
	for n := range crowd.All() {
		few = append(few, n)
	}
	blocked, err := l.Blocked(ctx, from, few)
	if err != nil {
		return nil, err
	}
	found := make([]sms.Number, 0, len(blocked))
	for n := range blocked {
		found = append(found, n)
	}
	return found, nil
}

func (l *List) amongAll(ctx context.Context, from sms.Sender, crowd Crowd) ([]sms.Number, error) {
	var found []sms.Number
	err := l.store.AllSuppressions(ctx, func(page []Suppression) {
		for _, s := range page {
			if s.Blocks(from) && crowd.Has(s.Number) {
				found = append(found, s.Number)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read the list of opt-outs: %w", err)
	}
	return found, nil
}
