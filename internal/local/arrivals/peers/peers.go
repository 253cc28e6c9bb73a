// Package peers sends texts in the ways that are usual without a throttle that senders share, to be measured beside one.
// What is refused is not sent again: neither of these ways does so.
package peers

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Send sends a text, and returns when it is answered. It may be called concurrently.
type Send func(context.Context)

// Loop sends n texts, one after the other: the next one when the last is answered and a pause is over. ctx ends it early.
func Loop(ctx context.Context, n int, pause time.Duration, send Send) {
	for range n {
		send(ctx)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// Limited sends n texts when the limiter lets them go, whether or not the last is answered, and returns when all are.
// ctx ends it early.
func Limited(ctx context.Context, n int, limiter *rate.Limiter, send Send) {
	var answers sync.WaitGroup
	defer answers.Wait()
	for range n {
		if limiter.Wait(ctx) != nil { // only where ctx ends: the burst is at least one
			return
		}
		answers.Go(func() { send(ctx) })
	}
}
