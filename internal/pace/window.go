package pace

import "time"

// MaxBursts is how many bursts a State remembers: more than that do not begin within a second.
const MaxBursts = 8

// Burst is requests that leave one after the other, more densely than a limit allows in the long run.
type Burst struct {
	Start time.Time
	N     int
	Units int           // of each request
	Every time.Duration // from one request to the next
}

func (b Burst) at(i int) time.Time { return b.Start.Add(time.Duration(i) * b.Every) }

// Spend gives away a stretch of that length to a burst, which begins with it.
func (s State) Spend(b Burst, length time.Duration) State {
	s.TAT = b.Start.Add(length)
	if last := s.Bursts[0]; last.N > 0 && last.Units == b.Units && last.Every == b.Every && last.at(last.N).Equal(b.Start) {
		s.Bursts[0].N += b.N
		return s
	}
	copy(s.Bursts[1:], s.Bursts[:])
	s.Bursts[0] = b
	return s
}

// room is when a burst may begin, at its Start or later, such that no window holds more than most units.
func (s State) room(b Burst, most int, window time.Duration) time.Time {
	start := b.Start
	if forgotten := s.Bursts[MaxBursts-1]; forgotten.N > 0 {
		start = later(start, forgotten.at(forgotten.N-1).Add(window))
	}
	for k := range b.N {
		if at, ok := s.tooMany(most - (k+1)*b.Units); ok {
			start = later(start, at.Add(window-time.Duration(k)*b.Every))
		}
	}
	return start
}

// tooMany finds the latest request that, with all behind it, has more than so many units.
func (s State) tooMany(units int) (time.Time, bool) {
	for _, b := range s.Bursts {
		if b.N == 0 {
			break
		}
		if fit := max(0, units) / b.Units; fit < b.N {
			return b.at(b.N - 1 - fit), true
		}
		units -= b.N * b.Units
	}
	return time.Time{}, false
}
