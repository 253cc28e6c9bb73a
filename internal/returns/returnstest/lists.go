package returnstest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/internal/returns"
)

var listScenarios = map[string]func(bench){
	"replies are listed latest first, in pages":                     listsReplies,
	"replies that come while somebody leafs through change nothing": leafsOn,
	"replies to no campaign are listed by themselves":               listsWithoutCampaign,
	"a cursor that was not given out is refused":                    refusesCursors,
}

// lister is Replies or OpenReplies.
type lister = func(ctx context.Context, campaignID, after string, limit int) ([]returns.Reply, string, error)

// page returns the ids of one page of 1,000.
func (b bench) page(list lister, campaignID, after string) []string {
	b.Helper()
	ids, next := b.leaf(list, campaignID, after, 1000)
	b.equal(next, "")
	return ids
}

func (b bench) leaf(list lister, campaignID, after string, limit int) (ids []string, next string) {
	b.Helper()
	page, next, err := list(b.Context(), campaignID, after, limit)
	b.ok(err)
	if len(page) > limit || next != "" && len(page) < limit {
		b.Fatalf("a page of %d has %d replies and the next cursor %q", limit, len(page), next)
	}
	for _, r := range page {
		ids = append(ids, r.ID)
	}
	return ids, next
}

// leafThrough returns the ids of all pages, and what is done between them.
func (b bench) leafThrough(list lister, campaignID string, limit int, between func(page int)) []string {
	b.Helper()
	var all []string
	for after, page := "", 1; page < 1000; page++ {
		ids, next := b.leaf(list, campaignID, after, limit)
		all = append(all, ids...)
		if next == "" {
			return all
		}
		between(page)
		after = next
	}
	b.Fatal("the list has no end")
	return nil
}

func nothing(int) {}

// several keeps n replies, four at each instant, and returns their ids, by time and then by id. They come in another order.
func (b bench) several(n int, campaignID string) []string {
	b.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%03d", campaignID, i)
	}
	for i := range ids {
		k := i * 7 % n // n is no multiple of 7
		b.received(ids[k], campaignID, start.Add(time.Duration(k/4)*time.Millisecond))
	}
	return ids
}

func reversed(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Reverse(ids)
	return ids
}

func listsReplies(b bench) {
	want := reversed(b.several(26, "A"))
	b.several(3, "B")
	for _, limit := range []int{1, 2, 5, 13, 25, 26, 27, 100} {
		b.equal(b.leafThrough(b.Replies, "A", limit, nothing), want)
	}
	ids, next := b.leaf(b.Replies, "A", "", 26)
	b.equal(ids, want)
	b.equal(next, "")
	page, _, err := b.Replies(b.Context(), "A", "", 1)
	b.ok(err)
	stored, err := b.Reply(b.Context(), want[0])
	b.ok(err)
	b.equal(page, []returns.Reply{stored})
}

func leafsOn(b bench) {
	want := reversed(b.several(26, "A"))
	got := b.leafThrough(b.Replies, "A", 5, func(page int) {
		b.received(fmt.Sprint("new", page), "A", start.Add(time.Hour))
		r, err := b.Reply(b.Context(), want[5*page-1]) // the one that the page ended with
		b.ok(err)
		b.ok(b.Move(b.Context(), r, closed(r), nil, closes))
	})
	b.equal(got, want)
	b.equal(len(b.page(b.Replies, "A", "")), 26+5)
}

func listsWithoutCampaign(b bench) {
	want := b.several(5, "")
	b.several(5, "A")
	b.equal(b.page(b.Replies, "", ""), reversed(want))
	b.inOrder(b.page(b.OpenReplies, "", ""), want)
}

func refusesCursors(b bench) {
	b.several(5, "A")
	_, given := b.leaf(b.Replies, "A", "", 2)
	packed := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, after := range []string{
		"?", "a", "A003", "0", given + "!", given[1:], given[:len(given)/2], given + given, packed("\n"),
		packed("\n\n"), packed("-1\nA\nA"), packed("447700900001\n447700900001"), packed("4477"), packed("٤٤٧٧٠٠٩٠٠٠٠١"),
		packed(strings.Repeat("9", 5000)),
	} {
		for _, list := range []lister{b.Replies, b.OpenReplies} {
			for _, id := range []string{"A", returns.All} {
				if _, _, err := list(b.Context(), id, after, 10); !errors.Is(err, returns.ErrCursor) {
					b.Fatalf("%q: got error %v", after, err)
				}
			}
		}
		if _, _, err := b.SuppressionsAfter(b.Context(), after, 10); !errors.Is(err, returns.ErrCursor) {
			b.Fatalf("%q: got error %v", after, err)
		}
	}
	_, _, err := b.SuppressionsAfter(b.Context(), given, 10)
	b.is(err, returns.ErrCursor)
}
