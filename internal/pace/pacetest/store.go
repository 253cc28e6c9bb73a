// Package pacetest is the contract of pace.Store, for every implementation to run.
package pacetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/internal/pace"
)

// TestStore runs the contract. open returns a store in which no key was used before; it may be the same one each time
// if keys are new.
func TestStore(t *testing.T, open func(t *testing.T) pace.Store) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const cost = 250 * time.Millisecond

	take := func(t *testing.T, s pace.Store, key string, now time.Time) time.Time {
		t.Helper()
		from, err := s.Take(t.Context(), key, now, time.Time{}, cost)
		if err != nil {
			t.Fatalf("Take: %v", err)
		}
		return from
	}
	want := func(t *testing.T, got, want time.Time) {
		t.Helper()
		if !got.Equal(want) {
			t.Errorf("starts at %v, want %v", got, want)
		}
	}

	t.Run("an unused key starts now", func(t *testing.T) {
		want(t, take(t, open(t), "fresh", start), start)
	})
	t.Run("a busy key goes on where it ended", func(t *testing.T) {
		s := open(t)
		take(t, s, "busy", start)
		want(t, take(t, s, "busy", start), start.Add(cost))
		want(t, take(t, s, "busy", start.Add(time.Millisecond)), start.Add(2*cost))
	})
	t.Run("an idle key starts now and saves nothing up", func(t *testing.T) {
		s := open(t)
		take(t, s, "idle", start)
		later := start.Add(time.Hour)
		want(t, take(t, s, "idle", later), later)
		want(t, take(t, s, "idle", later), later.Add(cost))
	})
	t.Run("a clock that is behind does not go back", func(t *testing.T) {
		s := open(t)
		take(t, s, "behind", start)
		want(t, take(t, s, "behind", start.Add(-time.Minute)), start.Add(cost))
	})
	t.Run("what would end too late is not taken", func(t *testing.T) {
		s := open(t)
		take(t, s, "full", start)
		for range 3 {
			_, err := s.Take(t.Context(), "full", start, start.Add(2*cost-1000), cost)
			if full := (pace.FullError{}); !errors.As(err, &full) || !full.Free.Equal(start.Add(cost)) {
				t.Errorf("Take: %v, want that it is full until %v", err, start.Add(cost))
			}
		}
		if _, err := s.Take(t.Context(), "unused", start, start.Add(cost-1000), cost); !errors.As(err, &pace.FullError{}) {
			t.Errorf("Take: %v, want that it is full", err)
		}
		from, err := s.Take(t.Context(), "full", start, start.Add(2*cost), cost)
		if err != nil {
			t.Fatal(err)
		}
		want(t, from, start.Add(cost))
	})
	t.Run("keys are apart", func(t *testing.T) {
		s := open(t)
		take(t, s, "one", start)
		want(t, take(t, s, "other", start), start)
	})
	t.Run("stretches taken at once are disjoint and without holes", func(t *testing.T) {
		s := open(t)
		const takers = 8
		var mu sync.Mutex
		var all []time.Time
		var wait sync.WaitGroup
		for range takers {
			wait.Go(func() {
				from, err := s.Take(t.Context(), "shared", start, time.Time{}, cost)
				if err != nil {
					t.Errorf("Take: %v", err)
				}
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
