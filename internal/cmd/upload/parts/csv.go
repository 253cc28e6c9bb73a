package parts

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"sluice/internal/recipientfile"
)

// What follows sees a file as the API does (internal/recipientfile): where records end, which are blank, and whether the
// first one is data. Otherwise a part would begin in the middle of a record, or a row would be lost as a header.

// quotes says whether what was passed so far ends within a quoted field, in which line ends and delimiters mean nothing
// (RFC 4180, 2.6). A quote opens a field only as its first character, but for spaces.
type quotes struct {
	delimiter byte
	at        position
}

type position int

const (
	atStart position = iota // of a field
	inPlain
	inQuoted
	afterQuote // in a quoted field: its end, or the first of two that stand for one
)

func (q *quotes) open() bool { return q.at == inQuoted }

func (q *quotes) pass(piece []byte) {
	for _, b := range piece {
		switch {
		case q.at == inQuoted:
			if b == '"' {
				q.at = afterQuote
			}
		case b == '"' && q.at != inPlain:
			q.at = inQuoted
		case b == q.delimiter || b == '\n':
			q.at = atStart
		case q.at == atStart && isSpace(b) && q.delimiter != '\t':
		default:
			q.at = inPlain
		}
	}
}

// isSpace also takes the two bytes of a no-break space for spaces.
func isSpace(b byte) bool { return strings.IndexByte(" \t\v\f\r\xc2\xa0", b) >= 0 }

func newReader(content []byte, delimiter byte) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(content))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = rune(delimiter), -1, delimiter != '\t'
	return r
}

// isBlank: all fields of the record are.
func isBlank(record []byte, delimiter byte) bool {
	if len(bytes.Trim(record, " \t\v\f\r\n\xc2\xa0\""+string(delimiter))) > 0 {
		return false
	}
	fields, err := newReader(record, delimiter).Read()
	return errors.Is(err, io.EOF) || err == nil && recipientfile.IsBlank(fields)
}

func isFilled(field string) bool { return strings.TrimSpace(field) != "" }

// looksLikeHeader says whether the record may be one.
func looksLikeHeader(record []byte, delimiter byte) bool {
	fields, err := newReader(record, delimiter).Read()
	return err == nil && recipientfile.LooksLikeHeader(fields)
}

// errUnclear: the column of the numbers has a name that is none, if it is one.
var errUnclear = errors.New("the first line may be a header or a recipient, whose number is missing: name the columns (COLUMNS=), or give the " +
	"numbers a header")

// checkHeader makes sure that the first record, which looks like a header, is one, by the records that follow it.
func checkHeader(header []byte, sample []byte, delimiter byte) error {
	names, err := newReader(header, delimiter).Read()
	if err != nil {
		return nil // the API says it better
	}
	for i, name := range names {
		if isNumeric(sample, delimiter, i) && !recipientfile.LooksLikeName(name) {
			return errUnclear
		}
	}
	return nil
}

// isNumeric: most of the first fields in that column, but for the header, could be numbers.
func isNumeric(sample []byte, delimiter byte, column int) bool {
	const rows, mostly = 100, 0.9
	r, filled, numbers := newReader(sample, delimiter), 0, 0
	for n := range rows + 1 {
		fields, err := r.Read()
		if err != nil {
			break
		}
		if n > 0 && column < len(fields) && isFilled(fields[column]) {
			filled++
			if recipientfile.CouldBeNumber(fields[column]) {
				numbers++
			}
		}
	}
	return numbers > 0 && float64(numbers) >= mostly*float64(filled)
}
