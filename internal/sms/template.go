package sms

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Template is a text with variables: {{first_name}}, or {{first_name|there}} where the word behind the bar stands in for a
// value that is missing. Names are letters, digits and underscores, and begin with no digit; case does not tell them
// apart. A default has no braces. \{{ is two braces, and where a backslash is to stand right before a variable, it is
// doubled. It is plain substitution: what a value holds is never read as a variable.
//
// It may be used concurrently.
type Template struct {
	pieces    []piece
	variables []string
	needed    map[string]bool
}

// piece is a text that stands as it is, or a variable.
type piece struct {
	text     string // or the default of the variable
	variable int    // the index of the variable, -1 for a text
}

// ErrTemplate says what a variable must look like.
var ErrTemplate = errors.New(`has {{ that begins no variable: write {{name}} or {{name|default}}, and \{{ for two braces`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

const (
	opening, closing = "{{", "}}"
	escape           = `\`
)

// MaxText is how many characters a text may have: Vonage accepts no more (SMS API, `text`).
const MaxText = 3200

// MaxVariables is how many different variables a text may have.
const MaxVariables = 20

// ParseTemplate reads a text. The error is ErrTemplate with the place, counted in characters from 1, or says that there
// are too many variables.
func ParseTemplate(text string) (Template, error) {
	t := Template{needed: make(map[string]bool)}
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, opening)
		if !found {
			t.literal(before)
			break
		}
		before, isText := unescaped(before)
		if t.literal(before); isText {
			t.literal(opening)
			rest = after
			continue
		}
		inside, behind, ended := strings.Cut(after, closing)
		if !ended || !t.substitute(inside) {
			at := len([]rune(text[:len(text)-len(after)-len(opening)])) + 1
			return Template{}, fmt.Errorf("%w (character %d)", ErrTemplate, at)
		}
		rest = behind
	}
	if len(t.variables) > MaxVariables {
		return Template{}, fmt.Errorf("has %d variables, of which it may have %d", len(t.variables), MaxVariables)
	}
	return t, nil
}

// Literal is a text without variables, whatever braces it has.
func Literal(text string) Template {
	return Template{pieces: []piece{{text: text, variable: -1}}}
}

// unescaped reads the backslashes right before two braces: each pair is one, and one that is left makes the braces a text.
func unescaped(before string) (text string, isText bool) {
	n := len(before) - len(strings.TrimRight(before, escape))
	return before[:len(before)-(n+1)/2], n%2 == 1
}

func (t *Template) literal(text string) {
	if last := len(t.pieces) - 1; last >= 0 && t.pieces[last].variable < 0 {
		t.pieces[last].text += text
	} else if text != "" {
		t.pieces = append(t.pieces, piece{text: text, variable: -1})
	}
}

// substitute adds what stands between the braces, if that is a variable.
func (t *Template) substitute(inside string) bool {
	name, instead, optional := strings.Cut(inside, "|")
	name = strings.TrimSpace(name)
	if !variableName.MatchString(name) || strings.ContainsAny(instead, opening+closing) {
		return false
	}
	name = strings.ToLower(name)
	at := slices.Index(t.variables, name)
	if at < 0 {
		at = len(t.variables)
		t.variables = append(t.variables, name)
	}
	t.needed[name] = t.needed[name] || !optional
	t.pieces = append(t.pieces, piece{text: strings.TrimSpace(instead), variable: at})
	return true
}

// Variables are the names, in the order in which they first stand in the text; none for a text that is the same for all.
func (t Template) Variables() []string { return t.variables }

// Missing is the first variable that needs a value and has none; empty where there is none. The values are in the order of
// Variables.
func (t Template) Missing(values []string) string {
	for i, name := range t.variables {
		if t.needed[name] && (i >= len(values) || values[i] == "") {
			return name
		}
	}
	return ""
}

// Needs says whether a variable stands somewhere without a default.
func (t Template) Needs(name string) bool { return t.needed[name] }

// Render is the text with the values, in the order of Variables, in the places of the variables.
func (t Template) Render(values []string) string {
	if len(t.pieces) == 1 && t.pieces[0].variable < 0 {
		return t.pieces[0].text
	}
	n := 0
	for _, p := range t.pieces {
		n += len(p.in(values))
	}
	var text strings.Builder
	text.Grow(n)
	for _, p := range t.pieces {
		text.WriteString(p.in(values))
	}
	return text.String()
}

// in is what the piece is for somebody with those values.
func (p piece) in(values []string) string {
	if p.variable >= 0 && p.variable < len(values) && values[p.variable] != "" {
		return values[p.variable]
	}
	return p.text
}
