package pace

import "time"

// State is all that is shared about one limited thing. It is a value: its methods return what it becomes.
type State struct {
	// TAT, the theoretical arrival time, is the first instant that is not given away. Zero if none ever was.
	TAT time.Time
	// Limit is what a person has set. Zero where nobody did: then the configured limit holds.
	Limit Limit
	// Generation counts the changes of the rate, Since is when the last one was; zero for none.
	Generation int64
	Since      time.Time
	// Refused is the rate, in units a second, that the provider refused at Since, and Lowered what it fell to; 0 if the
	// limit was set then.
	Refused, Lowered float64
	// Bursts are the latest that were given a stretch of a narrow limit, the last one first.
	Bursts [MaxBursts]Burst
	// Takers are who took the latest stretches, the last one first, since the pace was idle.
	Takers [Remembered]Taker
	// Halt is until when the provider last wanted to hear nothing.
	Halt time.Time
}

const (
	// cut is what is left of a rate that was refused; deepCut, of one that was refused soon after another.
	cut     = 0.9
	deepCut = 0.7
	soon    = 5 * time.Second
	// least is the share of a limit below which refusals do not lower the rate.
	least = 0.05
	// recovery is how long after a refusal the rate is back where it was refused. It stays about there for a while, and
	// is back at the limit after forgotten.
	recovery  = 20 * time.Second
	forgotten = time.Minute
	// horizon is how far ahead stretches outlive their generation: a holder makes sure of its slots no longer than that
	// before it has used up the last of them.
	horizon = 2 * time.Second
	// shortHalt is not worth what is lost by reserving anew.
	shortHalt = 100 * time.Millisecond
	// defaultWait is for a refusal that names no wait.
	defaultWait = 100 * time.Millisecond
)

// limit is the one that holds, where the configured one is given.
func (s State) limit(configured Limit) Limit {
	if s.Limit == (Limit{}) {
		return configured
	}
	return s.Limit
}

// Rate is how many units a second are given out at an instant, where configured is the limit that holds if none was
// set. It never falls until the next refusal. doc.go has the curve.
func (s State) Rate(configured Limit, at time.Time) float64 {
	full := s.limit(configured).Effective()
	since := max(0, at.Sub(s.Since))
	if s.Refused == 0 || since >= forgotten {
		return full
	}
	refused, lowered := min(s.Refused, full), min(s.Lowered, full)
	if since < recovery {
		return refused - (refused-lowered)*cube(1-since.Seconds()/recovery.Seconds())
	}
	return refused + (full-refused)*cube((since-recovery).Seconds()/(forgotten-recovery).Seconds())
}

func cube(x float64) float64 { return x * x * x }

// Take gives away a stretch of that length, not before an instant. It ends at the new TAT.
func (s State) Take(notBefore time.Time, length time.Duration, by Taker) State {
	if s.TAT.Before(notBefore) {
		s.Takers = [Remembered]Taker{}
	}
	return s.TakeAt(later(s.TAT, notBefore), length, by)
}

// TakeAt gives away a stretch of that length from an instant on, that is not before TAT. It remembers the takers even if
// the pace was idle.
func (s State) TakeAt(start time.Time, length time.Duration, by Taker) State {
	copy(s.Takers[1:], s.Takers[:])
	s.Takers[0], s.TAT = by, start.Add(length)
	return s
}

// Refuse lowers the rate, which the provider refused, where configured is the limit that holds if none was set. It also
// does what Pause does.
func (s State) Refuse(rate float64, configured Limit, now time.Time, wait time.Duration) State {
	left := cut
	if s.Refused > 0 && now.Sub(s.Since) < soon {
		left = deepCut
	}
	s = s.renew(now)
	s.Refused, s.Lowered = rate, max(left*rate, min(rate, least*s.limit(configured).Effective()))
	return s.Pause(now, wait)
}

// Pause gives nothing away for the wait that the provider named; 0 for none.
func (s State) Pause(now time.Time, wait time.Duration) State {
	if wait <= 0 {
		wait = defaultWait
	}
	s.Halt = now.Add(wait)
	s.TAT = later(s.TAT, s.Halt)
	return s
}

// Set changes the limit, and forgets what was learned under the old one.
func (s State) Set(l Limit, now time.Time) State {
	s = s.renew(now)
	s.Limit, s.Refused, s.Lowered, s.Halt = l, 0, 0, time.Time{}
	return s
}

// renew opens a generation. What was given away beyond the horizon, at the old rate, is taken back.
func (s State) renew(now time.Time) State {
	s.Generation, s.Since = s.Generation+1, now
	end := now.Add(horizon)
	if s.TAT.After(end) {
		s.TAT = end
	}
	for s.Bursts[0].N > 0 && s.Bursts[0].Start.After(end) {
		copy(s.Bursts[:], s.Bursts[1:])
		s.Bursts[MaxBursts-1] = Burst{}
	}
	return s
}

// holds says whether what was taken in a generation, up to an end, may still be used at an instant: if it was not taken
// back, and does not lie in a halt of some length.
func (s State) holds(generation int64, end, at time.Time) bool {
	before := generation == s.Generation-1 && !end.After(s.Since.Add(horizon))
	return (before || generation == s.Generation) && s.Halt.Sub(at) <= shortHalt
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
