package simulation_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"sluice/internal/simulation"
)

// problem is an answer of the API that is not a success.
type problem struct {
	Title  string
	Status int
	Detail string
	Errors []struct {
		Field  string
		Row    int
		Reason string
	}
}

// places are the fields that the problem names, with their rows.
func (p problem) places() []string {
	var places []string
	for _, e := range p.Errors {
		place := e.Field
		if e.Row > 0 {
			place = fmt.Sprintf("%s/%d", e.Field, e.Row)
		}
		places = append(places, place)
	}
	return places
}

var (
	// sentence is how a reason must begin, to be read after a field's name.
	sentence = regexp.MustCompile(`^(is|must|has|cannot) `)
	// jargon is of those who wrote the program, not of those who call it.
	jargon = regexp.MustCompile(`(?i:expected|unmarshal|float64|int64|struct|property|array|regex|invalid|strconv)|json:|\bGo\b|EOF|\bnil\b`)
)

// problemIn holds an answer to the form of a problem, in words for people.
func problemIn(t *testing.T, a simulation.Answer) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(a.Body, &p); err != nil {
		t.Fatalf("%d: %v: %.300s", a.Status, err, a.Body)
	}
	if p.Status != a.Status || p.Title != http.StatusText(a.Status) || p.Detail == "" {
		t.Errorf("not a proper problem: %.300s", a.Body)
	}
	if kind := a.Header.Get("Content-Type"); a.Header != nil && kind != "application/problem+json" {
		t.Errorf("a problem is %q", kind)
	}
	if word := jargon.FindString(p.Detail); word != "" {
		t.Errorf("detail says %q: %s", word, p.Detail)
	}
	for _, e := range p.Errors {
		if !sentence.MatchString(e.Reason) || jargon.MatchString(e.Reason) {
			t.Errorf("%s: no plain reason: %q", e.Field, e.Reason)
		}
	}
	return p
}
