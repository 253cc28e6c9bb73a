package recipientfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Limits of one file, in bytes.
const (
	// MaxBody is how long a body may be as it was sent. Where it is packed, it is MaxPacked, since it comes as base64 then,
	// in an event of 6 MB (AWS Lambda quotas, "Invocation payload").
	MaxBody, MaxPacked = 5_000_000, 4_700_000
	// MaxUnpacked is how much a packed body may hold.
	MaxUnpacked = 20_000_000
	// MaxRow is how long one row of a CSV file may be: 20 values of 3200 characters that are four bytes each.
	MaxRow = 256 << 10
	// MaxLines is how many lines a CSV file may have, blank ones among them.
	MaxLines = 10 * recipients.MaxRows
	// MaxCells is how many cells a row may have.
	MaxCells = 1000
	// MaxNumber is how long a cell may be that a number is read from.
	MaxNumber = 100
)

// The kinds of files.
const (
	CSV  = "text/csv"
	JSON = "application/json"
)

// Options say how a file is to be read.
type Options struct {
	Media string // CSV or JSON
	// Template has the variables whose values are looked for: they come in the order of its Variables.
	Template sms.Template
	// Columns name columns of a CSV file; the others are recognised.
	Columns Columns
	// FirstRow is what the client calls the first row that is data, and the row count goes on from there. 0 is the line in
	// which it stands for CSV, and 1 for JSON.
	FirstRow int
}

// Read calls row for every row of a file that can be used, and refuse for those that cannot, in order: each of them is one
// of at most recipients.MaxRows. Whether a number is one, and whether a value is missing, is not looked at. Spaces around
// values are dropped; a cell or a value that is not there is empty.
//
// It returns which columns of a CSV file it has read: for Number and for each variable the header, as far as it can be shown,
// or "column 2" where there is none, and nothing for a variable that has no column. A variable that is called number stands
// for both. For JSON it returns nil.
//
// It ends with an *Error where the file as a whole cannot be used: rows that it has passed on by then mean nothing. An error
// of row or refuse ends it too, and is returned as it is.
func Read(content []byte, o Options, row func(recipients.Row) error, refuse func(recipients.Refusal) error) (Columns, error) {
	content, err := textOf(content)
	if err != nil {
		return nil, err
	}
	var columns Columns
	out := &output{variables: o.Template.Variables(), row: row, refuse: refuse}
	if o.Media == JSON {
		err = readList(content, o, out)
	} else {
		columns, err = readTable(content, o, out)
	}
	if err == nil && out.rows == 0 {
		err = unreadable("body", "has no recipients")
	}
	if err != nil {
		return nil, err
	}
	return columns, nil
}

// Digest tells a content from another one, and one way to read it from another: SHA-256 in hex of the unpacked body, the
// media type, and the parameters columns and first_row as they were sent, with a zero byte between them.
func Digest(content []byte, media, columns, firstRow string) string {
	sum := sha256.New()
	sum.Write(content)
	_, _ = io.WriteString(sum, "\x00"+media+"\x00"+columns+"\x00"+firstRow) // a hash takes everything
	return hex.EncodeToString(sum.Sum(nil))
}

// output checks what every row must hold to, and passes it on.
type output struct {
	variables []string
	row       func(recipients.Row) error
	refuse    func(recipients.Refusal) error
	rows      int
}

// add takes over the values.
func (o *output) add(at int, number string, values []string) error {
	number = strings.TrimSpace(number)
	if len(number) > MaxNumber {
		return o.refused(at, number, "is too long to be a number")
	}
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
		if fault := faultOf(values[i]); fault != "" {
			return o.refused(at, number, "has "+fault+" in "+o.variables[i])
		}
	}
	if faultOf(number) != "" {
		return o.refused(at, number, "has a character that has no place in a number")
	}
	if err := o.count(); err != nil {
		return err
	}
	return o.row(recipients.Row{At: at, Number: number, Values: values})
}

func (o *output) refused(at int, number, reason string) error {
	if err := o.count(); err != nil {
		return err
	}
	return o.refuse(recipients.Refusal{At: at, Number: shown(number), Reason: reason})
}

func (o *output) count() error {
	if o.rows++; o.rows > recipients.MaxRows {
		return tooLarge("has more than %d rows: send it in parts", recipients.MaxRows)
	}
	return nil
}

// faultOf says what of a value can neither be shown nor sent: control characters, and what was lost on the way.
func faultOf(value string) string {
	if len(value) > recipients.MaxValue && utf8.RuneCountInString(value) > recipients.MaxValue {
		return fmt.Sprintf("more than %d characters", recipients.MaxValue)
	}
	for _, r := range value {
		switch {
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return "control characters"
		case r == utf8.RuneError:
			return "U+FFFD, which stands for a lost character,"
		}
	}
	return ""
}

// maxShown is how much of what is no number is kept, so that people find it in their file.
const maxShown = 40

// shown is a number as it came, as far as it can be shown.
func shown(number string) string {
	kept := make([]rune, 0, maxShown+1)
	for _, r := range number {
		if len(kept) == maxShown {
			return string(slices.Insert(kept, maxShown, '…'))
		}
		if r >= ' ' && r != 0x7f && r != utf8.RuneError {
			kept = append(kept, r)
		}
	}
	return string(kept)
}
