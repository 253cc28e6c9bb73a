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
	// afterwards is how much later than the reply itself the record of its text may be: a record is of the end of its chunk.
	afterwards = 10 * time.Second
	// patienceForRecord is how long a reply waits that nobody was found for, while a campaign is sending: a sender that died
	// has left no record, and the next one writes it.
	patienceForRecord = time.Minute
	maxLive           = 25
	// patienceForParts is how long a long text waits for the rest of its parts: one that could not be recorded at first comes
	// again when its message is visible again (template.yaml, EventsQueue), after eleven minutes.
	patienceForParts = campaign.MaxDelay
	// sameText is how far apart parts of one text may come: behind that, the phone has used the reference again.
	sameText = 24 * time.Hour
	// firstLook is when the dispatcher looks after a text that was queued when it was stored.
	firstLook = time.Minute
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
	found, err := r.attribute(ctx, &reply)
	if err != nil {
		return err
	}
	if !found && word == optout.None && e.Held == 0 {
		if live, err := r.sending(ctx, in.To); err != nil || live {
			return errors.Join(err, r.later(ctx, e, patienceForRecord, live))
		}
	}
	for range maxConflicts {
		reception, err := r.reception(ctx, reply, word, language)
		if err != nil {
			return err
		}
		reception.Fragments = f
		err = r.store.Keep(ctx, reception)
		if err == nil && reception.OneOff != nil {
			return r.dispatch(ctx, *reception.OneOff)
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

// dispatch queues a text that is stored: where that fails, the dispatcher finds it by its time.
func (r *Recorder) dispatch(ctx context.Context, t oneoff.Text) error {
	if err := r.texts.EnqueueOneOff(ctx, t.ID, 0); err != nil {
		r.log.WarnContext(ctx, "text left to the dispatcher", "text", t.ID, "error", err)
	}
	return nil
}

func (r *Recorder) later(ctx context.Context, e Event, wait time.Duration, wanted bool) error {
	if !wanted {
		return nil
	}
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
		s, err := r.suppression(ctx, reply.From)
		if err != nil {
			return rec, err
		}
		if word == optout.Yes && !s.Blocks(reply.To) { // an answer like any other
			word = optout.None
		}
		r.heed(&rec, reply, word, l, s)
	}
	if word != optout.None {
		reply.Keyword, reply.Status = word, Handled
	} else {
		rec.Tally = Tally{Replied: 1, Open: 1}
	}
	rec.Reply = &reply
	return rec, nil
}

// heed does what a word asks for.
func (r *Recorder) heed(rec *Reception, reply Reply, word optout.Keyword, l optout.Language, s optout.Suppression) {
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
		rec.Suppression = &after
		if changed {
			rec.OneOff = r.text(oneoff.Welcome, reply, r.speak(l).Welcome())
		}
	case optout.Help:
		rec.OneOff = r.text(oneoff.Help, reply, r.speak(l).HelpText())
	}
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
	now := r.now()
	return &oneoff.Text{
		ID: kind.ID(reply.ID), Kind: kind, From: reply.To, To: reply.From, Body: body, Reply: reply.ID,
		Campaign: reply.Campaign, State: campaign.Pending, CreatedAt: now, LookAt: now.Add(firstLook),
	}
}

// since is when a word took effect: when it was written, as far as that can be believed.
func (r Reply) since() time.Time {
	if r.At.After(r.ReceivedAt) || r.At.IsZero() {
		return r.ReceivedAt
	}
	return r.At
}

// attribute finds the campaign that last wrote to the number from the sender, before the reply. It says whether there is
// one.
func (r *Recorder) attribute(ctx context.Context, reply *Reply) (bool, error) {
	sent, err := r.sentTo(ctx, reply.To, reply.From)
	if err != nil {
		return false, err
	}
	var last campaign.Message
	for id, m := range sent {
		wrote := m.State == campaign.Accepted || m.State == campaign.Unknown
		if wrote && m.At.After(last.At) && !m.At.After(reply.since().Add(afterwards)) {
			last, reply.Campaign, reply.Batch = m, id, m.Batch
		}
	}
	return reply.Campaign != "", nil
}

// sentTo returns the records of a number in the latest campaigns of a sender.
func (r *Recorder) sentTo(ctx context.Context, from sms.Sender, to sms.Number) (map[string]campaign.Message, error) {
	ids, err := r.store.CampaignsFrom(ctx, from, r.now().Add(-memory), maxMemory)
	if err != nil {
		return nil, fmt.Errorf("look for the campaigns of a sender: %w", err)
	}
	sent, err := r.store.MessagesTo(ctx, to, ids)
	if err != nil {
		return nil, fmt.Errorf("look for the texts to a number: %w", err)
	}
	return sent, nil
}

// sending says whether one of the sender's latest campaigns may have written to somebody without a record of it yet.
func (r *Recorder) sending(ctx context.Context, from sms.Sender) (bool, error) {
	ids, err := r.store.CampaignsFrom(ctx, from, r.now().Add(-memory), maxLive)
	if err != nil {
		return false, fmt.Errorf("look for the campaigns of a sender: %w", err)
	}
	for _, id := range ids {
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
