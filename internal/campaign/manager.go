package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Manager does what clients ask for. It may be used concurrently.
type Manager struct {
	releaser
	newID   func(time.Time) string
	numbers recipients.Numbering
	pacing  Pacing
	log     *slog.Logger
}

// NewManager returns a manager. newID makes ids that sort by time; numbers reads those of uploads; pacing is for forecasts.
func NewManager(store Store, queue Queue, newID func(time.Time) string, numbers recipients.Numbering, pacing Pacing,
	now func() time.Time, log *slog.Logger,
) *Manager {
	return &Manager{
		releaser: releaser{store: store, queue: queue, now: now}, newID: newID, numbers: numbers, pacing: pacing, log: log,
	}
}

// Check turns a request into an order, or says everything that is wrong with it. Nothing is stored.
func (m *Manager) Check(q Request) (Order, []Problem) { return q.Check(m.numbers, m.now()) }

// idempotencyTime is how long a key is remembered.
const idempotencyTime = 7 * 24 * time.Hour

// Create stores the campaign that the order describes, and launches it unless it is a draft. With an idempotency key
// (Key and Fingerprint set) a repetition returns the first campaign, and false; another request with the same key is a
// KeyReusedError.
func (m *Manager) Create(ctx context.Context, o Order, draft bool, key *IdempotencyKey) (Campaign, bool, error) {
	if key != nil {
		c, err := m.createdWith(ctx, *key)
		if !errors.Is(err, ErrNotFound) {
			return c, false, err
		}
	}
	now := m.now()
	c := o.campaign
	c.ID, c.CreatedAt = m.newID(now), now
	if !draft {
		c = c.launched(now)
	}
	if key != nil {
		key.Campaign, key.ExpiresAt = c.ID, now.Add(idempotencyTime)
	}
	err := m.store.Create(ctx, c, o.upload, key)
	if errors.Is(err, ErrKeyTaken) {
		c, err := m.createdWith(ctx, *key)
		return c, false, err
	}
	if err != nil {
		return Campaign{}, false, fmt.Errorf("create a campaign: %w", err)
	}
	return m.proceed(ctx, c), true, nil
}

// proceed starts a campaign moving. What is stored is stored: where that fails, the dispatcher does it within a minute,
// and the client need not know.
func (m *Manager) proceed(ctx context.Context, c Campaign) Campaign {
	moved, err := m.advance(ctx, c, maxReleaseNow)
	if err != nil {
		m.log.WarnContext(ctx, "campaign left to the dispatcher", "campaign", c.ID, "error", err)
	}
	return moved
}

func (m *Manager) createdWith(ctx context.Context, key IdempotencyKey) (Campaign, error) {
	first, err := m.store.CreatedWith(ctx, key.Key)
	if err != nil {
		return Campaign{}, fmt.Errorf("look up an idempotency key: %w", err)
	}
	if first.Fingerprint != key.Fingerprint {
		return Campaign{}, KeyReusedError{}
	}
	return m.Campaign(ctx, first.Campaign)
}

// Pause stops a running campaign within one chunk.
func (m *Manager) Pause(ctx context.Context, id string) (Campaign, error) {
	pause := func(c Campaign, _ time.Time) Campaign { return c.paused("") }
	return m.change(ctx, id, m.simply("pause", pause, Running))
}

// Resume goes on where a pause stopped. What was released and has not begun is taken back first: it is due again by the
// plan, one batch after the other, not all at once.
func (m *Manager) Resume(ctx context.Context, id string) (Campaign, error) {
	if err := m.takeBack(ctx, id, Paused); err != nil {
		return Campaign{}, fmt.Errorf("resume campaign %s: %w", id, err)
	}
	return m.change(ctx, id, m.simply("resume", Campaign.resumed, Paused))
}

// Cancel ends a campaign within one chunk. Who was not sent to is not sent to.
func (m *Manager) Cancel(ctx context.Context, id string) (Campaign, error) {
	return m.change(ctx, id, m.simply("cancel", Campaign.cancelled, Draft, Running, Paused))
}

// maxConflicts bounds how often a change is tried anew because the dispatcher moved the campaign meanwhile.
const maxConflicts = 10

// transition is a change of status. make says what the campaign then is and how that is written.
type transition struct {
	action string
	from   []Status
	make   func(context.Context, Campaign) (Campaign, func() error, error)
}

// simply is a transition that touches nothing but the campaign.
func (m *Manager) simply(action string, to func(Campaign, time.Time) Campaign, from ...Status) transition {
	return transition{action: action, from: from, make: func(ctx context.Context, c Campaign) (Campaign, func() error, error) {
		after := to(c, m.now())
		return after, func() error { return m.store.Change(ctx, c, after, m.looksAt(after)) }, nil
	}}
}

// change makes a transition (StateError) and releases what is due then.
func (m *Manager) change(ctx context.Context, id string, t transition) (Campaign, error) {
	var intended Campaign
	for range maxConflicts {
		c, err := m.Campaign(ctx, id)
		if err != nil {
			return Campaign{}, err
		}
		if c.Epoch == intended.Epoch && c.Status == intended.Status {
			return m.proceed(ctx, c), nil // it took effect, and only the answer was lost
		}
		if !slices.Contains(t.from, c.Status) {
			return Campaign{}, StateError{Action: t.action, Status: c.Status}
		}
		after, write, err := t.make(ctx, c)
		if err == nil {
			intended = after
			err = write()
		}
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Campaign{}, fmt.Errorf("%s campaign %s: %w", t.action, id, err)
		}
		return m.proceed(ctx, after), nil
	}
	return Campaign{}, fmt.Errorf("%s campaign %s: %w", t.action, id, ErrConflict)
}

// looksAt is when the dispatcher must look at the campaign: never, unless it runs.
func (m *Manager) looksAt(c Campaign) time.Time {
	if c.Status != Running {
		return time.Time{}
	}
	return c.lookAt(m.now())
}

// Retry sends again to a recipient whose state is unknown, failed or skipped, because a person decided it. A completed campaign
// runs again until that is done. ErrNotFound for an unknown campaign, ErrNoMessage for a number that has no record;
// StateError, MessageStateError and UnsettledError where the campaign or the message does not allow it.
func (m *Manager) Retry(ctx context.Context, id string, to sms.Number) (Campaign, error) {
	for range maxConflicts {
		c, err := m.Campaign(ctx, id)
		if err != nil {
			return Campaign{}, err
		}
		if c.Status == Draft || c.Status == Cancelled {
			return Campaign{}, StateError{Action: "retry a message of", Status: c.Status}
		}
		stored, err := m.store.Messages(ctx, id, []sms.Number{to})
		if err != nil {
			return Campaign{}, fmt.Errorf("read a message of campaign %s: %w", id, err)
		}
		message, ok := stored[to]
		if !ok {
			return Campaign{}, fmt.Errorf("message of campaign %s: %w", id, ErrNoMessage)
		}
		if message.State == Retrying {
			message.State = Pending
		}
		if message.State != Unknown && message.State != Failed && message.State != Skipped {
			return Campaign{}, MessageStateError{State: message.State}
		}
		if err := m.isSettled(ctx, id, message); err != nil {
			return Campaign{}, err
		}
		after, batch := c.retrying(message, m.now())
		err = m.store.Retry(ctx, c, after, m.looksAt(after), batch, message)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Campaign{}, fmt.Errorf("retry a message of campaign %s: %w", id, err)
		}
		if after.Status == Running {
			if err := m.enqueue(ctx, after, batch); err != nil {
				m.log.WarnContext(ctx, "batch left to the dispatcher", "campaign", id, "batch", batch.Number, "error", err)
			}
		}
		return after, nil
	}
	return Campaign{}, fmt.Errorf("retry a message of campaign %s: %w", id, ErrConflict)
}

// isSettled is UnsettledError as long as the message is behind the settled part of its batch: only that may touch it then.
func (m *Manager) isSettled(ctx context.Context, id string, message Message) error {
	b, err := m.store.Batch(ctx, BatchKey{Campaign: id, Number: message.Batch})
	if err != nil {
		return fmt.Errorf("read batch %d of campaign %s: %w", message.Batch, id, err)
	}
	if message.Index >= b.Settled {
		return UnsettledError{}
	}
	return nil
}

// Campaign returns one campaign; ErrNotFound.
func (m *Manager) Campaign(ctx context.Context, id string) (Campaign, error) {
	c, err := m.store.Campaign(ctx, id)
	if err != nil {
		return Campaign{}, fmt.Errorf("read campaign %s: %w", id, err)
	}
	return c, nil
}

// Campaigns lists newest first, after the given id.
func (m *Manager) Campaigns(ctx context.Context, after string, limit int) ([]Campaign, error) {
	return m.store.Campaigns(ctx, after, limit)
}

// Batches lists the released batches of a campaign by number, from after+1; ErrNotFound for an unknown campaign.
func (m *Manager) Batches(ctx context.Context, id string, after, limit int) ([]Batch, error) {
	if _, err := m.Campaign(ctx, id); err != nil {
		return nil, err
	}
	return m.store.Batches(ctx, id, after, limit)
}

// Messages lists recipients in the list's order, from index after on, with what is known of each; ErrNotFound.
func (m *Manager) Messages(ctx context.Context, id string, after, limit int) ([]Message, error) {
	c, err := m.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	to := min(after+limit, c.Recipients)
	if after >= to {
		return nil, nil
	}
	list, err := m.listed(ctx, c, after, to)
	if err != nil {
		return nil, fmt.Errorf("read recipients of campaign %s: %w", id, err)
	}
	stored, err := m.store.Messages(ctx, id, list)
	if err != nil {
		return nil, fmt.Errorf("read messages of campaign %s: %w", id, err)
	}
	messages := make([]Message, len(list))
	for i, n := range list {
		messages[i] = c.message(stored, n, after+i)
	}
	return messages, nil
}

func (c Campaign) message(stored map[sms.Number]Message, n sms.Number, index int) Message {
	m, ok := stored[n]
	if ok && m.State != Retrying {
		return m
	}
	batch := m.Batch // of a retry
	m = Message{To: n, Index: index, Batch: batch, State: Pending}
	if c.Status == Cancelled {
		m.State, m.Reason = Skipped, "the campaign was cancelled"
	}
	return m
}
