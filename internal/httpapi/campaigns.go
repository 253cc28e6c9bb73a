package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/returns"
)

// MaxBody is the largest request body in bytes. A Lambda event holds 6 MB, in which every quote of the body takes two.
const MaxBody = 5_000_000

type campaigns struct {
	manager *campaign.Manager
	desk    Desk
	log     *slog.Logger
}

func (c *campaigns) register(api huma.API) {
	register(api, huma.Operation{
		OperationID: "create-campaign", Method: http.MethodPost, Path: "/campaigns", DefaultStatus: http.StatusCreated,
		Summary:      "Create a campaign, and launch it unless it is a draft",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON, checks(c.manager)},
	}, c.create)
	register(api, huma.Operation{
		OperationID: "list-campaigns", Method: http.MethodGet, Path: "/campaigns", Summary: "List campaigns, newest first",
	}, c.list)
	register(api, huma.Operation{
		OperationID: "get-campaign", Method: http.MethodGet, Path: "/campaigns/{id}",
		Summary: "Where a campaign stands, what it waits for, when it ends and what came back",
	}, c.get)
	register(api, huma.Operation{
		OperationID: "list-batches", Method: http.MethodGet, Path: "/campaigns/{id}/batches",
		Summary: "List the released batches",
	}, c.batches)
	c.registerTimeline(api)
	c.registerRetry(api)
	c.registerRepace(api)
	c.registerAction(api, "launch", "Start a draft", c.manager.Launch)
	c.registerAction(api, "pause", "Stop sending within one chunk, about a second", c.manager.Pause)
	c.registerAction(api, "resume", "Go on where the pause stopped", c.manager.Resume)
	c.registerAction(api, "cancel", "End the campaign within one chunk", c.manager.Cancel)
}

type campaignOutput struct {
	Status int
	Body   campaignView
}

// output answers what changed a campaign. What came back is left out where it cannot be read: the change is made.
func (c *campaigns) output(ctx context.Context, status int, found campaign.Campaign) *campaignOutput {
	out := &campaignOutput{Status: status, Body: viewOf(found, c.manager.ProgressOf(ctx, found))}
	if status == http.StatusCreated {
		out.Body.Returns = returnsViewOf(returns.Summary{})
		return out
	}
	summary, err := c.desk.Summary(ctx, found.ID)
	if err != nil {
		c.log.WarnContext(ctx, "unknown what came back", "campaign", found.ID, "error", err)
		return out
	}
	out.Body.Returns = returnsViewOf(summary)
	return out
}

type createInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Makes a repeated request return the first campaign"`
	Body           campaignRequest
}

func (c *campaigns) create(ctx context.Context, in *createInput) (*campaignOutput, error) {
	var key *campaign.IdempotencyKey
	if in.IdempotencyKey != "" {
		key = &campaign.IdempotencyKey{Key: keyOf(ctx) + "/" + in.IdempotencyKey, Fingerprint: in.Body.fingerprint()}
	}
	created, isNew, err := c.manager.Create(ctx, in.Body.order, in.Body.Draft, key)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	if !isNew {
		return c.output(ctx, http.StatusOK, created), nil
	}
	return c.output(ctx, http.StatusCreated, created), nil
}

type idInput struct {
	ID string `path:"id" doc:"The campaign's id"`
}

func (c *campaigns) get(ctx context.Context, in *idInput) (*campaignOutput, error) {
	found, err := c.manager.Campaign(ctx, in.ID)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	summary, err := c.desk.Summary(ctx, in.ID)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	out := &campaignOutput{Status: http.StatusOK, Body: viewOf(found, c.manager.ProgressOf(ctx, found))}
	out.Body.Returns = returnsViewOf(summary)
	return out, nil
}

func (c *campaigns) registerAction(api huma.API, name, summary string,
	act func(context.Context, string) (campaign.Campaign, error),
) {
	op := huma.Operation{
		OperationID: name + "-campaign", Method: http.MethodPost, Path: "/campaigns/{id}/" + name, Summary: summary,
	}
	register(api, op, func(ctx context.Context, in *idInput) (*campaignOutput, error) {
		changed, err := act(ctx, in.ID)
		if err != nil {
			return nil, problemOf(ctx, err, c.log)
		}
		return c.output(ctx, http.StatusOK, changed), nil
	})
}

type campaignsInput struct {
	After string `query:"after" pattern:"^[0-9A-HJKMNP-TV-Z]{26}$" patternDescription:"the next of another page" doc:"The next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type campaignsOutput struct {
	Body struct {
		Campaigns []campaignView `json:"campaigns" nullable:"false"`
		Next      string         `json:"next,omitempty" doc:"Give it as after for the next page; absent on the last"`
	}
}

func (c *campaigns) list(ctx context.Context, in *campaignsInput) (*campaignsOutput, error) {
	found, err := c.manager.Campaigns(ctx, in.After, in.Limit+1)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	page, more := cut(found, in.Limit)
	out := &campaignsOutput{}
	out.Body.Campaigns = make([]campaignView, 0, len(page))
	for _, one := range page {
		out.Body.Campaigns = append(out.Body.Campaigns, viewOf(one, c.manager.ProgressOf(ctx, one)))
	}
	if more {
		out.Body.Next = page[len(page)-1].ID
	}
	return out, nil
}

// cut takes a page from what was found, of which one more than its limit was asked for, to see whether there is more.
func cut[T any](found []T, limit int) (page []T, more bool) {
	if len(found) <= limit {
		return found, false
	}
	return found[:limit], true
}

type pageInput struct {
	ID    string `path:"id" doc:"The campaign's id"`
	After int    `query:"after" minimum:"0" maximum:"1000000000" doc:"The next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// next is the cursor of the page after this one; empty on the last.
func (in pageInput) next(more bool) string {
	if !more {
		return ""
	}
	return strconv.Itoa(in.After + in.Limit)
}

type batchesOutput struct {
	Body struct {
		Batches []batchView `json:"batches" nullable:"false"`
		Next    string      `json:"next,omitempty" doc:"Give it as after for the next page; absent on the last"`
	}
}

func (c *campaigns) batches(ctx context.Context, in *pageInput) (*batchesOutput, error) {
	found, err := c.manager.Batches(ctx, in.ID, in.After, in.Limit+1)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	page, more := cut(found, in.Limit)
	out := &batchesOutput{}
	out.Body.Batches = make([]batchView, 0, len(page))
	for _, b := range page {
		out.Body.Batches = append(out.Body.Batches, batchViewOf(b, time.Now()))
	}
	out.Body.Next = in.next(more)
	return out, nil
}
