package expression

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

type tokenKind uint8

const (
	end     tokenKind = iota
	word              // A name, a keyword or a function.
	alias             // #name
	value             // :value
	digits            // An index in a list.
	symbol            // Any other character, and <= >= <>.
	unknown           // A character that no expression has.
)

type token struct {
	kind tokenKind
	text string
}

func (t token) String() string {
	if t.kind == end {
		return "<EOF>"
	}
	return t.text
}

// is reports whether the token is a keyword, in whatever case, or a symbol.
func (t token) is(text string) bool {
	return (t.kind == word || t.kind == symbol) && strings.EqualFold(t.text, text)
}

func lex(text string) []token {
	var tokens []token
	for i := 0; i < len(text); {
		from := i
		kind := unknown
		switch c := text[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case c == '#' || c == ':':
			kind = alias
			if c == ':' {
				kind = value
			}
			i = skipWord(text, i+1)
		case isLetter(c):
			kind = word
			i = skipWord(text, i)
		case isDigit(c):
			kind = digits
			for i < len(text) && isDigit(text[i]) {
				i++
			}
		case strings.IndexByte("=<>(),.[]+-", c) >= 0:
			kind = symbol
			i++
			if i < len(text) && (c == '<' && (text[i] == '=' || text[i] == '>') || c == '>' && text[i] == '=') {
				i++
			}
		default:
			i++
		}
		tokens = append(tokens, token{kind, text[from:i]})
	}
	return append(tokens, token{kind: end})
}

func skipWord(text string, i int) int {
	for i < len(text) && (isLetter(text[i]) || isDigit(text[i])) {
		i++
	}
	return i
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// reserved are the words that may not stand for an attribute (Developer Guide, "Reserved words in DynamoDB").
//
//go:embed reserved.txt
var reserved string

var reservedWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(reserved) {
		words[w] = true
	}
	return words
})

func checkReserved(name string) error {
	if reservedWords()[strings.ToUpper(name)] {
		return fmt.Errorf("attribute name is a reserved keyword; reserved keyword: %s", name)
	}
	return nil
}
