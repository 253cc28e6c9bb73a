package recipientfile

import "fmt"

// Error says why a file as a whole cannot be used. It holds nothing of what the file says.
type Error struct {
	// TooLarge: it is over a limit (HTTP 413), and could be sent in parts. Otherwise it cannot be read (HTTP 422).
	TooLarge bool
	Problems []Problem
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	// Field is body, query.columns, or the field of a row: recipients, recipients.number, recipients.vars.
	Field string
	// Row is what the client calls the row, 0 where it is about none.
	Row int
	// Reason is to be read after the field. Lines in it are those of the file, from 1, whatever the first row is called.
	Reason string
}

// maxProblems is how many problems of rows are listed before reading ends.
const maxProblems = 100

func (e *Error) Error() string {
	p := e.Problems[0]
	text := p.Field + " " + p.Reason
	if p.Row > 0 {
		text = fmt.Sprintf("%s, row %d, %s", p.Field, p.Row, p.Reason)
	}
	if more := len(e.Problems) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

func tooLarge(format string, values ...any) error {
	return &Error{TooLarge: true, Problems: []Problem{{Field: "body", Reason: fmt.Sprintf(format, values...)}}}
}

func unreadable(field, format string, values ...any) error {
	return &Error{Problems: []Problem{{Field: field, Reason: fmt.Sprintf(format, values...)}}}
}
