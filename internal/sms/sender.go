package sms

import (
	"errors"
	"strings"
)

// Sender is what a text comes from: a number (an MSISDN, or a short code of 3 to 6 digits) or an alphanumeric
// name of up to 11 letters, digits and spaces (Vonage SMS API, `from`).
type Sender string

// ErrSender says what a sender must look like.
var ErrSender = errors.New("must be a phone number in international form, a short code of 3 to 6 digits, or a name of up to 11 letters, digits and spaces")

const maxSenderName = 11

// ParseSender reads a sender. The error is ErrSender.
func ParseSender(s string) (Sender, error) {
	s = strings.TrimSpace(s)
	if n, err := ParseNumber(s); err == nil {
		return Sender(n), nil
	}
	if len(s) >= 3 && len(s) <= 6 && allDigits(s) {
		return Sender(s), nil
	}
	if s == "" || len(s) > maxSenderName || allDigits(s) || !isName(s) {
		return "", ErrSender
	}
	return Sender(s), nil
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != ' ' {
			return false
		}
	}
	return true
}
