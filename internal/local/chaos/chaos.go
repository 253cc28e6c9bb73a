package chaos

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Config says what to run, and how hard to be on it. Every number must be positive.
type Config struct {
	// Dir is the folder that the platform runs in: it has template.yaml, and what `make build` and `make run` built.
	Dir string
	// Rounds are run, Parallel of them at a time, each on a platform of its own.
	Rounds, Parallel int
	// Seed makes all plans.
	Seed uint64
	// Recipients of each campaign, and requests a second that the account may make.
	Recipients, Rate int
	// Resume has a person pause and resume a campaign whose senders were killed, as soon as no lease can be left, so that
	// it need not wait for the dispatcher. It also leaves the kills out that are aimed at a repair by the dispatcher.
	Resume bool
	// Ended is told of each round, in the order in which they end and one at a time. It may be nil.
	Ended func(Round)
}

// Run runs the rounds. What a round found wrong is in its report; the error is about rounds that could not be run.
func Run(ctx context.Context, c Config) (Report, error) {
	if c.Rounds < 1 || c.Parallel < 1 || c.Recipients < 1 || c.Rate < 1 {
		return Report{}, fmt.Errorf("%d rounds, %d at a time, of %d recipients at %d a second: all must be at least 1",
			c.Rounds, c.Parallel, c.Recipients, c.Rate)
	}
	rounds := make([]Round, c.Rounds)
	var telling sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.Parallel)
	for i := range rounds {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r, err := c.round(ctx, i+1)
			if err != nil {
				return fmt.Errorf("round %d of seed %d: %w", i+1, c.Seed, err)
			}
			rounds[i] = r
			telling.Lock()
			defer telling.Unlock()
			if c.Ended != nil {
				c.Ended(r)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	return Report{Seed: c.Seed, Rounds: rounds}, nil
}
