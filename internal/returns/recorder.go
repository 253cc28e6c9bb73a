package returns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

const (
	// maxConflicts bounds how often something is done anew because somebody else wrote the same item meanwhile.
	maxConflicts = 20
	// parallel is how many groups of one batch of events are recorded at the same time.
	parallel = 8
)

// Policy is what the operator has decided about opt-outs.
type Policy struct {
	// PerSender: a STOP closes the sender that it was sent to, not all of them.
	PerSender bool
	// Confirms: an opt-out is confirmed by one text.
	Confirms bool
	// Language is of the texts that answer a word which is the same in several languages.
	Language optout.Language
}

func (p Policy) scope(sender sms.Sender) optout.Scope {
	if p.PerSender {
		return sender
	}
	return optout.Everyone
}

// Recorder folds what comes back into the store. Many may work at once, in many processes.
type Recorder struct {
	store  Store
	queue  Queue
	texts  oneoff.Outbox
	policy Policy
	now    func() time.Time
	log    *slog.Logger
	turns  *turns // of one batch
}

// NewRecorder returns a recorder. now is its clock.
func NewRecorder(store Store, queue Queue, texts oneoff.Outbox, policy Policy, now func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{store: store, queue: queue, texts: texts, policy: policy, now: now, log: log}
}

// Record records events, in any order, and returns an error for each that must come again.
func (r *Recorder) Record(ctx context.Context, events []Event) []error {
	batch := *r
	batch.turns = newTurns()
	return batch.record(ctx, events)
}

func (r *Recorder) record(ctx context.Context, events []Event) []error {
	faults := make([]error, len(events))
	var groups errgroup.Group
	groups.SetLimit(parallel)
	receipts := make(map[string][]int) // by reference: those of one campaign are folded together
	for i, e := range events {
		if e.Receipt != nil {
			receipts[e.Receipt.Ref] = append(receipts[e.Receipt.Ref], i)
		}
	}
	record := func(some []int, of func(context.Context, []Event) error) {
		groups.Go(func() error {
			err := errLate
			if r.timeFor(ctx) {
				err = of(ctx, pick(events, some))
			}
			for _, i := range some {
				faults[i] = err
			}
			return nil
		})
	}
	for i, e := range events { // what people wrote comes first: there may be a STOP among it
		if e.Inbound != nil {
			record([]int{i}, func(ctx context.Context, one []Event) error { return r.inbound(ctx, one[0]) })
		}
	}
	for ref, indices := range receipts {
		for _, some := range byRecipient(events, indices, isCampaign(ref)) {
			record(some, func(ctx context.Context, some []Event) error { return r.receipts(ctx, ref, some) })
		}
	}
	_ = groups.Wait() // the faults are in their places
	return faults
}

// closing is kept free at the end of an invocation for what has begun.
const closing = 15 * time.Second

// errLate: there was no time left for an event.
var errLate = errors.New("left for another invocation")

func (r *Recorder) timeFor(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > closing)
}

func pick(events []Event, indices []int) []Event {
	some := make([]Event, len(indices))
	for k, i := range indices {
		some[k] = events[i]
	}
	return some
}

// isCampaign tells what may be a campaign's id from what other senders of the same account give as a reference, which may
// be anything.
func isCampaign(ref string) bool {
	if len(ref) != idLength {
		return false
	}
	_, err := crockford.DecodeString(ref)
	return err == nil
}

// receipts records some receipts of one reference.
func (r *Recorder) receipts(ctx context.Context, ref string, events []Event) error {
	switch {
	case isCampaign(ref):
		return r.ofCampaign(ctx, ref, events)
	case oneoff.IsID(ref):
		return r.ofText(ctx, events[0])
	default:
		return r.withoutRef(ctx, events[0])
	}
}

// maxGroup is how many recipients are folded at once: some of a transaction is for minutes.
const maxGroup = 90

// byRecipient cuts indices of receipts up into groups of at most maxGroup recipients, all of one recipient together; or each
// by itself.
func byRecipient(events []Event, indices []int, together bool) [][]int {
	var groups [][]int
	if !together {
		for _, i := range indices {
			groups = append(groups, []int{i})
		}
		return groups
	}
	group := make(map[sms.Number]int)
	members := 0
	for _, i := range indices {
		to := events[i].Receipt.To
		g, ok := group[to]
		if !ok {
			if len(groups) == 0 || members == maxGroup {
				groups, members = append(groups, nil), 0
			}
			g, members = len(groups)-1, members+1
			group[to] = g
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// withoutRef finds the campaign of a receipt that does not name it, by the numbers and the message id.
func (r *Recorder) withoutRef(ctx context.Context, e Event) error {
	sent, err := r.sentTo(ctx, e.Receipt.From, e.Receipt.To)
	if err != nil {
		return err
	}
	for id, m := range sent.records {
		for _, p := range m.Parts {
			if p.MessageID == e.Receipt.MessageID {
				return r.ofCampaign(ctx, id, []Event{e})
			}
		}
	}
	r.log.InfoContext(ctx, "receipt of a text that is not ours")
	return nil
}

// ofText folds a receipt into a text outside of campaigns.
func (r *Recorder) ofText(ctx context.Context, e Event) error {
	for range maxConflicts {
		t, err := r.store.OneOff(ctx, e.Receipt.Ref)
		if errors.Is(err, campaign.ErrNotFound) {
			r.log.InfoContext(ctx, "receipt of a text that is not ours")
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a text: %w", err)
		}
		after, changed := t.Folded(*e.Receipt)
		if !changed {
			return nil
		}
		if err = r.store.SaveOneOff(ctx, after); !errors.Is(err, campaign.ErrConflict) {
			return err
		}
	}
	return errContended
}

var errContended = errors.New("still contended")
