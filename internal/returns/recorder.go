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
	texts  oneoff.Queue
	policy Policy
	now    func() time.Time
	log    *slog.Logger
}

// NewRecorder returns a recorder. now is its clock.
func NewRecorder(store Store, queue Queue, texts oneoff.Queue, policy Policy, now func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{store: store, queue: queue, texts: texts, policy: policy, now: now, log: log}
}

// Record records events, in any order, and returns an error for each that must come again.
func (r *Recorder) Record(ctx context.Context, events []Event) []error {
	faults := make([]error, len(events))
	var groups errgroup.Group
	groups.SetLimit(parallel)
	receipts := make(map[string][]int) // by reference: one writer for each campaign, or they would be in each other's way
	for i, e := range events {
		if e.Receipt != nil {
			receipts[e.Receipt.Ref] = append(receipts[e.Receipt.Ref], i)
		}
	}
	for ref, indices := range receipts {
		groups.Go(func() error {
			r.receipts(ctx, ref, events, indices, faults)
			return nil
		})
	}
	for i, e := range events {
		if e.Inbound != nil {
			groups.Go(func() error {
				faults[i] = r.inbound(ctx, e)
				return nil
			})
		}
	}
	_ = groups.Wait() // the faults are in their places
	return faults
}

// receipts records the receipts of one reference.
func (r *Recorder) receipts(ctx context.Context, ref string, events []Event, indices []int, faults []error) {
	if oneoff.IsID(ref) {
		for _, i := range indices {
			faults[i] = r.ofText(ctx, events[i])
		}
		return
	}
	if ref == "" {
		for _, i := range indices {
			faults[i] = r.withoutRef(ctx, events[i])
		}
		return
	}
	for _, some := range byRecipient(events, indices) {
		group := make([]Event, len(some))
		for k, i := range some {
			group[k] = events[i]
		}
		if err := r.ofCampaign(ctx, ref, group); err != nil {
			for _, i := range some {
				faults[i] = err
			}
		}
	}
}

// maxGroup is how many recipients are folded at once: some of a transaction is for minutes.
const maxGroup = 90

// byRecipient cuts indices of receipts up into groups of at most maxGroup recipients, all of one recipient together.
func byRecipient(events []Event, indices []int) [][]int {
	var groups [][]int
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
	for id, m := range sent {
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
			r.log.InfoContext(ctx, "receipt of a text that is not ours", "ref_length", len(e.Receipt.Ref))
			return nil
		}
		if err != nil {
			return fmt.Errorf("read text %s: %w", e.Receipt.Ref, err)
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
