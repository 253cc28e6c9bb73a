package recipients

import (
	"strings"
	"unicode"
)

// Fold is a name as names of columns and variables are compared: letters and digits, in whatever case. "First Name" and
// first_name are the same.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
