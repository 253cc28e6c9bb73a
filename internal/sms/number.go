package sms

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Number is an MSISDN in E.164 form without the leading plus: 7 to 15 digits, the first of them not zero
// (ITU-T E.164, and the range that Vonage accepts as `to`).
//
// A Number masks itself wherever it is printed or logged; the digits leave it only through Digits or JSON. Two ways
// around that remain: fmt cannot reach the methods of a value in an unexported field, and slog's JSON handler encodes
// what is inside a slice, map or struct as JSON.
type Number string

// ErrNumber says what a number must look like. It never repeats the input, which may be a person's number.
var ErrNumber = errors.New("is not a phone number in international form: 7 to 15 digits, with or without a leading +")

// separators are what people write between digits, and what spreadsheets and address books put around them: no-break
// spaces and hyphens, and the marks that set the direction of writing.
var separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "",
	"\u00a0", "", "\u202f", "", "\u2011", "", "\u200e", "", "\u202a", "", "\u202c", "")

// ParseNumber reads a number in international form. A leading + and the usual separators (space, hyphen, dot,
// parentheses) are allowed. The error is ErrNumber.
func ParseNumber(s string) (Number, error) {
	digits := strings.TrimPrefix(separators.Replace(strings.TrimSpace(s)), "+")
	if len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || !allDigits(digits) {
		return "", ErrNumber
	}
	return Number(digits), nil
}

// Digits returns the number as Vonage takes it, for the wire and for keys: never for a log.
func (n Number) Digits() string { return string(n) }

// Uint64 is the digits as a number, for sets of a million: 15 digits fit, and the first is not zero.
func (n Number) Uint64() uint64 {
	v, _ := strconv.ParseUint(string(n), 10, 64) // a Number is digits
	return v
}

// Format masks for every verb: %d and %x would else find their way around String.
func (n Number) Format(state fmt.State, verb rune) {
	fmt.Fprintf(state, fmt.FormatString(state, verb), n.String())
}

// String masks all but the last two digits.
func (n Number) String() string {
	if len(n) <= 2 {
		return "**"
	}
	return strings.Repeat("*", len(n)-2) + string(n[len(n)-2:])
}

// GoString masks, for those who call it by name; %#v goes through Format.
func (n Number) GoString() string { return n.String() }

// LogValue masks, so that slog's JSON handler does.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
