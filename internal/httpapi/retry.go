package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/sms"
)

func (c *campaigns) registerRetry(api huma.API) {
	register(api, huma.Operation{
		OperationID: "retry-message", Method: http.MethodPost, Path: "/campaigns/{id}/messages/{number}/retry",
		Summary: "Send again to one recipient whose text failed, or of whom it is unknown whether it was sent",
	}, c.retry)
}

type retryInput struct {
	ID     string `path:"id" doc:"The campaign's id"`
	Number phone  `path:"number" doc:"The recipient's phone number in international form" example:"447700900001"`
}

// phone is a number in a path.
type phone string

// Resolve reads the number as it is read in a list.
func (p *phone) Resolve(huma.Context) []error {
	number, err := sms.ParseNumber(string(*p))
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "path.number", Message: err.Error()}}
	}
	*p = phone(number)
	return nil
}

func (c *campaigns) retry(ctx context.Context, in *retryInput) (*campaignOutput, error) {
	changed, err := c.manager.Retry(ctx, in.ID, sms.Number(in.Number))
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	return c.output(ctx, http.StatusOK, changed), nil
}
