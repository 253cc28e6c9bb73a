// Package optout knows what an inbound text asks for where it is one of the words that every sender of bulk texts must
// heed: STOP, START, HELP and what stands for them in each language; and who has asked to be left alone.
package optout

import (
	"slices"
	"strings"
)

// Keyword is what an inbound text asks for.
type Keyword string

// The keywords. Yes is a Start only where it follows a Stop, which Read cannot know.
const (
	None  Keyword = ""
	Stop  Keyword = "stop"
	Start Keyword = "start"
	Yes   Keyword = "yes"
	Help  Keyword = "help"
)

// Read says what a text asks for, and the language of the phrase that says so; None and "" where it is no keyword. It may
// be called concurrently, with any bytes.
//
// The whole text must be one of the phrases in words/, said once or several times over ("STOP STOP"). Letters count, not
// how they are written: case, accents, punctuation, emoji, quotes, invisible characters, and the width of letters and
// spaces make no difference. Two different phrases are none, because together they may say the contrary: "cancel stop".
//
// "stop", "quit", "end", "revoke", "opt out", "cancel" and "unsubscribe" end the consent of whoever replies with them,
// and so does any other wording that a reasonable person would understand so (47 CFR 64.1200(a)(10), FCC 24-24). No list
// holds every wording: what is None is for a person to read.
func Read(text string) (Keyword, Language) {
	words, ok := fold(text)
	if !ok {
		return None, ""
	}
	all := theLexicon()
	for n := 1; n <= min(len(words), all.longest); n++ {
		if !repeats(words, n) {
			continue
		}
		if m, ok := all.phrases[strings.Join(words[:n], " ")]; ok {
			return m.keyword, m.language
		}
	}
	return None, ""
}

// repeats says whether words are the first n of them over and over.
func repeats(words []string, n int) bool {
	return len(words)%n == 0 && slices.Equal(words[n:], words[:len(words)-n])
}
