package preflight_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"sluice/internal/optout"
	"sluice/internal/preflight"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// million is a list in parts of 100,000, made page by page as it is read, as from a table. It watches how large the heap gets.
type million struct {
	rows int
	heap uint64
}

func (m *million) Parts(context.Context, string) ([]recipients.Part, error) {
	var parts []recipients.Part
	for n := 0; n*recipients.MaxRows < m.rows; n++ {
		p := recipients.Part{Number: n, Accepted: min(recipients.MaxRows, m.rows-n*recipients.MaxRows), Segments: 2}
		for left := p.Accepted; left > 0; left -= recipients.PageRows {
			p.Pages = append(p.Pages, min(left, recipients.PageRows))
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func (m *million) Entries(_ context.Context, _ string, p recipients.Part, visit func(int, []recipients.Entry) error) error {
	for page, rows := range p.Pages {
		entries := make([]recipients.Entry, rows)
		for i := range entries {
			entries[i] = recipients.Entry{Number: m.number(p, page, i), Segments: 1 + i%2, Plain: 1, UCS2: i%2 == 1}
		}
		if err := visit(page, entries); err != nil {
			return err
		}
		m.watch(page)
	}
	return nil
}

func (m *million) PageOf(_ context.Context, _ string, p recipients.Part, page int) ([]recipients.Recipient, error) {
	list := make([]recipients.Recipient, p.Pages[page])
	for i := range list {
		list[i].Number = m.number(p, page, i)
	}
	return list, nil
}

// number scatters the numbers over the range, as lists do.
func (m *million) number(p recipients.Part, page, i int) sms.Number {
	row := uint64(p.Number*recipients.MaxRows + page*recipients.PageRows + i)
	return sms.Number("447" + strconv.FormatUint(1e9+row*104_729%1e9, 10)[1:])
}

// watch notes the heap, garbage included, now and then: to look stops everything.
func (m *million) watch(page int) {
	if page%10 != 0 {
		return
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.heap = max(m.heap, stats.HeapInuse)
}

// manyOuts are one in a hundred.
type manyOuts struct{ *million }

func (o manyOuts) Among(_ context.Context, _ sms.Sender, crowd optout.Crowd) ([]sms.Number, error) {
	var out []sms.Number
	i := 0
	for n := range crowd.All() {
		if i++; i%100 == 0 && crowd.Has(n) {
			out = append(out, n)
		}
	}
	o.watch(0)
	return out, nil
}

func BenchmarkPreflight(b *testing.B) {
	for _, rows := range []int{1000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			b.ReportAllocs()
			m := &million{rows: rows}
			table := prices{"44": "0.04", "4477": "0.05", "4478": "0.06", "1": "0.01", "33": "0.07"}
			for b.Loop() {
				r, err := preflight.New(m, manyOuts{m}, table, rates(0), at9).Uploaded(b.Context(), draft("Hello"))
				if err != nil || r.Recipients.Valid != rows-rows/100 {
					b.Fatalf("%+v, %v", r.Recipients, err)
				}
			}
			b.ReportMetric(float64(m.heap)/1e6, "MB-heap")
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "recipients/s")
		})
	}
}
