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

// flight is a chunk that was claimed and is being sent. It has all it needs: the run goes on beside it.
type flight struct {
	*Deliverer
	text  sms.Message // to nobody yet
	batch int
	from  int
	list  []sms.Number
	slots pace.Slots
	lease time.Time

	landed chan struct{}
	// What follows may be read when landed is closed.
	counts Counts
	stop   string
	err    error
}

// launch sends the chunk that begins at index from.
func (r *run) launch(ctx context.Context, from int, list []sms.Number, slots pace.Slots) {
	f := &flight{
		Deliverer: r.Deliverer, batch: r.batch.Number, from: from, list: list, slots: slots, lease: r.batch.Lease,
		text:   sms.Message{From: r.campaign.Sender, Text: r.campaign.Text, Ref: r.campaign.ID},
		landed: make(chan struct{}),
	}
	r.flying = append(r.flying, f)
	go f.fly(ctx)
}

// fly sends each message at its slot and stores the outcomes.
func (f *flight) fly(ctx context.Context) {
	defer close(f.landed)
	outcomes, err := f.send(ctx)
	messages := f.messages(outcomes)
	f.err = errors.Join(err, f.record(ctx, messages))
	f.stop = stopReason(outcomes)
	for _, m := range messages {
		f.counts = f.counts.Plus(m.State.count())
	}
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
		r.carry.Settled, r.carry.Counts = f.from+len(f.list), r.carry.Counts.Plus(f.counts)
		if f.stop != "" {
			faults = append(faults, r.pause(ctx, f.stop))
		}
	}
	return errors.Join(faults...)
}

// send sends each message at its slot and waits for the answers. After an error the rest has no outcome.
func (f *flight) send(ctx context.Context) ([]sms.Outcome, error) {
	outcomes := make([]sms.Outcome, len(f.list))
	var answers sync.WaitGroup
	defer answers.Wait()
	slots, first := f.slots, 0 // the index in list that the first of slots is for
	for i, to := range f.list {
		if slots.Missed(i-first, f.now()) {
			fresh, err := f.pacer.Reserve(ctx, len(f.list)-i)
			if err != nil {
				return outcomes, err
			}
			slots, first = fresh, i
		}
		if err := f.until(ctx, slots.At(i-first)); err != nil {
			return outcomes, fmt.Errorf("wait for a slot: %w", err)
		}
		m := f.text
		m.To = to
		answers.Go(func() { outcomes[i] = f.attempt(ctx, m) })
	}
	return outcomes, nil
}

// messages are the records of those that have an outcome.
func (f *flight) messages(outcomes []sms.Outcome) []Message {
	messages := make([]Message, 0, len(outcomes))
	for i, o := range outcomes {
		if o.Verdict == 0 {
			continue
		}
		messages = append(messages, Message{
			To: f.list[i], Index: f.from + i, Batch: f.batch, State: stateOf(o.Verdict),
			Code: o.Code, Reason: o.Reason, Parts: o.Parts, At: f.now(),
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
func (f *flight) attempt(ctx context.Context, m sms.Message) sms.Outcome {
	for n := 1; ; n++ {
		o := f.sender.Send(ctx, m)
		if o.Verdict != sms.Retry {
			return o
		}
		if n == maxAttempts {
			o.Verdict, o.Reason = sms.Failed, fmt.Sprintf("not taken in %d attempts: %s", n, o.Reason)
			return o
		}
		if err := f.again(ctx, max(o.RetryAfter, backoff(m, n))); err != nil {
			o.Verdict, o.Reason = sms.Failed, "not taken, and no time to try again: "+o.Reason
			return o
		}
	}
}

// again waits, and then for a slot.
func (f *flight) again(ctx context.Context, wait time.Duration) error {
	if err := f.until(ctx, f.now().Add(wait)); err != nil {
		return err
	}
	slots, err := f.pacer.Reserve(ctx, 1)
	if err != nil {
		return err
	}
	return f.until(ctx, slots.First)
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
func (f *flight) record(ctx context.Context, messages []Message) error {
	if f.now().Before(f.lease.Add(-leaseMargin)) {
		if err := f.store.Record(ctx, f.text.Ref, messages); err != nil {
			return fmt.Errorf("store outcomes: %w", err)
		}
		return nil
	}
	for _, m := range messages {
		if _, err := f.store.RecordAbsent(ctx, f.text.Ref, m); err != nil {
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
