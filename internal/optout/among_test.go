package optout_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/optout"
	"sluice/internal/sms"
)

// crowd is numbers in a map.
type crowd map[sms.Number]bool

func (c crowd) Len() int                  { return len(c) }
func (c crowd) Has(n sms.Number) bool     { return c[n] }
func (c crowd) All() iter.Seq[sms.Number] { return maps.Keys(c) }

func crowdOf(n int) crowd {
	c := make(crowd, n)
	for i := range n {
		c[sms.Number(fmt.Sprint(447700_000_000+i))] = true
	}
	return c
}

// shelf is opt-outs in memory. It counts what it is asked for.
type shelf struct {
	optout.Store
	known     map[sms.Number]optout.Suppression
	asked     int
	readWhole int
	fault     error
}

func (s *shelf) Suppressions(_ context.Context, numbers []sms.Number) (map[sms.Number]optout.Suppression, error) {
	s.asked += len(numbers)
	found := make(map[sms.Number]optout.Suppression)
	for _, n := range numbers {
		if known, ok := s.known[n]; ok {
			found[n] = known
		}
	}
	return found, s.fault
}

func (s *shelf) AllSuppressions(_ context.Context, visit func([]optout.Suppression)) error {
	s.readWhole++
	for _, known := range s.known {
		visit([]optout.Suppression{known})
	}
	return s.fault
}

func TestWhoOfACrowdIsOut(t *testing.T) {
	out := func(n sms.Number, scope optout.Scope, out bool) optout.Suppression {
		return optout.Suppression{Number: n, Marks: map[optout.Scope]optout.Mark{scope: {Out: out}}}
	}
	for _, c := range []struct {
		name      string
		size      int
		asked     int
		readWhole int
	}{{"few are looked up", 5000, 5000, 0}, {"for many, the list is read", 5001, 0, 1}, {"nobody", 0, 0, 0}} {
		t.Run(c.name, func(t *testing.T) {
			store := &shelf{known: map[sms.Number]optout.Suppression{
				"447700000001": out("447700000001", optout.Everyone, true),
				"447700000002": out("447700000002", "Sluice", true),
				"447700000003": out("447700000003", "Other", true),
				"447700000004": out("447700000004", optout.Everyone, false),
				"33612345678":  out("33612345678", optout.Everyone, true),
			}}
			list := optout.NewList(store, time.Now)
			got, err := list.Among(t.Context(), "Sluice", crowdOf(c.size))
			slices.Sort(got)
			want := []sms.Number{"447700000001", "447700000002"}
			if c.size == 0 {
				want = nil
			}
			if len(got) != len(want) || len(want) > 0 && !cmp.Equal(got, want) || err != nil {
				t.Errorf("%d are out, want %d; %v", len(got), len(want), err)
			}
			if store.asked != c.asked || store.readWhole != c.readWhole {
				t.Errorf("%d were looked up, and the list was read %d times", store.asked, store.readWhole)
			}
			store.fault = errors.New("the table is on fire")
			if _, err := list.Among(t.Context(), "Sluice", crowdOf(c.size)); !errors.Is(err, store.fault) {
				t.Errorf("a fault is %v", err)
			}
		})
	}
}
