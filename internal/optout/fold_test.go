package optout

import (
	"testing"
	"unicode"
)

func TestTheCasesOfALetterFoldToOne(t *testing.T) {
	for r := range unicode.MaxRune {
		if unicode.IsLetter(r) && foldLetter(r) != foldLetter(unicode.SimpleFold(r)) {
			t.Errorf("%c folds to %c, %c to %c", r, foldLetter(r), unicode.SimpleFold(r), foldLetter(unicode.SimpleFold(r)))
		}
	}
}

func TestALetterFoldsToTheOneThatItIsWithoutItsAccent(t *testing.T) {
	for plain, accented := range map[rune]string{
		'a': "ÀÁÂÃÄÅĀĂĄ", 'c': "ÇĆĈĊČ", 'd': "ĎĐ", 'e': "ÈÉÊËĒĔĖĘĚ", 'g': "ĜĞĠĢ", 'h': "ĤĦ", 'i': "ÌÍÎÏĨĪĬĮİı", 'j': "Ĵ",
		'k': "Ķ", 'l': "ĹĻĽĿŁ", 'n': "ÑŃŅŇ", 'o': "ÒÓÔÕÖØŌŎŐ", 'r': "ŔŖŘ", 's': "ŚŜŞŠſ", 't': "ŢŤŦ", 'u': "ÙÚÛÜŨŪŬŮŰŲ",
		'w': "Ŵ", 'y': "ÝŶŸ", 'z': "ŹŻŽ",
	} {
		for _, r := range accented {
			if foldLetter(r) != plain || foldLetter(unicode.ToLower(r)) != plain {
				t.Errorf("%c folds to %c, %c to %c", r, foldLetter(r), unicode.ToLower(r), foldLetter(unicode.ToLower(r)))
			}
		}
	}
	for _, r := range "æœßðþŋĳ" {
		if foldLetter(r) != r {
			t.Errorf("%c, which is no letter with an accent, folds to %c", r, foldLetter(r))
		}
	}
}

func TestLettersOfFullWidthFoldToThoseOfASCII(t *testing.T) {
	for i := range rune('z' - 'a' + 1) {
		if foldLetter('ａ'+i) != 'a'+i || foldLetter('Ａ'+i) != 'a'+i {
			t.Errorf("%c folds to %c, %c to %c", 'ａ'+i, foldLetter('ａ'+i), 'Ａ'+i, foldLetter('Ａ'+i))
		}
	}
}
