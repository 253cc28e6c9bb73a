package sms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"pgregory.net/rapid"

	"sluice/internal/sms"
)

// TestMeasureByHand has texts whose division into parts was worked out on paper, from 3GPP TS 23.038 and 23.040:
//
//   - An SMS carries 140 octets: 160 septets (140 × 8 / 7), or 70 code units of 16 bits.
//   - A part of a longer text gives six of them to the header that joins the parts (TS 23.040, 9.2.3.24.1: length, element,
//     its length, reference, number of parts, part), so that 134 are left: 67 code units, or 153 septets (134 × 8 / 7 is
//     153.1).
//   - A character of the extension table is an escape and a septet (TS 23.038, 6.2.1.1); one beyond the basic plane is two
//     code units of UTF-16. Neither is divided: where one unit is left in a part, it stays empty.
//
// a stands for one septet, e for a euro sign (two septets, or one code unit), h for a character that only UCS-2 has (one
// code unit), s for an emoji (two). Each number in want is what one part holds: their sum are the units, their count the
// segments.
func TestMeasureByHand(t *testing.T) {
	text := func(s string) func(n int) string { return func(n int) string { return strings.Repeat(s, n) } }
	a, e, h, s := text("a"), text("€"), text("界"), text("😀")
	flag, family := text("🇬🇧"), text("👨‍👩‍👧‍👦") // 2+2 code units; 2+1+2+1+2+1+2
	const gsm, ucs = sms.GSM7, sms.UCS2
	for _, c := range []struct {
		name     string
		text     string
		encoding sms.Encoding
		want     []int
	}{
		// Alone, up to 160 septets.
		{"160 a", a(160), gsm, []int{160}},
		{"161 a", a(161), gsm, []int{153, 8}},
		{"158 a, e ends in the last septet", a(158) + e(1), gsm, []int{160}},
		{"159 a, the escape would be the last septet", a(159) + e(1), gsm, []int{153, 8}},
		{"80 e", e(80), gsm, []int{160}},
		{"1 a, 80 e: 76 end with the first part", a(1) + e(80), gsm, []int{153, 8}},
		{"80 e, 1 a: the 77th moves over", e(80) + a(1), gsm, []int{152, 9}},
		{"e over what would be a border of parts, in one SMS", a(152) + e(1) + a(6), gsm, []int{160}},
		{"the same with one more", a(152) + e(1) + a(7), gsm, []int{152, 9}},
		{"e right before that border", a(151) + e(1) + a(8), gsm, []int{153, 8}},
		{"80 line ends of two", strings.Repeat("\r\n", 80), gsm, []int{160}},
		{"81 line ends of two", strings.Repeat("\r\n", 81), gsm, []int{153, 9}},
		{"80 form feeds", strings.Repeat("\f", 80), gsm, []int{160}},

		// Two parts, up to 306 septets.
		{"306 a", a(306), gsm, []int{153, 153}},
		{"307 a", a(307), gsm, []int{153, 153, 1}},
		{"e at the border moves", a(152) + e(1) + a(151), gsm, []int{152, 153}},
		{"306 septets, e at the border", a(152) + e(1) + a(152), gsm, []int{152, 153, 1}},
		{"306 septets, e before the border", a(151) + e(1) + a(153), gsm, []int{153, 153}},
		{"307 septets, e before the border", a(151) + e(1) + a(154), gsm, []int{153, 153, 1}},
		{"306 septets, e after the border", a(153) + e(1) + a(151), gsm, []int{153, 153}},
		{"306 septets, e ends in the last one", a(304) + e(1), gsm, []int{153, 153}},
		{"the escape would be the last septet of the second", a(305) + e(1), gsm, []int{153, 152, 2}},
		{"e at two borders", a(152) + e(1) + a(150) + e(1), gsm, []int{152, 152, 2}},
		{"e from the border on", a(152) + e(77), gsm, []int{152, 152, 2}},
		{"e from the second part on", a(153) + e(76), gsm, []int{153, 152}},
		{"one e more", a(153) + e(77), gsm, []int{153, 152, 2}},
		{"152 e, a septet empty in each", e(152), gsm, []int{152, 152}},
		{"153 e, though 306 septets", e(153), gsm, []int{152, 152, 2}},
		{"1 a, 152 e: only the second has an empty one", a(1) + e(152), gsm, []int{153, 152}},
		{"and it takes another a", a(1) + e(152) + a(1), gsm, []int{153, 153}},
		{"but not two", a(1) + e(152) + a(2), gsm, []int{153, 153, 1}},

		// Three parts and more.
		{"459 a", a(459), gsm, []int{153, 153, 153}},
		{"460 a", a(460), gsm, []int{153, 153, 153, 1}},
		{"e moves over the first border, and one over the second", a(152) + e(1) + a(150) + e(1) + a(151), gsm, []int{152, 152, 153}},
		{"458 septets with two empty ones", a(152) + e(1) + a(150) + e(1) + a(152), gsm, []int{152, 152, 153, 1}},
		{"e over the first border, and one that begins the third part", a(152) + e(1) + a(151) + e(1) + a(151), gsm, []int{152, 153, 153}},
		{"459 septets with one empty one", a(152) + e(1) + a(151) + e(1) + a(152), gsm, []int{152, 153, 153, 1}},
		{"228 e", e(228), gsm, []int{152, 152, 152}},
		{"229 e", e(229), gsm, []int{152, 152, 152, 2}},
		{"1 a, 228 e", a(1) + e(228), gsm, []int{153, 152, 152}},
		{"e ends in the last septet of the third", a(457) + e(1), gsm, []int{153, 153, 153}},
		{"the escape would be the last septet of the third", a(458) + e(1), gsm, []int{153, 153, 152, 2}},
		{"612 a", a(612), gsm, []int{153, 153, 153, 153}},
		{"308 e", e(308), gsm, []int{152, 152, 152, 152, 8}},

		// Alone, up to 70 code units.
		{"70 h", h(70), ucs, []int{70}},
		{"71 h", h(71), ucs, []int{67, 4}},
		{"69 a, h", a(69) + h(1), ucs, []int{70}},
		{"70 a, h", a(70) + h(1), ucs, []int{67, 4}},
		{"160 a and one letter that GSM-7 lacks", a(160) + "ç", ucs, []int{67, 67, 27}},
		{"e is one code unit", e(69) + h(1), ucs, []int{70}},
		{"an opening bracket is one code unit", strings.Repeat("[", 70) + h(1), ucs, []int{67, 4}},
		{"35 s", s(35), ucs, []int{70}},
		{"36 s: 33 to a part", s(36), ucs, []int{66, 6}},
		{"s ends in the last code unit", h(68) + s(1), ucs, []int{70}},
		{"the first half would be the last code unit", h(69) + s(1), ucs, []int{67, 4}},
		{"s over what would be a border of parts, in one SMS", h(66) + s(1) + h(2), ucs, []int{70}},
		{"the same with one more", h(66) + s(1) + h(3), ucs, []int{66, 5}},
		{"s right before that border", h(65) + s(1) + h(4), ucs, []int{67, 4}},

		// Two parts and more, of 67 code units.
		{"134 h", h(134), ucs, []int{67, 67}},
		{"135 h", h(135), ucs, []int{67, 67, 1}},
		{"s at the border moves", h(66) + s(1) + h(65), ucs, []int{66, 67}},
		{"134 code units, s at the border", h(66) + s(1) + h(66), ucs, []int{66, 67, 1}},
		{"134 code units, s before the border", h(65) + s(1) + h(67), ucs, []int{67, 67}},
		{"134 code units, s after the border", h(67) + s(1) + h(65), ucs, []int{67, 67}},
		{"134 code units, s ends in the last one", h(132) + s(1), ucs, []int{67, 67}},
		{"the first half would be the last of the second", h(133) + s(1), ucs, []int{67, 66, 2}},
		{"s at two borders", h(66) + s(1) + h(64) + s(1), ucs, []int{66, 66, 2}},
		{"66 s", s(66), ucs, []int{66, 66}},
		{"67 s, though 134 code units", s(67), ucs, []int{66, 66, 2}},
		{"1 h, 66 s", h(1) + s(66), ucs, []int{67, 66}},
		{"1 h, 66 s, 1 h", h(1) + s(66) + h(1), ucs, []int{67, 67}},
		{"1 h, 67 s", h(1) + s(67), ucs, []int{67, 66, 2}},
		{"201 h", h(201), ucs, []int{67, 67, 67}},
		{"202 h", h(202), ucs, []int{67, 67, 67, 1}},
		{"s over the first border, and one that begins the third part", h(66) + s(1) + h(65) + s(1) + h(65), ucs, []int{66, 67, 67}},
		{"201 code units with one empty one", h(66) + s(1) + h(65) + s(1) + h(66), ucs, []int{66, 67, 67, 1}},
		{"99 s", s(99), ucs, []int{66, 66, 66}},
		{"100 s", s(100), ucs, []int{66, 66, 66, 2}},
		{"1 h, 99 s", h(1) + s(99), ucs, []int{67, 66, 66}},

		// What readers see as one character, the standard sees as many: it may be divided between them.
		{"17 flags", flag(17), ucs, []int{68}},
		{"18 flags: the 17th is divided between its letters", flag(18), ucs, []int{66, 6}},
		{"a flag that ends in the last code unit", h(66) + flag(1), ucs, []int{70}},
		{"a flag at the border: neither letter fits", h(66) + flag(1) + h(1), ucs, []int{66, 5}},
		{"a flag at the border: its first letter fits", h(65) + flag(1) + h(2), ucs, []int{67, 4}},
		{"6 families", family(6), ucs, []int{66}},
		{"7 families", family(7), ucs, []int{66, 11}},
		{"12 families", family(12), ucs, []int{66, 66}},
		{"1 h, 12 families", h(1) + family(12), ucs, []int{67, 66}},
		{"2 h, 12 families: the last child of the sixth and the twelfth moves", h(2) + family(12), ucs, []int{66, 66, 2}},
		{"17 thumbs with a skin tone", strings.Repeat("👍🏽", 17), ucs, []int{68}},
		{"18 thumbs with a skin tone", strings.Repeat("👍🏽", 18), ucs, []int{66, 6}},
		{"23 keycaps of three code units", strings.Repeat("1\ufe0f\u20e3", 23), ucs, []int{69}},
		{"24 keycaps of three code units", strings.Repeat("1\ufe0f\u20e3", 24), ucs, []int{67, 5}},
		{"35 letters with a combining accent", strings.Repeat("e\u0301", 35), ucs, []int{70}},
		{"36 letters with a combining accent", strings.Repeat("e\u0301", 36), ucs, []int{67, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := sms.Size{Encoding: c.encoding, Segments: len(c.want)}
			for _, units := range c.want {
				want.Units += units
			}
			if got := sms.Measure(c.text); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if got := naive(c.text); !slices.Equal(got.parts, c.want) {
				t.Errorf("the naive packer fills %v, want %v", got.parts, c.want)
			}
		})
	}
}

func TestEveryExtensionCharacterMovesOverABorderWhole(t *testing.T) {
	for _, c := range "\f^{}\\[~]|€" {
		text := strings.Repeat("a", 152) + string(c) + strings.Repeat("a", 152) // 152, 153, 1
		if got, want := sms.Measure(text), (sms.Size{Encoding: sms.GSM7, Segments: 3, Units: 306}); got != want {
			t.Errorf("%q: got %+v, want %+v", c, got, want)
		}
	}
}

// The basic alphabet as TS 23.038, 6.2.1, prints it: a row for each value of the low four bits, a column for each of the
// high three. ␛ is where the escape stands.
const printed = `
@Δ 0¡P¿p
£_!1AQaq
$Φ"2BRbr
¥Γ#3CScs
èΛ¤4DTdt
éΩ%5EUeu
ùΠ&6FVfv
ìΨ'7GWgw
òΣ(8HXhx
ÇΘ)9IYiy
␊Ξ*:JZjz
Ø␛+;KÄkä
øÆ,<LÖlö
␍æ-=MÑmñ
Åß.>NÜnü
åÉ/?O§oà`

// The extension table, 6.2.1.1: by the septet that follows the escape.
var extended = map[rune]byte{
	'\f': 0x0a, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2f, '[': 0x3c, '~': 0x3d, ']': 0x3e, '|': 0x40, '€': 0x65,
}

// standard has the septets of every character.
var standard = func() map[rune][]byte {
	table := make(map[rune][]byte)
	for low, row := range strings.Split(printed, "\n")[1:] {
		row = strings.NewReplacer("␊", "\n", "␍", "\r").Replace(row)
		for high, r := range []rune(row) {
			if r != '␛' {
				table[r] = []byte{byte(high<<4 | low)}
			}
		}
	}
	for r, septet := range extended {
		table[r] = []byte{0x1b, septet}
	}
	return table
}()

type packed struct {
	encoding sms.Encoding
	parts    []int // units in each
}

// naive encodes character by character and cuts what it has: it shares nothing with Measure.
func naive(text string) packed {
	var characters [][]byte // septets, or a byte for each code unit
	encoding, alone, part := sms.GSM7, 160, 153
	for _, r := range text {
		septets, ok := standard[r]
		if !ok {
			encoding, alone, part = sms.UCS2, 70, 67
			break
		}
		characters = append(characters, septets)
	}
	if encoding == sms.UCS2 {
		characters = nil
		for _, r := range text {
			characters = append(characters, make([]byte, len(utf16.Encode([]rune{r}))))
		}
	}
	total := len(slices.Concat(characters...))
	if total <= alone {
		return packed{encoding, []int{total}}
	}
	p := packed{encoding: encoding}
	for len(characters) > 0 {
		fits := len(characters)
		for len(slices.Concat(characters[:fits]...)) > part {
			fits--
		}
		p.parts = append(p.parts, len(slices.Concat(characters[:fits]...)))
		characters = characters[fits:]
	}
	return p
}

func TestTheAlphabetIsTheStandards(t *testing.T) {
	if len(standard) != 127+10 {
		t.Fatalf("the standard has 127 characters and 10 more, the table here %d", len(standard))
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		septets, isGSM7 := standard[r]
		got := sms.Measure(string(r))
		if isGSM7 != (got.Encoding == sms.GSM7) || isGSM7 && got.Units != len(septets) {
			t.Errorf("%U is %+v, in the standard % x", r, got, septets)
		}
	}
}

func TestMeasureAgreesWithANaivePacker(t *testing.T) {
	cheap, dear := rapid.SampledFrom([]rune("aZ0 \n@éΩñ")), rapid.SampledFrom([]rune("€[]{}^~|\\\f"))
	texts := rapid.OneOf(
		rapid.StringOfN(rapid.OneOf(cheap, dear), 140, 330, -1),
		rapid.StringOfN(rapid.OneOf(rapid.SampledFrom([]rune("界’a€")), rapid.SampledFrom([]rune("😀🇬"))), 30, 150, -1),
		rapid.StringOfN(character, 0, 250, -1),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text")
		want := naive(text)
		units := 0
		for _, n := range want.parts {
			units += n
		}
		if got := sms.Measure(text); got != (sms.Size{Encoding: want.encoding, Segments: len(want.parts), Units: units}) {
			t.Fatalf("got %+v, want %v parts of %s", got, want.parts, want.encoding)
		}
	})
}

func TestForcing(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an empty text", "", "[]"},
		{"all of GSM-7", "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !¡ÄÖÑÜ§¿äöñüà\f^{}\\[~]|€", "[]"},
		{"a curly quote", "it’s Ada’s", "[U+2019]"},
		{"each once, by code point", "“Zoë’s” 😀 – 😀 ç", "[U+00E7 U+00EB U+2013 U+2019 U+201C U+201D U+1F600]"},
		{"a tab", "a\tb", "[U+0009]"},
		{"the escape", "\x1b", "[U+001B]"},
		{"a combining accent without its letter", "e\u0301", "[U+0301]"},
		{"what is not UTF-8", "a\xff\xfe", "[U+FFFD]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fmt.Sprintf("%U", sms.Forcing(c.text)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestForcingIsEmptyWhereTheTextIsGSM7(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(character, 0, 200, -1).Draw(t, "text")
		if isGSM7 := sms.Measure(text).Encoding == sms.GSM7; isGSM7 != (sms.Forcing(text) == nil) {
			t.Fatalf("%U force UCS-2, and the text is GSM-7: %t", sms.Forcing(text), isGSM7)
		}
	})
}

func TestMeasureAllocatesNothing(t *testing.T) {
	for _, text := range []string{strings.Repeat("Hello, Wörld! 5€ ", 40), strings.Repeat("日本語のSMS 😀", 40)} {
		if n := testing.AllocsPerRun(100, func() { sms.Measure(text) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func BenchmarkForcing(b *testing.B) {
	text := strings.Repeat("it’s “here” – ", 10)
	b.ReportAllocs()
	for b.Loop() {
		sms.Forcing(text)
	}
}
