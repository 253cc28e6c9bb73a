package sqs

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// message is one stored message. It is in exactly one place of its queue: ready, delayed or inFlight.
type message struct {
	id, body, bodyMD5 string
	attributes        map[string]attribute
	attributesMD5     string
	group             string
	origin            *queue // Where it was before it became a dead letter.

	sent          time.Time
	firstReceived time.Time
	received      time.Time
	receives      int

	turn  uint64        // When it became ready, see fair.
	place *list.Element // In its group's line, nil while it is not ready.

	visibleAt time.Time
	at        *waiting // The heap that holds it, nil while it is ready.
	index     int
}

// queue holds its messages by id and by state. All its methods want the server's lock.
type queue struct {
	Queue
	dead *queue

	messages map[string]*message
	ready    *fair
	delayed  waiting
	inFlight waiting
	expires  time.Time // No message outlives its retention before this.
	purged   time.Time
	moves    []*move       // Out of this queue, the latest first.
	changed  chan struct{} // Closed and replaced when a waiting receiver has a reason to look again.
}

func newQueue(q Queue) (*queue, error) {
	q.VisibilityTimeout = cmp.Or(q.VisibilityTimeout, DefaultVisibilityTimeout)
	q.Retention = cmp.Or(q.Retention, DefaultRetention)
	q.MaxMessageBytes = cmp.Or(q.MaxMessageBytes, MaxMessageBytes)
	if q.DeadLetter != "" {
		q.MaxReceives = cmp.Or(q.MaxReceives, DefaultMaxReceives)
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	return &queue{Queue: q, messages: map[string]*message{}, ready: newFair(), changed: make(chan struct{})}, nil
}

func (q Queue) check() error {
	if !validEntryID(q.Name) {
		return fmt.Errorf("the name must be 1 to %d letters, digits, hyphens and underscores", maxEntryID)
	}
	for _, setting := range []struct {
		name       string
		value      time.Duration
		least, max time.Duration
	}{
		{"VisibilityTimeout", q.VisibilityTimeout, 0, MaxVisibilityTimeout},
		{"Delay", q.Delay, 0, MaxDelay},
		{"Retention", q.Retention, MinRetention, MaxRetention},
		{"ReceiveWait", q.ReceiveWait, 0, MaxWait},
	} {
		if setting.value < setting.least || setting.value > setting.max || setting.value%time.Second != 0 {
			return fmt.Errorf("%s is %v, it must be whole seconds from %v to %v",
				setting.name, setting.value, setting.least, setting.max)
		}
	}
	if q.MaxMessageBytes < MinMessageBytes || q.MaxMessageBytes > MaxMessageBytes {
		return fmt.Errorf("MaxMessageBytes is %d, it must be %d to %d", q.MaxMessageBytes, MinMessageBytes, MaxMessageBytes)
	}
	if q.DeadLetter == "" && q.MaxReceives != 0 {
		return errors.New("MaxReceives needs a DeadLetter")
	}
	if q.MaxReceives < 0 || q.MaxReceives > MaxReceives {
		return fmt.Errorf("MaxReceives is %d, it must be 1 to %d", q.MaxReceives, MaxReceives)
	}
	return nil
}

// add stores a new message, or one that moves here from another queue.
func (q *queue) add(m *message, visibleAt, now time.Time) {
	q.messages[m.id] = m
	if expiry := m.sent.Add(q.Retention); q.expires.IsZero() || expiry.Before(q.expires) {
		q.expires = expiry
	}
	if visibleAt.After(now) {
		q.delayed.hold(m, visibleAt)
	} else {
		q.ready.push(m)
	}
	q.wake()
}

// wake lets every waiting receiver look again.
func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// catchUp brings the queue to the instant now: what has become visible is ready, what is too old is gone.
func (q *queue) catchUp(now time.Time) {
	if !q.expires.IsZero() && !now.Before(q.expires) {
		q.expire(now)
	}
	var due []*message
	for _, heap := range []*waiting{&q.delayed, &q.inFlight} {
		for m := heap.first(); m != nil && !m.visibleAt.After(now); m = heap.first() {
			q.withdraw(m)
			due = append(due, m)
		}
	}
	slices.SortStableFunc(due, func(a, b *message) int { return a.visibleAt.Compare(b.visibleAt) })
	for _, m := range due {
		q.ready.push(m)
	}
}

func (q *queue) expire(now time.Time) {
	q.expires = time.Time{}
	for _, m := range q.messages {
		expiry := m.sent.Add(q.Retention)
		switch {
		case !expiry.After(now):
			q.remove(m)
		case q.expires.IsZero() || expiry.Before(q.expires):
			q.expires = expiry
		}
	}
}

// remove forgets a message wherever it is.
func (q *queue) remove(m *message) {
	delete(q.messages, m.id)
	q.withdraw(m)
}

// withdraw takes a message from the one place where it is.
func (q *queue) withdraw(m *message) {
	switch m.at {
	case nil:
		q.ready.drop(m)
	case &q.inFlight:
		q.ready.count(m, -1)
		m.at.release(m)
	default:
		m.at.release(m)
	}
}

// fly holds a message that somebody has received.
func (q *queue) fly(m *message, until time.Time) {
	q.ready.count(m, 1)
	q.inFlight.hold(m, until)
}

// take hands out up to n ready messages, invisible to others until visibility has passed. Those that have been received
// too often go to the dead-letter queue instead (Developer Guide, "Using dead-letter queues").
func (q *queue) take(n int, visibility time.Duration, now time.Time) ([]*message, error) {
	var taken, again []*message
	for m := q.ready.first(); m != nil && len(taken) < n; m = q.ready.first() {
		if q.inFlight.Len() >= MaxInFlight {
			if len(taken) == 0 {
				return nil, fail("OverLimit", "Too many messages in flight: at most %d.", MaxInFlight)
			}
			break
		}
		if q.dead != nil && m.receives >= q.MaxReceives {
			q.bury(m, now)
			continue
		}
		m.receive(now)
		taken = append(taken, m)
		q.ready.serve(m)
		if visibility > 0 {
			q.fly(m, now.Add(visibility))
		} else {
			again = append(again, m)
		}
	}
	for _, m := range again {
		q.ready.push(m)
	}
	return taken, nil
}

// bury moves a message to the dead-letter queue, where its age counts from when it was first sent.
func (q *queue) bury(m *message, now time.Time) {
	q.remove(m)
	m.origin = q
	q.dead.add(m, now, now)
}

func (m *message) receive(now time.Time) {
	m.receives++
	m.received = now
	if m.receives == 1 {
		m.firstReceived = now
	}
}

// nextChange is when time alone makes a message visible; zero when it never does.
func (q *queue) nextChange() time.Time {
	var next time.Time
	for _, heap := range []*waiting{&q.delayed, &q.inFlight} {
		if m := heap.first(); m != nil && (next.IsZero() || m.visibleAt.Before(next)) {
			next = m.visibleAt
		}
	}
	return next
}

// visible counts what could be received now.
func (q *queue) visible() int { return len(q.messages) - q.delayed.Len() - q.inFlight.Len() }

// handle names one receive of a message: a later receive makes an earlier handle stale.
func (q *queue) handle(m *message) string { return fmt.Sprintf("%s/%s/%d", q.Name, m.id, m.receives) }

// lookup finds the message of a receipt handle. It is nil when it is gone or has been received again since.
func (q *queue) lookup(handle string) (*message, error) {
	parts := strings.Split(handle, "/")
	if len(parts) != 3 || parts[0] != q.Name {
		return nil, fail("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
	}
	m := q.messages[parts[1]]
	if m == nil || q.handle(m) != handle {
		return nil, nil
	}
	return m, nil
}
