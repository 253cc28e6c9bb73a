package pace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
)

// request is one that left, and what it cost.
type request struct {
	at    time.Time
	units int
}

// heaviest is the most units in any window.
func heaviest(all []request, window time.Duration) int {
	slices.SortFunc(all, func(a, b request) int { return a.at.Compare(b.at) })
	first, units, most := 0, 0, 0
	for _, r := range all {
		for units += r.units; r.at.Sub(all[first].at) >= window; first++ {
			units -= all[first].units
		}
		most = max(most, units)
	}
	return most
}

// Senders of texts of different lengths, whose chunks have any size, share an account and a number.
func TestNoWindowHoldsMoreThanALimitWhateverIsSent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		account := pace.Limit{PerSecond: float64(rapid.IntRange(5, 200).Draw(rt, "account")), Headroom: 0.04}
		limit := pace.Limit{PerSecond: float64(rapid.IntRange(1, 300).Draw(rt, "number")), Headroom: 0.04}
		units := rapid.SliceOfN(rapid.IntRange(1, 6), 1, 3).Draw(rt, "units")
		takes := rapid.SliceOfN(rapid.IntRange(1, 40), 5, 60).Draw(rt, "sizes")
		var requests, segments []request
		var err error
		synctest.Test(t, func(*testing.T) {
			store := &pacetest.Memory{}
			var pacers []*pace.Pacer
			for i, u := range units {
				pacers = append(pacers, pace.New(store, pace.NewClock(time.Now, nil), 100).For(
					pace.Taker{Group: fmt.Sprint(i)}, pace.Charge{Key: pace.AccountKey, By: pace.Account, Limit: account},
					pace.Charge{Key: number, By: pace.Number, Limit: limit, Units: u}))
			}
			for i, n := range takes {
				k := (i * 7 / 3) % len(pacers)
				var slots pace.Slots
				if slots, err = pacers[k].Reserve(context.Background(), pace.Want{N: n, NotBefore: time.Now(), Wait: wait}); err != nil {
					return
				}
				for j := range slots.N {
					requests = append(requests, request{slots.At(j), 1})
					segments = append(segments, request{slots.At(j), units[k]})
				}
			}
		})
		if err != nil {
			rt.Fatal(err)
		}
		if n := heaviest(requests, time.Second); n > int(account.PerSecond) {
			rt.Fatalf("%d requests in a second", n)
		}
		if n := heaviest(segments, time.Second); n > max(int(limit.PerSecond), slices.Max(units)) {
			rt.Fatalf("%d segments in a second", n)
		}
	})
}

// A narrow limit that is faster than the wide one does not make its requests denser.
func TestTheWideLimitSetsTheDensity(t *testing.T) {
	for _, own := range []float64{1000, 100, 40} {
		synctest.Test(t, func(t *testing.T) {
			store := &pacetest.Memory{}
			all := pace.Charge{Key: account, By: pace.Account, Limit: pace.Limit{PerSecond: 30, Headroom: .04}}
			plain := pacer(store, all)
			fast := pacer(store, all, pace.Charge{Key: "campaign:1", By: pace.Self, Limit: per(own), Generation: 1})
			var left []request
			for range 10 {
				for _, p := range []*pace.Pacer{plain, fast} {
					slots := reserve(t, p, p.Chunk())
					for i := range slots.N {
						left = append(left, request{slots.At(i), 1})
					}
				}
			}
			if n := heaviest(left, time.Second); n > 30 {
				t.Errorf("own %g: %d requests in a second", own, n)
			}
		})
	}
}

func TestManyWhoBeginAtOnceGetTheirSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{Before: func(context.Context, string, string) error {
			time.Sleep(5*time.Millisecond + rand.N(10*time.Millisecond))
			return nil
		}}
		var all sync.WaitGroup
		var mu sync.Mutex
		var firsts []time.Time
		for i := range 40 {
			all.Go(func() {
				p := pace.New(store, pace.NewClock(time.Now, nil), 100).For(pace.Taker{Group: "A", Sender: fmt.Sprint(i)},
					pace.Charge{Key: account, By: pace.Account, Limit: per(30)}, pace.Charge{Key: number, By: pace.Number, Limit: per(20)})
				slots, err := p.Reserve(t.Context(), pace.Want{N: 20, NotBefore: time.Now(), Lead: 100 * time.Millisecond, Wait: wait})
				if err != nil {
					t.Errorf("sender %d: %v", i, err)
				}
				mu.Lock()
				defer mu.Unlock()
				firsts = append(firsts, slots.First)
			})
		}
		all.Wait()
		slices.SortFunc(firsts, time.Time.Compare)
		for i := 1; i < len(firsts); i++ {
			if apart := firsts[i].Sub(firsts[i-1]); apart < time.Second {
				t.Errorf("twenty requests, and %v later the next", apart)
			}
		}
	})
}

func TestAReportThatWasLostIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		var fault error
		store := &pacetest.Memory{Before: func(_ context.Context, operation, _ string) error {
			if operation == "Swap" {
				return fault
			}
			return nil
		}}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)})
		slots := reserve(t, p, 30)
		fault = broken
		if err := p.Refused(t.Context(), slots, pace.Account, 0); !errors.Is(err, broken) {
			t.Errorf("Refused: %v", err)
		}
		fault = nil
		if err := p.Refused(t.Context(), slots, pace.Account, 0); err != nil || p.Rate() > 27.1 {
			t.Errorf("then %v, and the rate is %g", err, p.Rate())
		}
	})
}

// What is known of a limit may be old: it is asked for before anybody waits for it.
func TestALimitThatWasRaisedIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)},
			pace.Charge{Key: number, By: pace.Number, Units: 3, Implied: true, Limit: per(90)})
		limits := pace.NewLimits(store, per(30), time.Now)
		for _, perSecond := range []float64{0.1, 30} {
			if err := limits.Set(t.Context(), number, per(perSecond)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			begin := time.Now()
			want := pace.Want{N: 1, NotBefore: begin, Before: begin.Add(25 * time.Second), Wait: wait}
			if slots, err := p.Reserve(t.Context(), want); err != nil || slots.First.Sub(begin) > 2*time.Second {
				t.Errorf("at %g a second: %v from now, %v", perSecond, slots.First.Sub(begin), err)
			}
		}
	})
}
