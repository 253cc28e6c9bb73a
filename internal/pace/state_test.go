package pace_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/pace"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return begin.Add(time.Duration(seconds * float64(time.Second)))
}

func TestTheRateAfterARefusal(t *testing.T) {
	const none = 0
	set := pace.Limit{PerSecond: 100}
	once := pace.State{}.Refuse(40, set, begin, none)
	for _, c := range []struct {
		name  string
		state pace.State
		at    float64
		want  float64
	}{
		{"without one it is the limit less the headroom", pace.State{Limit: pace.Limit{PerSecond: 50, Headroom: 0.04}}, 0, 48},
		{"where nobody set a limit it is the configured one", pace.State{}, 0, 100},
		{"it falls to 90 % of what was refused", once, 0, 36},
		{"half of the way back takes four seconds", once, 4.1, 38},
		{"after 20 s it is what was refused", once, 20, 40},
		{"and stays about there", once, 30, 40.9},
		{"after a minute it is the limit", once, 60, 100},
		{"and remains so", once, 3600, 100},
		{"a clock that is behind does not lower it further", once, -10, 36},
		{"a second refusal within 5 s takes 30 %", once.Refuse(36, set, after(4), none), 4, 25.2},
		{"a later one takes 10 %", once.Refuse(40, set, after(20), none), 20, 36},
		{"it falls to no less than a twentieth of the limit", once.Refuse(5.2, set, after(4), none), 4, 5},
		{"but does not rise to that", once.Refuse(3, set, after(4), none), 4, 3},
		{"what a person sets forgets it", once.Set(pace.Limit{PerSecond: 60}, after(1)), 1, 60},
		{"a limit below what was refused holds", pace.State{Limit: pace.Limit{PerSecond: 10}}.Refuse(40, set, begin, none), 20, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.state.Rate(set, after(c.at)); math.Abs(got-c.want) > 0.05 {
				t.Errorf("after %g s it is %.2f, want %.2f", c.at, got, c.want)
			}
		})
	}
}

func TestWhatARefusalTakesBack(t *testing.T) {
	set := pace.Limit{PerSecond: 30}
	for _, c := range []struct {
		name string
		tat  float64
		wait time.Duration
		want float64
	}{
		{"what is given away for the next two seconds stands", 1.5, 0, 1.5},
		{"what is further away is taken back", 30, 0, 2},
		{"nothing is given away for the wait", 1.5, 7 * time.Second, 7},
		{"a wait that nobody named is short", 0, 0, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := pace.State{TAT: after(c.tat)}.Refuse(30, set, begin, c.wait)
			if want := after(c.want); !s.TAT.Equal(want) || s.Generation != 1 || !s.Since.Equal(begin) {
				t.Errorf("got %+v, want it to end at %v", s, want)
			}
		})
	}
	if s := (pace.State{TAT: after(30)}).Set(set, begin); !s.TAT.Equal(after(2)) || s.Generation != 1 {
		t.Errorf("a new limit makes it %+v", s)
	}
	if s := (pace.State{TAT: after(30)}).Pause(begin, time.Second); !s.TAT.Equal(after(30)) || s.Generation != 0 {
		t.Errorf("a pause makes it %+v", s)
	}
}

// Whatever happens, in whatever order: stretches are disjoint as long as they count, nothing is given away in a halt, and
// the rate stays between its bounds and only a refusal or a person lowers it.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		configured := pace.Limit{PerSecond: rapid.Float64Range(1, 1000).Draw(t, "configured")}
		var s pace.State
		limit, now, end := configured, begin, begin
		rate := configured.Effective()
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "passes")))
			if got := s.Rate(configured, now); got < rate-1e-9 {
				t.Fatalf("the rate fell from %g to %g by itself", rate, got)
			}
			rate = s.Rate(configured, now)
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				wait := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "wait"))
				s = s.Refuse(rate, configured, now, wait)
				if s.TAT.Before(now.Add(wait)) {
					t.Fatalf("with a wait of %v it begins at %v, %v from now", wait, s.TAT, s.TAT.Sub(now))
				}
				if end.After(now.Add(2 * time.Second)) {
					end = now.Add(2 * time.Second)
				}
			case 1:
				limit = pace.Limit{PerSecond: rapid.Float64Range(1, 1000).Draw(t, "limit"), Headroom: 0.1}
				s = s.Set(limit, now)
				if end.After(now.Add(2 * time.Second)) {
					end = now.Add(2 * time.Second)
				}
			default:
				length := time.Duration(rapid.Int64Range(1, int64(3*time.Second)).Draw(t, "length"))
				s = s.Take(now, length, pace.Taker{})
				if first := s.TAT.Add(-length); first.Before(end) || first.Before(now) {
					t.Fatalf("a stretch begins at %v; now is %v, the last one ends at %v", first, now, end)
				}
				end = s.TAT
			}
			rate = s.Rate(configured, now)
			if least := limit.Effective() / 20; rate > limit.Effective()+1e-9 || rate < least*0.7-1e-9 {
				t.Fatalf("the rate is %g under a limit of %g", rate, limit.Effective())
			}
		}
	})
}

func TestLimitsHaveBounds(t *testing.T) {
	for l, ok := range map[pace.Limit]bool{
		{PerSecond: 0.1}: true, {PerSecond: 10_000, Headroom: 0.5}: true, {}: false, {PerSecond: 0.09}: false,
		{PerSecond: 10_001}: false, {PerSecond: 30, Headroom: -0.01}: false, {PerSecond: 30, Headroom: 0.51}: false,
		{PerSecond: math.NaN()}: false, {PerSecond: 30, Headroom: math.NaN()}: false, {PerSecond: math.Inf(1)}: false,
	} {
		if err := l.Check(); (err == nil) != ok {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
