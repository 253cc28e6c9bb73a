package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

func (c *campaigns) registerTimeline(api huma.API) {
	register(api, huma.Operation{
		OperationID: "campaign-timeline", Method: http.MethodGet, Path: "/campaigns/{id}/timeline",
		Summary: "What came back to a campaign, minute by minute; minutes in which nothing did are left out",
	}, c.timeline)
}

type timelineInput struct {
	ID    string `path:"id" doc:"The campaign's id"`
	From  string `query:"from" format:"date-time" doc:"The first minute; the first in which anything came back, where it is absent" example:"2026-03-01T09:00:00Z"`
	Limit int    `query:"limit" minimum:"1" maximum:"1440" default:"1440" doc:"How many minutes"`
}

type timelineOutput struct {
	Body struct {
		Minutes []minuteView `json:"minutes" nullable:"false"`
		Next    *time.Time   `json:"next,omitempty" doc:"Give it as from for the next page; absent on the last"`
	}
}

type minuteView struct {
	At          time.Time `json:"at" doc:"When the minute begins"`
	Delivered   int       `json:"delivered" doc:"As in the campaign's returns; negative where a receipt took back what one before had said"`
	Undelivered int       `json:"undelivered"`
	Replied     int       `json:"replied"`
	OptedOut    int       `json:"opted_out"`
}

func (c *campaigns) timeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	from, _ := time.Parse(time.RFC3339, in.From) // absent, or the schema has said what is wrong with it
	found, err := c.desk.Timeline(ctx, in.ID, from.UTC().Truncate(time.Minute), in.Limit+1)
	if err != nil {
		return nil, problemOf(ctx, err, c.log)
	}
	page, more := cut(found, in.Limit)
	out := &timelineOutput{}
	out.Body.Minutes = make([]minuteView, 0, len(page))
	for _, m := range page {
		out.Body.Minutes = append(out.Body.Minutes, minuteView{
			At: instant(m.At), Delivered: m.Tally.Delivered, Undelivered: m.Tally.Undelivered, Replied: m.Tally.Replied,
			OptedOut: m.Tally.OptedOut,
		})
	}
	if more {
		out.Body.Next = optional(found[in.Limit].At)
	}
	return out, nil
}
