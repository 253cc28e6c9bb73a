package optout_test

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"sluice/internal/optout"
)

// How many texts of either kind the files in testdata hold at least.
const minimumOfAnswers, minimumOfKeywords = 200, 150

func TestNoAnswerIsReadAsAKeyword(t *testing.T) {
	texts := linesOf(t, "testdata/not-opt-outs.txt", minimumOfAnswers)
	for _, text := range texts {
		if keyword, language := optout.Read(text); keyword != optout.None || language != "" {
			t.Errorf("%q is read as %q in %q", text, keyword, language)
		}
	}
}

func TestEveryKeywordIsRead(t *testing.T) {
	for _, k := range keywords(t) {
		if keyword, language := optout.Read(k.text); keyword != k.keyword || language != k.language {
			t.Errorf("%q is read as %q in %q, not as %q in %q", k.text, keyword, language, k.keyword, k.language)
		}
	}
}

func TestEveryLanguageHasItsKeywords(t *testing.T) {
	count := make(map[optout.Language]map[optout.Keyword]int)
	for _, l := range optout.Languages() {
		count[l] = make(map[optout.Keyword]int)
	}
	for _, k := range keywords(t) {
		if count[k.language] == nil {
			t.Fatalf("%q: no such language", k.language)
		}
		count[k.language][k.keyword]++
	}
	for language, of := range count {
		if of[optout.Stop] < 5 || of[optout.Start] < 1 || of[optout.Help] < 1 {
			t.Errorf("testdata/keywords.txt has too few for %q: %v", language, of)
		}
	}
}

func TestWhatCannotBeSeenMakesNoDifference(t *testing.T) {
	for name, text := range map[string]string{
		"spaces and line feeds around":      " \t\r\n STOP \r\n",
		"no-break spaces around":            "\u00a0STOP\u202f\u00a0",
		"ideographic spaces around":         "\u3000STOP\u3000",
		"a no-break space within":           "OPT\u00a0OUT",
		"many spaces within":                "stop   \n\n  all",
		"a byte order mark":                 "\ufeffSTOP",
		"zero-width spaces within":          "S\u200bT\u200bO\u200bP",
		"zero-width joiners":                "\u200dSTOP\u200c",
		"marks of direction":                "\u200e\u202aSTOP\u202c\u200f",
		"isolates":                          "\u2068STOP\u2069",
		"a soft hyphen":                     "un\u00adsub\u00adscribe",
		"a word joiner":                     "STOP\u2060",
		"a selector of variation":           "STOP\ufe0f",
		"an emoji with a selector":          "STOP \u26d4\ufe0f",
		"an emoji of several, joined":       "STOP \U0001f926\U0001f3fd\u200d\u2640\ufe0f",
		"a flag":                            "STOP \U0001f1eb\U0001f1f7",
		"a filler":                          "STOP\u3164",
		"a blank of Braille":                "STOP\u2800",
		"a NUL at the end":                  "STOP\x00",
		"bytes that are not UTF-8":          "\xffSTOP\xc3",
		"letters of full width":             "\uff33\uff54\uff2f\uff50\uff01",
		"an accent of its own":              "arre\u0302t",
		"an accent of its own, capital":     "ARRE\u0302T",
		"the Turkish capital I":             "QU\u0130T",
		"the Turkish small i without a dot": "qu\u0131t",
		"the long s":                        "\u017ftop",
		"a signature of its own line":       "STOP\n--\n",
	} {
		if keyword, _ := optout.Read(text); keyword != optout.Stop {
			t.Errorf("%s: %q is read as %q", name, text, keyword)
		}
	}
}

func TestNothingIsNoKeyword(t *testing.T) {
	for _, text := range []string{"", " ", "\x00", "\xff", "!!!", "\u200b", "🛑", "\u0301", "'", strings.Repeat("-", 1<<20)} {
		if keyword, language := optout.Read(text); keyword != optout.None || language != "" {
			t.Errorf("%.20q is read as %q in %q", text, keyword, language)
		}
	}
}

func TestAWordSaidOverAndOverIsThatWordUpToTenTexts(t *testing.T) {
	for _, c := range []struct {
		times int
		want  optout.Keyword
	}{{1, optout.Stop}, {2, optout.Stop}, {32, optout.Stop}, {300, optout.Stop}, {400, optout.None}, {200_000, optout.None}} {
		if keyword, _ := optout.Read(strings.Repeat("Stop. ", c.times)); keyword != c.want {
			t.Errorf("said %d times it is read as %q", c.times, keyword)
		}
	}
}

func TestTwoDifferentKeywordsAreNone(t *testing.T) {
	for _, text := range []string{
		"cancel stop", "stop cancel", "end stop", "stop start", "unstop stop", "yes stop", "help stop", "stop unsubscribe",
		"stop stop start", "quit opt out", "stop stop please", "info help",
	} {
		if keyword, _ := optout.Read(text); keyword != optout.None {
			t.Errorf("%q is read as %q", text, keyword)
		}
	}
}

// Whatever the text, keyword or not, its case makes no difference.
func TestCaseMakesNoDifference(t *testing.T) {
	texts := anyText(t)
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text")
		turned := strings.Map(func(r rune) rune {
			for range rapid.IntRange(0, 3).Draw(t, "turns") {
				r = unicode.SimpleFold(r)
			}
			return r
		}, text)
		same(t, text, turned)
		same(t, text, strings.ToUpper(text))
		same(t, text, strings.ToLower(text))
	})
}

// Nor does what is put around it, or another space beside a space.
func TestSurroundingsMakeNoDifference(t *testing.T) {
	texts := anyText(t)
	around := rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom(nil, unicode.P, unicode.S, unicode.Z, unicode.Cf, unicode.Cc),
		rapid.RuneFrom([]rune(" \n\t.!?,;:'\"()«»“”…–-*_#>😡❤🛑\ufe0f\u200b\u200d\u200e\u202e\u2066\ufeff\u00a0\u3000！")),
	))
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text")
		same(t, text, around.Draw(t, "before")+text+around.Draw(t, "after"))
		same(t, text, strings.ReplaceAll(text, " ", rapid.StringOfN(rapid.RuneFrom([]rune(" \n\u00a0-,")), 1, 5, -1).Draw(t, "space")))
	})
}

// A keyword in a sentence is none: another word before or after it makes it so, unless it is the same again.
func TestAKeywordWithinASentenceIsNone(t *testing.T) {
	stop := rapid.SampledFrom([]string{"stop", "Unsubscribe", "CANCEL", "end", "quit", "arrêt", "abmelden", "baja", "sair", "help", "start"})
	other := rapid.SampledFrom([]string{"we", "Tuesday", "the", "nicht", "pas", "uno", "maar", "nunca", "4", "ok", "x"})
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.OneOf(stop, other), 0, 6).Draw(t, "words")
		at := rapid.IntRange(0, len(words)).Draw(t, "at")
		text := strings.Join(append(append(append([]string{}, words[:at]...), other.Draw(t, "other")), words[at:]...), " ")
		if keyword, _ := optout.Read(text); keyword != optout.None {
			t.Fatalf("%q is read as %q", text, keyword)
		}
	})
}

func same(t *rapid.T, text, variant string) {
	keyword, language := optout.Read(text)
	if k, l := optout.Read(variant); k != keyword || l != language {
		t.Fatalf("%q is read as %q in %q, but %q as %q in %q", text, keyword, language, variant, k, l)
	}
}

// anyText draws keywords, answers, and letters of all sorts.
func anyText(t *testing.T) *rapid.Generator[string] {
	var said []string
	for _, k := range keywords(t) {
		said = append(said, k.text)
	}
	return rapid.OneOf(
		rapid.SampledFrom(said),
		rapid.SampledFrom(linesOf(t, "testdata/not-opt-outs.txt", 1)),
		rapid.StringOf(rapid.RuneFrom([]rune("stopendSTOPENDſKİıßﬁσςΣ '-é\u0301"))),
		rapid.String(),
	)
}

type keywordText struct {
	keyword  optout.Keyword
	language optout.Language
	text     string
}

func keywords(t *testing.T) []keywordText {
	var all []keywordText
	for _, line := range linesOf(t, "testdata/keywords.txt", minimumOfKeywords) {
		keyword, rest, _ := strings.Cut(line, " ")
		language, text, ok := strings.Cut(rest, " ")
		if !ok {
			t.Fatalf("testdata/keywords.txt: %q has no text", line)
		}
		all = append(all, keywordText{optout.Keyword(keyword), optout.Language(language), text})
	}
	return all
}

// linesOf returns what a file holds besides comments, and fails where it is less than it should be or there twice.
func linesOf(t *testing.T, file string, minimum int) []string {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	seen := make(map[string]bool)
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if seen[line] {
			t.Errorf("%s has %q twice", file, line)
		}
		seen[line] = true
		lines = append(lines, line)
	}
	if len(lines) < minimum {
		t.Fatalf("%s has %d lines, fewer than %d", file, len(lines), minimum)
	}
	return lines
}

// longestRead is generous: a megabyte takes some ten milliseconds, under the race detector some hundred.
const longestRead = 5 * time.Second

// Whatever the bytes, however many, Read returns soon, with a keyword and its language or with neither.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "STOP", "stop stop", "please don't stop", "ARRÊT", "ｓｔｏｐ", "S\u200bTOP", "\xff\xfe", "stop\u0301", "'’`",
		"opt-out", "Yes.", "help\x00",
	} {
		f.Add(seed, 1)
		f.Add(seed, 1<<20)
	}
	known := make(map[optout.Language]bool)
	for _, l := range optout.Languages() {
		known[l] = true
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		if text != "" && size > len(text) {
			text = strings.Repeat(text, min(size, 1<<20)/len(text))
		}
		began := time.Now()
		keyword, language := optout.Read(text)
		if took := time.Since(began); took > longestRead {
			t.Errorf("%d bytes took %v", len(text), took)
		}
		switch keyword {
		case optout.None:
			if language != "" {
				t.Errorf("%.80q is no keyword, of %q", text, language)
			}
		case optout.Stop, optout.Start, optout.Yes, optout.Help:
			if !known[language] {
				t.Errorf("%.80q is %q, of %q", text, keyword, language)
			}
		default:
			t.Errorf("%.80q is %q", text, keyword)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const sentence = "Thank you for the reminder. Can I cancel my Tuesday appointment and come on Friday instead, " +
		"at the end of the day? If not I will stop by and ask, as usual. Jo"
	megabyte := strings.Repeat("\u00a0🛑", 1<<20/6)
	for _, c := range []struct{ name, text string }{
		{"160 characters that are none", (sentence + strings.Repeat(".", 160))[:160]},
		{"the word alone", "STOP"},
		{"160 characters of the word", strings.Repeat("STOP ", 32)},
		{"160 characters with accents", strings.Repeat("Où est l'arrêt? ", 10)},
		{"a megabyte of emoji and spaces", megabyte},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				optout.Read(c.text)
			}
		})
	}
}
