package returns

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

// ofCampaign folds receipts of one campaign's recipients, and then does what they tell about the sending.
func (r *Recorder) ofCampaign(ctx context.Context, id string, events []Event) error {
	c, err := r.store.Campaign(ctx, id)
	if errors.Is(err, campaign.ErrNotFound) {
		r.log.InfoContext(ctx, "receipts of texts that are not ours", "receipts", len(events))
		return nil
	}
	if err != nil {
		return fmt.Errorf("read campaign %s: %w", id, err)
	}
	f := fold{
		Recorder: r, campaign: c, events: events, of: make(map[sms.Number][]sms.Receipt), at: make(map[sms.Number]time.Time),
		segments: make(map[sms.Number]int),
	}
	for _, e := range events {
		to := e.Receipt.To
		f.of[to] = append(f.of[to], *e.Receipt)
		if e.ReceivedAt.After(f.at[to]) {
			f.at[to] = e.ReceivedAt
		}
	}
	f.numbers = slices.Sorted(maps.Keys(f.of))
	if err := f.fold(ctx); err != nil {
		return fmt.Errorf("record receipts of campaign %s: %w", id, err)
	}
	if err := f.optOuts(ctx); err != nil {
		return fmt.Errorf("record opt-outs of campaign %s: %w", id, err)
	}
	if err := f.resolve(ctx); err != nil {
		return fmt.Errorf("resolve texts of campaign %s: %w", id, err)
	}
	return nil
}

// fold is receipts of one campaign on their way into the store.
type fold struct {
	*Recorder
	campaign campaign.Campaign
	events   []Event
	numbers  []sms.Number
	of       map[sms.Number][]sms.Receipt
	at       map[sms.Number]time.Time // when the latest of a recipient's came
	messages map[sms.Number]campaign.Message
	// segments are of those texts of whose parts nothing is recorded, where they are not all alike.
	segments map[sms.Number]int
	// deliveries are as they are stored in the end.
	deliveries map[sms.Number]Delivery
}

// fold writes what the receipts change, until nobody else was faster.
func (f *fold) fold(ctx context.Context) error {
	for range maxConflicts {
		var err error
		if f.messages, err = f.store.Messages(ctx, f.campaign.ID, f.numbers); err != nil {
			return err
		}
		if err = f.measure(ctx); err != nil {
			return err
		}
		if f.deliveries, err = f.store.Deliveries(ctx, f.campaign.ID, f.numbers); err != nil {
			return err
		}
		changed, tallies := f.changes()
		if len(changed) == 0 {
			return nil
		}
		for len(changed)+len(tallies) > MaxFold {
			tallies = merged(tallies)
		}
		if err = f.write(ctx, changed, tallies); !errors.Is(err, campaign.ErrConflict) {
			return err
		}
	}
	return errContended
}

func (f *fold) changes() ([]Delivery, map[time.Time]Tally) {
	var changed []Delivery
	tallies := make(map[time.Time]Tally)
	for _, to := range f.numbers {
		if _, known := f.messages[to]; !known { // nothing is counted of whom nothing is recorded
			continue
		}
		before := f.deliveries[to]
		before.To = to
		after, isNew := before.fold(f.of[to], f.made(to))
		if !isNew {
			continue
		}
		changed = append(changed, after)
		f.deliveries[to] = after
		if delta := after.Fate.instead(before.Fate); delta != (Tally{}) {
			minute := minuteOf(f.at[to])
			tallies[minute] = tallies[minute].Plus(delta)
		}
	}
	return changed, tallies
}

// made is of what the text to a recipient is: of as many parts as the provider took, where that is recorded. What a receipt
// resolved names only the parts that had told by then.
func (f *fold) made(to sms.Number) made {
	m := f.messages[to]
	if !partsKnown(m) {
		if n, ok := f.segments[to]; ok {
			return made{parts: n}
		}
		return made{parts: f.campaign.Segments}
	}
	of := made{parts: len(m.Parts)}
	for _, p := range m.Parts {
		of.ids = append(of.ids, p.MessageID)
	}
	return of
}

func partsKnown(m campaign.Message) bool {
	return m.State == campaign.Accepted && m.Code != campaign.ByReceipt && len(m.Parts) > 0
}

// measure fills in the text of each recipient of whose parts nothing is recorded.
func (f *fold) measure(ctx context.Context) error {
	text := f.campaign.Template()
	if len(text.Variables()) == 0 {
		return nil
	}
	for to, m := range f.messages {
		if _, known := f.segments[to]; known || partsKnown(m) {
			continue
		}
		list, err := f.store.Recipients(ctx, f.campaign.List(), m.Index, m.Index+1, m.Index+1)
		if err != nil {
			return fmt.Errorf("read a recipient: %w", err)
		}
		f.segments[to] = sms.Measure(text.Render(list[0].Values)).Segments
	}
	return nil
}

// merged adds the earliest minute to the next: after a long silence, a transaction has no room for all of them.
func merged(tallies map[time.Time]Tally) map[time.Time]Tally {
	minutes := slices.SortedFunc(maps.Keys(tallies), time.Time.Compare)
	fewer := maps.Clone(tallies)
	fewer[minutes[1]] = fewer[minutes[1]].Plus(fewer[minutes[0]])
	delete(fewer, minutes[0])
	return fewer
}

// optOuts closes what receipts say is closed at the provider or the carrier, who have confirmed it themselves.
func (f *fold) optOuts(ctx context.Context) error {
	for _, e := range f.events {
		if !e.Receipt.OptedOut {
			continue
		}
		err := f.suppress(ctx, e.Receipt.To, Reception{Campaign: f.campaign.ID, Minute: minuteOf(e.ReceivedAt)},
			f.policy.scope(f.campaign.Sender), optout.Mark{
				Since: earlier(e.Receipt.At, e.ReceivedAt), Cause: optout.ByProvider, Campaign: f.campaign.ID,
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// suppress closes a scope, and counts it, unless it was closed.
func (r *Recorder) suppress(ctx context.Context, to sms.Number, reception Reception, scope optout.Scope, m optout.Mark) error {
	for range maxConflicts {
		s, err := optout.Lookup(ctx, r.store, to)
		if err != nil {
			return err
		}
		after, changed := s.Stopped(scope, m)
		if !changed {
			return nil
		}
		reception.Suppression, reception.Tally = &after, Tally{OptedOut: 1}
		if err = r.keep(ctx, reception); !errors.Is(err, campaign.ErrConflict) {
			return err
		}
	}
	return errContended
}

// resolve does what the receipts tell about the sending. What is not recorded yet, or not settled, is put back.
func (f *fold) resolve(ctx context.Context) error {
	open := make(map[sms.Number]bool)
	for _, to := range f.numbers {
		m := f.messages[to]
		var err error
		if m.State == campaign.Unknown {
			err = f.store.Resolve(ctx, f.campaign.ID, f.resolved(m))
		}
		switch {
		case !recorded(m), errors.Is(err, ErrUnsettled):
			open[to] = true
		case err != nil:
			return err
		}
	}
	return f.putBack(ctx, open)
}

// recorded says that the sending of a text has an outcome.
func recorded(m campaign.Message) bool { return m.State != "" && m.State != campaign.Retrying }

// resolved is the record of a text that the receipts prove was taken.
func (f *fold) resolved(m campaign.Message) campaign.Message {
	m.State, m.Code, m.Reason, m.Parts = campaign.Accepted, campaign.ByReceipt, "", f.deliveries[m.To].parts()
	return m
}

// The waits of an event whose text has no settled record yet. The first is for a sender that is still at work on the
// chunk, the later ones for one that died: its batch is taken over by somebody else, after a pause perhaps days later.
var patience = []time.Duration{10 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}

const (
	lastPatience = 15 * time.Minute
	// maxHeld is how often an event is put back: for four days, and Vonage sends receipts for three.
	maxHeld = 400
)

// putBack has the receipts of these recipients come again.
func (f *fold) putBack(ctx context.Context, open map[sms.Number]bool) error {
	byWait := make(map[time.Duration][]Event)
	for _, e := range f.events {
		if !open[e.Receipt.To] {
			continue
		}
		if e.Held == maxHeld {
			f.log.WarnContext(ctx, "receipt without a record of its text", "campaign", f.campaign.ID)
			continue
		}
		wait := lastPatience
		if e.Held < len(patience) {
			wait = patience[e.Held]
		}
		e.Held++
		byWait[wait] = append(byWait[wait], e)
	}
	for wait, events := range byWait {
		if err := f.queue.Later(ctx, wait, events...); err != nil {
			return fmt.Errorf("put receipts back: %w", err)
		}
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
