package recipients

import (
	"math/bits"
	"sort"
)

// Index is a sealed list: the recipients of its pages, page after page, but for the rows that are left out. It is immutable.
type Index struct {
	pages []Leaf
	// ends[i] is how many recipients the pages up to the i-th have.
	ends []int
}

// Leaf is a page in a sealed list.
type Leaf struct {
	Part   int
	Digest string
	Page   int
	Rows   int
	// Without are the rows that are left out, a bit each; nil for none.
	Without RowSet
}

// RowSet is a set of rows of a page, a bit each.
type RowSet []byte

// Has says whether the row is in the set.
func (r RowSet) Has(row int) bool { return row/8 < len(r) && r[row/8]&(1<<(row%8)) != 0 }

// With adds a row of a page that has so many.
func (r RowSet) With(row, of int) RowSet {
	if r == nil {
		r = make(RowSet, (of+7)/8)
	}
	r[row/8] |= 1 << (row % 8)
	return r
}

// Count is how many rows are in the set.
func (r RowSet) Count() int {
	n := 0
	for _, b := range r {
		n += bits.OnesCount8(b)
	}
	return n
}

// NewIndex makes the index of those pages.
func NewIndex(pages []Leaf) Index {
	x := Index{pages: pages, ends: make([]int, len(pages))}
	n := 0
	for i, p := range pages {
		n += p.Rows - p.Without.Count()
		x.ends[i] = n
	}
	return x
}

// Index is that of a list which is this part, as it was uploaded.
func (p Part) Index() Index { return Unsealed([]Part{p}) }

// Unsealed is the index of parts one after the other, in which somebody may stand twice.
func Unsealed(parts []Part) Index {
	var pages []Leaf
	for _, p := range parts {
		for page, rows := range p.Pages {
			pages = append(pages, Leaf{Part: p.Number, Digest: p.Digest, Page: page, Rows: rows})
		}
	}
	return NewIndex(pages)
}

// Even says that all pages but the last are full, so that where a recipient stands follows from the number of all.
func (p Part) Even() bool {
	for i, rows := range p.Pages {
		if rows != PageRows && i < len(p.Pages)-1 {
			return false
		}
	}
	return true
}

// Even is the index of an even part 0 of n recipients, that came with its campaign.
func Even(n int) Index {
	p := Part{}
	for ; n > 0; n -= PageRows {
		p.Pages = append(p.Pages, min(n, PageRows))
	}
	return p.Index()
}

// Leaves are the pages, in order.
func (x Index) Leaves() []Leaf { return x.pages }

// Len is how many recipients the list has.
func (x Index) Len() int {
	if len(x.ends) == 0 {
		return 0
	}
	return x.ends[len(x.ends)-1]
}

// Span is some of a page's recipients, counted without those that are left out: [From, To).
type Span struct {
	Leaf     Leaf
	From, To int
}

// Locate says where the recipients [from, to) stand. What lies behind the end of the list is nowhere.
func (x Index) Locate(from, to int) []Span {
	var spans []Span
	for i := sort.SearchInts(x.ends, from+1); i < len(x.pages); i++ {
		start := 0
		if i > 0 {
			start = x.ends[i-1]
		}
		if start >= to {
			break
		}
		if x.ends[i] == start { // a page of which everybody is left out
			continue
		}
		spans = append(spans, Span{Leaf: x.pages[i], From: max(from-start, 0), To: min(to, x.ends[i]) - start})
	}
	return spans
}

// Kept returns the recipients of a page that are not left out.
func (l Leaf) Kept(page []Recipient) []Recipient {
	if l.Without == nil {
		return page
	}
	kept := make([]Recipient, 0, len(page))
	for i, r := range page {
		if !l.Without.Has(i) {
			kept = append(kept, r)
		}
	}
	return kept
}
