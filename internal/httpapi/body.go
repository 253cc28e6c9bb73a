package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
)

// campaignRequest is the body of POST /campaigns. Numbers are float64 so that 3.0 is read as the integer that it is, and
// the time is text so that what the schema takes is read in one way; Resolve makes of them what they mean.
type campaignRequest struct {
	Sender        string    `json:"sender" doc:"What the texts come from: a number in international form, a short code, or a name of up to 11 letters, digits and spaces" example:"447700900000"`
	Region        string    `json:"region,omitempty" doc:"How numbers without a country code are read: a country's code of two letters (ISO 3166-1). Absent, all are in international form." example:"GB"`
	Recipients    []rowBody `json:"recipients,omitempty" doc:"Phone numbers, in international form unless there is a region, or objects with a number and what fills the variables of the text. A number that is listed twice is sent to once. A draft may have none: they can be uploaded."`
	MessageString string    `json:"message_string" doc:"The text. {{first_name}} is a variable, {{first_name|there}} one with a default, and \\{{ two braces." example:"Hello, World!"`
	BatchSize     float64   `json:"batch_size" doc:"How many recipients are sent to at once" example:"3"`
	DelayPeriod   float64   `json:"delay_period" doc:"Seconds from the start of one batch to the start of the next" example:"3600"`
	MaxRate       float64   `json:"max_rate,omitempty" doc:"Texts a second, over all batches of the campaign; as many as the account may send, where it is absent or 0" example:"5"`
	Name          string    `json:"name,omitempty" doc:"A name for people"`
	StartAt       string    `json:"start_at,omitempty" format:"date-time" doc:"When the first batch starts; at launch, where it is absent"`
	Draft         bool      `json:"draft,omitempty" doc:"Store the campaign without launching it"`

	order campaign.Order
}

// maxBatchSize is only what a number of people can be.
const maxBatchSize = 1_000_000_000

// readable is of text that can be shown and sent: U+FFFD stands for what was lost on the way, for a half of an emoji too.
const (
	readable     = "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\ufffd]*$"
	readableSays = "free of control characters and of U+FFFD, which stands for lost ones"
)

// TransformSchema puts the domain's limits into the schema.
func (campaignRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	limitPace(s)
	text, name := s.Properties["message_string"], s.Properties["name"]
	text.MinLength, text.MaxLength, name.MaxLength = ptr(1), ptr(campaign.MaxText), ptr(campaign.MaxName)
	text.Pattern, text.PatternDescription = readable, readableSays
	name.Pattern, name.PatternDescription = readable, readableSays
	s.Properties["recipients"].MaxItems = ptr(campaign.MaxRows)
	s.Properties["recipients"].Nullable = false
	for _, p := range s.Properties {
		p.PrecomputeMessages()
	}
	return s
}

func limitPace(s *huma.Schema) {
	batch, delay := s.Properties["batch_size"], s.Properties["delay_period"]
	batch.Type, batch.Format, delay.Type, delay.Format = huma.TypeInteger, "int64", huma.TypeInteger, "int64"
	batch.Minimum, batch.Maximum = ptr(1.0), ptr(float64(maxBatchSize))
	delay.Minimum, delay.Maximum = ptr(0.0), ptr(campaign.MaxPeriod.Seconds())
}

func ptr[T any](v T) *T { return &v }

// Resolve checks what the body means, after the schema has checked its form, so that all problems come at once.
func (b *campaignRequest) Resolve(ctx huma.Context) []error {
	var problems []campaign.Problem
	startAt, _ := time.Parse(time.RFC3339, b.StartAt) // the schema has said what is wrong with it
	startAt = instant(startAt)
	if b.StartAt != "" && startAt.IsZero() { // the domain would read it as "at launch"
		problems = append(problems, campaign.Problem{Field: "start_at", Reason: "is in the past"})
	}
	check := ctx.Context().Value(checkKey{}).(orderCheck)
	rows, twice := rowsOf(b.Recipients)
	problems = append(problems, twice...)
	order, faults := check(campaign.Request{
		Name: b.Name, Sender: b.Sender, Region: b.Region, Recipients: rows, Text: b.MessageString,
		BatchSize: int(b.BatchSize), DelaySeconds: int(b.DelayPeriod), MaxRate: b.MaxRate, StartAt: startAt, Draft: b.Draft,
	})
	b.order = order
	problems = append(problems, faults...)
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		errs = append(errs, detailOf(p))
	}
	return errs
}

// orderCheck comes to Resolve in the request's context: huma gives it nothing else.
type orderCheck func(campaign.Request) (campaign.Order, []campaign.Problem)

type checkKey struct{}

// checks is for operations with a campaignRequest.
func checks(manager *campaign.Manager) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithValue(ctx, checkKey{}, orderCheck(manager.Check)))
	}
}

// fingerprint tells one request from another, however they are written.
func (b campaignRequest) fingerprint() string {
	text, _ := json.Marshal(b) // strings, numbers and a bool that came as JSON
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// campaignView is a campaign as clients see it.
type campaignView struct {
	ID            string     `json:"id" example:"01JZX4V6Q2B0M0C3T5H8K9N7PD"`
	Name          string     `json:"name,omitempty"`
	Status        string     `json:"status" enum:"draft,running,paused,completed,cancelled"`
	PausedBecause string     `json:"paused_because,omitempty" doc:"Why the campaign paused itself"`
	Sender        string     `json:"sender"`
	Region        string     `json:"region,omitempty"`
	MessageString string     `json:"message_string"`
	BatchSize     int        `json:"batch_size"`
	DelayPeriod   int        `json:"delay_period"`
	MaxRate       float64    `json:"max_rate,omitempty"`
	StartAt       *time.Time `json:"start_at,omitempty"`
	CreatedAt     time.Time  `json:"created_at"`
	LaunchedAt    *time.Time `json:"launched_at,omitempty"`
	EndedAt       *time.Time `json:"ended_at,omitempty"`
	Recipients    int        `json:"recipients" doc:"Different numbers in the list: accepted + failed + skipped + unknown + to_send"`
	Duplicates    int        `json:"duplicates" doc:"Rows left out because their number was in the list already. Who stands in two parts of a draft is found at the launch."`
	Refused       int        `json:"refused" doc:"Rows left out because nothing could be sent to them"`
	Counts        countsView `json:"counts"`
	Batches       struct {
		Total    int `json:"total"`
		Released int `json:"released" doc:"Queued, up to two minutes ahead of their time"`
		Done     int `json:"done"`
		Left     int `json:"left" doc:"Not yet released"`
	} `json:"batches"`
	NextBatchAt *time.Time `json:"next_batch_at,omitempty" doc:"The next planned start of a batch"`
	WaitingFor  *waitView  `json:"waiting_for,omitempty" doc:"What holds the campaign up at this moment"`
	Rate        float64    `json:"rate,omitempty" doc:"Texts a second that may leave now, shared with other campaigns of the account"`
	ETA         *time.Time `json:"eta,omitempty" doc:"When the last text leaves, by plan and by rate"`

	Returns *returnsView `json:"returns,omitempty" doc:"What came back; not in lists"`
}

type countsView struct {
	Accepted int `json:"accepted" doc:"Taken by the provider"`
	Failed   int `json:"failed" doc:"Refused for good"`
	Skipped  int `json:"skipped" doc:"Not sent to because the campaign was cancelled"`
	Unknown  int `json:"unknown" doc:"Sent, or not: the answer was lost. Never sent again by itself."`
	ToSend   int `json:"to_send" doc:"Still to send"`
}

type waitView struct {
	Reason string     `json:"reason" enum:"launch,start_at,resume,next_batch,pace" doc:"pace: batches are going out as fast as the rate allows"`
	Until  *time.Time `json:"until,omitempty"`
}

func viewOf(c campaign.Campaign, p campaign.Progress) campaignView {
	v := campaignView{
		ID: c.ID, Name: c.Name, Status: string(c.Status), PausedBecause: c.Reason, Sender: string(c.Sender),
		MessageString: c.Text, BatchSize: c.BatchSize, DelayPeriod: int(c.Delay / time.Second), MaxRate: c.MaxRate, StartAt: optional(c.StartAt),
		CreatedAt: instant(c.CreatedAt), LaunchedAt: optional(c.LaunchedAt), EndedAt: optional(c.EndedAt),
		Recipients: c.Recipients, Duplicates: c.Duplicates, Refused: c.Refused, Region: c.Region, NextBatchAt: optional(p.NextBatchAt), Rate: round(p.Rate), ETA: optional(p.ETA),
		Counts: countsView{
			Accepted: c.Counts.Accepted, Failed: c.Counts.Failed, Skipped: p.Skipped, Unknown: c.Counts.Unknown,
			ToSend: p.ToSend,
		},
	}
	v.Batches.Total, v.Batches.Released, v.Batches.Done, v.Batches.Left = p.BatchesTotal, p.Released, p.Done, p.Left
	if p.WaitsFor != campaign.WaitNone {
		v.WaitingFor = &waitView{Reason: string(p.WaitsFor), Until: optional(p.WaitsUntil)}
	}
	return v
}

type batchView struct {
	Number     int        `json:"number"`
	Recipients int        `json:"recipients"`
	DueAt      time.Time  `json:"due_at" doc:"When it starts, by plan"`
	Status     string     `json:"status" enum:"waiting,sending,done"`
	Accepted   int        `json:"accepted"`
	Failed     int        `json:"failed"`
	Unknown    int        `json:"unknown"`
	ToSend     int        `json:"to_send"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
}

func batchViewOf(b campaign.Batch, now time.Time) batchView {
	status := "waiting"
	switch {
	case b.Done:
		status = "done"
	case b.Held(now):
		status = "sending"
	}
	return batchView{
		Number: b.Number, Recipients: b.To - b.From, DueAt: instant(b.Due), Status: status, Accepted: b.Counts.Accepted,
		Failed: b.Counts.Failed, Unknown: b.Counts.Unknown, ToSend: b.To - b.From - b.Counts.Total(),
		StartedAt: optional(b.StartedAt), EndedAt: optional(b.EndedAt),
	}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = instant(t)
	return &t
}

// instant is as exact as what is stored, so that an answer does not differ from the next one.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
