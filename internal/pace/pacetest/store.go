// Package pacetest has the contract of pace.Store, for every implementation to run, and a store in memory.
package pacetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/internal/pace"
)

const cost = 250 * time.Millisecond

var me = pace.Taker{Group: "a campaign", Sender: "7"}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestStore runs the contract. open returns a store in which no key was used before.
func TestStore(t *testing.T, open func(t *testing.T) pace.Store) {
	t.Run("Take", func(t *testing.T) { testTake(t, open) })
	t.Run("TakeAll", func(t *testing.T) { testTakeAll(t, open) })
	t.Run("Swap", func(t *testing.T) { testSwap(t, open) })
}

// take returns where the stretch starts.
func take(t *testing.T, s pace.Store, key string, generation int64, notBefore time.Time) time.Time {
	t.Helper()
	state, err := s.Take(t.Context(), key, generation, pace.Stretch{NotBefore: notBefore, Length: cost, By: me})
	if err != nil {
		t.Errorf("Take: %v", err)
	}
	return state.TAT.Add(-cost)
}

func want(t *testing.T, got, want time.Time) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("starts at %v, want %v", got, want)
	}
}

func testTake(t *testing.T, open func(t *testing.T) pace.Store) {
	t.Run("an unused key starts now", func(t *testing.T) {
		want(t, take(t, open(t), "fresh", 0, start), start)
	})
	t.Run("a busy key goes on where it ended", func(t *testing.T) {
		s := open(t)
		take(t, s, "busy", 0, start)
		want(t, take(t, s, "busy", 0, start), start.Add(cost))
		want(t, take(t, s, "busy", 0, start.Add(time.Millisecond)), start.Add(2*cost))
	})
	t.Run("an idle key starts now and saves nothing up", func(t *testing.T) {
		s := open(t)
		take(t, s, "idle", 0, start)
		later := start.Add(time.Hour)
		want(t, take(t, s, "idle", 0, later), later)
		want(t, take(t, s, "idle", 0, later), later.Add(cost))
	})
	t.Run("a clock that is behind does not go back", func(t *testing.T) {
		s := open(t)
		take(t, s, "behind", 0, start)
		want(t, take(t, s, "behind", 0, start.Add(-time.Minute)), start.Add(cost))
	})
	t.Run("keys are apart", func(t *testing.T) {
		s := open(t)
		take(t, s, "one", 0, start)
		want(t, take(t, s, "other", 0, start), start)
	})
	t.Run("a length is rounded up", func(t *testing.T) {
		state, err := open(t).Take(t.Context(), "odd", 0, pace.Stretch{NotBefore: start, Length: time.Millisecond + 1})
		if want := start.Add(time.Millisecond + time.Microsecond); err != nil || !state.TAT.Equal(want) {
			t.Errorf("ends at %v, want %v; %v", state.TAT, want, err)
		}
	})
	t.Run("who took is remembered, as long as it is busy", func(t *testing.T) {
		s := open(t)
		var want pace.State
		for i := range 12 {
			by := pace.Taker{Group: fmt.Sprint("campaign ", i%3), Sender: fmt.Sprint(i)}
			ask := pace.Stretch{NotBefore: start, Length: cost, By: by, Busy: i > 5}
			want = want.Take(start, cost, by)
			if got, err := s.Take(t.Context(), "shared", 0, ask); err != nil || got != want {
				t.Fatalf("got %+v, want %+v; %v", got, want, err)
			}
		}
		later := start.Add(time.Minute)
		if _, err := s.TakeAll(t.Context(), me, later, pace.Part{Key: "shared", Length: cost}); err != nil {
			t.Fatal(err)
		}
		want = want.TakeAt(later, cost, me)
		if got, err := s.Load(t.Context(), "shared"); err != nil || got != want {
			t.Errorf("after a while got %+v, want %+v; %v", got, want, err)
		}
		later = later.Add(time.Minute)
		want = want.Take(later, cost, me)
		got, err := s.Take(t.Context(), "shared", 0, pace.Stretch{NotBefore: later, Length: cost, By: me})
		if err != nil || got != want || got.Takers[1] != (pace.Taker{}) {
			t.Errorf("after another got %+v, want %+v; %v", got, want, err)
		}
	})
	t.Run("another generation takes nothing and is told the state", func(t *testing.T) {
		s := open(t)
		take(t, s, "other", 0, start)
		state, err := s.Take(t.Context(), "other", 1, pace.Stretch{NotBefore: start, Length: cost})
		if !errors.Is(err, pace.ErrChanged) || state.Generation != 0 || !state.TAT.Equal(start.Add(cost)) {
			t.Errorf("got %+v, %v", state, err)
		}
		if state, err = s.Take(t.Context(), "unused", 1, pace.Stretch{NotBefore: start, Length: cost}); !errors.Is(err, pace.ErrChanged) || state != (pace.State{}) {
			t.Errorf("of an unused key: %+v, %v", state, err)
		}
		want(t, take(t, s, "other", 0, start), start.Add(cost))
	})
	t.Run("nothing is taken that would begin too late", func(t *testing.T) {
		s := open(t)
		early := pace.Stretch{NotBefore: start, Latest: start.Add(cost), Length: cost}
		full := func(key string, want time.Time, ask pace.Stretch) {
			t.Helper()
			_, err := s.Take(t.Context(), key, 0, ask)
			if full := (pace.FullError{}); !errors.As(err, &full) || !full.Free.Equal(want) {
				t.Errorf("got %v, want it to be full until %v", err, want)
			}
		}
		take(t, s, "late", 0, start)
		if state, err := s.Take(t.Context(), "late", 0, early); err != nil || !state.TAT.Equal(start.Add(2*cost)) {
			t.Errorf("the latest that may be: %v, %v", state.TAT, err)
		}
		full("late", start.Add(2*cost), early)
		full("late", start.Add(time.Hour), pace.Stretch{NotBefore: start.Add(time.Hour), Latest: start.Add(time.Minute), Length: cost})
		full("unused", start.Add(time.Hour), pace.Stretch{NotBefore: start.Add(time.Hour), Latest: start, Length: cost})
		want(t, take(t, s, "late", 0, start), start.Add(2*cost))
	})
	t.Run("stretches taken at once are disjoint and without holes", func(t *testing.T) {
		s := open(t)
		const takers = 8
		var mu sync.Mutex
		var all []time.Time
		var wait sync.WaitGroup
		for range takers {
			wait.Go(func() {
				from := take(t, s, "shared", 0, start)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, from)
			})
		}
		wait.Wait()
		slices.SortFunc(all, time.Time.Compare)
		for i, from := range all {
			want(t, from, start.Add(time.Duration(i)*cost))
		}
	})
}

func testTakeAll(t *testing.T, open func(t *testing.T) pace.Store) {
	wide := func(generation int64) pace.Part { return pace.Part{Key: "wide", Generation: generation, Length: cost} }
	spend := func(before pace.State, at time.Time) pace.Change {
		burst := pace.Burst{Start: at, N: 3, Units: 2, Every: 33_333_333}
		return pace.Change{Key: "narrow", Before: before, After: before.Spend(burst, 2*cost)}
	}
	load := func(t *testing.T, s pace.Store, key string) pace.State {
		t.Helper()
		state, err := s.Load(t.Context(), key)
		if err != nil {
			t.Errorf("Load: %v", err)
		}
		return state
	}
	t.Run("the wide one moves by its length, the narrow one becomes what it is told", func(t *testing.T) {
		s := open(t)
		var narrow pace.State
		for i := range 12 {
			at := start.Add(time.Duration(i) * time.Second)
			change := spend(narrow, at)
			if _, err := s.TakeAll(t.Context(), me, at, wide(0), change); err != nil {
				t.Fatal(err)
			}
			narrow = change.After
			if got := load(t, s, "narrow"); got != narrow {
				t.Fatalf("got %+v, want %+v", got, narrow)
			}
		}
		want(t, take(t, s, "wide", 0, start), start.Add(11*time.Second+cost))
	})
	t.Run("it may begin where another ended, and leaves a hole where it begins later", func(t *testing.T) {
		s := open(t)
		take(t, s, "wide", 0, start)
		for _, at := range []time.Time{start.Add(cost), start.Add(10 * cost)} {
			if _, err := s.TakeAll(t.Context(), me, at, wide(0)); err != nil {
				t.Fatal(err)
			}
		}
		want(t, take(t, s, "wide", 0, start), start.Add(11*cost))
	})
	t.Run("what else is known of the narrow one stays", func(t *testing.T) {
		s := open(t)
		set := pace.State{}.Set(pace.Limit{PerSecond: 7, Headroom: 0.04}, start)
		if _, err := s.Swap(t.Context(), "narrow", pace.State{}, set); err != nil {
			t.Fatal(err)
		}
		change := spend(set, start)
		change.After.Limit, change.After.Halt = pace.Limit{}, start.Add(time.Hour)
		if _, err := s.TakeAll(t.Context(), me, start, wide(0), change); err != nil {
			t.Fatal(err)
		}
		if got, want := load(t, s, "narrow"), spend(set, start).After; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("nothing is taken where one is in the way, which is told", func(t *testing.T) {
		s := open(t)
		take(t, s, "wide", 0, start)
		early := start.Add(cost - time.Microsecond)
		states, err := s.TakeAll(t.Context(), me, early, wide(0), spend(pace.State{}, early))
		if !errors.Is(err, pace.ErrChanged) || len(states) != 1 || !states["wide"].TAT.Equal(start.Add(cost)) {
			t.Errorf("before the TAT of the wide one: %+v, %v", states, err)
		}
		take(t, s, "narrow", 0, start)
		late := start.Add(time.Hour)
		states, err = s.TakeAll(t.Context(), me, late, wide(0), spend(pace.State{}, late))
		if !errors.Is(err, pace.ErrChanged) || len(states) != 1 || !states["narrow"].TAT.Equal(start.Add(cost)) {
			t.Errorf("not from the TAT of the narrow one: %+v, %v", states, err)
		}
		other := pace.State{TAT: start.Add(cost), Generation: 3}
		if states, err = s.TakeAll(t.Context(), me, late, wide(7), spend(other, late)); !errors.Is(err, pace.ErrChanged) || len(states) != 2 {
			t.Errorf("under other generations: %+v, %v", states, err)
		}
		want(t, take(t, s, "wide", 0, start), start.Add(cost))
		want(t, take(t, s, "narrow", 0, start), start.Add(cost))
	})
	t.Run("of those who take at once one is first", func(t *testing.T) {
		s := open(t)
		var mu sync.Mutex
		done := 0
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				states, err := s.TakeAll(t.Context(), me, start, wide(0), spend(pace.State{}, start))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else if !errors.Is(err, pace.ErrChanged) || len(states) != 2 {
					t.Errorf("got %+v, %v", states, err)
				}
			})
		}
		wait.Wait()
		if done != 1 {
			t.Errorf("%d of 8 took it", done)
		}
	})
}

// but is a state with the takers of another.
func but(takers, s pace.State) pace.State {
	s.Takers = takers.Takers
	return s
}

func testSwap(t *testing.T, open func(t *testing.T) pace.Store) {
	changed := pace.State{
		TAT: start.Add(time.Second), Limit: pace.Limit{PerSecond: 12.5, Headroom: 0.04}, Generation: 1,
		Bursts:  [pace.MaxBursts]pace.Burst{{Start: start, N: 10, Units: 3, Every: 34_722_222}},
		Refused: 28.123456789, Lowered: 25.3111111101, Since: start.Add(1234567 * time.Microsecond), Halt: start.Add(time.Minute),
	}
	load := func(t *testing.T, s pace.Store, key string) pace.State {
		t.Helper()
		state, err := s.Load(t.Context(), key)
		if err != nil {
			t.Errorf("Load: %v", err)
		}
		return state
	}
	t.Run("an unused key has the zero state", func(t *testing.T) {
		if got := load(t, open(t), "unused"); got != (pace.State{}) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("everything is kept, from the first write on", func(t *testing.T) {
		s := open(t)
		if got, err := s.Swap(t.Context(), "kept", pace.State{}, changed); err != nil || got != changed {
			t.Errorf("Swap: %+v, %v; want %+v", got, err, changed)
		}
		if got := load(t, s, "kept"); got != changed {
			t.Errorf("Load: %+v, want %+v", got, changed)
		}
		want(t, take(t, s, "kept", 1, start), changed.TAT)
		taken := changed.Take(start, cost, me)
		if got := load(t, s, "kept"); got != taken {
			t.Errorf("after Take: %+v, want %+v", got, taken)
		}
	})
	t.Run("a stretch taken meanwhile is not overwritten", func(t *testing.T) {
		s := open(t)
		take(t, s, "busy", 0, start)
		before := load(t, s, "busy")
		take(t, s, "busy", 0, start)
		got, err := s.Swap(t.Context(), "busy", before, changed)
		if !errors.Is(err, pace.ErrChanged) || !got.TAT.Equal(start.Add(2*cost)) || got.Generation != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err = s.Swap(t.Context(), "busy", got, changed); err != nil || got != but(got, changed) {
			t.Errorf("then %+v, %v", got, err)
		}
	})
	t.Run("of changes of one generation the first counts", func(t *testing.T) {
		s := open(t)
		take(t, s, "once", 0, start)
		before := load(t, s, "once")
		var mu sync.Mutex
		done := 0
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				got, err := s.Swap(t.Context(), "once", before, changed)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else if !errors.Is(err, pace.ErrChanged) || got != but(got, changed) {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
		wait.Wait()
		if done != 1 {
			t.Errorf("%d of 8 succeeded", done)
		}
	})
}
