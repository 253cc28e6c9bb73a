package pace

import (
	"context"
	"fmt"
	"time"
)

// Rate is what one limit allows at the moment.
type Rate struct {
	By Party
	// PerSecond is how many units (requests, or segments) a second are given out: the limit less its headroom.
	PerSecond float64
	// Requests is how many requests a second that makes in the long run. Where a request is of several units, what is left
	// of a window when no further one fits into it is lost.
	Requests float64
	// AtOnce is how many requests leave together at most, as densely as the widest limit allows.
	AtOnce int

	price price
}

// RateOf is what a limit allows to requests of so many units, where nothing else is known of it.
func RateOf(by Party, l Limit, units int) Rate {
	return Charge{By: by, Limit: l, Units: max(1, units)}.price(State{}, time.Time{}).allows(by)
}

// Follow is the state of a limit behind n requests that leave as soon as it lets them after what it holds, so far apart.
func (r Rate) Follow(s State, n int, apart time.Duration) State {
	b := Burst{Start: s.TAT, N: n, Units: r.price.units, Every: apart}
	b.Start = s.room(b, r.price.most, r.price.window)
	return s.Spend(b, r.price.length(n, apart))
}

// allows is what a limit of that price allows.
func (p price) allows(by Party) Rate {
	r := Rate{price: p, By: by, PerSecond: p.rate, Requests: float64(time.Second) / float64(p.every), AtOnce: p.most / p.units}
	r.Requests = min(r.Requests, float64(r.AtOnce)*float64(time.Second)/float64(p.window))
	return r
}

// Rates are those of all limits that count, the widest first, as they are for all: it asks where what is known is not fresh.
// After an error they are as far as is known.
func (p *Pacer) Rates(ctx context.Context) ([]Rate, error) {
	var fault error
	for _, c := range p.charges {
		if c.By == Self || c.age(p.clock.Now()) < fresh { // one's own comes with the charge
			continue
		}
		if fault = p.load(ctx, c); fault != nil {
			fault = fmt.Errorf("look up the pace of the %s: %w", Kind(c.Key), fault)
			break
		}
	}
	now := p.clock.Now()
	all := p.stretches(now)
	var rates []Rate
	for _, i := range p.counted(now) {
		rates = append(rates, all[i].allows(p.charges[i].By))
	}
	return rates, fault
}
