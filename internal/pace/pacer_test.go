package pace_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
	"sluice/internal/vonage/vonagetest"
)

var number, own = pace.SenderKey("ACME"), pace.CampaignKey("1")

func reserve(t *testing.T, p *pace.Pacer, n int) pace.Slots {
	t.Helper()
	slots, err := p.Reserve(t.Context(), pace.Want{N: n, NotBefore: time.Now(), Wait: wait})
	if err != nil {
		t.Fatal(err)
	}
	return slots
}

func wait(ctx context.Context, t time.Time) error {
	select {
	case <-time.After(time.Until(t)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func pacer(store pace.Store, charges ...pace.Charge) *pace.Pacer {
	return pace.New(store, pace.NewClock(time.Now, nil), 100).For(pace.Taker{}, charges...)
}

func per(second float64) pace.Limit { return pace.Limit{PerSecond: second} }

func TestReserveMovesEveryLimitByItsOwnCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(20)}, pace.Charge{Key: number, By: pace.Number, Limit: per(30), Units: 3},
			pace.Charge{Key: own, Limit: per(5), By: pace.Self, Generation: 1})
		if rate := p.Rate(); math.Abs(rate-5) > 0.01 {
			t.Errorf("%g a second, want those of the slowest limit", rate)
		}
		begin := time.Now()
		slots := reserve(t, p, 5)
		if !slots.First.Equal(begin) || slots.Every != 50*time.Millisecond || slots.N != 5 ||
			slots.End().Sub(begin) != 250*time.Millisecond {
			t.Errorf("got %+v", slots)
		}
		for key, want := range map[string]time.Duration{account: 250, number: 500, own: 1000} {
			s, err := store.Load(t.Context(), key)
			if got := s.TAT.Sub(begin).Round(time.Millisecond); err != nil || got != want*time.Millisecond {
				t.Errorf("%s is given away for %v, want %v; %v", key, got, want*time.Millisecond, err)
			}
		}
	})
}

// While one limit makes a request wait, the others give their slots to somebody else.
func TestOneLimitDoesNotIdleForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		all := pace.Charge{Key: account, By: pace.Account, Limit: per(20)}
		slow := pacer(store, all, pace.Charge{Key: own, Limit: per(2), By: pace.Self, Generation: 1})
		free := pacer(store, all)
		begin := time.Now()
		reserve(t, slow, 2)
		done := make(chan pace.Slots)
		go func() { done <- reserve(t, slow, 2) }() // in a second from now
		synctest.Wait()
		if got := reserve(t, free, 10); got.First.Sub(begin).Round(time.Millisecond) != 100*time.Millisecond {
			t.Errorf("the other one's begin %v from now", got.First.Sub(begin))
		}
		if got := <-done; got.First.Sub(begin).Round(time.Millisecond) != time.Second {
			t.Errorf("the slow one's begin %v from now", got.First.Sub(begin))
		}
		if waited := time.Since(begin); waited < 500*time.Millisecond || waited > time.Second {
			t.Errorf("it had them after %v", waited)
		}
	})
}

// The account is shared by a slow campaign and one without a limit of its own: both limits hold in every second, and the
// account is used to the full.
func TestSeveralLimitsHoldInEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := rig{
			allowed: -1, configured: pace.Limit{PerSecond: 30, Headroom: 0.04}, senders: 3, callTime: 5 * time.Millisecond,
			answer: 50 * time.Millisecond, run: time.Minute,
			also: func(i int) []pace.Charge {
				if i > 0 {
					return nil
				}
				return []pace.Charge{{Key: own, Limit: per(10), By: pace.Self, Generation: 1}}
			},
		}
		ledger := r.send(t)
		all := look(ledger, begin.Add(5*time.Second), begin.Add(r.run), nil)
		slow := look(ledger, begin, begin.Add(r.run), func(e vonagetest.Entry) bool { return e.From == "Sender 0" })
		t.Logf("all %.2f a second, %d in the fullest; the slow one %.2f and %d", all.perSecond, all.fullest, slow.perSecond, slow.fullest)
		if all.fullest > 30 || all.perSecond < 0.97*28.8 {
			t.Errorf("%.2f a second, %d in the fullest", all.perSecond, all.fullest)
		}
		if slow.fullest > 10 || slow.perSecond < 3 {
			t.Errorf("the slow one sends %.2f a second, %d in the fullest", slow.perSecond, slow.fullest)
		}
	})
}

func TestASlowCampaignAloneUsesItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := rig{
			allowed: -1, configured: pace.Limit{PerSecond: 30, Headroom: 0.04}, senders: 3, callTime: 5 * time.Millisecond,
			answer: 50 * time.Millisecond, run: time.Minute,
			also: func(int) []pace.Charge {
				return []pace.Charge{{Key: own, Limit: pace.Limit{PerSecond: 10, Headroom: 0.04}, By: pace.Self, Generation: 1}}
			},
		}
		// Until each has looked at the common clock, which takes a second, a stretch may be wasted.
		s := look(r.send(t), begin.Add(15*time.Second), begin.Add(r.run), nil)
		if t.Logf("%.2f a second, %d in the fullest", s.perSecond, s.fullest); s.perSecond < 0.99*9.6 || s.fullest > 10 {
			t.Errorf("%.2f a second, %d in the fullest", s.perSecond, s.fullest)
		}
	})
}

// A person's new limit holds within two seconds, also for what many senders have reserved.
func TestANewLimitHoldsAtOnce(t *testing.T) {
	for _, c := range []struct{ before, after float64 }{{30, 10}, {10, 30}} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			const change = 20 * time.Second
			ledger := rig{
				allowed: -1, configured: pace.Limit{PerSecond: c.before, Headroom: 0.04}, senders: 8, run: 40 * time.Second,
				callTime: 5 * time.Millisecond,
				during: func(s pace.Store) {
					time.Sleep(change)
					err := pace.NewLimits(s, per(30), time.Now).Set(t.Context(), account, pace.Limit{PerSecond: c.after, Headroom: 0.04})
					if err != nil {
						t.Error(err)
					}
				},
			}.send(t)
			was := look(ledger, begin.Add(5*time.Second), begin.Add(change), nil)
			is := look(ledger, begin.Add(change+2*time.Second+50*time.Millisecond), begin.Add(40*time.Second), nil)
			if was.fullest > int(c.before) || was.perSecond < 0.95*c.before {
				t.Errorf("before %+v", was)
			}
			if is.fullest > int(c.after) || is.perSecond < 0.9*c.after {
				t.Errorf("after %+v", is)
			}
		})
	}
}

func TestRefusalsOfOneGenerationCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		var swaps atomic.Int64
		store.Before = func(_ context.Context, operation, _ string) error {
			if operation == "Swap" {
				swaps.Add(1)
			}
			return nil
		}
		one, other := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)}), pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)})
		mine, theirs := reserve(t, one, 30), reserve(t, other, 30)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := errors.Join(one.Refused(t.Context(), mine, pace.Account, time.Second), other.Refused(t.Context(), theirs, pace.Account, time.Second)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		s, err := store.Load(t.Context(), account)
		if err != nil || s.Generation != 1 || s.Lowered != 27 || swaps.Load() > 4 {
			t.Errorf("after %d swaps it is %+v, %v", swaps.Load(), s, err)
		}
		if again := reserve(t, one, 1); one.Refused(t.Context(), again, pace.Account, 0) != nil {
			t.Error("not reported")
		}
		if s, _ = store.Load(t.Context(), account); s.Generation != 2 {
			t.Errorf("a refusal at the new rate makes it %+v", s)
		}
	})
}

// A single request after a silence is not refused because of our rate.
func TestARefusalOutOfTheBlueOnlyHalts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)})
		if err := p.Refused(t.Context(), reserve(t, p, 1), pace.Account, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		if s, _ := store.Load(t.Context(), account); s.Generation != 0 || !s.TAT.Equal(time.Now().Add(5*time.Second)) {
			t.Errorf("it is %+v", s)
		}
		if slots := reserve(t, p, 1); slots.First.Before(time.Now().Add(5*time.Second)) || p.Rate() < 29.99 {
			t.Errorf("next %+v", slots)
		}
	})
}

func TestALimitOfOnesOwnIsNotLoweredByARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)}, pace.Charge{Key: own, Limit: per(30), By: pace.Self, Generation: 1})
		if err := p.Refused(t.Context(), reserve(t, p, 30), pace.Account, 0); err != nil {
			t.Fatal(err)
		}
		if a, _ := store.Load(t.Context(), account); a.Lowered != 27 {
			t.Errorf("the account's is %+v", a)
		}
		if c, _ := store.Load(t.Context(), own); c.Generation != 1 || c.Refused != 0 {
			t.Errorf("the campaign's is %+v", c)
		}
	})
}

func TestWhatSlotsARefusalLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		charge := pace.Charge{Key: account, By: pace.Account, Limit: per(10)}
		p, other := pacer(store, charge), pacer(store, charge)
		first, second, third := reserve(t, p, 9), reserve(t, p, 9), reserve(t, p, 9)
		if err := other.Refused(t.Context(), reserve(t, other, 10), pace.Account, 500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if !p.Holds(third, 0) {
			t.Error("it cannot know yet")
		}
		time.Sleep(600 * time.Millisecond)
		for _, c := range []struct {
			name  string
			slots pace.Slots
			holds bool
		}{{"those of the next two seconds", second, true}, {"those behind", third, false}} {
			if holds, err := p.Confirm(t.Context(), c.slots); err != nil || holds != c.holds {
				t.Errorf("%s: %t, %v", c.name, holds, err)
			}
		}
		if p.Holds(first, 3) || !p.Holds(first, 4) {
			t.Error("those in the halt must not be used, those at its very end and behind may")
		}
	})
}

func TestAStoreThatFailsIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		store := &pacetest.Memory{}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(10)})
		slots := reserve(t, p, 10)
		time.Sleep(time.Second)
		store.Before = func(context.Context, string, string) error { return broken }
		_, reserveErr := p.Reserve(t.Context(), pace.Want{N: 1, NotBefore: time.Now(), Wait: wait})
		_, confirmErr := p.Confirm(t.Context(), slots)
		limits := pace.NewLimits(store, per(30), time.Now)
		_, getErr := limits.Get(t.Context(), account)
		for i, err := range []error{reserveErr, confirmErr, p.Refused(t.Context(), slots, pace.Account, 0), getErr, limits.Set(t.Context(), account, per(1))} {
			if !errors.Is(err, broken) {
				t.Errorf("call %d: %v", i, err)
			}
		}
	})
}

func TestLimitsAreReadAndSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		limits := pace.NewLimits(store, per(30), time.Now)
		get := func() pace.Status {
			s, err := limits.Get(t.Context(), account)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := get(); s != (pace.Status{Limit: per(30), Rate: 30}) {
			t.Errorf("of an unused key: %+v", s)
		}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)})
		if err := p.Refused(t.Context(), reserve(t, p, 30), pace.Account, 0); err != nil {
			t.Fatal(err)
		}
		if s := get(); s.IsSet || s.Limit != per(30) || s.Rate != 27 || !s.RefusedAt.Equal(time.Now()) || !s.FreeAt.After(time.Now()) {
			t.Errorf("after a refusal: %+v", s)
		}
		if err := limits.Set(t.Context(), account, per(12)); err != nil {
			t.Fatal(err)
		}
		if s := get(); !s.IsSet || s.Limit != per(12) || s.Rate != 12 || !s.RefusedAt.IsZero() {
			t.Errorf("after Set: %+v", s)
		}
		reserve(t, p, 1)
		if rate := p.Rate(); math.Abs(rate-12) > 0.01 {
			t.Errorf("a sender uses %g a second", rate)
		}
		if err := limits.Set(t.Context(), account, per(0)); !errors.Is(err, pace.ErrLimit) || get().Limit != per(12) {
			t.Errorf("a limit of nothing: %v", err)
		}
	})
}

// A slower limit holds in every second whatever the sizes of the chunks that meet.
func TestASlowerLimitHoldsWhateverTheSizesOfChunks(t *testing.T) {
	for _, limit := range []float64{3, 10, 250} {
		for _, units := range []int{1, 3} {
			synctest.Test(t, func(t *testing.T) {
				p := pacer(&pacetest.Memory{}, pace.Charge{Key: account, By: pace.Account, Limit: per(1000)},
					pace.Charge{Key: number, By: pace.Number, Limit: per(limit), Units: units})
				var left []time.Time
				full := 0
				for i := range 60 {
					n := p.Chunk()
					if i%7 == 3 {
						n = 1 + i%n
					} else {
						full++
					}
					slots := reserve(t, p, n)
					for k := range n {
						left = append(left, slots.At(k))
					}
				}
				first := 0
				for i, at := range left {
					for at.Sub(left[first]) >= time.Second {
						first++
					}
					if n := (i - first + 1) * units; n > int(limit) && n > units {
						t.Fatalf("%g a second, %d units each: %d units within a second", limit, units, n)
					}
				}
				whole := math.Max(1, math.Floor(limit/float64(units)))
				if took := left[len(left)-1].Sub(left[0]).Seconds(); float64(len(left))/took < 0.8*min(whole, limit/float64(units)) {
					t.Errorf("%g a second, %d units each: %d in %.1f s", limit, units, len(left), took)
				}
			})
		}
	}
}

// An implied limit costs no write until it is set, and then holds with the next chunk.
func TestAnImpliedLimitCountsOnceItIsSetOrRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		var calls []string
		store.Before = func(_ context.Context, operation, key string) error {
			calls = append(calls, operation+" "+key)
			return nil
		}
		p := pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)},
			pace.Charge{Key: number, By: pace.Number, Limit: per(60), Units: 2, Implied: true})
		slots := reserve(t, p, 30)
		if got, want := fmt.Sprint(calls), "[Load "+number+" Take account]"; got != want {
			t.Errorf("the calls are %s, want %s", got, want)
		}
		if err := p.Refused(t.Context(), slots, pace.Number, time.Second); err != nil {
			t.Fatal(err)
		}
		if s, _ := store.Load(t.Context(), account); s.Generation != 0 {
			t.Errorf("the account is slowed down too: %+v", s)
		}
		if rate := p.Rate(); math.Abs(rate-27) > 0.1 || p.Chunk() != 27 {
			t.Errorf("after a refusal %g a second, %d in a chunk", rate, p.Chunk())
		}
		begin := time.Now()
		if again := reserve(t, p, 20); again.First.Sub(begin) < time.Second {
			t.Errorf("the next begin after %v", again.First.Sub(begin))
		}
		if err := pace.NewLimits(store, per(30), time.Now).Set(t.Context(), number, per(10)); err != nil {
			t.Fatal(err)
		}
		reserve(t, p, 1)
		if rate := p.Rate(); math.Abs(rate-5) > 0.01 || p.Chunk() != 5 {
			t.Errorf("once it is set %g a second, %d in a chunk", rate, p.Chunk())
		}
	})
}

// One's own limit comes with the charge: the newest holds, for who brings an old one too.
func TestTheNewestOfOnesOwnLimitsHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &pacetest.Memory{}
		with := func(limit float64, generation int64) *pace.Pacer {
			return pacer(store, pace.Charge{Key: account, By: pace.Account, Limit: per(30)},
				pace.Charge{Key: own, By: pace.Self, Limit: per(limit), Generation: generation})
		}
		slow, fast := with(0.2, 1), with(20, 3)
		for range 4 {
			reserve(t, slow, 1)
		}
		if first := reserve(t, fast, 20).First; time.Until(first) > 2*time.Second {
			t.Errorf("what the old limit gave away is in the way for %v", time.Until(first))
		}
		if reserve(t, slow, 1); math.Abs(slow.Rate()-20) > 0.01 {
			t.Errorf("who brings the old one sends %g a second", slow.Rate())
		}
	})
}
