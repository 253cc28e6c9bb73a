package httpapi

import (
	"encoding/json"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// rowBody is one recipient in JSON: a number, or an object with a number and what fills the variables of the text.
type rowBody struct {
	Number string            `json:"number"`
	Vars   map[string]string `json:"vars,omitempty"`
}

// UnmarshalJSON reads either form. What is neither is no number: the schema says so, and an error would keep the fields
// behind it from being read.
func (r *rowBody) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &r.Number) == nil {
		return nil
	}
	type object rowBody
	if json.Unmarshal(data, (*object)(r)) != nil {
		*r = rowBody{}
	}
	return nil
}

// MarshalJSON writes the shortest form, so that the same list has the same fingerprint.
func (r rowBody) MarshalJSON() ([]byte, error) {
	if len(r.Vars) == 0 {
		return json.Marshal(r.Number)
	}
	type object rowBody
	return json.Marshal(object(r))
}

// Schema implements huma.SchemaProvider.
func (rowBody) Schema(huma.Registry) *huma.Schema {
	number := &huma.Schema{Type: huma.TypeString, Examples: []any{"447700900001"}}
	value := &huma.Schema{Type: huma.TypeString, MaxLength: ptr(campaign.MaxText), Pattern: readable, PatternDescription: readableSays}
	s := &huma.Schema{OneOf: []*huma.Schema{number, {
		Type: huma.TypeObject, Required: []string{"number"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"number": number, "vars": {Type: huma.TypeObject, AdditionalProperties: value},
		},
	}}}
	for _, one := range append(s.OneOf, number, value, s) {
		one.PrecomputeMessages()
	}
	return s
}

// rowsOf are the rows in the domain's words. A row with two values for a variable is a problem: one of them would be chosen
// at random.
func rowsOf(body []rowBody) ([]campaign.Row, []campaign.Problem) {
	rows := make([]campaign.Row, len(body))
	var problems []campaign.Problem
	for i, r := range body {
		rows[i].Number = r.Number
		if len(r.Vars) == 0 {
			continue
		}
		rows[i].Vars = make(map[string]string, len(r.Vars))
		for name, value := range r.Vars {
			rows[i].Vars[recipients.Fold(name)] = strings.TrimSpace(value)
		}
		if len(rows[i].Vars) < len(r.Vars) {
			problems = append(problems, campaign.Problem{Field: "recipients", Row: i + 1, Reason: "has two vars of the same name"})
		}
	}
	return rows, problems
}
