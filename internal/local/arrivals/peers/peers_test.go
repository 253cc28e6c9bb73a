package peers_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"sluice/internal/local/arrivals/peers"
)

// provider notes when texts arrive, and answers after a while.
type provider struct {
	start time.Time
	mu    sync.Mutex
	at    []time.Duration
}

func newProvider() *provider { return &provider{start: time.Now()} }

func (p *provider) send(context.Context) {
	p.mu.Lock()
	p.at = append(p.at, time.Since(p.start))
	p.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
}

func (p *provider) check(t *testing.T, milliseconds ...int) {
	t.Helper()
	var want []time.Duration
	for _, ms := range milliseconds {
		want = append(want, time.Duration(ms)*time.Millisecond)
	}
	if !slices.Equal(p.at, want) {
		t.Errorf("arrived at %v, want %v", p.at, want)
	}
}

func TestALoopWaitsForTheAnswerAndThenForItsPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProvider()
		peers.Loop(t.Context(), 3, 50*time.Millisecond, p.send)
		p.check(t, 0, 250, 500)
	})
}

func TestALimiterDoesNotWaitForAnswersUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProvider()
		peers.Limited(t.Context(), 5, rate.NewLimiter(10, 2), p.send)
		if took := time.Since(p.start); took != 500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		p.check(t, 0, 0, 100, 200, 300)
	})
}

func TestTheContextEndsBoth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 310*time.Millisecond)
		defer cancel()
		looping, limited := newProvider(), newProvider()
		var both sync.WaitGroup
		both.Go(func() { peers.Loop(ctx, 100, 50*time.Millisecond, looping.send) })
		both.Go(func() { peers.Limited(ctx, 100, rate.NewLimiter(10, 1), limited.send) })
		both.Wait()
		looping.check(t, 0, 250)
		limited.check(t, 0, 100, 200, 300)
	})
}
