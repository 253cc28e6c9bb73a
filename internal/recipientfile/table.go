package recipientfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// readTable reads CSV (RFC 4180), of which a semicolon or a tab may be the comma, and returns the columns that it has read.
func readTable(content []byte, o Options, out *output) (Columns, error) {
	if bytes.IndexByte(content, '\n') < 0 {
		content = bytes.ReplaceAll(content, []byte("\r"), []byte("\n")) // as old spreadsheets end lines
	}
	head, err := headOf(content)
	if err != nil || len(head) == 0 {
		return nil, err
	}
	l, err := layoutOf(head, o)
	if err != nil {
		return nil, err
	}
	return l.columns(head[0], out.variables), l.read(newTable(content), o.FirstRow, out)
}

// read passes on the rows, of which the first one is called firstRow; 0 for its line.
func (l layout) read(t table, firstRow int, out *output) error {
	if l.header {
		if _, _, err := t.next(); err != nil {
			return err
		}
	}
	shift := 0
	for first := true; ; first = false {
		cells, line, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if first && firstRow > 0 {
			shift = firstRow - line
		}
		if err := l.emit(cells, line+shift, out); err != nil {
			return err
		}
	}
}

// emit passes a row on. One with more cells than the first is refused: a comma that should be in quotes has shifted what
// stands behind it, and a number may have become another one's.
func (l layout) emit(cells []string, at int, out *output) error {
	cell := func(i int) string {
		if i < 0 || i >= len(cells) {
			return ""
		}
		return cells[i]
	}
	if len(cells) > l.width && !IsBlank(cells[l.width:]) {
		return out.refused(at, cell(l.number), "has more cells than the first line: is one of them without its quotation marks?")
	}
	var values []string
	if len(l.values) > 0 {
		values = make([]string, len(l.values))
		for i, column := range l.values {
			values[i] = cell(column)
		}
	}
	return out.add(at, cell(l.number), values)
}

// headOf are the first rows.
func headOf(content []byte) ([][]string, error) {
	var rows [][]string
	for t := newTable(content); len(rows) <= sampleRows; {
		cells, _, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, slices.Clone(cells))
	}
	return rows, nil
}

// table reads row after row.
type table struct {
	lines  *lines
	reader *csv.Reader
}

func newTable(content []byte) table {
	t := table{lines: &lines{rest: content}}
	t.reader = csv.NewReader(t.lines)
	t.reader.Comma, t.reader.FieldsPerRecord, t.reader.ReuseRecord = Delimiter(content), -1, true
	t.reader.TrimLeadingSpace = t.reader.Comma != '\t' // which is a space
	return t
}

// next is the next row that is not blank, until the one after it is read, and its line. The error is io.EOF or an *Error.
func (t table) next() (cells []string, line int, err error) {
	for {
		t.lines.served = 0
		cells, err := t.reader.Read()
		if err != nil {
			return nil, 0, t.explain(err)
		}
		if len(cells) > MaxCells {
			return nil, 0, unreadable("body", "has a row of more than %d cells, in line %d", MaxCells, t.lines.start)
		}
		if !IsBlank(cells) {
			line, _ := t.reader.FieldPos(0)
			return cells, line, nil
		}
	}
}

// explain says where, and nothing of what is there.
func (t table) explain(err error) error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errManyLines):
		return tooLarge("has more than %d lines, most of them blank", MaxLines)
	case errors.Is(err, errLongRow):
		return unreadable("body", "has a row of more than %d bytes, which begins with line %d: is a quotation mark missing?", MaxRow, t.lines.start)
	case !errors.As(err, &at):
		return unreadable("body", "cannot be read as CSV")
	case errors.Is(err, csv.ErrBareQuote):
		return unreadable("body", "has a quotation mark inside a cell that is not in quotes, in line %d, column %d", at.Line, at.Column)
	case at.StartLine != at.Line:
		return unreadable("body", "has a quoted cell that does not end as it should, in the row that begins with line %d", at.StartLine)
	default:
		return unreadable("body", "has a quoted cell that does not end as it should, in line %d, column %d", at.Line, at.Column)
	}
}

// IsBlank says that nothing but spaces is in any cell of a row.
func IsBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// Delimiter is the one of comma, semicolon and tab that the first line which is not blank is most divided by, outside of
// quotes: spreadsheets write a semicolon where a comma is in decimals.
func Delimiter(content []byte) rune {
	var counts [256]int
	quoted := false
	for _, b := range bytes.TrimLeft(content, " \r\n") {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[b]++
		}
	}
	best := ','
	for _, d := range ";\t" {
		if counts[d] > counts[best] {
			best = d
		}
	}
	return best
}

var (
	errLongRow   = errors.New("a row is too long")
	errManyLines = errors.New("there are too many lines") // a csv.Reader passes over empty ones by itself
)

// lines gives a csv.Reader one line at a time, and so knows of which row it reads: a row of so many cells that their list
// would be larger than the file ends here.
type lines struct {
	rest   []byte
	served int // of this row; blank lines before it do not count
	number int // of lines begun
	start  int // the line with which this row begins
	inside bool
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		return 0, io.EOF
	}
	if !l.inside {
		if l.number++; l.number > MaxLines {
			return 0, errManyLines
		}
	}
	n := copy(p, l.rest)
	if end := bytes.IndexByte(p[:n], '\n'); end >= 0 {
		n = end + 1
	}
	blank := l.served == 0 && !l.inside && len(bytes.Trim(p[:n], "\r\n")) == 0
	l.inside = p[n-1] != '\n'
	l.rest = l.rest[n:]
	switch {
	case blank:
		return n, nil
	case l.served == 0:
		l.start = l.number
	}
	if l.served += n; l.served > MaxRow {
		return 0, errLongRow
	}
	return n, nil
}
