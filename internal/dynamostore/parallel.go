package dynamostore

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"
)

// inParallel makes a call for each, so many at a time, in their order. After the first fault it begins no other.
func inParallel[T any](ctx context.Context, atOnce int, all iter.Seq[T], call func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for one := range all {
		group.Go(func() error {
			if err := ctx.Err(); err != nil { // there was a fault, which is what Wait returns; or nobody waits any more
				return err
			}
			return call(ctx, one)
		})
	}
	return group.Wait()
}
