package main

import (
	"strings"
	"testing"
)

// A header that is not spelt as its variable is seen before the launch, once for all parts.
func TestAVariableWithoutAColumnIsTold(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns map[string]string
		args    []string
		want    string
	}{
		{"none", map[string]string{"number": "Mobile", "first_name": "First name"}, nil, ""},
		{"an API that does not say", nil, nil, ""},
		{"one", map[string]string{"number": "Mobile", "first_name": ""}, nil,
			"upload: no column for first_name: its default stands in every text (name the column with COLUMNS=first_name:… and REPLACE=1)\n"},
		{"two", map[string]string{"number": "Mobile", "first_name": "", "city": ""}, nil,
			"upload: no column for city, first_name: their defaults stand in every text " +
				"(name the columns with COLUMNS=city:…,first_name:… and REPLACE=1)\n"},
		{"beside columns that are named", map[string]string{"number": "Mobile", "first_name": ""}, []string{"-columns", "number:Mobile"},
			"upload: no column for first_name: its default stands in every text " +
				"(name the column with COLUMNS=number:Mobile,first_name:… and REPLACE=1)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(s *session) {
				s.api.columns = c.columns
				if status := s.upload(s.Context(), c.args...); status != exitDone || s.complain.String() != c.want {
					s.Errorf("ended with %d: %s, want %s", status, &s.complain, c.want)
				}
				if !strings.Contains(s.out.String(), "3 parts, of which 3 were sent now") {
					s.Errorf("printed %s", &s.out)
				}
			})
		})
	}
}
