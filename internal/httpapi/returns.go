package httpapi

import (
	"context"
	"time"

	"sluice/internal/oneoff"
	"sluice/internal/returns"
)

// Desk is where what came back is looked at, and replies are answered (returns.Desk).
type Desk interface {
	Reply(ctx context.Context, id string) (returns.Reply, *oneoff.Text, error)
	Replies(ctx context.Context, campaignID, after string, limit int) ([]returns.Reply, string, error)
	OpenReplies(ctx context.Context, campaignID, after string, limit int) ([]returns.Reply, string, error)
	Answer(ctx context.Context, id, body string) (returns.Reply, *oneoff.Text, error)
	Close(ctx context.Context, id string) (returns.Reply, *oneoff.Text, error)
	Summary(ctx context.Context, campaignID string) (returns.Summary, error)
	Timeline(ctx context.Context, campaignID string, from time.Time, limit int) ([]returns.Minute, error)
}

var _ Desk = (*returns.Desk)(nil)

// returnsView is what came back to a campaign, as clients see it.
type returnsView struct {
	Delivered   int `json:"delivered" doc:"Recipients whose text arrived, all parts of it"`
	Undelivered int `json:"undelivered" doc:"Recipients of whose text some part will not arrive"`
	Replies     struct {
		Total        int        `json:"total" doc:"Replies that want an answer: open + answered + closed"`
		Open         int        `json:"open"`
		Answered     int        `json:"answered"`
		Closed       int        `json:"closed"`
		OldestOpenAt *time.Time `json:"oldest_open_at,omitempty" doc:"When the oldest open reply came"`
	} `json:"replies"`
	OptedOut int `json:"opted_out" doc:"Opt-outs, by those who came back later too"`
}

func returnsViewOf(s returns.Summary) *returnsView {
	v := &returnsView{Delivered: s.Delivered, Undelivered: s.Undelivered, OptedOut: s.OptedOut}
	v.Replies.Total, v.Replies.Open, v.Replies.Answered, v.Replies.Closed = s.Replied, s.Open, s.Answered, s.Closed
	v.Replies.OldestOpenAt = optional(s.OldestOpen)
	return v
}

// deliveryView is what the receipts say of the text to one recipient.
type deliveryView struct {
	Status string     `json:"status" enum:"in_transit,delivered,undelivered"`
	Reason string     `json:"reason,omitempty" doc:"Why it did not arrive"`
	Code   string     `json:"code,omitempty" doc:"The provider's own word for it"`
	At     *time.Time `json:"at,omitempty" doc:"The latest that the provider said of any part, by its clock"`
}

func deliveryViewOf(d returns.Delivery) *deliveryView {
	v := &deliveryView{Status: string(d.Fate)}
	if p, failed := d.Failure(); failed {
		v.Reason, v.Code = p.Reason, p.Code
	}
	var at time.Time
	for _, p := range d.Parts {
		if p.At.After(at) {
			at = p.At
		}
	}
	v.At = optional(at)
	return v
}
