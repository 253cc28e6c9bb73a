package pace

import (
	"context"
	"errors"
	"time"
)

// ErrChanged: the state is no longer as the caller knew it; nothing was written.
var ErrChanged = errors.New("the pace changed meanwhile")

// FullError says that nothing is free early enough, and nothing was taken. Before Free nothing is.
type FullError struct{ Free time.Time }

func (e FullError) Error() string {
	return "all is given away until " + e.Free.UTC().Format(time.RFC3339Nano)
}

// Store keeps one State for each key; the zero State for a key that was never used. It keeps instants to the microsecond.
//
// It may be called concurrently, by many processes. Each write is one atomic step; after an error other than ErrChanged
// and FullError it may have taken effect or not.
type Store interface {
	// Take does State.Take with the stretch's length rounded up to microseconds, if the generation is still this one and
	// the stretch does not begin after Latest, and returns what is stored then: with ErrChanged, as it is under another
	// generation.
	Take(ctx context.Context, key string, generation int64, s Stretch) (State, error)
	// TakeAll does State.TakeAt with the wide limit, unless it begins before its TAT, and writes TAT and Bursts of the narrow
	// ones, unless their TAT is another than before; all of it or nothing, and nothing under another generation. With
	// ErrChanged it returns the states that stand in the way.
	TakeAll(ctx context.Context, by Taker, start time.Time, wide Part, narrow ...Change) (map[string]State, error)
	// Load returns the state as every write that was answered before left it.
	Load(ctx context.Context, key string) (State, error)
	// Swap replaces the state, but for its Takers, if generation and TAT are still as in before, and returns what is stored then: with
	// ErrChanged, what stands in the way.
	Swap(ctx context.Context, key string, before, after State) (State, error)
}

// Stretch is a time to be taken, that begins between two instants.
type Stretch struct {
	NotBefore time.Time
	Latest    time.Time // zero: however late
	Length    time.Duration
	By        Taker
	// Busy is the caller's guess that the TAT is not before NotBefore. A wrong one costs a write.
	Busy bool
}

// Part is what is taken of a wide limit.
type Part struct {
	Key        string
	Generation int64
	Length     time.Duration // rounded up to microseconds
}

// Change is what becomes of a narrow limit.
type Change struct {
	Key           string
	Before, After State
}

// Full is the error of a stretch where nothing is free before an instant; nil if that is early enough.
func (s Stretch) Full(free time.Time) error {
	if free = later(free, s.NotBefore); s.Latest.IsZero() || !free.After(s.Latest) {
		return nil
	}
	return FullError{Free: free}
}

// maxTries bounds what is done again because the rate was changed meanwhile.
const maxTries = 8
