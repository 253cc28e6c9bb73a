package pace

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// sureFor is how long a holder relies on slots without asking whether they still count.
const sureFor = 500 * time.Millisecond

// Holds says whether the i-th slot still counts, as far as this process knows.
func (p *Pacer) Holds(s Slots, i int) bool {
	for k, t := range s.stretches {
		switch c := p.charges[k]; {
		case t.taken() && !c.known().holds(t.generation, t.end, s.At(i)):
			return false
		case !t.taken() && c.active(c.known(), s.At(i)): // it was implied then
			return false
		}
	}
	return true
}

// Confirm says whether slots still count. It asks the store where they were reserved a while ago.
func (p *Pacer) Confirm(ctx context.Context, s Slots) (bool, error) {
	if p.clock.Now().Sub(s.taken) < sureFor {
		return p.Holds(s, 0), nil
	}
	for _, c := range p.charges {
		if err := p.load(ctx, c); err != nil {
			return false, fmt.Errorf("look up the pace of the %s: %w", Kind(c.Key), err)
		}
	}
	return p.Holds(s, 0), nil
}

// Refused reports that a party refused a request, that left at one of these slots, because of the rate. wait is what it
// asked for; 0 if it named none. Of all reports about one generation, the first counts.
func (p *Pacer) Refused(ctx context.Context, s Slots, by Party, wait time.Duration) error {
	for i, t := range s.stretches {
		if c := p.charges[i]; c.By == by && (t.alone || c.mayReport(t.generation)) {
			if !t.taken() { // it left at the pace of the others
				t.rate = float64(c.Units) * float64(time.Second) / float64(s.Every)
			}
			if err := p.refuse(ctx, c, t, wait); err != nil {
				c.unreported(t.generation)
				return fmt.Errorf("slow down the %s: %w", Kind(c.Key), err)
			}
		}
	}
	return nil
}

func (p *Pacer) refuse(ctx context.Context, c charge, t stretch, wait time.Duration) error {
	var err error
	for range maxTries {
		s := c.known()
		if s.Generation != t.generation {
			return nil // somebody else has reported it
		}
		after := s.Refuse(t.rate, c.Limit, p.clock.Now(), wait)
		if t.alone {
			after = s.Pause(p.clock.Now(), wait)
		}
		s, err = p.store.Swap(ctx, c.Key, s, after)
		if err != nil && !errors.Is(err, ErrChanged) {
			return err
		}
		c.learn(s, p.clock.Now())
		if err == nil {
			return nil
		}
	}
	return err
}
