package pace

import (
	"fmt"
	"time"
)

// The bounds of a Limit.
const (
	MinPerSecond = 0.1
	MaxPerSecond = 10_000
	MaxHeadroom  = 0.5
)

// Limit is how many units (requests, or segments) a second are allowed, and which share of them is left free for the
// jitter of arrivals.
type Limit struct {
	PerSecond float64
	Headroom  float64 // 0 to MaxHeadroom
}

// Effective is the rate that is used: PerSecond less the headroom.
func (l Limit) Effective() float64 { return l.PerSecond * (1 - l.Headroom) }

// Check says what is wrong with a limit.
func (l Limit) Check() error {
	if !(l.PerSecond >= MinPerSecond && l.PerSecond <= MaxPerSecond) {
		return fmt.Errorf("%g a second: must be %g to %g", l.PerSecond, MinPerSecond, float64(MaxPerSecond))
	}
	if !(l.Headroom >= 0 && l.Headroom <= MaxHeadroom) {
		return fmt.Errorf("a headroom of %g: must be 0 to %g", l.Headroom, MaxHeadroom)
	}
	return nil
}

// minTolerance is what timers may be late by.
const minTolerance = 5 * time.Millisecond

// tolerance is how late a request may leave its slot: half of the headroom of a window of one second. The other half
// is for the road.
func (l Limit) tolerance() time.Duration {
	return max(minTolerance, time.Duration(l.Headroom/2*float64(time.Second)))
}
