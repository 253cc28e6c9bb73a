package recipients

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/sms"
)

// MaxForcing is how many of the characters that force UCS-2 a part tells.
const MaxForcing = 50

// Builder makes a part of rows. It is for one goroutine.
type Builder struct {
	numbers Numbering
	region  string
	text    sms.Template
	plain   *Entry // what all entries are like, where the text has no variables

	part    Part
	pages   []Page
	bytes   int // of the last page
	refused []Refusal
	seen    map[sms.Number]struct{}
	forcing map[rune]int
}

// NewBuilder returns a builder of parts of a campaign: numbers are read as in the region, and the text is filled in for each
// recipient.
func NewBuilder(numbers Numbering, region string, text sms.Template) *Builder {
	b := &Builder{
		numbers: numbers, region: region, text: text, seen: make(map[sms.Number]struct{}), forcing: make(map[rune]int),
	}
	if len(text.Variables()) == 0 {
		e := entryOf(text.Render(nil))
		b.plain = &e
	}
	return b
}

// Add takes a row: it is a recipient, one who stands in the part already, or refused.
func (b *Builder) Add(r Row) {
	number, err := b.numbers.Parse(r.Number, b.region)
	if err != nil {
		b.Refuse(r.At, r.Number, err.Error())
		return
	}
	entry, text, reason := b.fill(r.Values)
	if reason != "" {
		b.Refuse(r.At, r.Number, reason)
		return
	}
	if _, ok := b.seen[number]; ok {
		b.part.Repeated++
		return
	}
	b.seen[number] = struct{}{}
	entry.Number = number
	b.take(Recipient{Number: number, Values: r.Values}, entry)
	if b.plain == nil && entry.UCS2 {
		b.force(text, 1)
	}
}

// fill makes the text of a row, or says why there is none.
func (b *Builder) fill(values []string) (e Entry, text, reason string) {
	if b.plain != nil {
		return *b.plain, b.text.Render(nil), ""
	}
	if missing := b.text.Missing(values); missing != "" {
		return e, "", fmt.Sprintf("has no %s, for which the text has no default", missing)
	}
	text = b.text.Render(values)
	switch n := utf8.RuneCountInString(text); {
	case n > sms.MaxText:
		return e, "", fmt.Sprintf("has a text of %d characters, of which there may be %d", n, sms.MaxText)
	case isBlank(text):
		return e, "", "has an empty text"
	}
	return entryOf(text), text, ""
}

func entryOf(text string) Entry {
	size := sms.Measure(text)
	e := Entry{Segments: size.Segments, Plain: size.Segments}
	if size.Encoding == sms.UCS2 {
		e.UCS2, e.Plain = true, sms.MeasureAs(text, sms.GSM7).Segments
	}
	return e
}

func (b *Builder) take(r Recipient, e Entry) {
	size := len(r.Number.Digits())
	for _, v := range r.Values {
		size += len(v)
	}
	last := len(b.pages) - 1
	if last < 0 || len(b.pages[last].Recipients) == PageRows || b.bytes+size > PageBytes {
		b.pages, b.bytes, last = append(b.pages, Page{}), 0, last+1
	}
	p := &b.pages[last]
	p.Recipients, p.Entries = append(p.Recipients, r), append(p.Entries, e)
	b.bytes += size
	b.part.Accepted++
	b.part.Segments = max(b.part.Segments, e.Segments)
}

// force counts the characters of a text that have no place in GSM-7.
func (b *Builder) force(text string, times int) {
	for _, c := range sms.Forcing(text) {
		b.forcing[c] += times
	}
}

// Refuse takes a row to which nothing can be sent.
func (b *Builder) Refuse(at int, number, reason string) {
	b.refused = append(b.refused, Refusal{At: at, Number: clip(number), Reason: reason})
	b.part.Refused++
}

// maxShown is how many characters of what should be a number are kept, for whoever mends it.
const maxShown = 40

func clip(text string) string {
	if utf8.RuneCountInString(text) <= maxShown {
		return text
	}
	return string([]rune(text)[:maxShown]) + "…"
}

// Rows is how many rows it has taken.
func (b *Builder) Rows() int { return b.part.Accepted + b.part.Refused + b.part.Repeated }

// Refused are the rows that were refused so far.
func (b *Builder) Refused() []Refusal { return b.refused }

// Upload is the part, with that number and digest. The builder is not used after it.
func (b *Builder) Upload(number int, digest string, at time.Time) Upload {
	if b.plain != nil && b.part.Accepted > 0 {
		b.force(b.text.Render(nil), b.part.Accepted)
	}
	p := b.part
	p.Number, p.Digest, p.StoredAt = number, digest, at
	for _, page := range b.pages {
		p.Pages = append(p.Pages, len(page.Recipients))
	}
	p.RefusedPages = (len(b.refused) + PageRows - 1) / PageRows
	p.Forcing = most(b.forcing)
	return Upload{Part: p, Pages: b.pages, Refused: b.refused}
}

// most are the characters that stand in most texts.
func most(forcing map[rune]int) map[string]int {
	if len(forcing) == 0 {
		return nil
	}
	characters := slices.SortedFunc(maps.Keys(forcing), func(x, y rune) int {
		if forcing[x] != forcing[y] {
			return forcing[y] - forcing[x]
		}
		return int(x) - int(y)
	})
	top := make(map[string]int)
	for _, c := range characters[:min(len(characters), MaxForcing)] {
		top[string(c)] = forcing[c]
	}
	return top
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
