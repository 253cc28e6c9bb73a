// Package reporttest holds the contract of report.Store, for whoever implements it.
package reporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// Store is a report.Store in which there can be something to report.
type Store interface {
	report.Store
	Record(ctx context.Context, id string, messages []campaign.Message) error
	Fold(ctx context.Context, id string, deliveries []returns.Delivery, tallies map[time.Time]returns.Tally) error
}

// TestStore runs the contract of what report.Store has beyond campaign.Store and returns.Store. open returns an empty store.
func TestStore(t *testing.T, open func(t *testing.T) Store) {
	for name, scenario := range map[string]func(bench){
		"records of one state are listed in pages of any size":        listsOneState,
		"the next page begins where the page ended, whatever changed": staysInPlace,
		"what is no cursor is refused":                                refusesCursors,
		"of nothing there is nothing":                                 nothing,
		"a sum is that of the rows, priced by the sender's answers":   sumsAnswers,
		"a sum is that of the rows, priced by the receipts":           sumsReceipts,
		"a sum is of one campaign":                                    sumsOne,
	} {
		t.Run(name, func(t *testing.T) { scenario(bench{T: t, Store: open(t)}) })
	}
}

type bench struct {
	*testing.T
	Store
}

const (
	one, two = "01ARZ3NDEKTSV4RRFFQ69G5FA1", "01ARZ3NDEKTSV4RRFFQ69G5FA2"
	all      = 430
)

var nine = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func (b bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// number: some are the beginning of others.
func number(i int) sms.Number {
	if i%7 == 0 {
		return sms.Number(fmt.Sprintf("44770%05d", i))
	}
	return sms.Number(fmt.Sprintf("44770%05d%d", i/7*7, i))
}

var states = []campaign.State{campaign.Accepted, campaign.Failed, campaign.Accepted, campaign.Unknown, campaign.Skipped, campaign.Retrying}

// fill stores records of all states, with receipts of most, and returns them as rows. price is of a part that was accepted.
func (b bench) fill(id string, price string) []report.Row {
	b.Helper()
	var rows []report.Row
	var messages []campaign.Message
	var deliveries []returns.Delivery
	for i := range all {
		m := campaign.Message{To: number(i), Index: i, Batch: i/50 + 1, State: states[i%len(states)], At: nine.Add(time.Duration(i) * time.Second)}
		switch m.State {
		case campaign.Accepted:
			for part := range 1 + i%3 {
				m.Parts = append(m.Parts, sms.Part{MessageID: fmt.Sprintf("m%d-%d", i, part), Price: price})
			}
			if price != "" {
				m.Parts[0].Network = fmt.Sprint(23410 + i%4)
			}
		case campaign.Retrying:
		default:
			m.Code, m.Reason = fmt.Sprint("vonage ", i%5), "it has a reason"
		}
		row := report.Row{Message: m}
		if i%4 != 3 {
			d := delivery(i)
			row.Delivery = &d
			deliveries = append(deliveries, d)
		}
		rows, messages = append(rows, row), append(messages, m)
	}
	b.ok(b.Record(b.Context(), id, messages))
	for some := range slices.Chunk(deliveries, returns.MaxFold) {
		b.ok(b.Fold(b.Context(), id, some, nil))
	}
	return rows
}

func delivery(i int) returns.Delivery {
	d := returns.Delivery{To: number(i), Fate: returns.Arrived, Parts: make(map[string]returns.Part)}
	for part := range 1 + i%2 {
		p := returns.Part{Status: sms.Delivered, Network: fmt.Sprint(23420 + i%3), Price: "0.0125", At: nine}
		if i%5 == 0 && part == 0 {
			d.Fate = returns.Undelivered
			p.Status, p.Code, p.Reason = sms.Undeliverable, "vonage receipt 3", fmt.Sprint("the number is gone, ", i%2)
		}
		d.Parts[fmt.Sprintf("m%d-%d", i, part)] = p
	}
	return d
}

func (b bench) list(id string, state campaign.State, limit int) []campaign.Message {
	b.Helper()
	var found []campaign.Message
	after := ""
	for range 10 * all {
		page, next, err := b.Records(b.Context(), id, state, after, limit)
		b.ok(err)
		if len(page) > limit {
			b.Fatalf("a page of %d, want at most %d", len(page), limit)
		}
		found = append(found, page...)
		if next == "" {
			return found
		}
		after = next
	}
	b.Fatalf("the list of those who are %s has no end", state)
	return nil
}

func listsOneState(b bench) {
	rows := b.fill(one, "0.0333")
	b.fill(two, "0.0333")
	for _, state := range []campaign.State{campaign.Accepted, campaign.Failed, campaign.Unknown, campaign.Skipped, campaign.Pending} {
		var want []campaign.Message
		for _, r := range rows {
			if r.Message.State == state {
				want = append(want, r.Message)
			}
		}
		for _, limit := range []int{1, 3, 50, 1000} {
			found := b.list(one, state, limit)
			slices.SortFunc(found, func(x, y campaign.Message) int { return x.Index - y.Index })
			if diff := cmp.Diff(want, found, cmp.Comparer(func(x, y sms.Number) bool { return x == y })); diff != "" {
				b.Errorf("%s in pages of %d: %d found, want %d", state, limit, len(found), len(want))
			}
		}
	}
}

// Who is on a later page is found once, though others leave the list and come to it meanwhile.
func staysInPlace(b bench) {
	b.fill(one, "0.0333")
	page, next, err := b.Records(b.Context(), one, campaign.Failed, "", 10)
	b.ok(err)
	seen := make(map[sms.Number]bool)
	for _, m := range page {
		seen[m.To] = true
		m.State = campaign.Accepted
		b.ok(b.Record(b.Context(), one, []campaign.Message{m}))
	}
	for next != "" {
		if page, next, err = b.Records(b.Context(), one, campaign.Failed, next, 10); err != nil {
			b.Fatal(err)
		}
		for _, m := range page {
			if seen[m.To] {
				b.Error("somebody is on two pages")
			}
			seen[m.To] = true
		}
	}
	if want := (all + len(states) - 2) / len(states); len(seen) != want {
		b.Errorf("%d found, want %d", len(seen), want)
	}
}

func refusesCursors(b bench) {
	for _, cursor := range []string{"x", "!", "MTYKMA", "LTEKMA", "MA", "eAow"} { // shards 16, -1 and x among them
		if _, _, err := b.Records(b.Context(), one, campaign.Failed, cursor, 10); !errors.Is(err, report.ErrCursor) {
			b.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func nothing(b bench) {
	b.fill(two, "0.0333")
	if found := b.list(one, campaign.Accepted, 10); len(found) > 0 {
		b.Errorf("%d records", len(found))
	}
	sum, err := b.Sum(b.Context(), one)
	b.ok(err)
	if got := sum.Totals(campaign.Campaign{Recipients: 3}, returns.Tally{}); !cmp.Equal(got, report.Totals{Recipients: 3, Pending: 3}) {
		b.Errorf("the sum of nothing is %+v", got)
	}
}

func sumsAnswers(b bench)  { b.sums("0.0333") }
func sumsReceipts(b bench) { b.sums("") }

func (b bench) sums(price string) {
	b.Helper()
	b.sum(one, b.fill(one, price))
}

func (b bench) sum(id string, rows []report.Row) {
	b.Helper()
	var want report.Sum
	for _, r := range rows {
		want.Add(r)
	}
	got, err := b.Sum(b.Context(), id)
	b.ok(err)
	c, returned := campaign.Campaign{Recipients: all + 20}, returns.Tally{Delivered: 1, Undelivered: 2}
	if diff := cmp.Diff(want.Totals(c, returned), got.Totals(c, returned)); diff != "" {
		b.Error(diff)
	}
}

func sumsOne(b bench) {
	first, second := b.fill(one, "0.0333"), b.fill(two, "")
	b.sum(one, first)
	b.sum(two, second)
	// One record without a price among others.
	m := first[0].Message
	m.Parts = []sms.Part{{MessageID: "m0-0"}}
	first[0].Message = m
	b.ok(b.Record(b.Context(), one, []campaign.Message{m}))
	b.sum(one, first)
}
