package dynamostore

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// packer makes the bytes of pages smaller. It is for one goroutine: what it needs for that is large, and serves again.
type packer struct{ gzip *gzip.Writer }

// packing is a quarter of the default's work, for pages that are 3 % larger.
const packing = 3

func newPacker() packer {
	w, _ := gzip.NewWriterLevel(nil, packing) // it refuses only levels that there are not
	return packer{gzip: w}
}

func (p packer) pack(raw []byte) ([]byte, error) {
	var packed bytes.Buffer
	p.gzip.Reset(&packed)
	if _, err := p.gzip.Write(raw); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if err := p.gzip.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte) (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("unpack: %w", err)
	}
	var raw strings.Builder
	if _, err := io.Copy(&raw, r); err != nil {
		return "", fmt.Errorf("unpack: %w", err)
	}
	return raw.String(), nil
}

// linesOf writes a line for each entry: the number and, where they are not those of the line before, its segments; where the
// text travels as UCS-2, also how many it would have in GSM-7. Before the first line, there is one segment.
func linesOf(entries []recipients.Entry) []byte {
	var lines []byte
	like := recipients.Entry{Segments: 1, Plain: 1}
	for _, e := range entries {
		lines = append(lines, e.Number.Digits()...)
		like.Number = e.Number
		if e != like {
			lines = strconv.AppendInt(append(lines, ' '), int64(e.Segments), 10)
			if e.UCS2 {
				lines = strconv.AppendInt(append(lines, ' '), int64(e.Plain), 10)
			}
		}
		lines, like = append(lines, '\n'), e
	}
	return lines
}

func entriesOf(lines string) ([]recipients.Entry, error) {
	entries := make([]recipients.Entry, 0, strings.Count(lines, "\n"))
	like := recipients.Entry{Segments: 1, Plain: 1}
	for line := range strings.Lines(lines) {
		digits, sizes, other := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if other {
			var err error
			if like, err = readSizes(sizes); err != nil {
				return nil, err
			}
		}
		like.Number = sms.Number(digits)
		entries = append(entries, like)
	}
	return entries, nil
}

func readSizes(sizes string) (e recipients.Entry, err error) {
	segments, plain, ucs2 := strings.Cut(sizes, " ")
	if e.Segments, err = strconv.Atoi(segments); err != nil {
		return e, fmt.Errorf("read the segments of a recipient: %w", err)
	}
	e.UCS2, e.Plain = ucs2, e.Segments
	if ucs2 {
		if e.Plain, err = strconv.Atoi(plain); err != nil {
			return e, fmt.Errorf("read the segments of a recipient: %w", err)
		}
	}
	return e, nil
}

// encoder writes numbers, and texts after their length, so that a text may hold anything.
type encoder struct{ bytes []byte }

func (e *encoder) int(n int) { e.bytes = binary.AppendUvarint(e.bytes, uint64(n)) }

func (e *encoder) text(s string) {
	e.int(len(s))
	e.bytes = append(e.bytes, s...)
}

// decoder reads what an encoder wrote. After the first fault everything is zero.
type decoder struct {
	rest string
	err  error
}

var errPacked = errors.New("what is packed is not as it was written")

func (d *decoder) int() int {
	n := uint64(0)
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(d.rest[i]&0x7f) << (7 * i)
		if d.rest[i] < 0x80 {
			d.rest = d.rest[i+1:]
			return int(n)
		}
	}
	d.rest, d.err = "", errPacked
	return 0
}

func (d *decoder) text() string { return d.take(d.int()) }

func (d *decoder) take(n int) string {
	if n < 0 || n > len(d.rest) {
		d.rest, d.err = "", errPacked
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) more() bool { return d.rest != "" && d.err == nil }

// valuesOf writes the values of each recipient, nothing where nobody has any. None is another thing than an empty list.
func valuesOf(page []recipients.Recipient) []byte {
	var e encoder
	some := false
	for _, r := range page {
		if r.Values == nil {
			e.int(0)
			continue
		}
		some = true
		e.int(len(r.Values) + 1)
		for _, v := range r.Values {
			e.text(v)
		}
	}
	if !some {
		return nil
	}
	return e.bytes
}

func readValues(packed string, page []recipients.Recipient) error {
	d := decoder{rest: packed}
	for i := range page {
		n := d.int()
		if n == 0 {
			continue
		}
		if n-1 > len(d.rest) { // each takes a byte at least
			return errPacked
		}
		page[i].Values = make([]string, n-1)
		for j := range page[i].Values {
			page[i].Values[j] = d.text()
		}
	}
	return d.err
}

func refusalsOf(rows []recipients.Refusal) []byte {
	var e encoder
	for _, r := range rows {
		e.int(r.At)
		e.text(r.Number)
		e.text(r.Reason)
	}
	return e.bytes
}

func readRefusals(packed string) ([]recipients.Refusal, error) {
	var rows []recipients.Refusal
	d := decoder{rest: packed}
	for d.more() {
		rows = append(rows, recipients.Refusal{At: d.int(), Number: d.text(), Reason: d.text()})
	}
	return rows, d.err
}

// indexOf writes the pages of a sealed list, run after run of pages that one upload wrote one after the other.
func indexOf(pages []recipients.Leaf) []byte {
	var e encoder
	for len(pages) > 0 {
		first := pages[0]
		n := 1
		for n < len(pages) && pages[n].Part == first.Part && pages[n].Digest == first.Digest && pages[n].Page == first.Page+n {
			n++
		}
		e.int(first.Part)
		e.text(first.Digest)
		e.int(first.Page)
		e.int(n)
		for _, l := range pages[:n] {
			e.leaf(l)
		}
		pages = pages[n:]
	}
	return e.bytes
}

func (e *encoder) leaf(l recipients.Leaf) {
	if l.Without == nil {
		e.int(l.Rows << 1)
		return
	}
	e.int(l.Rows<<1 | 1)
	e.bytes = append(e.bytes, l.Without...)
}

func readIndex(packed string) (recipients.Index, error) {
	var pages []recipients.Leaf
	d := decoder{rest: packed}
	for d.more() {
		l := recipients.Leaf{Part: d.int(), Digest: d.text(), Page: d.int()}
		for range d.int() {
			if !d.more() {
				return recipients.Index{}, errPacked
			}
			n := d.int()
			l.Rows, l.Without = n>>1, nil
			if n&1 == 1 {
				l.Without = recipients.RowSet(d.take((l.Rows + 7) / 8))
			}
			pages = append(pages, l)
			l.Page++
		}
	}
	return recipients.NewIndex(pages), d.err
}
