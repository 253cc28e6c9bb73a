package sms

import (
	"slices"
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
	euro      = '€'
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
	p := packing{part: gsm7Part}
	for _, r := range text {
		n := septets(r)
		if n == 0 {
			return MeasureAs(text, UCS2)
		}
		p.add(n)
	}
	return p.size(GSM7, gsm7Alone)
}

// MeasureAs returns the size of text in the given encoding. In GSM7, a character that the alphabet lacks counts as the
// one septet of the question mark that is sent in its place.
func MeasureAs(text string, encoding Encoding) Size {
	if encoding == UCS2 {
		p := packing{part: ucs2Part}
		for _, r := range text {
			p.add(utf16.RuneLen(r))
		}
		return p.size(UCS2, ucs2Alone)
	}
	p := packing{part: gsm7Part}
	for _, r := range text {
		p.add(max(1, septets(r)))
	}
	return p.size(encoding, gsm7Alone)
}

// Forcing returns the characters of text that have no place in GSM-7, and so make it UCS2: each once, by code point. It is
// nil for a text that is GSM7.
func Forcing(text string) []rune {
	var found []rune
	for _, r := range text {
		if septets(r) == 0 {
			found = append(found, r)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// packing fills parts with whole characters, in order: an escape is never parted from its character, nor are the halves of a
// surrogate pair. What is read part by part, as some receivers do, would be broken otherwise.
type packing struct {
	part         int // units that a part holds
	units, parts int
	free         int // units of the last part
}

func (p *packing) add(n int) {
	if n > p.free {
		p.parts, p.free = p.parts+1, p.part
	}
	p.units, p.free = p.units+n, p.free-n
}

func (p *packing) size(encoding Encoding, alone int) Size {
	if p.units <= alone {
		p.parts = 1
	}
	return Size{Encoding: encoding, Segments: p.parts, Units: p.units}
}

// latinAndGreek has the cost in septets of all characters of GSM-7 but the euro sign.
var latinAndGreek = func() (cost ['Ω' + 1]uint8) {
	for _, r := range alphabet {
		cost[r] = 1
	}
	for _, r := range extension {
		if r != euro {
			cost[r] = 2
		}
	}
	return cost
}()

// septets is the cost of one character in GSM7, 0 if it has none. It is asked for every character of a million texts.
func septets(r rune) int {
	switch {
	case uint32(r) < uint32(len(latinAndGreek)):
		return int(latinAndGreek[r])
	case r == euro:
		return 2
	default:
		return 0
	}
}
