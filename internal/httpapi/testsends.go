package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/sms"
)

// Tests sends a campaign's text to a few people (oneoff.Tests).
type Tests interface {
	Send(ctx context.Context, campaignID string, t oneoff.Trial) ([]oneoff.Text, error)
	Text(ctx context.Context, campaignID, id string) (oneoff.Text, error)
}

var _ Tests = (*oneoff.Tests)(nil)

type testSends struct {
	tests Tests
	log   *slog.Logger
}

func (t *testSends) register(api huma.API) {
	register(api, huma.Operation{
		OperationID: "test-campaign", Method: http.MethodPost, Path: "/campaigns/{id}/test",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON},
		Summary: "Send a campaign's text to up to 5 people now, whatever its status",
		Description: "A test counts nowhere in the campaign, whose list need not have these people and may send to them all the same. Who " +
			"has opted out is skipped. What cannot be sent within an hour is not sent any more.",
	}, t.send)
	register(api, huma.Operation{
		OperationID: "get-test", Method: http.MethodGet, Path: "/campaigns/{id}/tests/{test}", Summary: "What became of a test",
	}, t.get)
}

// testRequest is the body of POST /campaigns/{id}/test.
type testRequest struct {
	To   []string          `json:"to" nullable:"false" doc:"Phone numbers, written as in the campaign's list. One that is listed twice is sent to once."`
	Vars map[string]string `json:"vars,omitempty" nullable:"false" doc:"The values of the text's variables"`
}

// TransformSchema puts the limits into the schema.
func (testRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	to := s.Properties["to"]
	to.MinItems, to.MaxItems = ptr(1), ptr(oneoff.MaxTests)
	to.PrecomputeMessages()
	return s
}

var isReadable = regexp.MustCompile(readable)

// Resolve refuses values that cannot be sent. It repeats no name: that may be anything.
func (b *testRequest) Resolve(huma.Context) []error {
	if len(b.Vars) > sms.MaxVariables {
		return []error{&huma.ErrorDetail{Location: "body.vars", Message: "has more variables than a text may have"}}
	}
	for _, value := range b.Vars {
		if !isReadable.MatchString(value) || utf8.RuneCountInString(value) > campaign.MaxText {
			return []error{&huma.ErrorDetail{Location: "body.vars", Message: "has a value that is too long, or not " + readableSays}}
		}
	}
	return nil
}

type testInput struct {
	ID             string `path:"id" doc:"The campaign's id"`
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Makes a repeated request return the first tests, and send none"`
	Body           testRequest
}

type testsOutput struct {
	Body struct {
		Tests []testView `json:"tests" nullable:"false"`
	}
}

// testView is a test as clients see it.
type testView struct {
	ID       string     `json:"id" example:"T7QY5T2M0K3C8V6B9N4PDXW1ZRA"`
	Number   string     `json:"number"`
	Status   string     `json:"status" enum:"pending,sending,accepted,failed,skipped,unknown"`
	Text     string     `json:"text"`
	Segments int        `json:"segments"`
	Reason   string     `json:"reason,omitempty"`
	Code     string     `json:"code,omitempty" doc:"The provider's own word for it"`
	Delivery string     `json:"delivery,omitempty" enum:"in_transit,delivered,undelivered" doc:"What the receipts say; absent while there is none"`
	At       *time.Time `json:"at,omitempty" doc:"When it was sent"`
}

func testViewOf(t oneoff.Text) testView {
	return testView{
		ID: t.ID, Number: t.To.Digits(), Status: string(t.State), Text: t.Body, Segments: sms.Measure(t.Body).Segments,
		Reason: t.Reason, Code: t.Code, Delivery: fateOf(t.Delivery), At: optional(t.SentAt),
	}
}

func (t *testSends) send(ctx context.Context, in *testInput) (*testsOutput, error) {
	trial := oneoff.Trial{To: in.Body.To, Vars: in.Body.Vars}
	if in.IdempotencyKey != "" {
		trial.Key = keyOf(ctx) + "/" + in.IdempotencyKey
	}
	texts, err := t.tests.Send(ctx, in.ID, trial)
	if refused := (oneoff.RefusedError{}); errors.As(err, &refused) {
		return nil, refusedFor(refused.Problems)
	}
	if err != nil {
		return nil, problemOf(ctx, err, t.log)
	}
	out := &testsOutput{}
	out.Body.Tests = make([]testView, 0, len(texts))
	for _, text := range texts {
		out.Body.Tests = append(out.Body.Tests, testViewOf(text))
	}
	return out, nil
}

// refusedFor is what the domain found wrong with a body that fits its schema.
func refusedFor(problems []campaign.Problem) Problem {
	p := Problem{Status: http.StatusUnprocessableEntity}
	for _, one := range problems {
		p.Errors = append(p.Errors, FieldError{Field: one.Field, Row: one.Row, Reason: one.Reason})
	}
	return p
}

type testIDInput struct {
	ID   string `path:"id" doc:"The campaign's id"`
	Test string `path:"test" doc:"The test's id"`
}

type testOutput struct{ Body testView }

// aTestID is the form of the ids of tests. What has another is not looked for: it may be longer than a key can be.
var aTestID = regexp.MustCompile("^T[0-9A-HJKMNP-TV-Z]{26}$")

func (t *testSends) get(ctx context.Context, in *testIDInput) (*testOutput, error) {
	if !aTestID.MatchString(in.Test) {
		return nil, noTest()
	}
	text, err := t.tests.Text(ctx, in.ID, in.Test)
	if errors.Is(err, oneoff.ErrNoTest) {
		return nil, noTest()
	}
	if err != nil {
		return nil, problemOf(ctx, err, t.log)
	}
	return &testOutput{Body: testViewOf(text)}, nil
}

func noTest() Problem {
	return Problem{Status: http.StatusNotFound, Detail: "there is no such test of this campaign"}
}
