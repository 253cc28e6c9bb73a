package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// maxImport is how many rows one request brings. Each costs one write unit, of which a new on-demand table takes 4,000 a
// second (DynamoDB Developer Guide, "On-demand capacity mode"): so many take it 5 s of the 29 s that a request has. They
// take a whole processor 2 s, and a function with 256 MB, which has a seventh of one, about 12 s. The rest is for
// encryption, and for a table that throttles.
const maxImport = 20_000

func (s *suppressed) registerImport(api huma.API) {
	register(api, huma.Operation{
		OperationID: "import-suppressions", Method: http.MethodPost, Path: suppressionsPath,
		Summary: "Send nothing to these numbers any more, from any sender",
		Description: "As JSON, or as CSV (UTF-8; comma, semicolon or tab): one number a line, or a table whose first line names one column " +
			"number; the others are not looked at. Rows are counted as lines of the file. If any row is wrong, nothing is stored. " +
			fmt.Sprintf("At most %d rows: send a longer list in parts, in any order. ", maxImport) +
			"It is safe to repeat a request, and the thing to do " +
			"after one that ended without an answer or with 5xx, which may have stored some of its numbers: each number is in the " +
			"list once, however often it is sent.",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesList},
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{
			csvMedia: {Schema: &huma.Schema{Type: huma.TypeString}, Example: "number\n447700900001\n"},
		}},
	}, s.importAll)
}

// takesList lets CSV in beside what takesJSON does.
func takesList(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	switch media := mediaOf(r); {
	case media == csvMedia:
		r.Header.Set("Content-Type", csvMedia)
		next(ctx)
	case media == jsonMedia || r.ContentLength == 0:
		takesJSON(ctx, next)
	default:
		writeProblem(w, noList())
	}
}

func noList() Problem {
	return Problem{
		Status: http.StatusUnsupportedMediaType,
		Detail: "the body must be CSV or JSON in UTF-8, and say so: send the header Content-Type: text/csv " +
			"(curl -H 'Content-Type: text/csv' --data-binary @file) or application/json",
	}
}

type importInput struct{ Body importRequest }

// importRequest is the body of POST /suppressions.
type importRequest struct {
	Numbers []string `json:"numbers" nullable:"false" doc:"Phone numbers in international form. One that is listed twice is stored once."`

	lines []int // that the numbers were on; nil for JSON
	list  []sms.Number
}

// TransformSchema puts the limits into the schema.
func (importRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	numbers := s.Properties["numbers"]
	numbers.MinItems, numbers.MaxItems = ptr(1), ptr(maxImport)
	numbers.PrecomputeMessages()
	return s
}

// Resolve reads the numbers as they are read in a campaign, and says which rows are wrong.
func (b *importRequest) Resolve(huma.Context) []error {
	var problems []error
	seen := make(map[sms.Number]bool, len(b.Numbers))
	for i, text := range b.Numbers {
		number, err := sms.ParseNumber(text)
		if err != nil {
			problems = append(problems, detailOf(campaign.Problem{Field: "numbers", Row: b.row(i), Reason: err.Error()}))
			continue
		}
		if !seen[number] {
			seen[number] = true
			b.list = append(b.list, number)
		}
	}
	return problems
}

// row is what a client calls the i-th number's.
func (b *importRequest) row(i int) int {
	if b.lines != nil {
		return b.lines[i]
	}
	return i + 1
}

type importOutput struct {
	Body struct {
		Imported   int `json:"imported" doc:"Different numbers: nothing is sent to them any more"`
		Duplicates int `json:"duplicates" doc:"Rows left out because their number was in the list already"`
	}
}

func (s *suppressed) importAll(ctx context.Context, in *importInput) (*importOutput, error) {
	if err := s.list.Import(ctx, in.Body.list); err != nil {
		return nil, problemOf(ctx, err, s.log)
	}
	out := &importOutput{}
	out.Body.Imported, out.Body.Duplicates = len(in.Body.list), len(in.Body.Numbers)-len(in.Body.list)
	return out, nil
}
