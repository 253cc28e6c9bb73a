package pace

import (
	"math"
	"time"
)

// Charge is what a request costs under one limit.
type Charge struct {
	// Key names the limited thing, By whose limit it is.
	Key string
	By  Party
	// Limit holds where none was set for the key.
	Limit Limit
	// Implied: the limit follows from another charge's, so that it need not be counted until a person sets it, or the
	// provider refuses.
	Implied bool
	// Units is what each request costs: 1 where requests are limited, and its segments where segments are. 0 means 1.
	Units int
	// Generation counts the changes of a Self limit.
	Generation int64
}

// Party is whose limit it is: who refuses beyond it.
type Party int

// The parties. A Self limit is our own: it comes with the charge, the highest Generation holds, and nobody refuses.
const (
	Account Party = iota + 1
	Number
	Self
)

// price is what this process believes that a request costs under a limit.
type price struct {
	limit Limit
	rate  float64       // in units a second
	every time.Duration // from one request to the next, in the long run
	units int
	// most units may leave in any window.
	most   int
	window time.Duration
}

func (c Charge) price(s State, at time.Time) price {
	limit, rate := s.limit(c.Limit), s.Rate(c.Limit, at)
	return price{
		limit: limit, rate: rate, units: c.Units,
		every:  time.Duration(math.Ceil(float64(time.Second) * float64(c.Units) / rate)),
		most:   max(c.Units, int(math.Ceil(rate/(1-limit.Headroom)-1e-6))),
		window: time.Duration(float64(time.Second) / (1 - limit.Headroom)),
	}
}

// length is that of the stretch for n requests that leave as densely as said.
func (p price) length(n int, dense time.Duration) time.Duration {
	length := time.Duration(n) * max(p.every, dense)
	return (length + time.Microsecond - 1).Truncate(time.Microsecond) // as the store keeps it
}

// active says whether a charge has to be counted.
func (c Charge) active(s State, at time.Time) bool {
	return !c.Implied || s.Limit != Limit{} || s.Refused > 0 && at.Sub(s.Since) < forgotten || s.Halt.After(at)
}
