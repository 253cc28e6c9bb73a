package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/campaign"
)

// campaignRequest is the body of POST /campaigns.
type campaignRequest struct {
	Sender        string    `json:"sender" doc:"What the texts come from: a number in international form, a short code, or a name of up to 11 letters, digits and spaces" example:"447700900000"`
	Recipients    []string  `json:"recipients" doc:"Phone numbers in international form. A number that is listed twice is sent to once."`
	MessageString string    `json:"message_string" doc:"The text" example:"Hello, World!"`
	BatchSize     int       `json:"batch_size" doc:"How many recipients are sent to at once" example:"3"`
	DelayPeriod   int       `json:"delay_period" doc:"Seconds from the start of one batch to the start of the next" example:"3600"`
	Name          string    `json:"name,omitempty" doc:"A name for people"`
	StartAt       time.Time `json:"start_at,omitzero" doc:"When the first batch starts; at launch, where it is absent"`
	Draft         bool      `json:"draft,omitempty" doc:"Store the campaign without launching it"`

	order campaign.Order
}

// TransformSchema puts the domain's limits into the schema.
func (campaignRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties["batch_size"].Minimum, s.Properties["batch_size"].Maximum = ptr(1.0), ptr(1e9)
	s.Properties["delay_period"].Minimum = ptr(0.0)
	s.Properties["delay_period"].Maximum = ptr(campaign.MaxPeriod.Seconds())
	s.Properties["message_string"].MinLength, s.Properties["message_string"].MaxLength = ptr(1), ptr(campaign.MaxText)
	s.Properties["name"].MaxLength = ptr(campaign.MaxName)
	s.Properties["recipients"].MinItems, s.Properties["recipients"].MaxItems = ptr(1), ptr(campaign.MaxRows)
	s.Properties["recipients"].Nullable = false
	for _, p := range s.Properties {
		p.PrecomputeMessages()
	}
	return s
}

func ptr[T any](v T) *T { return &v }

// Resolve checks what the body means, after the schema has checked its form, so that all problems come at once.
func (b *campaignRequest) Resolve(huma.Context) []error {
	order, problems := campaign.Request{
		Name: b.Name, Sender: b.Sender, Recipients: b.Recipients, Text: b.MessageString, BatchSize: b.BatchSize,
		DelaySeconds: b.DelayPeriod, StartAt: b.StartAt,
	}.Check(time.Now())
	b.order = order
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		errs = append(errs, detailOf(p))
	}
	return errs
}

// campaignView is a campaign as clients see it.
type campaignView struct {
	ID            string     `json:"id" example:"01JZX4V6Q2B0M0C3T5H8K9N7PD"`
	Name          string     `json:"name,omitempty"`
	Status        string     `json:"status" enum:"draft,running,paused,completed,cancelled"`
	PausedBecause string     `json:"paused_because,omitempty" doc:"Why the campaign paused itself"`
	Sender        string     `json:"sender"`
	MessageString string     `json:"message_string"`
	BatchSize     int        `json:"batch_size"`
	DelayPeriod   int        `json:"delay_period"`
	StartAt       *time.Time `json:"start_at,omitempty"`
	CreatedAt     time.Time  `json:"created_at"`
	LaunchedAt    *time.Time `json:"launched_at,omitempty"`
	EndedAt       *time.Time `json:"ended_at,omitempty"`
	Recipients    int        `json:"recipients" doc:"Different numbers in the list: accepted + failed + skipped + unknown + to_send"`
	Duplicates    int        `json:"duplicates" doc:"Rows left out because their number was in the list already"`
	Counts        countsView `json:"counts"`
	Batches       struct {
		Total    int `json:"total"`
		Released int `json:"released" doc:"Queued, up to two minutes ahead of their time"`
		Done     int `json:"done"`
		Left     int `json:"left" doc:"Not yet released"`
	} `json:"batches"`
	NextBatchAt *time.Time `json:"next_batch_at,omitempty" doc:"The next planned start of a batch"`
	WaitingFor  *waitView  `json:"waiting_for,omitempty" doc:"What holds the campaign up at this moment"`
	ETA         *time.Time `json:"eta,omitempty" doc:"When the last text leaves, by plan and by rate"`
}

type countsView struct {
	Accepted int `json:"accepted" doc:"Taken by the provider"`
	Failed   int `json:"failed" doc:"Refused for good"`
	Skipped  int `json:"skipped" doc:"Not sent to because the campaign was cancelled"`
	Unknown  int `json:"unknown" doc:"Sent, or not: the answer was lost. Never sent again by itself."`
	ToSend   int `json:"to_send" doc:"Still to send"`
}

type waitView struct {
	Reason string     `json:"reason" enum:"launch,start_at,resume,next_batch,pace" doc:"pace: batches are going out as fast as the account's rate allows"`
	Until  *time.Time `json:"until,omitempty"`
}

func viewOf(c campaign.Campaign, p campaign.Progress) campaignView {
	v := campaignView{
		ID: c.ID, Name: c.Name, Status: string(c.Status), PausedBecause: c.Reason, Sender: string(c.Sender),
		MessageString: c.Text, BatchSize: c.BatchSize, DelayPeriod: int(c.Delay / time.Second), StartAt: optional(c.StartAt),
		CreatedAt: c.CreatedAt, LaunchedAt: optional(c.LaunchedAt), EndedAt: optional(c.EndedAt),
		Recipients: c.Recipients, Duplicates: c.Duplicates, NextBatchAt: optional(p.NextBatchAt), ETA: optional(p.ETA),
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
		Number: b.Number, Recipients: b.To - b.From, DueAt: b.Due, Status: status, Accepted: b.Counts.Accepted,
		Failed: b.Counts.Failed, Unknown: b.Counts.Unknown, ToSend: b.To - b.From - b.Counts.Total(),
		StartedAt: optional(b.StartedAt), EndedAt: optional(b.EndedAt),
	}
}

type messageView struct {
	Number     string     `json:"number"`
	Status     string     `json:"status" enum:"pending,accepted,failed,skipped,unknown"`
	Batch      int        `json:"batch,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Code       string     `json:"code,omitempty" doc:"The provider's own word for it"`
	MessageIDs []string   `json:"message_ids,omitempty" doc:"The provider's, one for each SMS part"`
	At         *time.Time `json:"at,omitempty" doc:"When the outcome was known"`
}

func messageViewOf(m campaign.Message) messageView {
	v := messageView{
		Number: m.To.Digits(), Status: string(m.State), Batch: m.Batch, Reason: m.Reason, Code: m.Code, At: optional(m.At),
	}
	for _, p := range m.Parts {
		v.MessageIDs = append(v.MessageIDs, p.MessageID)
	}
	return v
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
