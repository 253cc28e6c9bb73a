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
	Number string `path:"number" doc:"The recipient's phone number in international form" example:"447700900001"`

	to sms.Number
}

// Resolve reads the number as it is read in a list.
func (in *retryInput) Resolve(huma.Context) []error {
	to, err := sms.ParseNumber(in.Number)
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "path.number", Message: err.Error()}}
	}
	in.to = to
	return nil
}

func (c *campaigns) retry(ctx context.Context, in *retryInput) (*campaignOutput, error) {
	changed, err := c.manager.Retry(ctx, in.ID, in.to)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	return c.output(ctx, http.StatusOK, changed), nil
}
