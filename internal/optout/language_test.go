package optout_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/internal/optout"
	"sluice/internal/sms"
)

func TestTheLanguagesAreKnown(t *testing.T) {
	want := []optout.Language{"de", "en", "es", "fr", "it", "nl", "pt"}
	got := optout.Languages()
	if !slices.Equal(got, want) {
		t.Fatalf("%v, not %v", got, want)
	}
	got[0] = "xx"
	if !slices.Equal(optout.Languages(), want) {
		t.Error("who asks for the languages can change them")
	}
}

func TestParseLanguage(t *testing.T) {
	for _, c := range []struct {
		text string
		want optout.Language
	}{
		{"en", "en"}, {"FR", "fr"}, {"pt-BR", "pt"}, {"pt_PT", "pt"}, {"es-419", "es"}, {"de-Latn-CH", "de"},
	} {
		if got, err := optout.ParseLanguage(c.text); got != c.want || err != nil {
			t.Errorf("%q is %q, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"", "xx", "eng", " en", "english", "-en", "e", strings.Repeat("x", 1000)} {
		got, err := optout.ParseLanguage(text)
		if got != "" || err == nil {
			t.Errorf("%q is %q, %v", text, got, err)
			continue
		}
		if !strings.Contains(err.Error(), "de, en, es, fr, it, nl, pt") || len(err.Error()) > 100 {
			t.Errorf("%q: the error does not say what it can be, or too much: %v", text, err)
		}
	}
}

// in capitals, the texts name words to reply with. SMS is none.
var inCapitals = regexp.MustCompile(`\b[A-Z]{4,}\b`)

func TestEachTextIsOneSegmentThatNamesItsWords(t *testing.T) {
	type keywords = []optout.Keyword
	seen := make(map[string]bool)
	for _, l := range optout.Languages() {
		for _, c := range []struct {
			name, text string
			names      keywords
		}{
			{"confirmation", l.Confirmation(), keywords{optout.Start}},
			{"welcome", l.Welcome(), keywords{optout.Stop, optout.Help}},
			{"help text", l.HelpText(), keywords{optout.Stop, optout.Start}},
		} {
			if size := sms.Measure(c.text); size.Encoding != sms.GSM7 || size.Segments != 1 {
				t.Errorf("%s, %s: is %d segments of %v, %d units", l, c.name, size.Segments, size.Encoding, size.Units)
			}
			var names keywords
			for _, word := range inCapitals.FindAllString(c.text, -1) {
				keyword, _ := optout.Read(word)
				names = append(names, keyword)
			}
			if !slices.Equal(names, c.names) {
				t.Errorf("%s, %s: names %q, not %q", l, c.name, names, c.names)
			}
			if keyword, _ := optout.Read(c.text); keyword != optout.None {
				t.Errorf("%s, %s: is itself read as %q", l, c.name, keyword)
			}
			if seen[c.text] {
				t.Errorf("%s, %s: is another's", l, c.name)
			}
			seen[c.text] = true
		}
	}
}

func TestALanguageThatIsNotKnownSpeaksEnglish(t *testing.T) {
	for _, l := range []optout.Language{"", "xx"} {
		en := optout.Language("en")
		if l.Confirmation() != en.Confirmation() || l.Welcome() != en.Welcome() || l.HelpText() != en.HelpText() {
			t.Errorf("%q speaks otherwise", l)
		}
	}
}
