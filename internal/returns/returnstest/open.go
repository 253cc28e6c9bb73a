package returnstest

import (
	"slices"
	"time"

	"sluice/internal/oneoff"
	"sluice/internal/returns"
)

var openScenarios = map[string]func(bench){
	"open replies are listed oldest first, in pages":               listsOpen,
	"open replies of all campaigns, and of none, come in one list": listsAllOpen,
	"a reply is listed as open until it is answered or closed":     listsStillOpen,
	"open replies that are closed meanwhile do not move the pages": leafsThroughOpen,
}

// inOrder holds a list of replies kept by several against what it should have: by time, those of an instant in any order.
func (b bench) inOrder(got, want []string) {
	b.Helper()
	last := time.Time{}
	for _, id := range got {
		r, err := b.Reply(b.Context(), id)
		b.ok(err)
		if r.ReceivedAt.Before(last) {
			b.Fatalf("%s comes too late in %v", id, got)
		}
		last = r.ReceivedAt
	}
	b.equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

func listsOpen(b bench) {
	want := b.several(26, "A")
	b.several(5, "B")
	for _, limit := range []int{1, 2, 5, 13, 25, 26, 27, 100} {
		b.inOrder(b.leafThrough(b.OpenReplies, "A", limit, nothing), want)
	}
	_, next := b.leaf(b.OpenReplies, "A", "", 26)
	b.equal(next, "")
	page, _, err := b.OpenReplies(b.Context(), "A", "", 1)
	b.ok(err)
	stored, err := b.Reply(b.Context(), page[0].ID)
	b.ok(err)
	b.equal(page, []returns.Reply{stored})
}

func listsAllOpen(b bench) {
	want := slices.Concat(b.several(26, "A"), b.several(15, "B"), b.several(13, ""))
	for _, limit := range []int{1, 3, 10, 53, 54, 100} {
		b.inOrder(b.leafThrough(b.OpenReplies, returns.All, limit, nothing), want)
	}
}

func listsStillOpen(b bench) {
	one, two, three := b.received("1", "A", start), b.received("2", "A", start.Add(1)), b.received("3", "A", start.Add(2))
	handled := reply("4", "A", start)
	handled.Status = returns.Handled
	b.keep(returns.Reception{Reply: handled})
	lists := func(want ...string) {
		b.Helper()
		for _, id := range []string{"A", returns.All} {
			b.inOrder(b.page(b.OpenReplies, id, ""), want)
		}
	}
	lists("1", "2", "3")
	for r, t := range map[*returns.Reply]*oneoff.Text{&one: text("T"), &three: nil} {
		after := closed(*r)
		if t != nil {
			after = answered(*r, t.ID)
		}
		b.ok(b.Move(b.Context(), *r, after, t, returns.Tally{}))
		after.Version++
		*r = after
	}
	lists("2")
	b.ok(b.Move(b.Context(), one, closed(one), nil, returns.Tally{}))
	lists("2")
	again := three
	again.Status = returns.Open
	b.ok(b.Move(b.Context(), three, again, nil, returns.Tally{}))
	lists("2", "3")
	b.ok(b.Move(b.Context(), two, closed(two), nil, returns.Tally{}))
	lists("3")
	b.inOrder(b.page(b.Replies, "A", ""), []string{"1", "2", "3", "4"})
}

func leafsThroughOpen(b bench) {
	for _, id := range []string{"A", returns.All} {
		b.several(26, "A"+id)
		list := id
		if id == "A" {
			list = "AA"
		}
		before := b.page(b.OpenReplies, list, "")
		got := b.leafThrough(b.OpenReplies, list, 4, func(page int) {
			for _, seen := range before[4*page-2 : 4*page] { // what the page ended with
				r, err := b.Reply(b.Context(), seen)
				b.ok(err)
				b.ok(b.Move(b.Context(), r, closed(r), nil, returns.Tally{}))
			}
		})
		b.inOrder(got, before)
	}
}
