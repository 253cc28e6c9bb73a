package main

import (
	"context"
	"time"
)

// timerEvery is how often a timer is watched.
const timerEvery = 25 * time.Millisecond

// watchTimers measures how late this machine wakes who waits, until the function that it returns is called or ctx ends.
func watchTimers(ctx context.Context) (stop func() []time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	found := make(chan []time.Duration, 1)
	go func() {
		var late []time.Duration
		for ctx.Err() == nil {
			due := time.Now().Add(timerEvery)
			time.Sleep(timerEvery)
			late = append(late, time.Since(due))
		}
		found <- late
	}()
	return func() []time.Duration {
		cancel()
		return <-found
	}
}
