package campaign

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/pace"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// flight is a chunk that was claimed and is being sent. It has all it needs: the run goes on beside it.
type flight struct {
	*Deliverer
	blank sms.Message  // to nobody yet, and empty
	text  sms.Template // of it
	batch BatchKey
	from  int
	list  []recipients.Recipient
	done  []int // indices that have an outcome already
	// blocked are those who want no texts; taken, whose text the provider is known to have taken before, with its parts.
	blocked *blocked
	taken   map[sms.Number][]sms.Part
	pacer   Pacer
	slots   pace.Slots // of the pacer
	shared  *shared

	landed chan struct{}
	// What follows may be read when landed is closed.

	// messages are the outcomes, in the order of the list. Those without a state were certainly not sent, or not taken;
	// the others are stored.
	messages []Message
	// sendErr ended the sending early; storeErr means that messages may not be stored.
	sendErr, storeErr error
}

// shared is what flights and their run tell each other.
type shared struct {
	// stop is the reason of an outcome that forbids all further sending.
	stop atomic.Pointer[string]
	// lease is when the lease ends, notBefore when it is of use to go on, in epoch nanoseconds.
	lease, notBefore atomic.Int64
}

// wait notes that to go on before t is of no use.
func (s *shared) wait(t time.Time) {
	for old := s.notBefore.Load(); t.UnixNano() > old; old = s.notBefore.Load() {
		if s.notBefore.CompareAndSwap(old, t.UnixNano()) {
			return
		}
	}
}

// until is when it is of use to go on.
func (s *shared) until() time.Time { return time.Unix(0, s.notBefore.Load()) }

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
	f.messages, f.sendErr = f.records(outcomes), err
	f.storeErr = f.keep(ctx, taken(f.messages))
	f.bar(ctx, outcomes)
}

// attempted is the outcome of the last attempt to send a message, and when that was.
type attempted struct {
	sms.Outcome
	at time.Time
}

// records are the records of the outcomes, in the order of the list.
func (f *flight) records(outcomes []attempted) []Message {
	messages := make([]Message, len(f.list))
	for i, o := range outcomes {
		m := Message{To: f.list[i].Number, Index: f.from + i, Batch: f.batch.Number, At: o.at}
		parts, known := f.taken[m.To]
		switch {
		case f.isDone(i):
			continue
		case isTaken(o.Verdict):
			m.State, m.Code, m.Reason, m.Parts = stateOf(o.Verdict), o.Code, o.Reason, o.Parts
		case known:
			m.State, m.Code, m.Parts, m.At = Accepted, ByReceipt, parts, f.now()
		case f.blocked.has(m.To):
			m.State, m.Code, m.Reason, m.At = Skipped, "opted out", "the recipient wants no texts from this sender", f.now()
		default:
			continue
		}
		messages[i] = m
	}
	return messages
}

// sendable says whether the i-th of the list is to be sent to.
func (f *flight) sendable(i int) bool {
	to := f.list[i].Number
	_, known := f.taken[to]
	return !known && !f.isDone(i) && !f.blocked.has(to)
}

// isDone says whether the i-th of the list has an outcome already.
func (f *flight) isDone(i int) bool { return slices.Contains(f.done, f.from+i) }

// bar notes the numbers that are not to be sent to any more. If that fails, the next campaign will find out as this one
// did.
func (f *flight) bar(ctx context.Context, outcomes []attempted) {
	for i, o := range outcomes {
		if !o.Barred {
			continue
		}
		if err := f.screen.Bar(ctx, f.list[i].Number, f.batch.Campaign); err != nil {
			f.log.WarnContext(ctx, "could not bar a number", "campaign", f.batch.Campaign, "batch", f.batch.Number, "error", err)
		}
	}
}

// isTaken is false for a message that was not sent, or refused for a reason that concerns everybody.
func isTaken(v sms.Verdict) bool { return v != 0 && v != sms.Stop }

// taken are the messages that have an outcome.
func taken(messages []Message) []Message {
	return slices.DeleteFunc(slices.Clone(messages), func(m Message) bool { return m.State == "" })
}

// open is where the first recipient stands who has no outcome; the end of the list if there is none.
func (f *flight) open() int {
	for i, m := range f.messages {
		if m.State == "" && !f.isDone(i) {
			return f.from + i
		}
	}
	return f.from + len(f.list)
}

// send sends each message at its slot and waits for the answers. After an error or a stop, the rest has no outcome.
func (f *flight) send(ctx context.Context) ([]attempted, error) {
	outcomes := make([]attempted, len(f.list))
	var answers sync.WaitGroup
	defer answers.Wait()
	spent, numbers := spending{Slots: f.slots}, numbersOf(f.list)
	for i, to := range f.list {
		if !f.sendable(i) {
			continue
		}
		if err := f.next(ctx, &spent, numbers[i:]); err != nil {
			return outcomes, err
		}
		if !f.sendable(i) { // it took so long that all were screened again
			continue
		}
		if f.shared.stopped() != "" {
			return outcomes, nil
		}
		if !f.shared.relied(f.now()) {
			return outcomes, errStale // after a long sleep: much may have changed, a pause for one
		}
		m, slots := f.blank, spent.Slots
		m.To, m.Text = to.Number, f.text.Render(to.Values)
		answers.Go(func() { outcomes[i] = f.attempt(ctx, m, slots) })
	}
	return outcomes, nil
}

// spending is slots, of which some are spent or were missed.
type spending struct {
	pace.Slots
	next int
}

// next waits for the next slot. One that was missed is lost, those behind it are not: only when none is left are others
// reserved, for the rest of the chunk.
func (f *flight) next(ctx context.Context, s *spending, rest []sms.Number) error {
	for {
		for s.next < s.N && !f.usable(s.Slots, s.next) {
			s.next++
		}
		if s.next == s.N {
			fresh, err := f.turn(ctx, rest, f.now())
			if err != nil {
				return err
			}
			*s = spending{Slots: fresh}
		}
		if err := f.until(ctx, s.At(s.next)); err != nil {
			return fmt.Errorf("wait for a slot: %w", err)
		}
		if f.usable(s.Slots, s.next) { // timers may be late
			s.next++
			return nil
		}
	}
}

func (f *flight) usable(s pace.Slots, i int) bool {
	return !s.Missed(i, f.now()) && f.pacer.Holds(s, i)
}

// Why the rest of a chunk is not sent.
var (
	errStale    = errors.New("the lease ran out before the message was sent")
	errUnwanted = errors.New("the campaign was stopped before the message was sent")
	errSlow     = errors.New("slots were missed again and again")
)

// attempt sends one message, again as long as the provider certainly did not take it. Each attempt has its own slot, the
// first one of those given. There is no outcome when it may no longer be tried again.
func (f *flight) attempt(ctx context.Context, m sms.Message, slots pace.Slots) attempted {
	for failed, throttled := 0, 0; ; {
		o := attempted{at: f.now()}
		o.Outcome = f.sender.Send(ctx, m)
		if o.Verdict == sms.Stop {
			f.shared.stop.CompareAndSwap(nil, &o.Reason)
		}
		if o.Verdict != sms.Retry {
			return o
		}
		if o.Throttled == sms.NotThrottled {
			failed++
		} else {
			f.slowDown(ctx, o.Outcome, slots)
			throttled++
		}
		if failed == maxAttempts {
			o.Verdict, o.Reason = sms.Failed, fmt.Sprintf("it was not taken in %d attempts: %s", failed, o.Reason)
			return o
		}
		wait := o.RetryAfter
		if wait == 0 || o.Throttled == sms.NotThrottled {
			wait = max(wait, backoff(m, failed+throttled))
		}
		if throttled == maxThrottled {
			f.shared.wait(f.now().Add(wait))
			return attempted{}
		}
		var ok bool
		if slots, ok = f.again(ctx, m.To, wait); !ok {
			return attempted{}
		}
	}
}

// slowDown makes everybody slower, where the provider wants it. If that fails, the next refusal will do.
func (f *flight) slowDown(ctx context.Context, o sms.Outcome, slots pace.Slots) {
	by := pace.Account
	if o.Throttled == sms.ByNumber {
		by = pace.Number
	}
	if err := f.pacer.Refused(ctx, slots, by, o.RetryAfter); err != nil {
		f.log.WarnContext(ctx, "could not slow down", "campaign", f.batch.Campaign, "batch", f.batch.Number, "error", err)
	}
}

// again waits, and then for a slot. It says whether the message may then still be sent.
func (f *flight) again(ctx context.Context, to sms.Number, wait time.Duration) (pace.Slots, bool) {
	due := f.now().Add(wait)
	deadline, ok := f.deadline(ctx)
	if wait > maxWait || ok && due.Add(lastAttempt).After(deadline) {
		f.shared.wait(due)
		return pace.Slots{}, false
	}
	if f.until(ctx, due.Add(-slotLead)) != nil {
		return pace.Slots{}, false
	}
	one := []sms.Number{to}
	fresh, err := f.turn(ctx, one, due)
	if err != nil {
		return pace.Slots{}, false
	}
	spent := spending{Slots: fresh}
	if f.next(ctx, &spent, one) != nil {
		return pace.Slots{}, false
	}
	return spent.Slots, f.shared.stopped() == "" && f.shared.relied(f.now()) && !f.blocked.has(to)
}

// turn reserves slots anew and waits until they are near: others may be far ahead, so what has happened meanwhile is
// looked at before they are used. Where that takes so long that they are missed, more time is left for it.
func (f *flight) turn(ctx context.Context, to []sms.Number, notBefore time.Time) (pace.Slots, error) {
	for lead := slotLead; lead <= maxLead; lead *= 4 {
		w := f.want(ctx, len(to), notBefore, lastAttempt)
		w.Lead = lead
		slots, err := f.pacer.Reserve(ctx, w)
		if full := (pace.FullError{}); errors.As(err, &full) {
			f.shared.wait(full.Free)
		}
		if err == nil {
			err = f.until(ctx, slots.First.Add(-lead))
		}
		if err == nil {
			err = f.wanted(ctx)
		}
		if err == nil {
			err = f.blocked.ask(ctx, f.screen, f.blank.From, to)
		}
		if err != nil {
			return slots, err
		}
		holds, err := f.pacer.Confirm(ctx, slots)
		if err != nil || holds && !slots.Missed(0, f.now()) {
			return slots, err
		}
	}
	return pace.Slots{}, errSlow
}

// wanted says whether sending is still this sender's to do.
func (f *flight) wanted(ctx context.Context) error {
	if f.shared.stopped() != "" {
		return errUnwanted
	}
	c, err := f.store.Campaign(ctx, f.batch.Campaign)
	switch {
	case err != nil:
		return fmt.Errorf("read campaign: %w", err)
	case c.Status != Running:
		return errUnwanted
	case !f.shared.relied(f.now()):
		return errStale
	default:
		return nil
	}
}

// backoff doubles from 250 ms, less up to half of it. The jitter comes from the message, so that a run can be repeated.
func backoff(m sms.Message, attempt int) time.Duration {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%s/%d", m.Ref, m.To.Digits(), attempt)
	full := 250 * time.Millisecond << (attempt - 1)
	return full - time.Duration(h.Sum32()%1000)*full/2000
}

// keep stores outcomes. While the lease lasts they are this sender's to write, many at a time. After it, or where that failed,
// another may have taken the batch over and counted these recipients as unknown: then each is written with what depends on
// it.
func (f *flight) keep(ctx context.Context, messages []Message) error {
	if len(messages) == 0 {
		return nil
	}
	left := time.Unix(0, f.shared.lease.Load()).Add(-leaseMargin).Sub(f.now())
	if left > 0 {
		owned, cancel := context.WithTimeout(ctx, left)
		err := f.store.Record(owned, f.batch.Campaign, messages)
		cancel()
		if err == nil || ctx.Err() != nil {
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
