// Package arrivals says how exact a throttle is, from when its requests arrived at the provider. It is arithmetic alone.
package arrivals

import (
	"math"
	"slices"
	"time"
)

// Arrival is one request.
type Arrival struct {
	At time.Time
	// Refused: the provider had been asked too often.
	Refused bool
}

// Run is what arrived, in order of time.
type Run []Arrival

// After is what arrived at least so long after the first.
func (r Run) After(beginning time.Duration) Run {
	if len(r) == 0 {
		return nil
	}
	from := r[0].At.Add(beginning)
	return r[r.countBefore(from):]
}

// Until is what arrived less than so long after the first.
func (r Run) Until(end time.Duration) Run {
	if len(r) == 0 {
		return nil
	}
	return r[:r.countBefore(r[0].At.Add(end))]
}

func (r Run) countBefore(t time.Time) int {
	n, _ := slices.BinarySearchFunc(r, t, func(a Arrival, t time.Time) int { return a.At.Compare(t) })
	return n
}

// Busiest is the most that arrived in any window, wherever it begins. A window has its first instant and not its last.
func (r Run) Busiest(window time.Duration) int {
	most, first := 0, 0
	for i, a := range r {
		for !r[first].At.After(a.At.Add(-window)) {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// Refused is how many were.
func (r Run) Refused() int {
	n := 0
	for _, a := range r {
		if a.Refused {
			n++
		}
	}
	return n
}

// Used is the share of so many requests a second that was accepted, from the first arrival to the last; 1 is all. It is
// 0 where there is no time between them.
func (r Run) Used(perSecond float64) float64 {
	if len(r) < 2 {
		return 0
	}
	took := r[len(r)-1].At.Sub(r[0].At).Seconds()
	if took == 0 {
		return 0
	}
	behind := r.After(1) // what came in the first instant opens the time that is measured
	return float64(len(behind)-behind.Refused()) / (perSecond * took)
}

// Bin is what arrived in a stretch of time.
type Bin struct{ Accepted, Refused int }

// Bins are the stretches from the first arrival on, each as long as width; the last may be over before its time.
func (r Run) Bins(width time.Duration) []Bin {
	var bins []Bin
	for _, a := range r {
		i := int(a.At.Sub(r[0].At) / width)
		for len(bins) <= i {
			bins = append(bins, Bin{})
		}
		if a.Refused {
			bins[i].Refused++
		} else {
			bins[i].Accepted++
		}
	}
	return bins
}

// Quantile is the least of all that is no less than the share q of them (the nearest rank); 0 of none.
func Quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
