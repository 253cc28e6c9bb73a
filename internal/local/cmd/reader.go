package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxDuration is the most that any of the settings may take.
const maxDuration = 24 * time.Hour

// reader reads settings and remembers what is wrong with them, to report all of it at once. What is not set, or wrong, has
// its fallback.
type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) refuse(name, want string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s is %q: it must be "+want, append([]any{name, r.getenv(name)}, args...)...))
}

func (r *reader) number(name string, fallback, least, most int) int {
	v := r.getenv(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		r.refuse(name, "a whole number from %d to %d", least, most)
		return fallback
	}
	return n
}

func (r *reader) duration(name string, fallback time.Duration) time.Duration {
	v := r.getenv(name)
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > maxDuration {
		r.refuse(name, "a duration such as %v, at most %v", max(fallback, 100*time.Millisecond), maxDuration)
		return fallback
	}
	return d
}

// share reads percent.
func (r *reader) share(name string, fallback float64) float64 {
	percent := fallback
	if v := r.getenv(name); v != "" {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || !(n >= 0 && n <= 100) { // NaN is neither
			r.refuse(name, "a number from 0 to 100, of percent")
		} else {
			percent = n
		}
	}
	return percent / 100
}

// word reads one of some words, of which the first is the fallback.
func (r *reader) word(name string, words ...string) string {
	v := r.getenv(name)
	if v == "" {
		return words[0]
	}
	if !slices.Contains(words, v) {
		r.refuse(name, "one of %s", strings.Join(words, ", "))
		return words[0]
	}
	return v
}
