package pace

import (
	"context"
	"fmt"
	"time"
)

// Store keeps one theoretical arrival time for each key.
//
// Take moves it, in one atomic step, from max(TAT, notBefore) on by cost, and returns where it started from. Where that
// would end later than before (zero: never too late), nothing moves: FullError. It may be called concurrently, by many
// processes; every reserved stretch is disjoint from every other of the same key. After another error the stretch may be
// gone or not.
type Store interface {
	Take(ctx context.Context, key string, notBefore, before time.Time, cost time.Duration) (time.Time, error)
}

// FullError says that nothing is free early enough. Before Free nothing is.
type FullError struct{ Free time.Time }

func (e FullError) Error() string {
	return "all is given away until " + e.Free.UTC().Format(time.RFC3339Nano)
}

// Limit is how many requests a second are allowed, and which share of them is left free for the jitter of arrivals.
type Limit struct {
	PerSecond float64
	Headroom  float64 // 0 to 0.5
}

// Interval is the time from one request to the next.
func (l Limit) Interval() time.Duration {
	return time.Duration(float64(time.Second) / l.Effective())
}

// Effective is the rate that is used: PerSecond less the headroom.
func (l Limit) Effective() float64 { return l.PerSecond * (1 - l.Headroom) }

// minTolerance is below what timers keep on a busy machine.
const minTolerance = 5 * time.Millisecond

// tolerance is how late a request may leave its slot: half of the headroom of a window of one second. The other half
// is for the road.
func (l Limit) tolerance() time.Duration {
	return max(minTolerance, time.Duration(l.Headroom/2*float64(time.Second)))
}

// Pacer reserves slots under one limit. It may be used concurrently.
type Pacer struct {
	store Store
	key   string
	limit Limit
}

// New returns a pacer for the limited thing that key names.
func New(store Store, key string, limit Limit) *Pacer {
	return &Pacer{store: store, key: key, limit: limit}
}

// Rate is how many requests a second it gives out.
func (p *Pacer) Rate() float64 { return p.limit.Effective() }

// Reserve gives out the next n slots, between notBefore and before (zero: however late). It does not wait for them. Where
// there are none it takes none: FullError.
func (p *Pacer) Reserve(ctx context.Context, n int, notBefore, before time.Time) (Slots, error) {
	every := p.limit.Interval()
	first, err := p.store.Take(ctx, p.key, notBefore, before, time.Duration(n)*every)
	if err != nil {
		return Slots{}, fmt.Errorf("reserve %d slots of %s: %w", n, p.key, err)
	}
	return Slots{First: first, Every: every, N: n, Tolerance: p.limit.tolerance()}, nil
}

// Slots are N instants, Every apart.
type Slots struct {
	First     time.Time
	Every     time.Duration
	N         int
	Tolerance time.Duration
}

// At is the i-th instant, from 0.
func (s Slots) At(i int) time.Time { return s.First.Add(time.Duration(i) * s.Every) }

// End is when the last slot is over.
func (s Slots) End() time.Time { return s.At(s.N) }

// Missed says whether the i-th slot lies too far back to be used.
func (s Slots) Missed(i int, now time.Time) bool { return now.Sub(s.At(i)) > s.Tolerance }
