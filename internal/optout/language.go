package optout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Language is an ISO 639-1 code in small letters: "en". The zero value is none.
type Language string

// fallback is the language of texts to whom no other is known.
const fallback Language = "en"

// Languages returns those that Read knows, in the order of their codes.
func Languages() []Language { return slices.Clone(theLexicon().languages) }

// ParseLanguage reads a code in any case, with or without a region, of which it takes no notice: "pt-BR" is "pt"
// (RFC 5646, section 2.1). A language that Read does not know is an error.
func ParseLanguage(s string) (Language, error) {
	code, _, _ := strings.Cut(strings.ReplaceAll(s, "_", "-"), "-")
	language := Language(strings.ToLower(code))
	if all := theLexicon().languages; !slices.Contains(all, language) {
		return "", fmt.Errorf("language %.20q is not one of %s", s, joined(all))
	}
	return language, nil
}

// Confirmation is the one text that answers a Stop: it says that it is done and how to come back, and nothing else, as
// 47 CFR 64.1200(a)(12) wants. Like the other texts it is of one GSM-7 segment, names nobody, and is in English where the
// language is not known.
func (l Language) Confirmation() string { return l.text(confirmationText) }

// Welcome is the text that answers a Start: it says that it is done and how to leave.
func (l Language) Welcome() string { return l.text(welcomeText) }

// HelpText is the text that answers a Help: it says how to leave, how to come back, and how to reach a person.
func (l Language) HelpText() string { return l.text(helpText) }

func (l Language) text(name string) string {
	texts := theLexicon().texts
	return cmp.Or(texts[l][name], texts[fallback][name])
}

func joined(languages []Language) string {
	codes := make([]string, len(languages))
	for i, language := range languages {
		codes[i] = string(language)
	}
	return strings.Join(codes, ", ")
}
