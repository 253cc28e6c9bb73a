package httpapi

import (
	"bytes"
	"encoding/csv"
	"net/url"
	"strings"
)

const (
	// tableMedia is of an answer as CSV, each page of which begins with a header line (RFC 4180, section 3).
	tableMedia = csvMedia + "; charset=utf-8; header=present"
	// maxTable is when an answer as CSV is full: a Lambda answer holds 6 MB, in which every end of a line takes two bytes.
	maxTable = 4 << 20
)

// table is CSV that is written as its rows are read.
type table struct {
	text bytes.Buffer
	csv  *csv.Writer
}

func newTable(columns ...string) *table {
	t := &table{}
	t.csv = csv.NewWriter(&t.text) // into memory, where nothing fails
	t.row(columns...)
	return t
}

// row writes one line, of cells that no spreadsheet takes for formulas.
func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	_ = t.csv.Write(cells)
}

// full says that the answer is long enough.
func (t *table) full() bool {
	t.csv.Flush()
	return t.text.Len() >= maxTable
}

func (t *table) bytes() []byte {
	t.csv.Flush()
	return t.text.Bytes()
}

// inert is a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection").
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// nextLink is the Link of RFC 8288 to the page that begins behind next; empty where there is none.
func nextLink(path, next string, query url.Values) string {
	if next == "" {
		return ""
	}
	query.Set("after", next)
	return "<" + path + "?" + query.Encode() + `>; rel="next"`
}
