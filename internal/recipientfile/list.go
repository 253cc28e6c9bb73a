package recipientfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/recipients"
)

// The fields of JSON, as in POST /campaigns.
const (
	listField   = "recipients"
	numberField = "number"
	valuesField = "vars"
)

// list reads {"recipients": [...]}, or the bare array. An entry is a number, as text or as a whole number, or an object with
// the fields number and vars.
type list struct {
	decoder   *json.Decoder
	out       *output
	variables []string // folded
	at        int
	problems  []Problem
	enough    bool // of them: nothing is read after this
}

// maxVars is how many values an entry may have, those that the text has no use for among them.
const maxVars = 1000

func readList(content []byte, o Options, out *output) error {
	if o.Columns != nil {
		return unreadable("query.columns", "is for CSV only")
	}
	if err := validate(content); err != nil {
		return err
	}
	l := &list{decoder: json.NewDecoder(bytes.NewReader(content)), out: out, at: max(o.FirstRow, 1)}
	l.decoder.UseNumber()
	for _, name := range out.variables {
		l.variables = append(l.variables, recipients.Fold(name))
	}
	if err := l.document(); err != nil {
		return err
	}
	if len(l.problems) > 0 {
		return &Error{Problems: l.problems}
	}
	return nil
}

// validate reads all of it once, so that what follows can count on its form.
func validate(content []byte) error {
	if json.Valid(content) {
		return nil
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(content, new(json.RawMessage)); errors.As(err, &syntax) {
		at := int(min(max(syntax.Offset, 1), int64(len(content))))
		column := at - (bytes.LastIndexByte(content[:at], '\n') + 1)
		return unreadable("body", "cannot be read as JSON: look at line %d, column %d", lineOf(content, at), max(column, 1))
	}
	return unreadable("body", "cannot be read as JSON")
}

func (l *list) document() error {
	switch l.token() {
	case json.Delim('['):
		return l.entries()
	case json.Delim('{'):
		return l.fields()
	default:
		return unreadable("body", `must be a list of recipients, or an object {"recipients": [...]}`)
	}
}

// fields reads the object around the list.
func (l *list) fields() error {
	found := false
	for l.decoder.More() {
		switch name := l.token(); {
		case name != listField:
			return unreadable("body", "has a field whose name is not known: it has recipients, and nothing else")
		case found:
			return unreadable("body", "has the field recipients twice")
		case l.token() != json.Delim('['):
			return unreadable(listField, "must be a list")
		}
		found = true
		if err := l.entries(); err != nil || l.enough {
			return err
		}
		l.token()
	}
	return nil
}

// entries reads until there are more problems than help anybody.
func (l *list) entries() error {
	for ; !l.enough && l.decoder.More(); l.at++ {
		if err := l.entry(); err != nil {
			return err
		}
	}
	return nil
}

func (l *list) entry() error {
	token := l.token()
	before := len(l.problems)
	number, ok := textOrDigits(token)
	var values []string
	switch {
	case ok && len(l.variables) > 0:
		values = make([]string, len(l.variables))
	case ok:
	case token == json.Delim('{'):
		number, values = l.object()
	default:
		l.skip(token)
		l.problem(listField, "must be a phone number, or an object with a number and vars")
	}
	if len(l.problems) > before {
		return nil
	}
	return l.out.add(l.at, number, values)
}

// object reads an entry with its vars.
func (l *list) object() (number string, values []string) {
	if len(l.variables) > 0 {
		values = make([]string, len(l.variables))
	}
	var hasNumber, hasVars bool
	for !l.enough && l.decoder.More() {
		name, token := l.token(), l.token()
		switch {
		case name == numberField && hasNumber, name == valuesField && hasVars:
			l.skip(token)
			l.problem(listField, "has a field twice")
		case name == numberField:
			var ok bool
			if number, ok = textOrDigits(token); !ok {
				l.skip(token)
				l.problem(listField+"."+numberField, "must be text, or a whole number")
			}
			hasNumber = true
		case name == valuesField:
			l.vars(token, values)
			hasVars = true
		default:
			l.skip(token)
			l.problem(listField, "has a field whose name is not known: it has number and vars, and nothing else")
		}
	}
	l.token()
	if !hasNumber && !l.enough {
		l.problem(listField+"."+numberField, "is missing")
	}
	return number, values
}

// vars reads values by the names of variables, in which case, spaces, _ and - make no difference, as in headers. Those that
// the text has no use for are passed over.
func (l *list) vars(token json.Token, values []string) {
	const field = listField + "." + valuesField
	if token == nil {
		return
	}
	if token != json.Delim('{') {
		l.skip(token)
		l.problem(field, "must be an object of texts by the names of variables")
		return
	}
	seen := make([]bool, len(values))
	for n := 0; !l.enough && l.decoder.More(); n++ {
		if n == maxVars {
			l.problem(field, fmt.Sprintf("has more than %d values", maxVars))
			l.enough = true
			return
		}
		name, token := l.token().(string), l.token()
		at := slices.Index(l.variables, recipients.Fold(name))
		value, ok := textOrNumber(token)
		switch {
		case !ok:
			l.skip(token)
			l.problem(field, "must be texts")
		case at >= 0 && seen[at]:
			l.problem(field, "has "+l.out.variables[at]+" twice")
		case at >= 0:
			values[at], seen[at] = value, true
		}
	}
	l.token()
}

// problem keeps what is wrong with a row.
func (l *list) problem(field, reason string) {
	l.problems = append(l.problems, Problem{Field: field, Row: l.at, Reason: reason})
	l.enough = len(l.problems) == maxProblems
}

// textOrDigits is a number as it came: 447700900001 is no floating point number here.
func textOrDigits(token json.Token) (string, bool) {
	switch v := token.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), strings.Trim(v.String(), "0123456789") == ""
	default:
		return "", false
	}
}

// textOrNumber is a value as it came; null is none.
func textOrNumber(token json.Token) (string, bool) {
	switch v := token.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	default:
		return "", token == nil
	}
}

// token is the next one; nil for null.
func (l *list) token() json.Token {
	token, _ := l.decoder.Token() // its form is valid
	return token
}

// skip passes over the rest of what a token begins.
func (l *list) skip(token json.Token) {
	for depth := 0; ; token = l.token() {
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth == 0 {
			return
		}
	}
}
