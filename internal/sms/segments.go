package sms

import (
	"strings"
	"unicode/utf16"
)

// Encoding is how a text travels (3GPP TS 23.038, section 4: data coding scheme).
type Encoding uint8

const (
	// GSM7 is the 7-bit default alphabet with its extension table. Its unit is the septet.
	GSM7 Encoding = iota + 1
	// UCS2 carries everything else, in practice as UTF-16. Its unit is the 16-bit code unit.
	UCS2
)

func (e Encoding) String() string {
	switch e {
	case GSM7:
		return "GSM-7"
	case UCS2:
		return "UCS-2"
	default:
		return "none"
	}
}

// How many units one SMS of 140 octets holds, alone and as a part of a longer text, where the user data header for
// concatenation takes six octets (3GPP TS 23.040, 9.2.3.24.1).
const (
	gsm7Alone, gsm7Part = 160, 153
	ucs2Alone, ucs2Part = 70, 67
)

// The alphabet of 3GPP TS 23.038, 6.2.1, without the escape, and its extension table, 6.2.1.1, whose characters take
// an escape before them. National shift tables are not used: Vonage does not offer them.
const (
	alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = "\f^{}\\[~]|€"
)

// Size is what a text costs to carry.
type Size struct {
	Encoding Encoding
	// Segments is the number of SMS that the text takes, each of them sent and charged for: at least 1.
	Segments int
	// Units is the length of the text in units of the encoding, without headers and without the unit that is left
	// empty where a character would not fit in two halves.
	Units int
}

// Measure returns the size of text in the cheapest encoding that carries all of it. A byte that is not UTF-8 counts as
// U+FFFD, and so makes the text UCS2.
func Measure(text string) Size {
	for _, r := range text {
		if septets(r) == 0 {
			return MeasureAs(text, UCS2)
		}
	}
	return MeasureAs(text, GSM7)
}

// MeasureAs returns the size of text in the given encoding. In GSM7, a character that the alphabet lacks counts as the
// one septet of the question mark that is sent in its place.
func MeasureAs(text string, encoding Encoding) Size {
	cost, alone, part := max1(septets), gsm7Alone, gsm7Part
	if encoding == UCS2 {
		cost, alone, part = utf16.RuneLen, ucs2Alone, ucs2Part
	}
	units, parts := pack(text, cost, part)
	if units <= alone {
		parts = 1
	}
	return Size{Encoding: encoding, Segments: parts, Units: units}
}

// pack fills parts with whole characters, in order.
func pack(text string, cost func(rune) int, part int) (units, parts int) {
	parts, free := 1, part
	for _, r := range text {
		n := cost(r)
		if n > free {
			parts, free = parts+1, part
		}
		units, free = units+n, free-n
	}
	return units, parts
}

// septets is the cost of one character in GSM7, 0 if it has none.
func septets(r rune) int {
	switch {
	case strings.ContainsRune(alphabet, r):
		return 1
	case strings.ContainsRune(extension, r):
		return 2
	default:
		return 0
	}
}

func max1(cost func(rune) int) func(rune) int {
	return func(r rune) int { return max(1, cost(r)) }
}
