package dynamostore

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"
)

// shelf keeps what was read last of what never changes, up to so many and so many bytes: a sender reads each page once and
// not once a chunk. Whoever wants what is being read at the moment waits for that. It may be used concurrently.
type shelf[V any] struct {
	most, room int
	flights    singleflight.Group

	mu    sync.Mutex
	kept  map[key]volume[V]
	order []key // oldest first
	bytes int
}

// volume is one thing, and how many bytes it takes.
type volume[V any] struct {
	value V
	bytes int
}

func newShelf[V any](most, room int) *shelf[V] {
	return &shelf[V]{most: most, room: room, kept: make(map[key]volume[V])}
}

// reading reads one thing from the table.
type reading[V any] func(context.Context) (volume[V], error)

func (s *shelf[V]) get(ctx context.Context, k key, read reading[V]) (V, error) {
	if v, ok := s.find(k); ok {
		return v.value, nil
	}
	select {
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	case r := <-s.begin(ctx, k, read):
		if r.Err != nil && r.Shared && ctx.Err() == nil { // perhaps because nobody waits any more where it was begun
			v, err := s.read(ctx, k, read)
			return v.value, err
		}
		return r.Val.(volume[V]).value, r.Err
	}
}

// ahead begins to read what will be wanted soon. That ends with the context; a fault will show when it is wanted.
func (s *shelf[V]) ahead(ctx context.Context, k key, read reading[V]) { s.begin(ctx, k, read) }

func (s *shelf[V]) begin(ctx context.Context, k key, read reading[V]) <-chan singleflight.Result {
	return s.flights.DoChan(k.pk, func() (any, error) { return s.read(ctx, k, read) })
}

func (s *shelf[V]) read(ctx context.Context, k key, read reading[V]) (volume[V], error) {
	if v, ok := s.find(k); ok { // it came while the last who asked was on the way here
		return v, nil
	}
	v, err := read(ctx)
	if err == nil {
		s.keep(k, v)
	}
	return v, err
}

func (s *shelf[V]) has(k key) bool {
	_, ok := s.find(k)
	return ok
}

func (s *shelf[V]) find(k key) (volume[V], bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.kept[k]
	return v, ok
}

func (s *shelf[V]) keep(k key, v volume[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.kept[k]; ok {
		return
	}
	s.kept[k], s.order, s.bytes = v, append(s.order, k), s.bytes+v.bytes
	for len(s.order) > 1 && (len(s.order) > s.most || s.bytes > s.room) {
		oldest := s.order[0]
		s.bytes -= s.kept[oldest].bytes
		delete(s.kept, oldest)
		s.order = s.order[1:]
	}
}
