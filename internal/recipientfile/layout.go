package recipientfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sluice/internal/recipients"
)

// layout says what stands in which column.
type layout struct {
	header bool // the first row is one
	width  int  // columns of the first row
	number int
	values []int // of the template's variables, -1 where there is no column
}

// Columns of numbers are known by the first rows, sampleRows of them, if of the cells that are not empty at least nine of
// ten could be numbers.
const (
	sampleRows  = 100
	mostlyOf    = 10
	mostlyAreIt = 9
)

// layoutOf decides by the first rows of a table, of which there is at least one.
func layoutOf(rows [][]string, o Options) (layout, error) {
	first := rows[0]
	l := layout{width: len(first)}
	l.header = o.Columns != nil || LooksLikeHeader(first)
	f := &finder{rows: rows, headers: make([]string, l.width), options: o}
	if l.header {
		for i, cell := range first {
			f.headers[i] = recipients.Fold(cell)
		}
		f.rows = rows[1:]
	}
	for name := range o.Columns {
		if name != Number && !slices.Contains(o.Template.Variables(), name) {
			f.fault("query.columns", "names a column of %s, which is no variable of the text", name)
		}
	}
	for _, name := range o.Template.Variables() {
		l.values = append(l.values, f.value(name))
	}
	l.number = f.number(l.values)
	if len(f.problems) > 0 {
		slices.SortFunc(f.problems, func(a, b Problem) int { return strings.Compare(a.Field+a.Reason, b.Field+b.Reason) })
		return layout{}, &Error{Problems: f.problems}
	}
	// A row of which no name is known is only taken for a header where it has one: a wrong number is to be refused, not lost.
	l.header = l.header && (f.knows || LooksLikeName(first[l.number]))
	return l, nil
}

// columns are the headers of what is read, by the first row.
func (l layout) columns(first, variables []string) Columns {
	header := func(column int) string {
		if l.header {
			if text := shown(strings.TrimSpace(first[column])); text != "" {
				return text
			}
		}
		return fmt.Sprintf("column %d", column+1)
	}
	columns := Columns{Number: header(l.number)}
	for i, name := range variables {
		columns[name] = ""
		if l.values[i] >= 0 {
			columns[name] = header(l.values[i])
		}
	}
	return columns
}

// finder finds columns, and keeps what is wrong with them.
type finder struct {
	rows     [][]string
	headers  []string // folded; empty where there are none
	options  Options
	knows    bool // at least one of the headers
	problems []Problem
}

func (f *finder) fault(field, format string, values ...any) {
	f.problems = append(f.problems, Problem{Field: field, Reason: fmt.Sprintf(format, values...)})
}

// where are the columns whose header is like that.
func (f *finder) where(like func(header string) bool) []int {
	var found []int
	for i, header := range f.headers {
		if header != "" && like(header) {
			found = append(found, i)
		}
	}
	f.knows = f.knows || len(found) > 0
	return found
}

// named finds the column that the client has named for something.
func (f *finder) named(name string) int {
	folded := recipients.Fold(f.options.Columns[name])
	found := f.where(func(header string) bool { return header == folded })
	switch len(found) {
	case 0:
		f.fault("query.columns", "names a header for %s that the first line does not have", name)
	case 1:
		return found[0]
	default:
		f.fault("query.columns", "names a header for %s that the first line has more than once", name)
	}
	return -1
}

// value finds the column of a variable.
func (f *finder) value(name string) int {
	if f.options.Columns[name] != "" {
		return f.named(name)
	}
	folded := recipients.Fold(name)
	found := f.where(func(header string) bool { return header == folded })
	switch {
	case len(found) > 1:
		f.fault("body", "has more than one column %s", name)
	case len(found) == 1:
		return found[0]
	case f.options.Template.Needs(name):
		f.fault("body", "has no column for %s, which has no default in the text: name one in the first line, or with columns=", name)
	}
	return -1
}

// number finds the column of numbers: by its name, or by what is in it.
func (f *finder) number(values []int) int {
	if f.options.Columns[Number] != "" {
		return f.named(Number)
	}
	found := f.where(func(header string) bool { return numberHeaders[header] })
	if len(found) > 1 { // {{mobile}} may be what somebody is to read in the text
		found = slices.DeleteFunc(found, func(i int) bool { return f.headers[i] != Number && slices.Contains(values, i) })
	}
	if len(found) == 0 {
		found = f.numeric()
	}
	if len(found) > 1 { // a number may also be that of a row, or of a customer
		holding := f.numeric()
		found = slices.DeleteFunc(found, func(i int) bool { return !slices.Contains(holding, i) })
		if len(found) == 0 {
			found = holding
		}
	}
	switch len(found) {
	case 0:
		f.fault("body", "has no column of phone numbers: call it number in the first line, or say which one it is with columns=number:header")
	case 1:
		return found[0]
	default:
		f.fault("body", "has more than one column that may be that of the phone numbers: say which one it is with columns=number:header")
	}
	return -1
}

// numeric are the columns that hold numbers.
func (f *finder) numeric() []int {
	var found []int
	for i := range f.headers {
		filled, numbers := 0, 0
		for _, row := range f.rows {
			if i < len(row) && strings.TrimSpace(row[i]) != "" {
				filled++
				if CouldBeNumber(row[i]) {
					numbers++
				}
			}
		}
		if numbers > 0 && numbers*mostlyOf >= filled*mostlyAreIt && filled*2 >= len(f.rows) {
			found = append(found, i)
		}
	}
	return found
}

// date is what has the length and the looks of a number and is none: 2026-11-23, 23.11.2026.
var date = regexp.MustCompile(`^([0-9]{4}[-./][0-9]{2}[-./][0-9]{2}|[0-9]{2}[-./][0-9]{2}[-./][0-9]{4})\b`)

// LooksLikeHeader says that no cell of a row could be a number, and one has a letter.
func LooksLikeHeader(cells []string) bool {
	return !slices.ContainsFunc(cells, CouldBeNumber) && slices.ContainsFunc(cells, hasLetter)
}

// LooksLikeName says that a cell may be the name of a column of numbers: a number that is written wrongly has digits.
func LooksLikeName(cell string) bool {
	return hasLetter(cell) && !strings.ContainsFunc(cell, unicode.IsDigit)
}

// CouldBeNumber says whether a cell looks like a phone number, national or international.
func CouldBeNumber(cell string) bool {
	const fewest, most = 7, 17
	digits := 0
	for _, r := range cell {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-./()'\t\r\n", r) && !unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf):
			return false
		}
	}
	return digits >= fewest && digits <= most && !date.MatchString(strings.TrimSpace(cell))
}

func hasLetter(cell string) bool { return strings.ContainsFunc(cell, unicode.IsLetter) }
