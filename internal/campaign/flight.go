package campaign

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"sluice/internal/pace"
	"sluice/internal/sms"
)

// flight is a chunk that was claimed and is being sent.
type flight struct {
	to     int
	landed chan struct{}
	// What follows may be read when landed is closed.
	counts Counts
	stop   string
	err    error
}

// launch sends the chunk that begins at index from, each message at its slot, and stores the outcomes.
func (r *run) launch(ctx context.Context, from int, list []sms.Number, slots pace.Slots) {
	f := &flight{to: from + len(list), landed: make(chan struct{})}
	r.flying = append(r.flying, f)
	lease := r.batch.Lease
	go func() {
		defer close(f.landed)
		outcomes, err := r.sendAll(ctx, list, slots)
		messages := r.messages(from, list, outcomes)
		f.err = errors.Join(err, r.record(ctx, lease, messages))
		f.stop = stopReason(outcomes)
		for _, m := range messages {
			f.counts = f.counts.Plus(m.State.count())
		}
	}()
}

// land waits until at most n chunks are in flight and adds the others to what the next step stores.
func (r *run) land(ctx context.Context, n int) error {
	var faults []error
	for len(r.flying) > n {
		f := r.flying[0]
		<-f.landed
		r.flying = r.flying[1:]
		if f.err != nil {
			faults = append(faults, f.err)
			continue
		}
		r.carry.Settled, r.carry.Counts = f.to, r.carry.Counts.Plus(f.counts)
		if f.stop != "" {
			faults = append(faults, r.pause(ctx, f.stop))
		}
	}
	return errors.Join(faults...)
}

// sendAll sends each message at its slot and waits for the answers. After an error the rest has no outcome.
func (r *run) sendAll(ctx context.Context, list []sms.Number, slots pace.Slots) ([]sms.Outcome, error) {
	outcomes := make([]sms.Outcome, len(list))
	var answers sync.WaitGroup
	defer answers.Wait()
	first := 0 // the index in list that the first of slots is for
	for i, to := range list {
		if slots.Missed(i-first, r.now()) {
			fresh, err := r.pacer.Reserve(ctx, len(list)-i)
			if err != nil {
				return outcomes, err
			}
			slots, first = fresh, i
		}
		if err := r.until(ctx, slots.At(i-first)); err != nil {
			return outcomes, fmt.Errorf("wait for a slot: %w", err)
		}
		m := sms.Message{From: r.campaign.Sender, To: to, Text: r.campaign.Text, Ref: r.campaign.ID}
		answers.Go(func() { outcomes[i] = r.attempt(ctx, m) })
	}
	return outcomes, nil
}

// messages are the records of those that have an outcome.
func (r *run) messages(from int, list []sms.Number, outcomes []sms.Outcome) []Message {
	messages := make([]Message, 0, len(list))
	for i, o := range outcomes {
		if o.Verdict == 0 {
			continue
		}
		messages = append(messages, Message{
			To: list[i], Index: from + i, Batch: r.batch.Number, State: stateOf(o.Verdict),
			Code: o.Code, Reason: o.Reason, Parts: o.Parts, At: r.now(),
		})
	}
	return messages
}

func stopReason(outcomes []sms.Outcome) string {
	for _, o := range outcomes {
		if o.Verdict == sms.Stop {
			return o.Reason
		}
	}
	return ""
}

// attempt sends one message, again as long as the provider certainly did not take it. Each attempt has its own slot.
func (r *run) attempt(ctx context.Context, m sms.Message) sms.Outcome {
	for n := 1; ; n++ {
		o := r.sender.Send(ctx, m)
		if o.Verdict != sms.Retry {
			return o
		}
		if n == maxAttempts {
			o.Verdict, o.Reason = sms.Failed, fmt.Sprintf("not taken in %d attempts: %s", n, o.Reason)
			return o
		}
		if err := r.again(ctx, max(o.RetryAfter, backoff(m, n))); err != nil {
			o.Verdict, o.Reason = sms.Failed, "not taken, and no time to try again: "+o.Reason
			return o
		}
	}
}

// again waits, and then for a slot.
func (r *run) again(ctx context.Context, wait time.Duration) error {
	if err := r.until(ctx, r.now().Add(wait)); err != nil {
		return err
	}
	slots, err := r.pacer.Reserve(ctx, 1)
	if err != nil {
		return err
	}
	return r.until(ctx, slots.First)
}

// backoff doubles from 250 ms, less up to half of it. The jitter comes from the message, so that a run can be repeated.
func backoff(m sms.Message, attempt int) time.Duration {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%s/%d", m.Ref, m.To.Digits(), attempt)
	full := 250 * time.Millisecond << (attempt - 1)
	return full - time.Duration(h.Sum32()%1000)*full/2000
}

// record stores the outcomes. While the lease lasts they are this sender's to write; after it, another may have counted
// these recipients as unknown, and what it wrote stands.
func (r *run) record(ctx context.Context, lease time.Time, messages []Message) error {
	if r.now().Before(lease.Add(-leaseMargin)) {
		if err := r.store.Record(ctx, r.batch.Campaign, messages); err != nil {
			return fmt.Errorf("store outcomes: %w", err)
		}
		return nil
	}
	for _, m := range messages {
		if _, err := r.store.RecordAbsent(ctx, r.batch.Campaign, m); err != nil {
			return fmt.Errorf("store a late outcome: %w", err)
		}
	}
	return nil
}

func stateOf(v sms.Verdict) State {
	switch v {
	case sms.Accepted:
		return Accepted
	case sms.Failed, sms.Stop:
		return Failed
	default:
		return Unknown
	}
}

func (s State) count() Counts {
	switch s {
	case Accepted:
		return Counts{Accepted: 1}
	case Failed:
		return Counts{Failed: 1}
	default:
		return Counts{Unknown: 1}
	}
}
