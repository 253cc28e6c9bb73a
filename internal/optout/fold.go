package optout

import (
	"strings"
	"unicode"
)

// maxFolded is how many bytes of letters and spaces a text may have and still be a keyword, said over and over: those of
// about ten SMS. Only time is limited so, of what may be a megabyte.
const maxFolded = 1600

// apostrophes are dropped, so that "don't" is "dont", as many write it.
const apostrophes = "'’‘ʼ`´′＇"

// fold returns the words of a text as they are compared: runs of letters and digits, in small letters without accents.
// It is false for a text that is too long to be a keyword.
func fold(text string) ([]string, bool) {
	var folded strings.Builder
	folded.Grow(min(len(text), maxFolded))
	apart := false
	for _, r := range text {
		switch {
		case isNothing(r):
		case !unicode.IsLetter(r) && !unicode.IsNumber(r):
			apart = true
		case folded.Len() >= maxFolded:
			return nil, false
		default:
			if apart && folded.Len() > 0 {
				folded.WriteByte(' ')
			}
			apart = false
			folded.WriteRune(foldLetter(r))
		}
	}
	return strings.Fields(folded.String()), true
}

// isNothing is for what can stand within a word without being seen or read: accents of their own, joiners, marks of
// direction, soft hyphens, selectors of a variation, fillers.
func isNothing(r rune) bool {
	if r <= unicode.MaxASCII {
		return r == '\'' || r == '`'
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) ||
		strings.ContainsRune(apostrophes, r)
}

// The letters of full width, ！ to ～, are those of ASCII, ! to ~, in the same order (Unicode, Halfwidth and Fullwidth Forms).
const fullWidthFirst, fullWidthLast, fullWidthOffset = '！', '～', '！' - '!'

// latin has, for each character from À to ſ (Unicode, Latin-1 Supplement and Latin Extended-A), the letter that it is
// without its accent; a dot where there is no single one.
const (
	latin = "" +
		"aaaaaa.ceeeeiiii" + // À to Ï
		".nooooo.ouuuuy.." + // Ð to ß
		"aaaaaa.ceeeeiiii" + // à to ï
		".nooooo.ouuuuy.y" + // ð to ÿ
		"aaaaaaccccccccdd" + // Ā to ď
		"ddeeeeeeeeeegggg" + // Đ to ğ
		"gggghhhhiiiiiiii" + // Ġ to į
		"ii..jjkk.lllllll" + // İ to Ŀ
		"lllnnnnnn...oooo" + // ŀ to ŏ
		"oo..rrrrrrssssss" + // Ő to ş
		"ssttttttuuuuuuuu" + // Š to ů
		"uuuuwwyyyzzzzzzs" // Ű to ſ
	latinFirst = 'À'
)

func foldLetter(r rune) rune {
	if fullWidthFirst <= r && r <= fullWidthLast {
		r -= fullWidthOffset
	}
	// Up, then down: more than one small letter can have the same capital, as ς and σ have.
	r = unicode.ToLower(unicode.ToUpper(r))
	if i := r - latinFirst; 0 <= i && int(i) < len(latin) && latin[i] != '.' {
		return rune(latin[i])
	}
	return r
}
