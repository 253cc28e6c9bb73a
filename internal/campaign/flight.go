package campaign

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/pace"
	"sluice/internal/sms"
)

// flight is a chunk that was claimed and is being sent. It has all it needs: the run goes on beside it.
type flight struct {
	*Deliverer
	text   sms.Message // to nobody yet
	batch  BatchKey
	from   int
	list   []sms.Number
	slots  pace.Slots
	shared *shared

	landed chan struct{}
	// What follows may be read when landed is closed.

	// messages are the outcomes that are stored. They are of the first of the list: what comes behind them was certainly
	// not sent, or not taken, and may be claimed again.
	messages []Message
	held     []sms.Outcome
	// sendErr ended the sending early; storeErr means that messages may not be stored.
	sendErr, storeErr error
}

// shared is what flights and their run tell each other.
type shared struct {
	// stop is the reason of an outcome that forbids all further sending.
	stop atomic.Pointer[string]
	// lease is when the lease ends, in epoch nanoseconds.
	lease atomic.Int64
}

// relied says whether the lease can still be relied on.
func (s *shared) relied(now time.Time) bool {
	return now.Before(time.Unix(0, s.lease.Load()).Add(-leaseMargin))
}

func (s *shared) stopped() string {
	if reason := s.stop.Load(); reason != nil {
		return *reason
	}
	return ""
}

// fly sends each message at its slot and stores the outcomes.
func (f *flight) fly(ctx context.Context) {
	defer close(f.landed)
	outcomes, err := f.send(ctx)
	sent := len(outcomes)
	for sent > 0 && !isTaken(outcomes[sent-1].Verdict) {
		sent--
	}
	f.messages, f.held, f.sendErr = f.records(outcomes[:sent], f.from), outcomes[sent:], err
	f.storeErr = f.keep(ctx, f.messages)
}

// isTaken is false for a message that was not sent, or refused for a reason that concerns everybody.
func isTaken(v sms.Verdict) bool { return v != 0 && v != sms.Stop }

// send sends each message at its slot and waits for the answers. After an error or a stop, the rest has no outcome.
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
		if f.shared.stopped() != "" {
			return outcomes, nil
		}
		if !f.shared.relied(f.now()) {
			return outcomes, errStale // after a long sleep: much may have changed, a pause for one
		}
		m := f.text
		m.To = to
		answers.Go(func() { outcomes[i] = f.attempt(ctx, m) })
	}
	return outcomes, nil
}

// errStale: the lease has run out between the claim and the send.
var errStale = errors.New("the lease ran out before the message was sent")

// records are the records of outcomes, the first of which is the recipient's at index from.
func (f *flight) records(outcomes []sms.Outcome, from int) []Message {
	messages := make([]Message, len(outcomes))
	for i, o := range outcomes {
		messages[i] = Message{
			To: f.list[from-f.from+i], Index: from + i, Batch: f.batch.Number, State: stateOf(o.Verdict),
			Code: o.Code, Reason: o.Reason, Parts: o.Parts, At: f.now(),
		}
	}
	return messages
}

// attempt sends one message, again as long as the provider certainly did not take it. Each attempt has its own slot.
func (f *flight) attempt(ctx context.Context, m sms.Message) sms.Outcome {
	for n := 1; ; n++ {
		o := f.sender.Send(ctx, m)
		if o.Verdict == sms.Stop {
			f.shared.stop.CompareAndSwap(nil, &o.Reason)
		}
		if o.Verdict != sms.Retry {
			return o
		}
		if n == maxAttempts {
			o.Verdict, o.Reason = sms.Failed, fmt.Sprintf("it was not taken in %d attempts: %s", n, o.Reason)
			return o
		}
		if err := f.again(ctx, max(o.RetryAfter, backoff(m, n))); err != nil {
			o.Verdict, o.Reason = sms.Failed, "it was not taken, and there was no time to try again: "+o.Reason
			return o
		}
	}
}

// errNoTime: the invocation ends before the next attempt would.
var errNoTime = errors.New("no time")

// again waits, and then for a slot.
func (f *flight) again(ctx context.Context, wait time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && f.now().Add(wait+lastAttempt).After(deadline) {
		return errNoTime
	}
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

// keep stores outcomes. While the lease lasts they are this sender's to write, many at a time. After it, another may
// have taken the batch over and counted these recipients as unknown: then each is written with what depends on it.
func (f *flight) keep(ctx context.Context, messages []Message) error {
	if len(messages) == 0 {
		return nil
	}
	left := time.Unix(0, f.shared.lease.Load()).Add(-leaseMargin).Sub(f.now())
	if left > 0 {
		owned, cancel := context.WithTimeout(ctx, left)
		err := f.store.Record(owned, f.batch.Campaign, messages)
		cancel()
		if err == nil || owned.Err() == nil || ctx.Err() != nil {
			return err
		}
	}
	for _, m := range messages {
		if err := f.storeLate(ctx, m); err != nil {
			return fmt.Errorf("store a late outcome: %w", err)
		}
	}
	return nil
}

func (f *flight) storeLate(ctx context.Context, m Message) error {
	stored, err := f.store.RecordAbsent(ctx, f.batch.Campaign, m)
	if err != nil || stored.State != Unknown || m.State == Unknown || stored.Batch != m.Batch {
		return err
	}
	return f.store.RecordLate(ctx, f.batch, m)
}

func countOf(messages []Message) Counts {
	var c Counts
	for _, m := range messages {
		c = c.Plus(m.State.count())
	}
	return c
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
