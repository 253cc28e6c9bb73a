package simulation_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"sluice/internal/local/lambda"
	"sluice/internal/simulation"
)

// The world at its worst, without a single fault at a call.
func TestARoughWorld(t *testing.T) {
	for name, change := range map[string]func(*simulation.Options){
		"every delivery comes twice, and late":    func(o *simulation.Options) { o.Invoker = only("sender", twiceAndLate) },
		"every delivery goes to two senders":      func(o *simulation.Options) { o.Invoker = only("sender", twiceAtOnce) },
		"every tick comes twice at once":          func(o *simulation.Options) { o.Invoker = only("dispatcher", twiceAtOnce) },
		"every second delivery is lost":           func(o *simulation.Options) { o.Invoker = only("sender", everySecondLost()) },
		"clocks are half a second apart":          func(o *simulation.Options) { o.Clock = skewed },
		"every third DynamoDB call is throttled":  func(o *simulation.Options) { o.Cloud = simulation.Throttling(3) },
		"every DynamoDB call takes half a second": func(o *simulation.Options) { o.Cloud = slow },
		"batch writes are done by halves":         func(o *simulation.Options) { o.Cloud = simulation.PartialBatches },
	} {
		t.Run(name, func(t *testing.T) {
			o := matrixOptions()
			// Two dispatchers at once want that nothing is reserved.
			o.Parameters["ReserveConcurrency"] = "false"
			change(&o)
			survives(t, o, 0, &tally{})
		})
	}
}

func only(function string, change func(lambda.Invoker) lambda.Invoker) func(string, lambda.Invoker) lambda.Invoker {
	return func(name string, i lambda.Invoker) lambda.Invoker {
		if name != function {
			return i
		}
		return change(i)
	}
}

type invoker func(context.Context, []byte) ([]byte, error)

func (f invoker) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return f(ctx, payload) }

func twiceAndLate(i lambda.Invoker) lambda.Invoker {
	draw := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	late := func() {
		mu.Lock()
		wait := time.Duration(draw.IntN(40_000)) * time.Millisecond
		mu.Unlock()
		time.Sleep(wait)
	}
	return invoker(func(ctx context.Context, payload []byte) ([]byte, error) {
		late()
		if _, err := i.Invoke(ctx, payload); err != nil {
			return nil, err
		}
		late()
		return i.Invoke(ctx, payload)
	})
}

func twiceAtOnce(i lambda.Invoker) lambda.Invoker {
	return invoker(func(ctx context.Context, payload []byte) ([]byte, error) {
		var second sync.WaitGroup
		defer second.Wait()
		second.Go(func() { _, _ = i.Invoke(ctx, payload) }) // the other one's answer counts
		return i.Invoke(ctx, payload)
	})
}

func everySecondLost() func(lambda.Invoker) lambda.Invoker {
	var mu sync.Mutex
	n := 0
	return func(i lambda.Invoker) lambda.Invoker {
		return invoker(func(ctx context.Context, payload []byte) ([]byte, error) {
			mu.Lock()
			n++
			lost := n%2 == 1
			mu.Unlock()
			if lost {
				return nil, nil // served, says the queue
			}
			return i.Invoke(ctx, payload)
		})
	}
}

// skewed gives senders a clock that is half a second ahead of the others.
func skewed(function string) func() time.Time {
	if function != "sender" {
		return time.Now
	}
	return func() time.Time { return time.Now().Add(500 * time.Millisecond) }
}

func slow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(500 * time.Millisecond)
		next.ServeHTTP(w, r)
	})
}
