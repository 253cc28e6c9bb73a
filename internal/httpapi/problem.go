package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/recipients"
)

const problemMedia = "application/problem+json"

// maxErrors bounds the entries of one problem: an answer must fit into a Lambda response of 6 MB.
const maxErrors = 1000

// Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Title  string       `json:"title" doc:"The HTTP status in words" example:"Unprocessable Entity"`
	Status int          `json:"status" doc:"The HTTP status" example:"422"`
	Detail string       `json:"detail" doc:"What is wrong, in a sentence"`
	Errors []FieldError `json:"errors,omitempty" nullable:"false" doc:"All that is wrong with the request, up to 1000 entries"`
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field  string `json:"field" doc:"The field, or path.name, query.name, header.name" example:"recipients"`
	Row    int    `json:"row,omitempty" doc:"The row in a list, from 1" example:"3"`
	Reason string `json:"reason" example:"is not a phone number in international form"`
}

// String is a sentence.
func (e FieldError) String() string {
	if e.Row > 0 {
		return fmt.Sprintf("%s, row %d, %s", e.Field, e.Row, e.Reason)
	}
	return e.Field + " " + e.Reason
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

func noCampaign() Problem {
	return Problem{Status: http.StatusNotFound, Detail: "there is no such campaign"}
}

func noReply() Problem {
	return Problem{Status: http.StatusNotFound, Detail: "there is no such reply"}
}

// problemOf maps what the domain answers. What it does not know is logged here, once, and not shown.
func problemOf(ctx context.Context, err error, log *slog.Logger) error {
	var (
		state  campaign.StateError
		reused campaign.KeyReusedError
		sent   campaign.MessageStateError
		flying campaign.UnsettledError
	)
	switch {
	case errors.Is(err, campaign.ErrNoMessage):
		return Problem{Status: http.StatusNotFound, Detail: "nothing was sent to this number in this campaign"}
	case errors.Is(err, campaign.ErrNoRecipients):
		return Problem{Status: http.StatusUnprocessableEntity, Errors: []FieldError{{Field: "recipients", Reason: "must not be empty"}}}
	case errors.Is(err, recipients.ErrTooMany):
		return Problem{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("the list would have more than %d recipients; make two campaigns of it", recipients.MaxList),
		}
	case errors.Is(err, recipients.ErrNotFound):
		return Problem{Status: http.StatusNotFound, Detail: "there is no such part"}
	case errors.Is(err, campaign.ErrNotFound):
		return noCampaign()
	case errors.Is(err, optout.ErrCursor):
		return Problem{Status: http.StatusUnprocessableEntity, Errors: []FieldError{{
			Field: "query.after", Reason: "must be the next of another page",
		}}}
	case errors.As(err, &state):
		return Problem{Status: http.StatusConflict, Detail: state.Error()}
	case errors.As(err, &sent):
		return Problem{Status: http.StatusConflict, Detail: sent.Error()}
	case errors.As(err, &flying):
		return Problem{Status: http.StatusConflict, Detail: flying.Error()}
	case errors.As(err, &reused):
		return Problem{Status: http.StatusUnprocessableEntity, Detail: reused.Error()}
	case errors.Is(err, campaign.ErrConflict), errors.Is(err, recipients.ErrChanged):
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
		return problemIn(b).complete(), nil
	case Problem:
		return b.complete(), nil
	default:
		return body, nil
	}
}

func problemIn(e *huma.ErrorModel) Problem {
	switch {
	case e.Status == http.StatusRequestEntityTooLarge:
		return Problem{Status: e.Status, Detail: fmt.Sprintf("the body has more than %d bytes", MaxBody)}
	case len(e.Errors) > 0:
		return Problem{Status: e.Status, Errors: fieldErrors(e.Errors)}
	case e.Status == http.StatusBadRequest:
		return Problem{Status: e.Status, Detail: "the request has no body"}
	default:
		return Problem{Status: e.Status, Detail: strings.ToLower(http.StatusText(e.Status))}
	}
}

// complete fills in what follows from the rest.
func (p Problem) complete() Problem {
	p.Title = http.StatusText(p.Status)
	switch n := len(p.Errors); {
	case n == 1:
		p.Detail = p.Errors[0].String()
	case n > maxErrors:
		p.Detail = fmt.Sprintf("%d things are wrong with the request, of which the first %d are listed", n, maxErrors)
		p.Errors = p.Errors[:maxErrors]
	case n > 1:
		p.Detail = fmt.Sprintf("%d things are wrong with the request", n)
	}
	return p
}

// place is a field, or a row of it.
type place struct {
	field string
	row   int
}

// fieldErrors keeps the first problem of each place: the schema's come before the domain's, which sees a field of the
// wrong type as empty. A body that could not be read has no fields. Whole fields come before rows, so that a long list
// of bad rows hides none.
func fieldErrors(details []*huma.ErrorDetail) []FieldError {
	found := make(map[place]string)
	unread := slices.ContainsFunc(details, isUnread)
	for _, d := range details {
		if unread && inBody(d) && !isUnread(d) {
			continue
		}
		at, reason := placeOf(d)
		if _, ok := found[at]; !ok {
			found[at] = reason
		}
	}
	var list []FieldError
	for at, reason := range found {
		if _, wholeToo := found[place{field: at.field}]; at.row > 0 && wholeToo {
			continue
		}
		list = append(list, FieldError{Field: at.field, Row: at.row, Reason: reason})
	}
	slices.SortFunc(list, func(a, b FieldError) int {
		return cmp.Or(min(a.Row, 1)-min(b.Row, 1), strings.Compare(a.Field, b.Field), a.Row-b.Row)
	})
	return list
}

func inBody(d *huma.ErrorDetail) bool { return strings.HasPrefix(d.Location, "body") }

func isUnread(d *huma.ErrorDetail) bool {
	_, missing := missingField(d)
	return d.Location == "body" && !missing
}

// missingField: a field that is missing is named in the message only, its location is the object that it misses.
func missingField(d *huma.ErrorDetail) (string, bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, ok := strings.CutPrefix(d.Message, before)
	return strings.TrimSuffix(name, after), ok
}

// placeOf reads a location such as "body.recipients[2]", which counts from 0.
func placeOf(d *huma.ErrorDetail) (place, string) {
	reason := plain(d.Message)
	if name, ok := missingField(d); ok {
		return place{field: name}, reason
	}
	field := strings.TrimPrefix(d.Location, "body.")
	switch d.Message {
	case validation.MsgUnexpectedProperty:
		return unknownName(field, "", "body", reason, "has a field whose name is not known")
	case unknownParameter:
		return unknownName(strings.TrimPrefix(field, "query."), "query.", "query", reason, "has a parameter whose name is not known")
	}
	name, index, ok := strings.Cut(field, "[")
	row, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
	if !ok || err != nil {
		return place{field: field}, reason
	}
	return place{field: name, row: row + 1}, reason
}

// unknownName is the place of what is not known by its name, which only an answer names that can be nothing but a name.
func unknownName(name, prefix, whole, reason, otherwise string) (place, string) {
	if fieldName.MatchString(name) {
		return place{field: prefix + name}, reason
	}
	return place{field: whole}, otherwise
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
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(p.complete()) // the client is gone if this fails
}
