package recipients_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/recipients"
)

// slow takes a second to read a part, of two pages; broken is a part that cannot be read.
type slow struct {
	broken  int
	reading atomic.Int32
	most    atomic.Int32
}

var errBroken = errors.New("broken")

func (s *slow) Entries(ctx context.Context, _ string, p recipients.Part, visit func(int, []recipients.Entry) error) error {
	if n := s.reading.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.reading.Add(-1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.Number == s.broken {
		return errBroken
	}
	for page := range 2 {
		if err := visit(page, []recipients.Entry{{Number: number(10*p.Number + page)}}); err != nil {
			return err
		}
	}
	return nil
}

func numbered(n int) []recipients.Part {
	parts := make([]recipients.Part, n)
	for i := range parts {
		parts[i].Number = i + 1
	}
	return parts
}

func TestManySmallPartsAreReadAheadAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := &slow{}, time.Now()
		var got, want []string
		err := recipients.Scan(t.Context(), s, "A", numbered(30), func(p recipients.Part, page int, e []recipients.Entry) error {
			got = append(got, fmt.Sprint(p.Number, page, e[0].Number.Digits()))
			return nil
		})
		for i := range 30 {
			for page := range 2 {
				want = append(want, fmt.Sprint(i+1, page, number(10*(i+1)+page).Digits()))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, pages (-want +got):\n%s", err, diff)
		}
		if took := time.Since(began); took > 8*time.Second || s.most.Load() > 6 {
			t.Errorf("30 parts of a second each took %v, %d at once", took, s.most.Load())
		}
	})
}

func TestAScanEndsWhereAPartCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := 0
		err := recipients.Scan(t.Context(), &slow{broken: 3}, "A", numbered(30), func(recipients.Part, int, []recipients.Entry) error {
			pages++
			return nil
		})
		if !errors.Is(err, errBroken) || pages != 4 {
			t.Errorf("%d pages, and then %v", pages, err)
		}
	})
}

func TestAScanEndsWhereItIsToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := func(recipients.Part, int, []recipients.Entry) error { return errBroken }
		if err := recipients.Scan(t.Context(), &slow{}, "A", numbered(30), stop); !errors.Is(err, errBroken) {
			t.Error(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := recipients.Scan(ended, &slow{}, "A", numbered(30), stop); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
