package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
	"sluice/internal/pace"
	"sluice/internal/preflight"
	"sluice/internal/recipients"
)

// Preflight says what would happen (preflight.Preflight).
type Preflight interface {
	Uploaded(ctx context.Context, c campaign.Campaign) (preflight.Report, error)
	Proposed(ctx context.Context, c campaign.Campaign, u recipients.Upload) (preflight.Report, error)
}

var _ Preflight = (*preflight.Preflight)(nil)

// foreseen serves forecasts.
type foreseen struct {
	manager   *campaign.Manager
	preflight Preflight
	log       *slog.Logger
}

func (f *foreseen) register(api huma.API) {
	register(api, huma.Operation{
		OperationID: "preflight-campaign", Method: http.MethodGet, Path: "/campaigns/{id}/preflight",
		Summary: "What a draft would do, if it were launched now: nothing is sent, and nothing is stored",
	}, f.uploaded)
	register(api, huma.Operation{
		OperationID: "preflight", Method: http.MethodPost, Path: "/preflight", DefaultStatus: http.StatusOK,
		Summary:      "What a campaign would do, if it were created and launched now: nothing is sent, and nothing is stored",
		MaxBodyBytes: MaxBody + 1, Middlewares: huma.Middlewares{takesJSON, checks(f.manager)},
	}, f.proposed)
}

type preflightOutput struct{ Body preflightView }

func (f *foreseen) uploaded(ctx context.Context, in *idInput) (*preflightOutput, error) {
	c, err := f.manager.Campaign(ctx, in.ID)
	if err != nil {
		return nil, problemOf(ctx, err, f.log)
	}
	return f.output(ctx)(f.preflight.Uploaded(ctx, c))
}

type proposalInput struct{ Body campaignRequest }

func (f *foreseen) proposed(ctx context.Context, in *proposalInput) (*preflightOutput, error) {
	order := in.Body.order
	return f.output(ctx)(f.preflight.Proposed(ctx, order.Campaign(), order.Upload()))
}

func (f *foreseen) output(ctx context.Context) func(preflight.Report, error) (*preflightOutput, error) {
	return func(r preflight.Report, err error) (*preflightOutput, error) {
		if err != nil {
			return nil, problemOf(ctx, err, f.log)
		}
		return &preflightOutput{Body: preflightViewOf(r)}, nil
	}
}

// preflightView is a forecast as clients see it.
type preflightView struct {
	Recipients foreseenRecipients `json:"recipients"`
	Segments   foreseenSegments   `json:"segments" doc:"Of the texts to the valid recipients"`
	Encoding   foreseenEncoding   `json:"encoding"`
	Price      *foreseenPrice     `json:"price,omitempty" doc:"By the table of PUT /prices; absent without one"`
	Plan       *foreseenPlan      `json:"plan,omitempty" doc:"When the batches start and end, at the limits as they are now, if nobody else sends; absent where the list is empty"`
	Sample     []foreseenText     `json:"sample" nullable:"false" doc:"The texts to the first of the valid recipients"`
}

type foreseenRecipients struct {
	Rows      int `json:"rows" doc:"valid + refused + duplicate + opted_out"`
	Valid     int `json:"valid" doc:"Would be sent to"`
	Refused   int `json:"refused" doc:"Rows that nothing can be sent to"`
	Duplicate int `json:"duplicate" doc:"Rows whose number stands further up"`
	OptedOut  int `json:"opted_out" doc:"Want no texts from this sender"`
}

type foreseenSegments struct {
	Least int     `json:"least"`
	Mean  float64 `json:"mean"`
	Most  int     `json:"most"`
	Total int     `json:"total"`
}

type foreseenEncoding struct {
	GSM7           int              `json:"gsm7" doc:"Texts that travel in GSM-7"`
	UCS2           int              `json:"ucs2" doc:"Texts that travel in UCS-2"`
	Forcing        []foreseenLetter `json:"forcing" nullable:"false" doc:"The characters that force UCS-2, of the most texts first, in the texts to all rows that were taken"`
	SegmentsAsGSM7 int              `json:"segments_as_gsm7" doc:"How many segments there would be with a question mark for each of these characters"`
	Saves          int              `json:"saves" doc:"How many segments that would save"`
}

type foreseenLetter struct {
	Character string `json:"character" example:"’"`
	CodePoint string `json:"code_point" example:"U+2019"`
	Texts     int    `json:"texts" doc:"How many texts it stands in"`
}

type foreseenPrice struct {
	Currency string `json:"currency" example:"EUR"`
	Total    string `json:"total" example:"123.4500"`
	Saves    string `json:"saves" doc:"What would be saved if all texts were in GSM-7" example:"0.0000"`
	Unpriced int    `json:"unpriced" doc:"Recipients for whom the table has no price: nothing is added for them"`
}

type foreseenPlan struct {
	Batches  int             `json:"batches"`
	StartsAt time.Time       `json:"starts_at" doc:"When the first batch is due"`
	EndsAt   time.Time       `json:"ends_at" doc:"When the last text leaves"`
	Seconds  float64         `json:"seconds" doc:"From the one to the other"`
	BoundBy  string          `json:"bound_by" enum:"plan,account,sender,max_rate" doc:"What decides the end: the time between the batches, or the slowest limit"`
	Rates    []foreseenRate  `json:"rates" nullable:"false" doc:"The limits, less their headroom"`
	Timeline []foreseenBatch `json:"timeline" nullable:"false" doc:"The first 20 batches, and the last"`
}

type foreseenRate struct {
	Limit          string  `json:"limit" enum:"account,sender,max_rate"`
	PerSecond      float64 `json:"per_second"`
	Unit           string  `json:"unit" enum:"texts,segments"`
	TextsPerSecond float64 `json:"texts_per_second" doc:"How many texts that is, each charged as the longest of them"`
}

type foreseenBatch struct {
	Batch      int       `json:"batch" doc:"Counted from 1"`
	At         time.Time `json:"at" doc:"When it is due"`
	From       int       `json:"from" doc:"Where it begins in the list, counted from 0"`
	Recipients int       `json:"recipients"`
	DoneAt     time.Time `json:"done_at" doc:"When its last text leaves, as if batches that overlap went out one after the other"`
}

type foreseenText struct {
	Number   string `json:"number" doc:"All but the last two digits are masked" example:"**********01"`
	Text     string `json:"text"`
	Segments int    `json:"segments"`
	Encoding string `json:"encoding" enum:"GSM-7,UCS-2"`
}

func preflightViewOf(r preflight.Report) preflightView {
	v := preflightView{
		Recipients: foreseenRecipients(r.Recipients),
		Segments:   foreseenSegments{Least: r.Segments.Least, Mean: round(r.Segments.Mean), Most: r.Segments.Most, Total: r.Segments.Total},
		Encoding: foreseenEncoding{
			GSM7: r.Encoding.GSM7, UCS2: r.Encoding.UCS2, Forcing: []foreseenLetter{},
			SegmentsAsGSM7: r.Encoding.SegmentsAsGSM7, Saves: r.Encoding.Saves,
		},
		Plan: planViewOf(r.Plan), Sample: []foreseenText{},
	}
	for _, f := range r.Encoding.Forcing {
		v.Encoding.Forcing = append(v.Encoding.Forcing, foreseenLetter{Character: f.Character, CodePoint: f.CodePoint(), Texts: f.Texts})
	}
	if p := r.Price; p != nil {
		v.Price = &foreseenPrice{Currency: p.Currency, Total: p.Total.String(), Saves: p.Saves.String(), Unpriced: p.Unpriced}
	}
	for _, s := range r.Sample {
		v.Sample = append(v.Sample, foreseenText{
			Number: s.Number.String(), Text: s.Text, Segments: s.Size.Segments, Encoding: s.Size.Encoding.String(),
		})
	}
	return v
}

func planViewOf(p *preflight.Plan) *foreseenPlan {
	if p == nil {
		return nil
	}
	v := &foreseenPlan{
		Batches: p.Batches, StartsAt: instant(p.StartsAt), EndsAt: instant(p.EndsAt), Seconds: round(p.EndsAt.Sub(p.StartsAt).Seconds()),
		BoundBy: string(p.BoundBy), Rates: []foreseenRate{}, Timeline: []foreseenBatch{},
	}
	for _, r := range p.Rates {
		unit := "texts"
		if r.By == pace.Number {
			unit = "segments"
		}
		v.Rates = append(v.Rates, foreseenRate{
			Limit: string(preflight.LimitOf(r.By)), PerSecond: round(r.PerSecond), Unit: unit, TextsPerSecond: round(r.Requests),
		})
	}
	for _, b := range p.Timeline {
		v.Timeline = append(v.Timeline, foreseenBatch{
			Batch: b.Number, At: instant(b.Due), From: b.From, Recipients: b.To - b.From, DoneAt: instant(b.Done),
		})
	}
	return v
}
