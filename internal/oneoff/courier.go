package oneoff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/pace"
	"sluice/internal/sms"
)

const (
	// sendingTime is how long a claimed text may be without an outcome before it is unknown: a slot, a request, a write.
	sendingTime = 90 * time.Second
	// overdue is how long after its time a text that waits is queued again, at first.
	overdue = time.Minute
	// slotLead is how far ahead of now a slot is reserved, and claimLead how long before it the text is claimed.
	slotLead  = 100 * time.Millisecond
	claimLead = 60 * time.Millisecond
	// closing is what the sending and the storing of the outcome may take, before the invocation's deadline.
	closing = 20 * time.Second
	// maxMissed is how often a text takes another slot in place, because its own was missed.
	maxMissed = 5
	// maxAttempts bounds the attempts that the provider refused for another reason than the rate.
	maxAttempts = 5
	// stopWait is the pause after an answer that forbids all sending.
	stopWait = 5 * time.Minute
	maxWait  = campaign.MaxDelay
)

// Screen says whom nothing may be sent to.
type Screen interface {
	Blocked(ctx context.Context, from sms.Sender, numbers []sms.Number) (map[sms.Number]bool, error)
}

// Pacing makes the pacer of a text of so many segments from a sender.
type Pacing func(from sms.Sender, segments int) campaign.Pacer

// Courier sends texts. Many may work at once, in many processes.
type Courier struct {
	store  Store
	queue  Queue
	sender campaign.Sender
	screen Screen
	pacing Pacing
	owner  func() string
	now    func() time.Time
	log    *slog.Logger
}

// NewCourier returns a courier. owner returns a new name for each claim; now is its clock.
func NewCourier(store Store, queue Queue, sender campaign.Sender, screen Screen, pacing Pacing, owner func() string,
	now func() time.Time, log *slog.Logger,
) *Courier {
	return &Courier{
		store: store, queue: queue, sender: sender, screen: screen, pacing: pacing, owner: owner, now: now, log: log,
	}
}

// Deliver sends the text with that id, unless it was sent or claimed before: then the delivery has served. After an error
// it may come again.
func (c *Courier) Deliver(ctx context.Context, id string) error {
	t, err := c.store.OneOff(ctx, id)
	if err != nil {
		return fmt.Errorf("read text %s: %w", id, err)
	}
	if !t.Due() {
		return nil
	}
	if reason := t.Kind.late(c.now().Sub(t.CreatedAt)); reason != "" {
		return c.drop(ctx, t, campaign.Failed, "late", reason)
	}
	if err = c.deliver(ctx, t); errors.Is(err, campaign.ErrConflict) {
		return nil // somebody else has claimed it
	}
	return err
}

// deliver takes a slot, screens, claims and sends.
func (c *Courier) deliver(ctx context.Context, t Text) error {
	pacer := c.pacing(t.From, sms.Measure(t.Body).Segments)
	for range maxMissed {
		slots, err := pacer.Reserve(ctx, c.want(ctx))
		if full := (pace.FullError{}); errors.As(err, &full) {
			return c.enqueue(ctx, t, full.Free.Sub(c.now()))
		}
		if err != nil {
			return fmt.Errorf("reserve a slot: %w", err)
		}
		if err := c.until(ctx, slots.First.Add(-claimLead)); err != nil {
			return err
		}
		if holds, err := pacer.Confirm(ctx, slots); err != nil || !holds {
			if err != nil {
				return fmt.Errorf("confirm a slot: %w", err)
			}
			continue
		}
		claimed, err := c.claim(ctx, t)
		if err != nil || !claimed.inFlight() {
			return err
		}
		if err := c.until(ctx, slots.First); err != nil || slots.Missed(0, c.now()) {
			if t, err = c.giveBack(context.WithoutCancel(ctx), claimed); err != nil {
				return err
			}
			continue
		}
		return c.send(ctx, claimed, pacer, slots)
	}
	return c.enqueue(ctx, t, time.Second)
}

func (t Text) inFlight() bool { return t.State == Sending }

func (c *Courier) want(ctx context.Context) pace.Want {
	w := pace.Want{N: 1, NotBefore: c.now(), Lead: slotLead, Wait: c.until}
	if deadline, ok := ctx.Deadline(); ok {
		w.Before = c.now().Add(time.Until(deadline) - closing)
	}
	return w
}

func (c *Courier) until(ctx context.Context, t time.Time) error {
	for wait := t.Sub(c.now()); wait > 0; wait = t.Sub(c.now()) {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// claim makes the text this courier's to send; or drops it, where it has become late or unwanted. Where that cannot be
// found out, it is an error, and nothing is sent.
func (c *Courier) claim(ctx context.Context, t Text) (Text, error) {
	blocked, err := c.screen.Blocked(ctx, t.From, []sms.Number{t.To})
	if err != nil {
		return t, err
	}
	if code, reason := t.Kind.unwanted(blocked[t.To]); code != "" {
		return t, c.drop(ctx, t, campaign.Skipped, code, reason)
	}
	if reason := t.Kind.late(c.now().Sub(t.CreatedAt)); reason != "" {
		return t, c.drop(ctx, t, campaign.Failed, "late", reason)
	}
	t.State, t.Attempts, t.Owner, t.LookAt = Sending, t.Attempts+1, c.owner(), c.now().Add(sendingTime)
	return c.save(ctx, t)
}

// drop ends a text that is not to be sent.
func (c *Courier) drop(ctx context.Context, t Text, state campaign.State, code, reason string) error {
	t.State, t.Code, t.Reason = state, code, reason
	return c.end(ctx, t)
}

// giveBack undoes a claim: the text was certainly not sent.
func (c *Courier) giveBack(ctx context.Context, t Text) (Text, error) {
	t.State, t.LookAt = campaign.Pending, c.now().Add(overdue)
	return c.save(ctx, t)
}

// save stores t, once: where the answer was lost, what is stored tells whether it took effect.
func (c *Courier) save(ctx context.Context, t Text) (Text, error) {
	err := c.store.SaveOneOff(ctx, t)
	next := t
	next.Version++
	if err == nil || errors.Is(err, campaign.ErrConflict) {
		return next, err
	}
	stored, readErr := c.store.OneOff(ctx, t.ID)
	if readErr == nil && stored.Version == next.Version && stored.State == t.State && stored.Owner == t.Owner {
		return next, nil
	}
	return t, fmt.Errorf("store text %s: %w", t.ID, errors.Join(err, readErr))
}

// send makes the one attempt and stores what came of it.
func (c *Courier) send(ctx context.Context, t Text, pacer campaign.Pacer, slots pace.Slots) error {
	o := c.sender.Send(ctx, t.Message())
	ctx = context.WithoutCancel(ctx) // the outcome is known to nobody else
	switch o.Verdict {
	case sms.Retry:
		return c.again(ctx, t, o, pacer, slots)
	case sms.Stop:
		c.log.ErrorContext(ctx, "nothing can be sent", "text", t.ID, "code", o.Code, "reason", o.Reason)
		return c.putOff(ctx, t, stopWait)
	case sms.Accepted:
		t.State = campaign.Accepted
	case sms.Failed:
		t.State = campaign.Failed
	default:
		t.State = campaign.Unknown
	}
	t.Code, t.Reason, t.Parts, t.SentAt = o.Code, o.Reason, o.Parts, c.now()
	return c.end(ctx, t)
}

// again puts a text off that the provider certainly did not take, or gives it up.
func (c *Courier) again(ctx context.Context, t Text, o sms.Outcome, pacer campaign.Pacer, slots pace.Slots) error {
	if o.Throttled != sms.NotThrottled {
		by := pace.Account
		if o.Throttled == sms.ByNumber {
			by = pace.Number
		}
		if err := pacer.Refused(ctx, slots, by, o.RetryAfter); err != nil { // then the next refusal will do
			c.log.WarnContext(ctx, "could not slow down", "text", t.ID, "error", err)
		}
		t.Attempts--
	}
	if t.Attempts >= maxAttempts {
		t.State, t.Code = campaign.Failed, o.Code
		t.Reason = fmt.Sprintf("it was not taken in %d attempts: %s", t.Attempts, o.Reason)
		return c.end(ctx, t)
	}
	return c.putOff(ctx, t, max(o.RetryAfter, time.Second<<max(0, t.Attempts-1)))
}

// putOff gives a claim back and sees to it that the text comes again after a while.
func (c *Courier) putOff(ctx context.Context, t Text, wait time.Duration) error {
	t.State, t.LookAt = campaign.Pending, c.now().Add(wait+overdue)
	t, err := c.save(ctx, t)
	if err != nil {
		return err
	}
	return c.enqueue(ctx, t, wait)
}

func (c *Courier) enqueue(ctx context.Context, t Text, wait time.Duration) error {
	wait = min(max(0, wait+time.Second-1).Truncate(time.Second), maxWait)
	if err := c.queue.EnqueueOneOff(ctx, t.ID, wait); err != nil {
		return fmt.Errorf("queue text %s again: %w", t.ID, err)
	}
	return nil
}

// end stores an outcome, also over an unknown that the dispatcher wrote meanwhile, and beside a receipt that was faster.
func (c *Courier) end(ctx context.Context, t Text) error {
	t.LookAt = time.Time{}
	_, err := c.save(ctx, t)
	for range maxAttempts {
		if !errors.Is(err, campaign.ErrConflict) {
			return err
		}
		var now Text
		if now, err = c.store.OneOff(ctx, t.ID); err != nil {
			return fmt.Errorf("read text %s: %w", t.ID, err)
		}
		if now.State != Sending && now.State != campaign.Unknown || now.Owner != t.Owner {
			return nil
		}
		now.State, now.Code, now.Reason, now.Parts = t.State, t.Code, t.Reason, t.Parts
		now.SentAt, now.LookAt, now.Delivery = t.SentAt, t.LookAt, now.least()
		_, err = c.save(ctx, now)
	}
	return err
}
