package optout

import (
	"embed"
	"fmt"
	"strings"
	"sync"
)

// wordFiles has a file for each language, named by its ISO 639-1 code; en.txt tells the form.
//
//go:embed words/*.txt
var wordFiles embed.FS

// lexicon is all that the files say.
type lexicon struct {
	phrases   map[string]meaning // by their folded words, with a space between
	longest   int                // of the phrases, in words
	languages []Language         // in the order of their codes
	texts     map[Language]map[string]string
}

type meaning struct {
	keyword  Keyword
	language Language
}

// The sections of a file that are a text to send.
const (
	confirmationText = "confirmation"
	welcomeText      = "welcome"
	helpText         = "help text"
)

// theLexicon panics where a file is wrong: the files are part of the program, and the tests read them.
var theLexicon = sync.OnceValue(func() *lexicon {
	all, err := load()
	if err != nil {
		panic(fmt.Errorf("optout: %w", err))
	}
	return all
})

func load() (*lexicon, error) {
	all := emptyLexicon()
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := wordFiles.ReadFile("words/" + file.Name())
		if err != nil {
			return nil, err
		}
		if err := all.add(file.Name(), string(content)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func emptyLexicon() *lexicon {
	return &lexicon{phrases: map[string]meaning{}, texts: map[Language]map[string]string{}}
}

// add takes in one file.
func (l *lexicon) add(name, content string) error {
	language := Language(strings.TrimSuffix(name, ".txt"))
	l.languages = append(l.languages, language)
	l.texts[language] = map[string]string{}
	section, number := "", 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(rest, "]")
			continue
		}
		if err := l.addLine(language, section, line); err != nil {
			return fmt.Errorf("words/%s, line %d: %w", name, number, err)
		}
	}
	return l.check(language)
}

func (l *lexicon) addLine(language Language, section, line string) error {
	switch section {
	case string(Stop), string(Start), string(Yes), string(Help):
		return l.addPhrase(line, meaning{Keyword(section), language})
	case confirmationText, welcomeText, helpText:
		texts := l.texts[language]
		texts[section] = strings.TrimSpace(texts[section] + " " + line)
		return nil
	default:
		return fmt.Errorf("there is no section %q", section)
	}
}

func (l *lexicon) addPhrase(line string, m meaning) error {
	words, _ := fold(line)
	phrase := strings.Join(words, " ")
	if phrase == "" {
		return fmt.Errorf("%q has no letters", line)
	}
	if other, ok := l.phrases[phrase]; ok {
		return fmt.Errorf("%q is in %s.txt already, in [%s]", line, other.language, other.keyword)
	}
	l.phrases[phrase] = m
	l.longest = max(l.longest, len(words))
	return nil
}

// check says what a language lacks.
func (l *lexicon) check(language Language) error {
	for _, section := range []string{confirmationText, welcomeText, helpText} {
		if l.texts[language][section] == "" {
			return fmt.Errorf("words/%s.txt: [%s] is missing", language, section)
		}
	}
	return nil
}
