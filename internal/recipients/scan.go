package recipients

import (
	"context"
	"fmt"
	"sync"
)

// partsAhead is how many parts are read while the one before them is looked at: a part of 100,000 takes some 7 MB.
const partsAhead = 4

// reader reads entries, as a Store does.
type reader interface {
	Entries(ctx context.Context, campaign string, p Part, visit func(page int, entries []Entry) error) error
}

// Scan calls visit with the entries of each page of the parts, in order. Parts are read ahead: a list may have many small ones.
// ErrChanged when one was replaced meanwhile.
func Scan(ctx context.Context, r reader, campaign string, parts []Part, visit func(p Part, page int, entries []Entry) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	next := make(chan *scanned, partsAhead)
	reading.Go(func() {
		defer close(next)
		for _, p := range parts {
			s := &scanned{part: p, done: make(chan struct{})}
			select {
			case next <- s:
				reading.Go(func() { s.read(ctx, r, campaign) })
			case <-ctx.Done():
				return
			}
		}
	})
	for s := range next {
		<-s.done
		if s.err != nil {
			return fmt.Errorf("read part %d: %w", s.part.Number, s.err)
		}
		for page, entries := range s.pages {
			if err := visit(s.part, page, entries); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// scanned is a part that is being read. What follows done may be looked at when that is closed.
type scanned struct {
	part  Part
	done  chan struct{}
	pages [][]Entry
	err   error
}

func (s *scanned) read(ctx context.Context, r reader, campaign string) {
	defer close(s.done)
	s.err = r.Entries(ctx, campaign, s.part, func(_ int, entries []Entry) error {
		s.pages = append(s.pages, entries)
		return nil
	})
}
