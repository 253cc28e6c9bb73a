package preflight

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"sluice/internal/optout"
	"sluice/internal/price"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

var _ optout.Crowd = (*fold)(nil)

// fold is what is known of everybody on a list. Of 1,000,000 recipients it holds 16 MB.
type fold struct {
	counts  Recipients
	forcing map[string]int
	// segments is the largest number of segments of any text.
	segments int
	stride   *stride
	people   []person // by number
}

// person is a recipient: E.164 has 15 digits at most, the first of them not zero.
type person struct {
	number          uint64
	segments, plain uint16
	ucs2, out       bool
}

// newFold takes what the parts say of themselves.
func newFold(parts []recipients.Part) *fold {
	f := &fold{forcing: make(map[string]int)}
	for _, p := range parts {
		f.count(p)
	}
	return f
}

// read folds a list: the parts by number, in each the pages in order. Of those who stand there twice the first counts, as at
// the launch.
func (f *fold) read(ctx context.Context, lists Lists, id string, parts []recipients.Part) error {
	f.people = make([]person, 0, f.counts.Valid)
	sealer := recipients.NewSealer(parts)
	err := recipients.Scan(ctx, lists, id, parts, func(p recipients.Part, page int, entries []recipients.Entry) error {
		f.add(sealer.Add(p, page, entries))
		return nil
	})
	if err != nil {
		return err
	}
	f.counts.Duplicate += f.counts.Valid - len(f.people)
	f.counts.Valid = len(f.people)
	slices.SortFunc(f.people, func(x, y person) int { return cmp.Compare(x.number, y.number) })
	return nil
}

// count takes what a part says of itself. Valid are all whom it has taken, until more is known.
func (f *fold) count(p recipients.Part) {
	f.counts.Rows += p.Accepted + p.Refused + p.Repeated
	f.counts.Valid += p.Accepted
	f.counts.Refused += p.Refused
	f.counts.Duplicate += p.Repeated
	f.segments = max(f.segments, p.Segments)
	for character, texts := range p.Forcing {
		f.forcing[character] += texts
	}
}

func (f *fold) add(entries []recipients.Entry) {
	for _, e := range entries {
		f.stride.add(e.Segments)
		f.people = append(f.people, person{
			number: e.Number.Uint64(), segments: uint16(e.Segments), plain: uint16(e.Plain), ucs2: e.UCS2,
		})
	}
}

// Len implements optout.Crowd.
func (f *fold) Len() int { return len(f.people) }

// Has implements optout.Crowd.
func (f *fold) Has(n sms.Number) bool { return f.find(n) != nil }

// All implements optout.Crowd.
func (f *fold) All() iter.Seq[sms.Number] {
	return func(yield func(sms.Number) bool) {
		for _, p := range f.people {
			if !yield(sms.Number(strconv.FormatUint(p.number, 10))) {
				return
			}
		}
	}
}

// find returns nil for a number that is not on the list.
func (f *fold) find(n sms.Number) *person {
	i, ok := slices.BinarySearchFunc(f.people, n.Uint64(), func(p person, v uint64) int { return cmp.Compare(p.number, v) })
	if !ok {
		return nil
	}
	return &f.people[i]
}

// leaveOut takes out who wants no texts.
func (f *fold) leaveOut(blocked []sms.Number) {
	for _, n := range blocked {
		if p := f.find(n); p != nil && !p.out {
			p.out = true
			f.counts.OptedOut++
			f.counts.Valid--
		}
	}
}

// report counts what would be sent, all but the plan and the sample.
func (f *fold) report(table price.Table) Report {
	r := Report{Recipients: f.counts}
	if table.IsSet() {
		r.Price = &Price{Currency: table.Currency()}
	}
	var digits [20]byte
	for _, p := range f.people {
		if p.out {
			continue
		}
		r.take(p)
		if r.Price != nil {
			each, ok := table.Of(strconv.AppendUint(digits[:0], p.number, 10))
			r.Price.take(p, each, ok)
		}
	}
	if f.counts.Valid > 0 {
		r.Segments.Mean = float64(r.Segments.Total) / float64(f.counts.Valid)
	}
	r.Encoding.Saves = r.Segments.Total - r.Encoding.SegmentsAsGSM7
	r.Encoding.Forcing = f.mostForcing()
	return r
}

func (r *Report) take(p person) {
	n := int(p.segments)
	if s := &r.Segments; s.Total == 0 {
		s.Least, s.Most = n, n
	} else {
		s.Least, s.Most = min(s.Least, n), max(s.Most, n)
	}
	r.Segments.Total += n
	r.Encoding.SegmentsAsGSM7 += int(p.plain)
	if p.ucs2 {
		r.Encoding.UCS2++
	} else {
		r.Encoding.GSM7++
	}
}

func (x *Price) take(p person, each price.Amount, known bool) {
	if !known {
		x.Unpriced++
		return
	}
	x.Total += each.Times(int(p.segments))
	x.Saves += each.Times(int(p.segments) - int(p.plain))
}

func (f *fold) mostForcing() []Forcing {
	var all []Forcing
	for _, character := range slices.Sorted(maps.Keys(f.forcing)) { // UTF-8 sorts as code points do
		all = append(all, Forcing{Character: character, Texts: f.forcing[character]})
	}
	slices.SortStableFunc(all, func(x, y Forcing) int { return y.Texts - x.Texts })
	return all[:min(len(all), recipients.MaxForcing)]
}

// CodePoint is the character's, as Unicode writes it: U+2019.
func (f Forcing) CodePoint() string {
	r, _ := utf8.DecodeRuneInString(f.Character)
	return fmt.Sprintf("%U", r)
}
