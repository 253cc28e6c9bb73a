package httpapi

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	csvMedia = "text/csv"
	// numberColumn is the name of the column that is read, in whatever case.
	numberColumn = "number"
)

// column is a list of numbers as it came, and the lines that they were on, from 1.
type column struct {
	numbers []string
	lines   []int
}

// readCSV is the text/csv format of what is read: a table of numbers (RFC 4180). Its errors can be read after the word
// "body" and hold nothing of it. huma calls it twice, as it does readJSON.
func readCSV(data []byte, v any) error {
	found, err := readColumn(data)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *any:
		list := make([]any, len(found.numbers))
		for i, number := range found.numbers {
			list[i] = number
		}
		*v = map[string]any{"numbers": list}
	case *importRequest:
		v.Numbers, v.lines = found.numbers, found.lines
	default:
		return errors.New("cannot be CSV")
	}
	return nil
}

// readColumn reads the column of numbers: the one that the first line names so, or the only one.
func readColumn(data []byte) (column, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	if !utf8.Valid(data) {
		return column{}, errors.New("is not UTF-8 throughout")
	}
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = delimiter(data), -1, true
	var found column
	at, named := 0, false
	for first := true; ; {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return column{}, unreadable(err)
		}
		if isBlank(record) {
			continue
		}
		if first {
			first = false
			if at = slices.IndexFunc(record, isNumberColumn); at >= 0 {
				named = true
				continue
			}
			at = 0
		}
		if !named && !isBlank(record[1:]) {
			return column{}, errors.New("has more than one column, and no first line that names one of them number")
		}
		line, _ := reader.FieldPos(0)
		cell := ""
		if at < len(record) {
			cell = strings.TrimSpace(record[at])
		}
		found.numbers, found.lines = append(found.numbers, strings.Clone(cell)), append(found.lines, line)
	}
}

func isBlank(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

func isNumberColumn(cell string) bool {
	return strings.EqualFold(strings.TrimSpace(cell), numberColumn)
}

// delimiter is what the first line is most divided by: spreadsheets write a semicolon where a comma is in decimals.
func delimiter(data []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\n"))
	best, most := ',', 0
	for _, d := range ",;\t" {
		if n := bytes.Count(line, []byte(string(d))); n > most {
			best, most = d, n
		}
	}
	return best
}

// unreadable says where, and nothing of what is there.
func unreadable(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("cannot be read as CSV: look at line %d, column %d", at.Line, at.Column)
	}
	return errors.New("cannot be read as CSV")
}
