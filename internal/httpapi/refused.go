package httpapi

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/recipients"
)

// maxRefused is how many rows an answer as CSV has at most, if it is not full before: a line has some 60 bytes.
const maxRefused = 25_000

func (l *lists) registerRefused(api huma.API) {
	schemas := api.OpenAPI().Components.Schemas
	register(api, huma.Operation{
		OperationID: "list-refused", Method: http.MethodGet, Path: refusedPath,
		Summary: "List the rows that nothing can be sent to; with format=csv, as a table with the columns part, row, number and reason",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{
				jsonMedia: {Schema: huma.SchemaFromType(schemas, reflect.TypeFor[refusedView]())},
				csvMedia:  {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}},
	}, l.refused)
}

type refusedInput struct {
	ID     string `path:"id" doc:"The campaign's id"`
	Part   int    `query:"part" minimum:"0" maximum:"999" doc:"The only part to look at; all, where it is absent"`
	Format string `query:"format" enum:"json,csv" default:"json"`
	After  string `query:"after" pattern:"^[0-9]{1,3}-[0-9]{1,6}$" patternDescription:"the next of another page" doc:"The next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"25000" doc:"How many rows: of JSON at most 1000, and 100 where it is absent; of CSV 25000 where it is absent"`

	one bool // Part is given
}

// Resolve fills in the limit, which has two lengths.
func (in *refusedInput) Resolve(ctx huma.Context) []error {
	in.one = ctx.Query("part") != ""
	most, usual := maxPage, defaultPage
	if in.Format == "csv" {
		most, usual = maxRefused, maxRefused
	}
	if in.Limit == 0 {
		in.Limit = usual
	}
	if in.Limit > most {
		return []error{&huma.ErrorDetail{Location: "query.limit", Message: "must be at most " + strconv.Itoa(most)}}
	}
	return nil
}

// from is the part and the place among its refused rows that After names: the first of all, where it is absent.
func (in *refusedInput) from() (part, place int) {
	before, behind, _ := strings.Cut(in.After, "-")
	part, _ = strconv.Atoi(before) // digits, by the schema, or nothing
	place, _ = strconv.Atoi(behind)
	return part, place
}

// link is of the page that begins at next.
func (in *refusedInput) link(next string) string {
	query := url.Values{"format": {in.Format}, "limit": {strconv.Itoa(in.Limit)}}
	if in.one {
		query.Set("part", strconv.Itoa(in.Part))
	}
	return nextLink(strings.ReplaceAll(refusedPath, "{id}", in.ID), next, query)
}

type refusedView struct {
	Refused []refusalView `json:"refused" nullable:"false"`
	Next    string        `json:"next,omitempty" doc:"Give it as after for the next page; absent on the last"`
}

type refusalView struct {
	Part   int    `json:"part"`
	Row    int    `json:"row" doc:"The line of the file or the place in the list, counted as first_row says"`
	Number string `json:"number" doc:"What stood there, up to 40 characters of it"`
	Reason string `json:"reason" example:"is not a phone number"`

	after string // of the page that it begins
}

func refusalViewOf(p recipients.Part, place int, r recipients.Refusal) refusalView {
	return refusalView{
		Part: p.Number, Row: r.At, Number: visible(r.Number), Reason: r.Reason, after: fmt.Sprintf("%d-%d", p.Number, place),
	}
}

// visible puts U+FFFD in the place of what nobody sees: control characters, and those that turn the direction of writing.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.In(c, unicode.Cc, unicode.Cf) {
			return utf8.RuneError
		}
		return c
	}, text)
}

type refusedOutput struct {
	ContentType string `header:"Content-Type"`
	Link        string `header:"Link" doc:"rel=\"next\" is the next page; absent on the last"`
	Body        any
}

func (l *lists) refused(ctx context.Context, in *refusedInput) (*refusedOutput, error) {
	parts, err := l.chosen(ctx, in)
	if err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	page := refusedPage
	if in.Format == "csv" {
		page = refusedTable
	}
	out, err := page(in, l.rows(ctx, in, parts))
	if err != nil {
		return nil, problemOf(ctx, err, l.log)
	}
	return out, nil
}

// chosen are the parts whose rows are wanted.
func (l *lists) chosen(ctx context.Context, in *refusedInput) ([]recipients.Part, error) {
	parts, err := l.manager.Parts(ctx, in.ID)
	if err != nil || !in.one {
		return parts, err
	}
	i := slices.IndexFunc(parts, func(p recipients.Part) bool { return p.Number == in.Part })
	if i < 0 {
		return nil, recipients.ErrNotFound
	}
	return parts[i : i+1], nil
}

// rows are the refused rows of the parts from where the page begins, read as they are asked for.
func (l *lists) rows(ctx context.Context, in *refusedInput, parts []recipients.Part) iter.Seq2[refusalView, error] {
	return func(yield func(refusalView, error) bool) {
		first, place := in.from()
		for _, p := range parts {
			if p.Number < first {
				continue
			}
			if p.Number > first {
				place = 0
			}
			for page := place / recipients.PageRows; page < p.RefusedPages; page++ {
				refused, err := l.manager.Refusals(ctx, in.ID, p, page)
				if err != nil {
					yield(refusalView{}, err)
					return
				}
				for i, r := range refused {
					at := page*recipients.PageRows + i
					if at >= place && !yield(refusalViewOf(p, at, r), nil) {
						return
					}
				}
			}
		}
	}
}

func refusedPage(in *refusedInput, rows iter.Seq2[refusalView, error]) (*refusedOutput, error) {
	view := refusedView{Refused: []refusalView{}}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if len(view.Refused) == in.Limit {
			view.Next = row.after
			break
		}
		view.Refused = append(view.Refused, row)
	}
	return &refusedOutput{ContentType: jsonMedia, Link: in.link(view.Next), Body: view}, nil
}

// refusedTable is as many of the rows as one answer holds.
func refusedTable(in *refusedInput, rows iter.Seq2[refusalView, error]) (*refusedOutput, error) {
	t := newTable("part", "row", "number", "reason")
	next, n := "", 0
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if n == in.Limit || n%maxPage == 0 && t.full() {
			next = row.after
			break
		}
		t.row(strconv.Itoa(row.Part), strconv.Itoa(row.Row), row.Number, row.Reason)
		n++
	}
	return &refusedOutput{ContentType: tableMedia, Link: in.link(next), Body: t.bytes()}, nil
}
