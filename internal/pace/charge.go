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

// price is what this process believes that a request costs under a limit, and how many may leave at once.
type price struct {
	limit Limit
	rate  float64       // in units a second
	every time.Duration // from one request to the next
	// burst of requests may leave at once, as densely as another limit allows, if the next follows a period later.
	burst  int
	period time.Duration
}

func (c Charge) price(s State, at time.Time, most int) price {
	limit, rate := s.limit(c.Limit), s.Rate(c.Limit, at)
	p := price{limit: limit, rate: rate, every: time.Duration(float64(time.Second) * float64(c.Units) / rate)}
	whole := math.Floor(min(limit.PerSecond, rate/(1-limit.Headroom))/float64(c.Units) + 1e-6)
	bursts := max(1, math.Ceil(whole/float64(most))) // in a second
	p.burst = max(1, int(whole/bursts))
	p.period = time.Duration(float64(time.Second) / bursts)
	return p
}

// length is that of the stretch for n requests: evenly spaced, or in a burst that has its period to itself.
func (p price) length(n int, dense bool) time.Duration {
	length := time.Duration(n) * p.every
	if dense {
		length = max(length, p.period)
	}
	return (length + time.Microsecond - 1).Truncate(time.Microsecond) // as the store keeps it
}

// active says whether a charge has to be counted.
func (c Charge) active(s State, at time.Time) bool {
	return !c.Implied || s.Limit != Limit{} || s.Refused > 0 && at.Sub(s.Since) < forgotten || s.Halt.After(at)
}
