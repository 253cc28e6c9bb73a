package vonagetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Curve is how long something takes: a log-normal distribution, given by its median and by the time within which it has
// happened in 19 of 20 cases. It has ends: nothing takes longer than P95²/Median, nor less than Median³/P95². It is
// constant where P95 is the Median, or zero; the zero value is at once.
type Curve struct{ Median, P95 time.Duration }

// maxCurve is how long the longest case of a Curve may take.
const maxCurve = 10 * 365 * 24 * time.Hour

// z95 is the 95th percentile of the standard normal distribution.
const z95 = 1.6448536269514722

func (c Curve) check(name string) error {
	if c.Median < 0 || c.P95 < 0 || c.P95 != 0 && c.P95 < c.Median || c.Median == 0 && c.P95 > 0 {
		return fmt.Errorf("%s has the median %v and the 95th percentile %v: "+
			"must be positive and in this order, or zero", name, c.Median, c.P95)
	}
	if p95 := float64(c.P95); c.Median > 0 && p95*p95/float64(c.Median) > float64(maxCurve) || c.Median > maxCurve {
		return fmt.Errorf("%s, from %v to %v in 19 of 20 cases, can take longer than %v", name, c.Median, c.P95, maxCurve)
	}
	return nil
}

func (c Curve) draw(r *rand.Rand) time.Duration {
	if c.P95 <= c.Median {
		return c.Median
	}
	z := r.NormFloat64() / z95
	spread := math.Log(float64(c.P95) / float64(c.Median))
	return time.Duration(float64(c.Median) * math.Exp(spread*max(-2, min(z, 2))))
}
