package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

const suppressionsPath = "/suppressions"

// Suppressions is the list of those to whom nothing may be sent (optout.List).
type Suppressions interface {
	Get(ctx context.Context, n sms.Number) (optout.Suppression, error)
	Stop(ctx context.Context, n sms.Number, scope optout.Scope, cause optout.Cause, campaignID string) (optout.Suppression, error)
	Lift(ctx context.Context, n sms.Number, scope optout.Scope) (optout.Suppression, error)
	Import(ctx context.Context, numbers []sms.Number) error
	Page(ctx context.Context, after string, limit int) ([]optout.Suppression, string, error)
}

var _ Suppressions = (*optout.List)(nil)

// suppressed serves the suppression list.
type suppressed struct {
	list Suppressions
	log  *slog.Logger
}

func (s *suppressed) register(api huma.API) {
	const path = suppressionsPath + "/{number}"
	s.registerList(api)
	s.registerImport(api)
	register(api, huma.Operation{
		OperationID: "get-suppression", Method: http.MethodGet, Path: path, Summary: "From whom a number wants no texts, and since when",
	}, s.get)
	register(api, huma.Operation{
		OperationID: "suppress", Method: http.MethodPut, Path: path,
		Summary: "Send nothing to a number any more, from one sender or, without a body, from any",
		Description: "Without a sender (no body, or {}) it always closes *, however far an opt-out by text reaches: no sender may send " +
			"to the number, also none that is new. With a sender it closes that one, and leaves * and the others as they are. " +
			"What is closed so, no START from the person opens: only DELETE does.",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON},
	}, s.put)
	register(api, huma.Operation{
		OperationID: "lift-suppression", Method: http.MethodDelete, Path: path, DefaultStatus: http.StatusOK,
		Summary: "Let texts be sent to a number again, of one sender or of all: only where the person has agreed to it",
	}, s.lift)
}

// suppressionView is what is closed for a number, as clients see it.
type suppressionView struct {
	Number string      `json:"number"`
	Scopes []scopeView `json:"scopes" nullable:"false" doc:"What is closed; nothing may be sent where there is * or the sender"`
}

type scopeView struct {
	Scope    string    `json:"scope" doc:"A sender, or * for all of them" example:"*"`
	Since    time.Time `json:"since"`
	Cause    string    `json:"cause" enum:"text,provider,operator" doc:"text: the person wrote so; provider: the provider or the carrier says so; operator: put in here"`
	Campaign string    `json:"campaign,omitempty" doc:"The campaign that it answered"`
}

func suppressionViewOf(s optout.Suppression) suppressionView {
	v := suppressionView{Number: s.Number.Digits(), Scopes: []scopeView{}}
	for _, scope := range closed(s) {
		m := s.Marks[scope]
		v.Scopes = append(v.Scopes, scopeView{
			Scope: string(scope), Since: instant(m.Since), Cause: string(m.Cause), Campaign: m.Campaign,
		})
	}
	return v
}

type suppressionOutput struct{ Body suppressionView }

type suppressionInput struct {
	Number phone `path:"number" doc:"A phone number in international form" example:"447700900001"`
}

func (s *suppressed) get(ctx context.Context, in *suppressionInput) (*suppressionOutput, error) {
	found, err := s.list.Get(ctx, sms.Number(in.Number))
	return s.output(ctx, found, err)
}

type suppressInput struct {
	Number phone            `path:"number" doc:"A phone number in international form" example:"447700900001"`
	Body   *suppressRequest `required:"false"`
}

// suppressRequest is the body of PUT /suppressions/{number}.
type suppressRequest struct {
	Sender ownSender `json:"sender,omitempty" minLength:"1" doc:"The only sender that may send nothing; none may, where it is absent" example:"447700900000"`
}

// ownSender is what texts come from, in a body.
type ownSender string

// Resolve reads the sender as it is read in a campaign.
func (o *ownSender) Resolve(_ huma.Context, prefix *huma.PathBuffer) []error {
	if *o == "" {
		return nil
	}
	sender, err := sms.ParseSender(string(*o))
	if err != nil {
		return []error{&huma.ErrorDetail{Location: prefix.String(), Message: err.Error()}}
	}
	*o = ownSender(sender)
	return nil
}

func (s *suppressed) put(ctx context.Context, in *suppressInput) (*suppressionOutput, error) {
	scope := optout.Everyone
	if in.Body != nil && in.Body.Sender != "" {
		scope = optout.Scope(in.Body.Sender)
	}
	found, err := s.list.Stop(ctx, sms.Number(in.Number), scope, optout.ByOperator, "")
	return s.output(ctx, found, err)
}

type liftInput struct {
	Number phone  `path:"number" doc:"A phone number in international form" example:"447700900001"`
	Sender string `query:"sender" doc:"The only sender that may send again; all may, where it is absent" example:"447700900000"`
}

// Resolve reads the sender as it is read in a campaign. An empty one is not absent: somebody has left out a value, and does
// not mean all.
func (in *liftInput) Resolve(ctx huma.Context) []error {
	if query := ctx.URL(); !query.Query().Has("sender") {
		return nil
	}
	sender, err := sms.ParseSender(in.Sender)
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "query.sender", Message: err.Error()}}
	}
	in.Sender = string(sender)
	return nil
}

func (s *suppressed) lift(ctx context.Context, in *liftInput) (*suppressionOutput, error) {
	found, err := s.list.Lift(ctx, sms.Number(in.Number), optout.Scope(in.Sender))
	return s.output(ctx, found, err)
}

// output maps what the list answers.
func (s *suppressed) output(ctx context.Context, found optout.Suppression, err error) (*suppressionOutput, error) {
	switch {
	case err == nil:
		return &suppressionOutput{Body: suppressionViewOf(found)}, nil
	case errors.Is(err, campaign.ErrNotFound):
		return nil, Problem{Status: http.StatusNotFound, Detail: "nothing keeps this number from being sent to"}
	case errors.Is(err, campaign.ErrConflict):
		return nil, Problem{Status: http.StatusConflict, Detail: "what is known of this number is changing at this moment; try again"}
	default:
		return nil, problemOf(ctx, err, s.log)
	}
}
