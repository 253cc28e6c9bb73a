package pace

import "time"

// Slots are N instants, Every apart.
type Slots struct {
	First     time.Time
	Every     time.Duration
	N         int
	Tolerance time.Duration

	// taken is when they were reserved, and stretches what they are made of: one for each charge of the pacer.
	taken     time.Time
	stretches []stretch
}

// stretch is what was taken under one limit.
type stretch struct {
	price
	generation int64
	length     time.Duration
	// first and end are zero where nothing had to be taken.
	first, end time.Time
	// alone: a single request after a time without any. If it is refused, that is not because of our rate.
	alone bool
}

func (t stretch) taken() bool { return !t.end.IsZero() }

// At is the i-th instant, from 0.
func (s Slots) At(i int) time.Time { return s.First.Add(time.Duration(i) * s.Every) }

// End is when the last slot is over.
func (s Slots) End() time.Time { return s.At(s.N) }

// Missed says whether the i-th slot lies too far back to be used.
func (s Slots) Missed(i int, now time.Time) bool { return now.Sub(s.At(i)) > s.Tolerance }

// join makes slots of stretches that begin together, the widest first: they are as dense as that allows.
func join(n int, now time.Time, stretches []stretch) Slots {
	s := Slots{
		First: stretches[0].first, Every: stretches[0].every, N: n, Tolerance: stretches[0].limit.tolerance(),
		taken: now, stretches: stretches,
	}
	for _, t := range stretches {
		if t.taken() {
			s.Tolerance = min(s.Tolerance, t.limit.tolerance())
		}
	}
	return s
}
