package numberplan

import (
	"regexp"
	"strings"
	"unicode"
)

// written is a number as it came, without what is around the digits.
type written struct {
	plus   bool
	digits string
}

// maxWritten is how many digits are looked at: the longest number, with the longest prefixes before it.
const maxWritten = maxDigits + 5

// afterSlash is how many digits follow a slash that divides a number, as in 0170/1234567: where fewer do, it begins the
// last digits of another one.
const afterSlash = 5

// read keeps the digits. It refuses what it does not know rather than to pass over it.
func read(text string) (written, error) {
	text = unquoted(text)
	switch {
	case decimal.MatchString(text):
		return written{}, errDecimal
	case date.MatchString(text):
		return written{}, errDate
	}
	var (
		w     written
		kept  [maxWritten]byte
		n     int
		slash = -1
	)
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			if n == maxWritten {
				return written{}, errDigits
			}
			kept[n] = byte(r)
			n++
		case r == '+' && n == 0 && !w.plus:
			w.plus = true
		case r == '/' && n > 0 && slash < 0:
			slash = n
		case !separates(r):
			return written{}, unknown(text, i, r, n)
		}
	}
	switch {
	case n == 0 && !w.plus && strings.TrimSpace(text) == "":
		return written{}, errEmpty
	case n == 0:
		return written{}, errNoDigits
	case slash >= 0 && n-slash < afterSlash:
		return written{}, errSeveral
	}
	w.digits = string(kept[:n])
	return w, nil
}

// separates says what people write between digits, and what spreadsheets and address books put around them: spaces, hyphens
// and dashes, marks that nobody sees, such as those that set the direction of writing.
func separates(r rune) bool {
	switch r {
	case ' ', '-', '.', '(', ')', '\t', '\r', '\n':
		return true
	}
	return r > unicode.MaxASCII && unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf)
}

// unquoted takes off what makes spreadsheets leave a number alone, and what they make of one: ="0770", '0770, 4477.0.
func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if inside, ok := strings.CutPrefix(text, `="`); ok {
		text = strings.TrimSuffix(inside, `"`)
	}
	return wholeZeros.ReplaceAllString(strings.TrimPrefix(text, "'"), "$1")
}

var (
	// wholeZeros are those behind the point of a number that a spreadsheet has made a decimal.
	wholeZeros = regexp.MustCompile(`^(\+?[0-9]+)[.,]0+$`)
	// decimal is a number with a fraction. Where a point divides a phone number, more digits follow it, or another point.
	decimal = regexp.MustCompile(`^\+?[0-9]{7,}[.,][0-9]{1,2}$`)
	// date has the length of a number: 2026-11-23, 23.11.2026.
	date = regexp.MustCompile(`^([0-9]{4}[-./][0-9]{2}[-./][0-9]{2}|[0-9]{2}[-./][0-9]{2}[-./][0-9]{4})$`)
)

// exponent is a number such as 4.477E+11, in which a spreadsheet has lost digits.
var exponent = regexp.MustCompile(`^\+?[0-9]([.,][0-9]+)?[eE]\+?[0-9]{1,3}$`)

// unknown says what a character is that has no place in a number, after so many digits.
func unknown(text string, at int, r rune, digits int) Error {
	switch {
	case exponent.MatchString(text):
		return errExponent
	case r == '+':
		return errPlus
	case digits >= minDigits && (r == '#' || r == ';' || r == ',' || isExtension(text[at:])):
		return errExtension
	case r == '/' || r == ',' || r == ';' || r == '|' || r == '&':
		return errSeveral
	case unicode.IsDigit(r):
		return errScript
	case unicode.IsLetter(r):
		return errLetters
	default:
		return errCharacter
	}
}

// isExtension knows "x 12", "ext. 12", "extension 12".
func isExtension(rest string) bool {
	word := strings.TrimRightFunc(strings.ToLower(rest), func(r rune) bool { return r >= '0' && r <= '9' || separates(r) })
	return word == "x" || word == "ext" || word == "extn" || word == "extension"
}
