package httpapi

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/optout"
)

// The pages of the list. A line of CSV has about 60 bytes, and one number more lines than one only where opt-outs are per
// sender.
const (
	maxPage     = 1000
	defaultPage = 100
	maxRows     = 25_000 // numbers in one answer as CSV
)

func (s *suppressed) registerList(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	register(api, huma.Operation{
		OperationID: "list-suppressions", Method: http.MethodGet, Path: suppressionsPath,
		Summary: "List the numbers that nothing may be sent to; with format=csv, as a table with the columns number, scope, since and cause",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{
				jsonMedia: {Schema: huma.SchemaFromType(schemas, reflect.TypeFor[suppressionsView]())},
				csvMedia:  {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}},
	}, s.page)
}

type suppressionsInput struct {
	Format string `query:"format" enum:"json,csv" default:"json"`
	After  string `query:"after" maxLength:"1024" doc:"The next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"25000" doc:"How many numbers: of JSON at most 1000, and 100 where it is absent; of CSV 25000 where it is absent"`
}

// Resolve fills in the limit, which has two lengths.
func (in *suppressionsInput) Resolve(huma.Context) []error {
	most, usual := maxPage, defaultPage
	if in.Format == "csv" {
		most, usual = maxRows, maxRows
	}
	if in.Limit == 0 {
		in.Limit = usual
	}
	if in.Limit > most {
		return []error{&huma.ErrorDetail{Location: "query.limit", Message: "must be at most " + strconv.Itoa(most)}}
	}
	return nil
}

type suppressionsView struct {
	Suppressions []suppressionView `json:"suppressions" nullable:"false"`
	Next         string            `json:"next,omitempty" doc:"Give it as after for the next page; absent on the last"`
}

type suppressionsOutput struct {
	ContentType string `header:"Content-Type"`
	Link        string `header:"Link" doc:"rel=\"next\" is the next page; absent on the last"`
	Body        any
}

// link is of the page that begins behind next.
func (in *suppressionsInput) link(next string) string {
	return nextLink(suppressionsPath, next, url.Values{"format": {in.Format}, "limit": {strconv.Itoa(in.Limit)}})
}

func (s *suppressed) page(ctx context.Context, in *suppressionsInput) (*suppressionsOutput, error) {
	if in.Format == "csv" {
		return s.table(ctx, in)
	}
	page, next, err := s.list.Page(ctx, in.After, in.Limit)
	if err != nil {
		return nil, problemOf(ctx, err, s.log)
	}
	view := suppressionsView{Suppressions: make([]suppressionView, 0, len(page)), Next: next}
	for _, one := range page {
		view.Suppressions = append(view.Suppressions, suppressionViewOf(one))
	}
	return &suppressionsOutput{ContentType: jsonMedia, Link: in.link(next), Body: view}, nil
}

// table is as much of the list as one answer holds, a line for each number and scope.
func (s *suppressed) table(ctx context.Context, in *suppressionsInput) (*suppressionsOutput, error) {
	t := newTable("number", "scope", "since", "cause")
	next := in.After
	for left := in.Limit; left > 0 && !t.full(); left -= maxPage {
		page, after, err := s.list.Page(ctx, next, min(left, maxPage))
		if err != nil {
			return nil, problemOf(ctx, err, s.log)
		}
		for _, one := range page {
			writeRows(t, one)
		}
		if next = after; next == "" {
			break
		}
	}
	return &suppressionsOutput{ContentType: tableMedia, Link: in.link(next), Body: t.bytes()}, nil
}

func writeRows(t *table, s optout.Suppression) {
	for _, scope := range closed(s) {
		m := s.Marks[scope]
		t.row(s.Number.Digits(), string(scope), instant(m.Since).Format(time.RFC3339), string(m.Cause))
	}
}

// closed are the scopes that are closed, in order: all senders before each.
func closed(s optout.Suppression) []optout.Scope {
	scopes := slices.Sorted(maps.Keys(s.Marks))
	return slices.DeleteFunc(scopes, func(scope optout.Scope) bool { return !s.Marks[scope].Out })
}
