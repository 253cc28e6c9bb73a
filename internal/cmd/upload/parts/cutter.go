package parts

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"sluice/internal/recipientfile"
)

// Limits are those of a part.
type Limits struct {
	// Rows is how many records a part has at most, Bytes how long it is at most, its header included.
	Rows, Bytes int
}

// Usual is what a part should be at most. So many rows take 0.3 s of a processor (make bench-ingest), of which a Lambda
// function of 512 MB has 0.29: a second, and progress to be seen. So many bytes could also travel as they are, their quotes and line ends
// doubled by JSON in an event of 6 MB (Lambda quotas), and packed as base64.
func Usual() Limits { return Limits{Rows: 20_000, Bytes: 4_000_000} }

// Part is a piece of the file, which can be read by itself.
type Part struct {
	// Body has the file's header, if it has one, and then records as they stand in the file.
	Body []byte
	Rows int
	// FirstLine and LastLine are the lines of the file that it is of, from 1, without the header's.
	FirstLine, LastLine int
	// Shift is what to add to a line of the Body for the line of the file, unless it is the header's.
	Shift int
	// Read is about how much of the file it is, in bytes of the file as it is stored; of all parts together, all of it.
	Read int64
}

// Cutter cuts a CSV file (RFC 4180; commas, semicolons or tabs) into parts at the borders of its records: the same file
// into the same parts. It may be used by one goroutine at a time.
type Cutter struct {
	limits  Limits
	isNamed bool
	source  *source
	begun   bool
	quotes  quotes
	header  []byte
	// record is read and in no part yet; it begins on recordLine. line is where the next one begins.
	record           []byte
	recordLine, line int
	read             int64 // at the end of the last part
}

// NewCutter reads from r what may be packed with gzip. isNamed says that the columns are named, so that there is a header.
// The error says in plain words what r is where it is no such file.
func NewCutter(r io.Reader, l Limits, isNamed bool) (*Cutter, error) {
	s, err := newSource(r)
	if err != nil {
		return nil, err
	}
	return &Cutter{limits: l, isNamed: isNamed, source: s, line: 1}, nil
}

// Next returns the next part, or io.EOF when all of the file is in parts.
func (c *Cutter) Next() (Part, error) {
	if err := c.begin(); err != nil {
		return Part{}, err
	}
	p := Part{FirstLine: c.recordLine, Shift: c.recordLine - 1 - bytes.Count(c.header, []byte("\n"))}
	body := bytes.NewBuffer(append([]byte(nil), c.header...))
	for c.record != nil && c.goesInto(p.Rows, body.Len()) {
		body.Write(c.record)
		if !c.isBlank() {
			p.Rows, p.LastLine = p.Rows+1, c.line-1
		}
		if err := c.advance(); err != nil {
			return Part{}, err
		}
	}
	if p.Rows == 0 {
		return Part{}, io.EOF
	}
	if err := c.skipBlank(); err != nil {
		return Part{}, err
	}
	p.Body, p.Read, c.read = body.Bytes(), c.source.read()-c.read, c.source.read()
	return p, nil
}

// goesInto says whether the record goes into a part that has so many rows and bytes. In a file without a header no part
// begins with a row that would be taken for one, because it has no number: a part may be a little larger for that.
func (c *Cutter) goesInto(rows, size int) bool {
	const slack = 1.1
	fits := rows < c.limits.Rows && size+len(c.record) <= c.limits.Bytes
	if rows == 0 || fits || c.header != nil || !looksLikeHeader(c.record, c.quotes.delimiter) {
		return rows == 0 || fits
	}
	return float64(rows) < slack*float64(c.limits.Rows) && float64(size+len(c.record)) <= slack*float64(c.limits.Bytes)
}

func (c *Cutter) isBlank() bool { return isBlank(c.record, c.quotes.delimiter) }

// begin finds out how the file is written, and reads its header and its first record.
func (c *Cutter) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	start := bytes.Clone(c.source.start())
	c.quotes.delimiter = byte(recipientfile.Delimiter(start))
	if err := c.advance(); err != nil {
		return err
	}
	if err := c.skipBlank(); err != nil || !c.isNamed && !looksLikeHeader(c.record, c.quotes.delimiter) {
		return err
	}
	if !c.isNamed {
		if err := checkHeader(c.record, start, c.quotes.delimiter); err != nil {
			return err
		}
	}
	c.header = terminated(c.record)
	if err := c.advance(); err != nil {
		return err
	}
	return c.skipBlank()
}

// skipBlank goes on to the next record that is not blank.
func (c *Cutter) skipBlank() error {
	for c.record != nil && c.isBlank() {
		if err := c.advance(); err != nil {
			return err
		}
	}
	return nil
}

// advance reads the next record, its line end included; none at the end of the file.
func (c *Cutter) advance() error {
	c.recordLine = c.line
	record := c.record[:0] // whoever needed it has a copy
	for {
		piece, err := c.source.ReadSlice('\n')
		record = append(record, piece...)
		if most := c.limits.Bytes - len(c.header); len(record) > most {
			return fmt.Errorf("the record that begins on line %d has more than %d bytes: is a quote missing there?", c.recordLine, most)
		}
		if c.quotes.pass(piece); len(piece) > 0 && piece[len(piece)-1] == '\n' {
			c.line++
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull), err == nil && c.quotes.open():
		case errors.Is(err, io.EOF):
			return c.end(record)
		case err != nil:
			return fmt.Errorf("read the file after line %d: %w", c.line-1, err)
		default:
			c.record = record
			return nil
		}
	}
}

// end is what is read where the file ends: a record without a line end, or nothing.
func (c *Cutter) end(record []byte) error {
	if c.quotes.open() {
		return fmt.Errorf("a quote in the record that begins on line %d is never closed", c.recordLine)
	}
	if c.record = nil; len(record) > 0 {
		c.record = terminated(record)
		c.line++
		c.quotes.pass([]byte{'\n'})
	}
	return nil
}

// terminated gives the last record the line end that it may lack.
func terminated(record []byte) []byte {
	record = bytes.Clone(record)
	if !bytes.HasSuffix(record, []byte("\n")) {
		record = append(record, '\n')
	}
	return record
}
