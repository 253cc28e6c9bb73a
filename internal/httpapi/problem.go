package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
)

const problemMedia = "application/problem+json"

// maxErrors bounds the entries of one problem: an answer must fit into a Lambda response of 6 MB.
const maxErrors = 1000

// Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Title  string       `json:"title" doc:"The HTTP status in words" example:"Unprocessable Entity"`
	Status int          `json:"status" doc:"The HTTP status" example:"422"`
	Detail string       `json:"detail" doc:"What is wrong, in a sentence"`
	Errors []FieldError `json:"errors,omitempty" doc:"All that is wrong with the request, up to 1000 entries"`
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field  string `json:"field" doc:"The field, or path.name, query.name, header.name" example:"recipients"`
	Row    int    `json:"row,omitempty" doc:"The row in a list, from 1" example:"3"`
	Reason string `json:"reason" example:"is not a phone number in international form"`
}

var problemType = reflect.TypeFor[Problem]()

func (p Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (Problem) ContentType(string) string { return problemMedia }

func internal() Problem {
	return Problem{Status: http.StatusInternalServerError, Detail: "something went wrong on our side; it has been logged"}
}

// problemOf maps what the domain answers. What it does not know is logged here, once, and not shown.
func problemOf(ctx context.Context, err error, log *slog.Logger) error {
	var (
		state  campaign.StateError
		reused campaign.KeyReusedError
	)
	switch {
	case errors.Is(err, campaign.ErrNotFound):
		return Problem{Status: http.StatusNotFound, Detail: "there is no such campaign"}
	case errors.As(err, &state):
		return Problem{Status: http.StatusConflict, Detail: state.Error()}
	case errors.As(err, &reused):
		return Problem{Status: http.StatusUnprocessableEntity, Detail: reused.Error()}
	case errors.Is(err, campaign.ErrConflict):
		return Problem{Status: http.StatusConflict, Detail: "the campaign is changing at this moment; try again"}
	default:
		log.ErrorContext(ctx, "request failed", "error", err)
		return internal()
	}
}

// toProblem is a huma.Transformer: it puts huma's own errors into our form, without the values that huma echoes, which
// may be a whole list of people.
func toProblem(_ huma.Context, _ string, body any) (any, error) {
	switch b := body.(type) {
	case *huma.ErrorModel:
		return (Problem{Status: b.Status, Detail: b.Detail, Errors: fieldErrors(b.Errors)}).complete(), nil
	case Problem:
		return b.complete(), nil
	default:
		return body, nil
	}
}

// complete fills in what follows from the rest.
func (p Problem) complete() Problem {
	p.Title = http.StatusText(p.Status)
	if n := len(p.Errors); n > maxErrors {
		p.Detail = fmt.Sprintf("%s: %d problems, of which the first %d are listed", p.Detail, n, maxErrors)
		p.Errors = p.Errors[:maxErrors]
	}
	return p
}

// fieldErrors keeps the first problem of each place: the schema's come before the domain's, which sees a field of the
// wrong type as empty.
func fieldErrors(details []*huma.ErrorDetail) []FieldError {
	type place struct {
		field string
		row   int
	}
	var found []FieldError
	seen := make(map[place]bool)
	wrongWhole := make(map[string]bool)
	for _, d := range details {
		e := FieldError{Reason: d.Message}
		e.Field, e.Row = placeOf(d)
		if seen[place{e.Field, e.Row}] || wrongWhole[e.Field] {
			continue
		}
		seen[place{e.Field, e.Row}] = true
		wrongWhole[e.Field] = e.Row == 0
		found = append(found, e)
	}
	return found
}

// placeOf reads a location such as "body.recipients[2]", which counts from 0. A property that is missing or not known is
// named in the message only: its location is the object that it misses.
func placeOf(d *huma.ErrorDetail) (string, int) {
	field := strings.TrimPrefix(d.Location, "body.")
	if name, ok := strings.CutPrefix(d.Message, "expected required property "); ok && field == "body" {
		return strings.TrimSuffix(name, " to be present"), 0
	}
	name, index, ok := strings.Cut(field, "[")
	if !ok {
		return field, 0
	}
	row, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
	if err != nil {
		return field, 0
	}
	return name, row + 1
}

// detailOf is the way back, for the domain's problems.
func detailOf(p campaign.Problem) error {
	location := "body." + p.Field
	if p.Row > 0 {
		location = fmt.Sprintf("%s[%d]", location, p.Row-1)
	}
	return &huma.ErrorDetail{Location: location, Message: p.Reason}
}

func writeProblem(w http.ResponseWriter, p Problem) {
	w.Header().Set("Content-Type", problemMedia)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p.complete()) // the client is gone if this fails
}
