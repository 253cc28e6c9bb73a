package dynamostore

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// maxCalls is how many calls one operation makes at a time.
const maxCalls = 8

// inParallel cuts what is to be done into calls of n.
func inParallel[T any](ctx context.Context, all []T, n int, call func(context.Context, []T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxCalls)
	for part := range slices.Chunk(all, n) {
		group.Go(func() error { return call(ctx, part) })
	}
	return group.Wait()
}
