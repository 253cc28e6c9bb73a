package app

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"sluice/internal/pace"
)

// environment reads settings and remembers what is wrong with them, to report all of it at once.
type environment struct {
	getenv func(string) string
	faults []error
}

func (e *environment) problems() error { return errors.Join(e.faults...) }

func (e *environment) text(name string) string {
	v := e.getenv(name)
	if v == "" {
		e.faults = append(e.faults, fmt.Errorf("%s is not set", name))
	}
	return v
}

func (e *environment) number(name string, least, most float64) float64 {
	v := e.text(name)
	if v == "" {
		return least
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || n < least || n > most {
		e.faults = append(e.faults, fmt.Errorf("%s is %q: it must be a number from %g to %g", name, v, least, most))
		return least
	}
	return n
}

// oneOf takes one of some words.
func (e *environment) oneOf(name string, words ...string) string {
	v := e.text(name)
	if v != "" && !slices.Contains(words, v) {
		e.faults = append(e.faults, fmt.Errorf("%s is %q: it must be one of %q", name, v, words))
	}
	return v
}

// limit is what the Vonage account may send: ACCOUNT_RATE requests a second, of which PACE_HEADROOM percent stay free.
func (e *environment) limit() pace.Limit {
	return pace.Limit{
		PerSecond: e.number("ACCOUNT_RATE", 0.1, 10_000),
		Headroom:  e.number("PACE_HEADROOM", 0, 50) / 100,
	}
}
