package httpapi

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2/validation"
)

// What huma says, in words that can be read after a field's name. Its sentences are formats: those with a value are told
// by what comes before it.
var (
	sentences = map[string]string{
		validation.MsgUnexpectedProperty:                       "is not a known field",
		validation.MsgExpectedString:                           "must be a string",
		validation.MsgExpectedInteger:                          "must be a whole number",
		validation.MsgExpectedNumber:                           "must be a number",
		validation.MsgExpectedBoolean:                          "must be true or false",
		validation.MsgExpectedArray:                            "must be a list",
		validation.MsgExpectedObject:                           "must be a JSON object",
		validation.MsgExpectedRFC3339DateTime:                  "must be a time with its offset, such as 2026-03-01T09:00:00+01:00",
		fmt.Sprintf(validation.MsgExpectedMinLength, 1):        "must not be empty",
		fmt.Sprintf(validation.MsgExpectedMinItems, 1):         "must not be empty",
		fmt.Sprintf(validation.MsgExpectedMinProperties, 1):    "must have a field",
		fmt.Sprintf(validation.MsgExpectedMaxItems, maxImport): fmt.Sprintf("must have at most %d rows: send a longer list in parts", maxImport),
		validation.MsgExpectedMatchExactlyOneSchema:            "must be a string, or an object with a number and, where the text has variables, vars",
		unknownParameter:                                       "is not a known parameter",
		"invalid integer":                                      "must be a whole number",
		"invalid boolean":                                      "must be true or false",
	}
	beginnings = []struct{ sentence, reason string }{
		{validation.MsgExpectedRequiredProperty, "is missing"},
		{validation.MsgExpectedMinimumNumber, "must be at least %s"},
		{validation.MsgExpectedMaximumNumber, "must be at most %s"},
		{validation.MsgExpectedMinLength, "must have at least %s characters"},
		{validation.MsgExpectedMaxLength, "must have at most %s characters"},
		{validation.MsgExpectedMaxProperties, "must have at most %s entries"},
		{validation.MsgExpectedMinItems, "must have at least %s rows"},
		{validation.MsgExpectedMaxItems, "must have at most %s rows"},
		{validation.MsgExpectedBePattern, "must be %s"},
		{validation.MsgExpectedOneOf, "must be one of %s"},
	}
)

const unknownParameter = "unknown query parameter"

// plain rewords what huma says; the domain's own words stay.
func plain(message string) string {
	if reason, ok := sentences[message]; ok {
		return reason
	}
	for _, b := range beginnings {
		before, _, _ := strings.Cut(b.sentence, "%")
		value, ok := strings.CutPrefix(message, before)
		switch {
		case !ok:
		case strings.Contains(b.reason, "%"):
			return fmt.Sprintf(b.reason, plainNumber(strings.TrimSuffix(value, `"`)))
		default:
			return b.reason
		}
	}
	if strings.HasPrefix(message, "expected ") {
		return "is not valid"
	}
	return message
}

// plainNumber writes 1e+09 out.
func plainNumber(s string) string {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}

// fieldName is what a client can have meant as the name of a field, and what an answer repeats: no phone number, nothing
// long.
var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,38}[0-9]{0,2}$`)
