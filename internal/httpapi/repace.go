package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
)

func (c *campaigns) registerRepace(api huma.API) {
	register(api, huma.Operation{
		OperationID: "repace-campaign", Method: http.MethodPatch, Path: "/campaigns/{id}",
		Summary:      "Change the pace, at once, for all but the batches that have begun",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON},
	}, c.repace)
}

// paceRequest is the body of PATCH /campaigns/{id}. Numbers are float64 as in campaignRequest.
type paceRequest struct {
	BatchSize   *float64 `json:"batch_size,omitempty" doc:"How many recipients are sent to at once" example:"3"`
	DelayPeriod *float64 `json:"delay_period,omitempty" doc:"Seconds from the start of one batch to the start of the next" example:"3600"`
	MaxRate     *float64 `json:"max_rate,omitempty" doc:"Texts a second, over all batches of the campaign; 0 for as many as the account may send" example:"5"`

	change campaign.PaceChange
}

// TransformSchema puts the domain's limits into the schema.
func (paceRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	limitPace(s)
	s.MinProperties = ptr(1)
	for _, p := range s.Properties {
		p.PrecomputeMessages()
	}
	s.PrecomputeMessages()
	return s
}

// Resolve checks what the body means.
func (b *paceRequest) Resolve(huma.Context) []error {
	change, problems := campaign.PaceRequest{BatchSize: whole(b.BatchSize), DelaySeconds: whole(b.DelayPeriod), MaxRate: b.MaxRate}.Check()
	b.change = change
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		errs = append(errs, detailOf(p))
	}
	return errs
}

func whole(f *float64) *int {
	if f == nil {
		return nil
	}
	return ptr(int(*f))
}

type repaceInput struct {
	ID   string `path:"id" doc:"The campaign's id"`
	Body paceRequest
}

func (c *campaigns) repace(ctx context.Context, in *repaceInput) (*campaignOutput, error) {
	changed, err := c.manager.Repace(ctx, in.ID, in.Body.change)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	return c.output(ctx, http.StatusOK, changed), nil
}
