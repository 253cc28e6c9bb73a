package sms_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"sluice/internal/sms"
)

func TestMeasure(t *testing.T) {
	const (
		gsm, ucs = sms.GSM7, sms.UCS2
		euro     = "€" // two septets, one code unit
		smile    = "😀" // two code units
		han      = "界" // one code unit
	)
	rep := strings.Repeat
	for _, c := range []struct {
		name     string
		text     string
		encoding sms.Encoding
		segments int
		units    int
	}{
		{"an empty text is one segment", "", gsm, 1, 0},
		{"one letter", "a", gsm, 1, 1},
		{"hello world", "Hello, World!", gsm, 1, 13},
		{"line feed and carriage return are in the alphabet", "a\r\nb", gsm, 1, 4},
		{"a tab is not", "a\tb", ucs, 1, 3},
		{"the form feed is in the extension table", "\f", gsm, 1, 2},
		{"the escape itself is no character", "\x1b", ucs, 1, 1},
		{"every Greek capital of the alphabet", "ΔΦΓΛΩΠΨΣΘΞ", gsm, 1, 10},
		{"a Greek capital that looks Latin is not in it", "Α", ucs, 1, 1},
		{"accents that are in it", "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà", gsm, 1, 23},
		{"signs that are in it", "@£$¥_¤§¡¿", gsm, 1, 9},
		{"the small c with cedilla is not", "ç", ucs, 1, 1},
		{"the small a with acute is not", "á", ucs, 1, 1},
		{"the back-tick is not", "`", ucs, 1, 1},
		{"a curly quote is not", "it’s", ucs, 1, 4},
		{"an en dash is not", "9–5", ucs, 1, 3},
		{"a no-break space is not", "a\u00a0b", ucs, 1, 3},
		{"an e and a combining accent are two code units", "e\u0301", ucs, 1, 2},
		{"all of the extension table", "^{}\\[~]|€\f", gsm, 1, 20},
		{"a byte that is not UTF-8 counts as one character", "a\xff", ucs, 1, 2},

		{"159 letters", rep("a", 159), gsm, 1, 159},
		{"160 letters are the most in one", rep("a", 160), gsm, 1, 160},
		{"161 letters are two", rep("a", 161), gsm, 2, 161},
		{"158 letters and a euro fill one", rep("a", 158) + euro, gsm, 1, 160},
		{"159 letters and a euro do not fit in one", rep("a", 159) + euro, gsm, 2, 161},
		{"80 euros fill one", rep(euro, 80), gsm, 1, 160},
		{"81 euros are two", rep(euro, 81), gsm, 2, 162},
		{"306 letters are the most in two", rep("a", 306), gsm, 2, 306},
		{"307 letters are three", rep("a", 307), gsm, 3, 307},
		{"a euro at the border moves over whole", rep("a", 152) + euro + rep("b", 151), gsm, 2, 305},
		{"and leaves the last letter to a third", rep("a", 152) + euro + rep("b", 152), gsm, 3, 306},
		{"a euro that ends at the border stays", rep("a", 151) + euro + rep("b", 153), gsm, 2, 306},
		{"a euro at the border of one SMS alone is not moved", rep("a", 152) + euro + rep("b", 6), gsm, 1, 160},
		{"152 euros fill two with a septet free in each", rep(euro, 152), gsm, 2, 304},
		{"153 euros are three", rep(euro, 153), gsm, 3, 306},
		{"459 letters are the most in three", rep("a", 459), gsm, 3, 459},
		{"460 letters are four", rep("a", 460), gsm, 4, 460},
		{"1530 letters are the most in ten", rep("a", 1530), gsm, 10, 1530},
		{"1531 letters are eleven", rep("a", 1531), gsm, 11, 1531},

		{"one Chinese character makes all of it UCS-2", rep("a", 69) + han, ucs, 1, 70},
		{"69 characters", rep(han, 69), ucs, 1, 69},
		{"70 characters are the most in one", rep(han, 70), ucs, 1, 70},
		{"71 characters are two", rep(han, 71), ucs, 2, 71},
		{"a euro is one code unit in UCS-2", rep(euro, 69) + han, ucs, 1, 70},
		{"134 characters are the most in two", rep(han, 134), ucs, 2, 134},
		{"135 characters are three", rep(han, 135), ucs, 3, 135},
		{"201 characters are the most in three", rep(han, 201), ucs, 3, 201},
		{"202 characters are four", rep(han, 202), ucs, 4, 202},
		{"one emoji is two code units", smile, ucs, 1, 2},
		{"35 emoji fill one", rep(smile, 35), ucs, 1, 70},
		{"36 emoji are two", rep(smile, 36), ucs, 2, 72},
		{"66 emoji fill two with a code unit free in each", rep(smile, 66), ucs, 2, 132},
		{"67 emoji are three", rep(smile, 67), ucs, 3, 134},
		{"an emoji at the border moves over whole", rep(han, 66) + smile + rep(han, 65), ucs, 2, 133},
		{"and leaves the last character to a third", rep(han, 66) + smile + rep(han, 66), ucs, 3, 134},
		{"an emoji that ends at the border stays", rep(han, 65) + smile + rep(han, 67), ucs, 2, 134},
		{"a family of four emoji and three joiners is eleven code units", "👨‍👩‍👧‍👦", ucs, 1, 11},
		{"a flag is four code units", "🇬🇧", ucs, 1, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := sms.Size{Encoding: c.encoding, Segments: c.segments, Units: c.units}
			if got := sms.Measure(c.text); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestMeasureAs(t *testing.T) {
	for _, c := range []struct {
		name     string
		text     string
		encoding sms.Encoding
		want     sms.Size
	}{
		{"letters as UCS-2 take 70 to a segment", strings.Repeat("a", 71), sms.UCS2, sms.Size{Encoding: sms.UCS2, Segments: 2, Units: 71}},
		{"what GSM-7 lacks becomes a question mark", strings.Repeat("😀", 160), sms.GSM7, sms.Size{Encoding: sms.GSM7, Segments: 1, Units: 160}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sms.MeasureAs(c.text, c.encoding); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestEncodingString(t *testing.T) {
	for encoding, want := range map[sms.Encoding]string{sms.GSM7: "GSM-7", sms.UCS2: "UCS-2", 0: "none"} {
		if got := encoding.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// character draws from all kinds: cheap, escaped, UCS-2 and beyond the basic plane.
var character = rapid.OneOf(
	rapid.SampledFrom([]rune("abc \n@éΩ")), rapid.SampledFrom([]rune("€[]{}^~|\\")),
	rapid.SampledFrom([]rune("çá界’")), rapid.SampledFrom([]rune("😀👍")), rapid.Rune(),
)

func TestMeasureNeverShrinksWhenTextIsAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(character, 0, 500, -1).Draw(t, "text")
		longer := text + string(character.Draw(t, "more"))
		before, after := sms.Measure(text), sms.Measure(longer)
		if after.Segments < before.Segments || after.Encoding < before.Encoding {
			t.Fatalf("%+v became %+v", before, after)
		}
		if after.Encoding == before.Encoding && after.Units <= before.Units {
			t.Fatalf("%+v became %+v: the appended character cost nothing", before, after)
		}
		if after.Segments > before.Segments+1 && after.Encoding == before.Encoding {
			t.Fatalf("%+v became %+v: one character took two segments", before, after)
		}
	})
}

func TestMeasureFitsItsSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(character, 1, 500, -1).Draw(t, "text")
		size := sms.Measure(text)
		alone, part := 160, 153
		if size.Encoding == sms.UCS2 {
			alone, part = 70, 67
			if want := len(utf16.Encode([]rune(text))); size.Units != want {
				t.Fatalf("%d units, UTF-16 has %d", size.Units, want)
			}
		}
		if (size.Segments == 1) != (size.Units <= alone) {
			t.Fatalf("%+v: one segment if and only if it fits in %d", size, alone)
		}
		// At most one unit of each part but the last is left empty.
		if size.Segments > 1 && (size.Units > size.Segments*part || size.Units <= (size.Segments-1)*(part-1)) {
			t.Fatalf("%+v does not fill its parts of %d", size, part)
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	for name, text := range map[string]string{
		"GSM-7 160": strings.Repeat("Hello, Wörld! 5€ ", 9),
		"UCS-2 70":  strings.Repeat("日本語のSMS ", 9),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sms.Measure(text)
			}
		})
	}
}
