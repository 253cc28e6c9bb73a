package arrivals_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"sluice/internal/local/arrivals"
)

const ms = time.Millisecond

var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// at makes a run of accepted requests.
func at(offsets ...time.Duration) arrivals.Run {
	run := make(arrivals.Run, len(offsets))
	for i, o := range offsets {
		run[i] = arrivals.Arrival{At: midnight.Add(o)}
	}
	return run
}

// every makes n accepted requests, so far apart.
func every(apart time.Duration, n int) arrivals.Run {
	offsets := make([]time.Duration, n)
	for i := range offsets {
		offsets[i] = time.Duration(i) * apart
	}
	return at(offsets...)
}

func refuse(r arrivals.Run, which ...int) arrivals.Run {
	for _, i := range which {
		r[i].Refused = true
	}
	return r
}

func TestTheBusiestWindowIsFoundWhereverItBegins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  arrivals.Run
		want int
	}{
		"nothing":                                  {nil, 0},
		"one":                                      {at(0), 1},
		"the same instant":                         {at(0, 0, 0), 3},
		"a window's end is the next one's":         {at(0, time.Second), 1},
		"a nanosecond less is inside":              {at(0, time.Second-1), 2},
		"evenly 30 a second":                       {every(time.Second/30+1, 300), 30},
		"a nanosecond too quick":                   {every(time.Second/30, 300), 31},
		"across whole seconds":                     {at(0, 900*ms, 950*ms, 1100*ms, 1800*ms, 2500*ms), 4},
		"refused ones arrived too":                 {refuse(at(0, ms, 2*ms), 1, 2), 3},
		"at the end":                               {at(0, 5000*ms, 5001*ms, 5002*ms), 3},
		"at the beginning":                         {at(0, ms, 2*ms, 5000*ms), 3},
		"thousands a second in thousands of a run": {every(ms, 5000), 1000},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.run.Busiest(time.Second); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

func TestTheShareUsedIsThatOfWhatWasAccepted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  arrivals.Run
		rate float64
		want float64
	}{
		"nothing":                  {nil, 30, 0},
		"one":                      {at(0), 30, 0},
		"all at once":              {at(0, 0, 0), 30, 0},
		"in pairs":                 {at(0, 0, 20*ms, 20*ms, 40*ms, 40*ms), 100, 1},
		"all of it":                {every(10*ms, 1001), 100, 1},
		"half":                     {every(20*ms, 1001), 100, 0.5},
		"too much":                 {every(5*ms, 1001), 100, 2},
		"every other one refused":  {refuse(every(10*ms, 5), 1, 3), 100, 0.5},
		"a hole":                   {at(0, 10*ms, 20*ms, 30*ms, 80*ms), 100, 0.5},
		"the first one refused":    {refuse(every(10*ms, 11), 0), 100, 1},
		"the last one refused too": {refuse(every(10*ms, 11), 10), 100, 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.run.Used(c.rate); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestARunIsCutByTheTimeSinceItsFirstArrival(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run           arrivals.Run
		after, before int // how many arrived from the first second's end on, and before it
	}{
		"nothing":                   {nil, 0, 0},
		"one":                       {at(0), 0, 1},
		"the end of the beginning":  {at(7*ms, 1006*ms, 1007*ms, 1008*ms), 2, 2},
		"all of it":                 {at(0, 999*ms), 0, 2},
		"several at the same time":  {at(0, 1000*ms, 1000*ms), 2, 1},
		"nothing but the first one": {at(0, 2000*ms), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			after, before := c.run.After(time.Second), c.run.Until(time.Second)
			if len(after) != c.after || len(before) != c.before {
				t.Errorf("%d after and %d before, want %d and %d", len(after), len(before), c.after, c.before)
			}
		})
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	if got := refuse(every(ms, 9), 2, 5).Refused(); got != 2 {
		t.Errorf("%d, want 2", got)
	}
}

func TestBinsKeepRefusalsApartAndHolesOpen(t *testing.T) {
	t.Parallel()
	got := refuse(at(5*ms, 5*ms, 14*ms, 15*ms, 36*ms), 1, 3).Bins(10 * ms)
	want := []arrivals.Bin{{2, 1}, {0, 1}, {}, {1, 0}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if bins := arrivals.Run(nil).Bins(ms); len(bins) != 0 {
		t.Errorf("of nothing: %v", bins)
	}
}

func TestQuantilesAreOfTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * ms
	}
	for name, c := range map[string]struct {
		all  []time.Duration
		q    float64
		want time.Duration
	}{
		"of none":          {nil, 0.5, 0},
		"of one":           {[]time.Duration{ms}, 0.99, ms},
		"the least":        {hundred, 0, ms},
		"the median":       {hundred, 0.5, 50 * ms},
		"p99":              {hundred, 0.99, 99 * ms},
		"the greatest":     {hundred, 1, 100 * ms},
		"p99 of a few":     {[]time.Duration{3 * ms, ms, 2 * ms}, 0.99, 3 * ms},
		"early ones too":   {[]time.Duration{-ms, ms}, 0.5, -ms},
		"the median of 3":  {[]time.Duration{3 * ms, ms, 2 * ms}, 0.5, 2 * ms},
		"more than all":    {[]time.Duration{ms}, 2, ms},
		"half of two is 1": {[]time.Duration{2 * ms, ms}, 0.5, ms},
	} {
		t.Run(name, func(t *testing.T) {
			if got := arrivals.Quantile(c.all, c.q); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
