package returns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/sms"
)

// Desk is for the people who answer. It may be used concurrently.
type Desk struct {
	store  Store
	texts  oneoff.Outbox
	screen oneoff.Screen
	newID  func(time.Time) string
	now    func() time.Time
}

// NewDesk returns a desk. newID makes ids of 26 characters; now is its clock.
func NewDesk(store Store, texts oneoff.Outbox, screen oneoff.Screen, newID func(time.Time) string, now func() time.Time,
) *Desk {
	return &Desk{store: store, texts: texts, screen: screen, newID: newID, now: now}
}

// StatusError refuses what the reply's status does not allow.
type StatusError struct {
	Action string
	Status Status
}

func (e StatusError) Error() string {
	return fmt.Sprintf("cannot %s a reply that is %s", e.Action, e.Status)
}

// OptedOutError refuses an answer to a person who wants none.
type OptedOutError struct{}

func (OptedOutError) Error() string {
	return "the person has opted out and can only be answered after opting in again"
}

// UnanswerableError refuses an answer that no phone could take.
type UnanswerableError struct{}

func (UnanswerableError) Error() string { return "nothing can be sent from what the reply was sent to" }

// Reply returns a reply and, where there is one, the text that answers it. campaign.ErrNotFound.
func (d *Desk) Reply(ctx context.Context, id string) (Reply, *oneoff.Text, error) {
	reply, err := d.store.Reply(ctx, id)
	if err != nil {
		return reply, nil, fmt.Errorf("read reply %s: %w", id, err)
	}
	t, err := d.answer(ctx, reply)
	return reply, t, err
}

func (d *Desk) answer(ctx context.Context, reply Reply) (*oneoff.Text, error) {
	if reply.OneOff == "" {
		return nil, nil
	}
	t, err := d.store.OneOff(ctx, reply.OneOff)
	if err != nil {
		return nil, fmt.Errorf("read the answer to reply %s: %w", reply.ID, err)
	}
	return &t, nil
}

// Replies lists the replies to a campaign, the latest first; the empty campaign has those that belong to none.
func (d *Desk) Replies(ctx context.Context, campaignID, after string, limit int) ([]Reply, string, error) {
	page, next, err := d.store.Replies(ctx, campaignID, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list replies: %w", err)
	}
	return page, next, nil
}

// OpenReplies lists open replies, the oldest first, of one campaign or of All.
func (d *Desk) OpenReplies(ctx context.Context, campaignID, after string, limit int) ([]Reply, string, error) {
	page, next, err := d.store.OpenReplies(ctx, campaignID, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list open replies: %w", err)
	}
	return page, next, nil
}

// Answer sends a text to who replied, from the number that the reply was sent to, and marks the reply as answered. Once:
// only where that text failed, another may follow. StatusError, OptedOutError, UnanswerableError.
func (d *Desk) Answer(ctx context.Context, id, body string) (Reply, *oneoff.Text, error) {
	for range maxConflicts {
		reply, before, err := d.Reply(ctx, id)
		if err != nil {
			return reply, nil, err
		}
		if !mayAnswer(reply, before) {
			return reply, nil, StatusError{Action: "answer", Status: reply.Status}
		}
		if _, err := sms.ParseSender(string(reply.To)); err != nil {
			return reply, nil, UnanswerableError{}
		}
		blocked, err := d.screen.Blocked(ctx, reply.To, []sms.Number{reply.From})
		if err != nil {
			return reply, nil, err
		}
		if blocked[reply.From] {
			return reply, nil, OptedOutError{}
		}
		after, t := d.answered(reply, body)
		err = d.store.Move(ctx, reply, after, &t, after.Status.instead(reply.Status))
		if errors.Is(err, campaign.ErrConflict) {
			continue
		}
		if err != nil {
			return reply, nil, fmt.Errorf("answer reply %s: %w", id, err)
		}
		d.texts.Post(ctx, t)
		after.Version++
		return after, &t, nil
	}
	return Reply{}, nil, errContended
}

// mayAnswer: an open reply, or one whose answer certainly did not arrive.
func mayAnswer(reply Reply, answer *oneoff.Text) bool {
	if reply.Status == Answered && answer != nil {
		return answer.State == campaign.Failed || answer.State == campaign.Skipped
	}
	return reply.Status == Open
}

func (d *Desk) answered(reply Reply, body string) (Reply, oneoff.Text) {
	now := d.now()
	t := oneoff.New(oneoff.Answer, d.newID(now), reply.To, reply.From, body, now)
	t.Reply, t.Campaign = reply.ID, reply.Campaign
	reply.Status, reply.OneOff, reply.AnsweredAt = Answered, t.ID, now
	return reply, t
}

// Close marks a reply as one that wants no answer, or no further one. Closing it again changes nothing.
func (d *Desk) Close(ctx context.Context, id string) (Reply, *oneoff.Text, error) {
	for range maxConflicts {
		reply, t, err := d.Reply(ctx, id)
		if err != nil || reply.Status == Closed {
			return reply, t, err
		}
		if reply.Status == Handled {
			return reply, t, StatusError{Action: "close", Status: reply.Status}
		}
		after := reply
		after.Status, after.ClosedAt = Closed, d.now()
		err = d.store.Move(ctx, reply, after, nil, after.Status.instead(reply.Status))
		if errors.Is(err, campaign.ErrConflict) {
			continue
		}
		if err != nil {
			return reply, t, fmt.Errorf("close reply %s: %w", id, err)
		}
		after.Version++
		return after, t, nil
	}
	return Reply{}, nil, errContended
}

// Summary is what came back to a campaign.
type Summary struct {
	Tally
	// OldestOpen is when the oldest open reply was received; zero where none is open.
	OldestOpen time.Time
}

// Summary returns what came back to a campaign so far.
func (d *Desk) Summary(ctx context.Context, campaignID string) (Summary, error) {
	total, err := d.store.Total(ctx, campaignID)
	if err != nil {
		return Summary{}, fmt.Errorf("add up what came back to campaign %s: %w", campaignID, err)
	}
	s := Summary{Tally: total}
	if total.Open == 0 {
		return s, nil
	}
	oldest, _, err := d.OpenReplies(ctx, campaignID, "", 1)
	if err == nil && len(oldest) > 0 {
		s.OldestOpen = oldest[0].ReceivedAt
	}
	return s, err
}

// Timeline returns what came back to a campaign, minute by minute, from the given one on. campaign.ErrNotFound.
func (d *Desk) Timeline(ctx context.Context, campaignID string, from time.Time, limit int) ([]Minute, error) {
	if _, err := d.store.Campaign(ctx, campaignID); err != nil {
		return nil, fmt.Errorf("read campaign %s: %w", campaignID, err)
	}
	minutes, err := d.store.Minutes(ctx, campaignID, from, limit)
	if err != nil {
		return nil, fmt.Errorf("list the minutes of campaign %s: %w", campaignID, err)
	}
	return minutes, nil
}
