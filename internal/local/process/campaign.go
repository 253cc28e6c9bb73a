package process

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Sender is what all campaigns send from.
const Sender = "447700900000"

// Order is what a campaign is made with. Delay is in seconds.
type Order struct {
	Recipients       []string
	BatchSize, Delay int
	// Text is what is sent; empty is "Hello, World!".
	Text string
	// Key makes a repeated request the same campaign (Idempotency-Key); it must not be empty.
	Key string
}

// Campaign is what the API says of one.
type Campaign struct {
	ID         string
	Status     string
	Recipients int
	EndedAt    time.Time `json:"ended_at"`
	Counts     struct {
		Accepted, Failed, Skipped, Unknown int
		ToSend                             int `json:"to_send"`
	}
	Batches struct{ Total, Released, Done, Left int }
	Returns Returns
}

// Returns is what came back to a campaign.
type Returns struct {
	Delivered, Undelivered int
	Replies                struct{ Total, Open, Answered, Closed int }
	OptedOut               int `json:"opted_out"`
}

// Sum is of all counts.
func (c Campaign) Sum() int {
	return c.Counts.Accepted + c.Counts.Failed + c.Counts.Skipped + c.Counts.Unknown + c.Counts.ToSend
}

// Batch is what the API says of one.
type Batch struct {
	Number, Recipients, Accepted, Failed, Unknown int
	Status                                        string
	// DueAt is when it starts, by plan.
	DueAt time.Time `json:"due_at"`
}

// Message is what the API says of one recipient. Delivery is what the receipts say.
type Message struct {
	Number, Status string
	Delivery       struct{ Status string }
}

// Numbers are n different ones, at most 100,000, of the range that Ofcom keeps for drama, but longer, so that there are
// enough.
func Numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("4477009%05d", i)
	}
	return list
}

// Create posts the campaign.
func (p *Platform) Create(ctx context.Context, o Order) (Campaign, error) {
	body, err := json.Marshal(map[string]any{
		"sender": Sender, "recipients": o.Recipients, "message_string": cmp.Or(o.Text, "Hello, World!"),
		"batch_size": o.BatchSize, "delay_period": o.Delay,
	})
	if err != nil {
		return Campaign{}, fmt.Errorf("make the campaign: %w", err)
	}
	var created Campaign
	status, err := call(ctx, http.MethodPost, p.API+"/campaigns", body, o.Key, &created)
	if err == nil && status >= http.StatusMultipleChoices {
		err = fmt.Errorf("the campaign was refused with %d", status)
	}
	return created, err
}

// Campaign reads one.
func (p *Platform) Campaign(ctx context.Context, id string) (Campaign, error) {
	var c Campaign
	err := get(ctx, p.API+"/campaigns/"+id, &c)
	return c, err
}

// Act makes a transition: launch, pause, resume or cancel. One that the campaign's status does not allow is no error.
func (p *Platform) Act(ctx context.Context, id, action string) error {
	status, err := call(ctx, http.MethodPost, p.API+"/campaigns/"+id+"/"+action, nil, "", nil)
	if err == nil && status != http.StatusOK && status != http.StatusConflict {
		err = fmt.Errorf("%s: refused with %d", action, status)
	}
	return err
}

// Batches are all that were released.
func (p *Platform) Batches(ctx context.Context, id string) ([]Batch, error) {
	return pages(ctx, p.API+"/campaigns/"+id+"/batches", func(content json.RawMessage) ([]Batch, error) {
		var page struct{ Batches []Batch }
		err := json.Unmarshal(content, &page)
		return page.Batches, err
	})
}

// Messages are the rows of all recipients.
func (p *Platform) Messages(ctx context.Context, id string) ([]Message, error) {
	return pages(ctx, p.API+"/campaigns/"+id+"/messages", func(content json.RawMessage) ([]Message, error) {
		var page struct{ Messages []Message }
		err := json.Unmarshal(content, &page)
		return page.Messages, err
	})
}

// Entry is a request in the ledger of the stand-in for Vonage.
type Entry struct {
	// At is when it was judged.
	At        time.Time `json:"at"`
	To        string    `json:"to"`
	ClientRef string    `json:"client_ref"`
	Status    string    `json:"status"`
	// MessageIDs are of the parts that were accepted.
	MessageIDs []string `json:"message_ids"`
}

// Accepted: status 0 (Vonage SMS API, status codes).
func (e Entry) Accepted() bool { return e.Status == "0" }

// Ledger is every request judged so far, in that order.
func (p *Platform) Ledger(ctx context.Context) ([]Entry, error) {
	var ledger []Entry
	err := get(ctx, p.Vonage+"/ledger", &ledger)
	return ledger, err
}
