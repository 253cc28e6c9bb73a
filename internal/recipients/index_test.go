package recipients_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// uploaded is a list in parts, in memory.
type uploaded struct {
	parts []recipients.Part
	pages map[[2]int][]recipients.Recipient
}

func (u *uploaded) add(part int, pages ...[]sms.Number) {
	p := recipients.Part{Number: part, Digest: "d"}
	for i, page := range pages {
		var list []recipients.Recipient
		for _, n := range page {
			list = append(list, recipients.Recipient{Number: n})
		}
		u.pages[[2]int{part, i}] = list
		p.Pages = append(p.Pages, len(page))
		p.Accepted += len(page)
	}
	u.parts = append(u.parts, p)
}

func (u *uploaded) read(t *rapid.T, x recipients.Index, from, to int) []sms.Number {
	list := []sms.Number{}
	for _, s := range x.Locate(from, to) {
		if everybody := s.Leaf.Rows - s.Leaf.Without.Count(); s.From >= s.To && everybody > 0 && from < to {
			t.Fatalf("of [%d, %d), the span [%d, %d) of a page of %d has nobody", from, to, s.From, s.To, everybody)
		}
		kept := s.Leaf.Kept(u.pages[[2]int{s.Leaf.Part, s.Leaf.Page}])
		for _, r := range kept[s.From:s.To] {
			list = append(list, r.Number)
		}
	}
	return list
}

func (u *uploaded) seal() *recipients.Sealer {
	s := recipients.NewSealer(u.parts)
	for _, p := range u.parts {
		for page := range p.Pages {
			var entries []recipients.Entry
			for _, r := range u.pages[[2]int{p.Number, page}] {
				entries = append(entries, recipients.Entry{Number: r.Number})
			}
			s.Add(p, page, entries)
		}
	}
	return s
}

// A list in parts reads, in any cut, as the plain list of those who stand in it, each where they stood first.
func TestASealedListHoldsEverybodyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := &uploaded{pages: make(map[[2]int][]recipients.Recipient)}
		seen := make(map[sms.Number]bool)
		want := []sms.Number{}
		rows := 0
		for part := range rapid.IntRange(0, 5).Draw(t, "parts") {
			var pages [][]sms.Number
			for range rapid.IntRange(0, 4).Draw(t, "pages") {
				var page []sms.Number
				for _, i := range rapid.SliceOfN(rapid.IntRange(0, 30), 1, 20).Draw(t, "page") {
					n := number(i)
					page = append(page, n)
					rows++
					if !seen[n] {
						seen[n], want = true, append(want, n)
					}
				}
				pages = append(pages, page)
			}
			u.add(2*part, pages...)
		}
		s := u.seal()
		x := s.Index()
		if x.Len() != len(want) || s.Duplicates() != rows-len(want) {
			t.Fatalf("%d recipients and %d duplicates of %d rows, want %d", x.Len(), s.Duplicates(), rows, len(want))
		}
		from := rapid.IntRange(0, len(want)).Draw(t, "from")
		to := rapid.IntRange(from, len(want)).Draw(t, "to")
		if diff := cmp.Diff(want[from:to], u.read(t, x, from, to)); diff != "" {
			t.Fatalf("[%d, %d) (-want +got):\n%s", from, to, diff)
		}
		if diff := cmp.Diff(want, u.read(t, x, 0, len(want)+10)); diff != "" {
			t.Fatalf("all (-want +got):\n%s", diff)
		}
	})
}

func TestTheSealerGivesBackWhoIsNew(t *testing.T) {
	u := &uploaded{pages: make(map[[2]int][]recipients.Recipient)}
	u.add(0, []sms.Number{number(1), number(2), number(1), number(3)})
	s := recipients.NewSealer(u.parts)
	entries := []recipients.Entry{{Number: number(1)}, {Number: number(2)}, {Number: number(1)}, {Number: number(3)}}
	fresh := s.Add(u.parts[0], 0, entries)
	if diff := cmp.Diff([]recipients.Entry{{Number: number(1)}, {Number: number(2)}, {Number: number(3)}}, fresh); diff != "" {
		t.Errorf("fresh (-want +got):\n%s", diff)
	}
	if entries[2].Number != number(1) {
		t.Error("the page itself was changed")
	}
}

func TestAnEvenListNeedsNoIndexOfItsOwn(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001, 2500} {
		if got := recipients.Even(n).Len(); got != n {
			t.Errorf("%d recipients, want %d", got, n)
		}
	}
	spans := recipients.Even(2500).Locate(999, 2001)
	if len(spans) != 3 || spans[0].From != 999 || spans[1].To != 1000 || spans[2].To != 1 {
		t.Errorf("spans %+v", spans)
	}
}

func BenchmarkSealOneMillion(b *testing.B) {
	const pages = 1000
	part := recipients.Part{Accepted: pages * recipients.PageRows}
	all := make([][]recipients.Entry, pages)
	for p := range all {
		all[p] = make([]recipients.Entry, recipients.PageRows)
		for i := range all[p] {
			all[p][i] = recipients.Entry{Number: number(p*recipients.PageRows + i), Segments: 1, Plain: 1}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		s := recipients.NewSealer([]recipients.Part{part})
		for p, entries := range all {
			s.Add(part, p, entries)
		}
		if s.Index().Len() != part.Accepted {
			b.Fatal("somebody is missing")
		}
	}
}
