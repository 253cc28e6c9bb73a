package optout

import (
	"strings"
	"testing"
)

const texts = "[confirmation]\nDone.\n[welcome]\nDone.\n[help text]\nTwo\nlines.\n"

func TestALanguageIsAddedByItsFile(t *testing.T) {
	l := emptyLexicon()
	if err := l.add("sv.txt", "# Swedish\n\n[stop]\n  Avregistrera  mig! \r\n[start]\nåter\n"+texts); err != nil {
		t.Fatal(err)
	}
	if got, want := l.phrases["avregistrera mig"], (meaning{Stop, "sv"}); got != want {
		t.Errorf("%v, not %v", got, want)
	}
	if got, want := l.phrases["ater"], (meaning{Start, "sv"}); got != want {
		t.Errorf("%v, not %v", got, want)
	}
	if l.longest != 2 || len(l.phrases) != 2 {
		t.Errorf("%d phrases, the longest of %d words", len(l.phrases), l.longest)
	}
	if got := l.texts["sv"][helpText]; got != "Two lines." {
		t.Errorf("the help text is %q", got)
	}
}

func TestAWrongFileIsRefused(t *testing.T) {
	for _, c := range []struct{ name, content, says string }{
		{"a phrase twice, written differently", "[stop]\narrêt\nARRET!\n" + texts, "line 3"},
		{"a phrase of another language", "[help]\nhalt\n" + texts, "is in xx.txt already, in [stop]"},
		{"a section that is none", "[halt]\nhalt\n" + texts, `line 2: there is no section "halt"`},
		{"a phrase before any section", "stop\n" + texts, "line 1"},
		{"a phrase without letters", "[stop]\n!!!\n" + texts, `"!!!" has no letters`},
		{"no confirmation", "[welcome]\na\n[help text]\na\n", "[confirmation] is missing"},
		{"no welcome", "[confirmation]\na\n[help text]\na\n", "[welcome] is missing"},
		{"no help text", "[confirmation]\na\n[welcome]\na\n", "[help text] is missing"},
		{"nothing", "", "words/fr.txt: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := emptyLexicon()
			if err := l.add("xx.txt", "[stop]\nhalt\n"+texts); err != nil {
				t.Fatal(err)
			}
			err := l.add("fr.txt", c.content)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %s", err, c.says)
			}
		})
	}
}

// Read never looks for such a phrase: it has found a shorter one.
func TestNoPhraseIsARepetition(t *testing.T) {
	for phrase := range theLexicon().phrases {
		words := strings.Fields(phrase)
		for n := 1; n < len(words); n++ {
			if repeats(words, n) {
				t.Errorf("%q need not be listed", phrase)
			}
		}
	}
}

// What the first Read of a process costs more than the others.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := load(); err != nil {
			b.Fatal(err)
		}
	}
}
