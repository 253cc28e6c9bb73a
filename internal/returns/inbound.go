package returns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

const (
	// memory is how far back campaigns are looked through for the one that a reply answers, maxMemory how many.
	memory    = 90 * 24 * time.Hour
	maxMemory = 100
	// afterwards is how much later than the reply itself the attempt to send its text may be: clocks differ.
	afterwards = 10 * time.Second
	// patienceForRecord is how long a reply waits while a campaign is sending of which there is no record of the person: the
	// chunk's outcomes are stored at its end, and where a sender died, the next one writes them.
	patienceForRecord = 2 * time.Minute
	maxLive           = 25
	// patienceForParts is how long a long text waits for the rest of its parts: one that could not be recorded at first comes
	// again when its message is visible again (template.yaml, EventsQueue), after eleven minutes.
	patienceForParts = campaign.MaxDelay
	// sameText is how far apart parts of one text may come: behind that, the phone has used the reference again.
	sameText = 24 * time.Hour
)

// inbound records a text that somebody sent to us.
func (r *Recorder) inbound(ctx context.Context, e Event) error {
	if e.Inbound.Part.Total > 1 {
		return r.part(ctx, e)
	}
	return r.reply(ctx, e, *e.Inbound, nil)
}

// reply records a whole text, and what follows from it; with the fragments that it was put together from, if it was.
func (r *Recorder) reply(ctx context.Context, e Event, in sms.Inbound, f *Fragments) error {
	reply := Reply{
		ID: replyID(in), From: in.From, To: in.To, Text: in.Text, Status: Open, ReceivedAt: e.ReceivedAt, At: in.At,
		Missing: f != nil && !f.complete(),
	}
	if _, err := r.store.Reply(ctx, reply.ID); !errors.Is(err, campaign.ErrNotFound) {
		return err // it came before, or nothing can be read
	}
	word, language := optout.Read(in.Text)
	sent, err := r.sentTo(ctx, in.To, in.From)
	if err != nil {
		return err
	}
	sent.attribute(&reply)
	isAnswer := word == optout.None || word == optout.Yes // which mostly is one
	if isAnswer && e.Held == 0 {
		wait, err := r.mayBeAnother(ctx, sent, reply.Campaign)
		if err != nil {
			return err
		}
		if wait {
			return r.later(ctx, e, patienceForRecord)
		}
	}
	for range maxConflicts {
		reception, err := r.reception(ctx, reply, word, language)
		if err != nil {
			return err
		}
		reception.Fragments = f
		err = r.keep(ctx, reception)
		if err == nil && reception.OneOff != nil {
			r.texts.Post(ctx, *reception.OneOff)
		}
		if !errors.Is(err, campaign.ErrConflict) {
			return err
		}
		if _, err := r.store.Reply(ctx, reply.ID); !errors.Is(err, campaign.ErrNotFound) {
			return err // somebody else has just recorded it
		}
		if f != nil { // and these are other fragments now
			return err
		}
	}
	return errContended
}

// later has an event come again after a while.
func (r *Recorder) later(ctx context.Context, e Event, wait time.Duration) error {
	e.Held++
	if err := r.queue.Later(ctx, wait, e); err != nil {
		return fmt.Errorf("put an inbound text back: %w", err)
	}
	return nil
}

// reception is what a reply changes.
func (r *Recorder) reception(ctx context.Context, reply Reply, word optout.Keyword, l optout.Language) (Reception, error) {
	rec := Reception{Campaign: reply.Campaign, Minute: minuteOf(reply.ReceivedAt)}
	if word != optout.None {
		s, err := optout.Lookup(ctx, r.store, reply.From)
		if err != nil {
			return rec, err
		}
		word = r.heed(&rec, reply, word, l, s)
	}
	if word != optout.None {
		reply.Keyword, reply.Status = word, Handled
	} else {
		rec.Tally = Tally{Replied: 1, Open: 1}
	}
	rec.Reply = &reply
	return rec, nil
}

// heed does what a word asks for, and returns what was heeded.
func (r *Recorder) heed(rec *Reception, reply Reply, word optout.Keyword, l optout.Language, s optout.Suppression,
) optout.Keyword {
	switch word {
	case optout.Stop:
		after, changed := s.Stopped(r.policy.scope(reply.To), optout.Mark{
			Since: reply.since(), Cause: optout.ByText, Campaign: reply.Campaign,
		})
		if changed {
			rec.Suppression, rec.Tally = &after, Tally{OptedOut: 1}
			if r.policy.Confirms {
				rec.OneOff = r.text(oneoff.Confirmation, reply, r.speak(l).Confirmation())
			}
		}
	case optout.Start, optout.Yes:
		after, changed := s.Started(reply.To, reply.since())
		if word == optout.Yes && !changed { // an answer like any other
			return optout.None
		}
		rec.Suppression = &after
		if changed {
			rec.OneOff = r.text(oneoff.Welcome, reply, r.speak(l).Welcome())
		}
	case optout.Help:
		rec.OneOff = r.text(oneoff.Help, reply, r.speak(l).HelpText())
	}
	return word
}

// speak is the language to answer in: English words are understood by everybody, who may speak another language.
func (r *Recorder) speak(l optout.Language) optout.Language {
	if l == "" || l == optout.Language("en") {
		return r.policy.Language
	}
	return l
}

// text makes the one text that answers a word. It comes from the number that was written to.
func (r *Recorder) text(kind oneoff.Kind, reply Reply, body string) *oneoff.Text {
	t := oneoff.New(kind, reply.ID, reply.To, reply.From, body, r.now())
	t.Reply, t.Campaign = reply.ID, reply.Campaign
	return &t
}

// since is when a word took effect: when it was written, as far as that can be believed.
func (r Reply) since() time.Time {
	if r.At.After(r.ReceivedAt) || r.At.IsZero() {
		return r.ReceivedAt
	}
	return r.At
}

// history is what a sender's latest campaigns have sent to one number.
type history struct {
	campaigns []string // the latest first
	records   map[string]campaign.Message
}

// sentTo looks through the latest campaigns of a sender.
func (r *Recorder) sentTo(ctx context.Context, from sms.Sender, to sms.Number) (history, error) {
	ids, err := r.store.CampaignsFrom(ctx, from, r.now().Add(-memory), maxMemory)
	if err != nil {
		return history{}, fmt.Errorf("look for the campaigns of a sender: %w", err)
	}
	records, err := r.store.MessagesTo(ctx, to, ids)
	if err != nil {
		return history{}, fmt.Errorf("look for the texts to a number: %w", err)
	}
	return history{campaigns: ids, records: records}, nil
}

// attribute finds the campaign that last wrote to the person before the reply, if there is one.
func (h history) attribute(reply *Reply) {
	var last campaign.Message
	for id, m := range h.records {
		wrote := m.State == campaign.Accepted || m.State == campaign.Unknown || m.State == campaign.Retrying
		if wrote && m.At.After(last.At) && !m.At.After(reply.since().Add(afterwards)) {
			last, reply.Campaign, reply.Batch = m, id, m.Batch
		}
	}
}

// mayBeAnother says whether a later campaign than the one that was found may have written to the person without a record of
// it yet: its chunk is still out, or its sender died.
func (r *Recorder) mayBeAnother(ctx context.Context, h history, found string) (bool, error) {
	for _, id := range h.campaigns[:min(len(h.campaigns), maxLive)] {
		if id == found {
			break
		}
		if _, known := h.records[id]; known {
			continue
		}
		c, err := r.store.Campaign(ctx, id)
		if err != nil && !errors.Is(err, campaign.ErrNotFound) {
			return false, fmt.Errorf("read campaign %s: %w", id, err)
		}
		if c.Live() {
			return true, nil
		}
	}
	return false, nil
}
