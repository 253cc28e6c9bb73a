package vonagetest

import (
	"container/heap"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// CopySpread is the longest time, not itself included, between a webhook and a copy of it.
const CopySpread = 5 * time.Second

// sameInstant is the share of copies that go out together with the first.
const sameInstant = 0.25

// earlyWait is the longest that the answer to a send waits for early receipts.
const earlyWait = time.Second

// returns are Returns at work. A Fake's own lock may be held where this one is taken, not the other way round.
type returns struct {
	Returns
	apiKey string
	wake   chan struct{} // tells Run to look again

	mu       sync.Mutex
	all      []*webhook
	queue    queue
	underWay int
	dealt    map[Recipient]int // hands, to each text
	inbounds int               // named so far
	orders   int
	life     int // counts the resets
}

func newReturns(c Config) *returns {
	if err := c.Returns.Check(); err != nil {
		panic(fmt.Sprintf("vonagetest: %v", err))
	}
	return &returns{Returns: c.Returns, apiKey: c.APIKey, wake: make(chan struct{}, 1), dealt: map[Recipient]int{}}
}

// reset empties the ledger of webhooks. Those under way go on, in no ledger.
func (r *returns) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.queue {
		w.before.attempted()
	}
	r.all, r.queue, r.dealt = nil, nil, map[Recipient]int{}
	r.life++
}

// deal returns the chance of this recipient's next text.
func (r *returns) deal(to Recipient) chance {
	n := r.dealt[to]
	r.dealt[to] = n + 1
	return chance{r.Seed, strings.Join([]string{to.ClientRef, to.To, fmt.Sprint(n)}, "\x00")}
}

// occasion is what the chances of one webhook are drawn by.
type occasion struct {
	chance
	name string
	part int
}

// plan puts an event's webhook and its copies into the queue and the ledger.
func (r *returns) plan(e event, due time.Time, o occasion, before *early) {
	if before == nil {
		due = due.Add(o.within(r.Jitter, "jitter "+o.name, o.part))
	}
	for n := range r.copies() {
		w := &webhook{event: e, occasion: o, copy: n, due: due, outcome: Waiting, life: r.life}
		if n == 0 && before != nil {
			w.before = before
			before.left++
		}
		if n > 0 && !o.hits(sameInstant, "copied at once "+o.name, o.part, n) {
			w.due = due.Add(o.within(CopySpread, "copied "+o.name, o.part, n))
		}
		r.all = append(r.all, w)
		r.push(w)
	}
	r.nudge()
}

func (r *returns) push(w *webhook) {
	r.orders++
	w.order = r.orders
	heap.Push(&r.queue, w)
}

func (r *returns) nudge() {
	select {
	case r.wake <- struct{}{}:
	default: // it is told already
	}
}

// Run sends what Returns says until the context ends, and then waits for the webhooks under way, whose requests end with
// it. What is still waiting waits for the next Run, of which there may be one at a time. Without Run nothing is sent.
func (f *Fake) Run(ctx context.Context) {
	r := f.returns
	client, done := r.client()
	defer done()
	var underWay sync.WaitGroup
	defer underWay.Wait()
	send := func(w *webhook) { underWay.Go(func() { r.deliver(ctx, client, w) }) }
	for ctx.Err() == nil {
		var due <-chan time.Time
		if wait := r.launch(send); wait > 0 {
			due = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-due:
		}
	}
}

// launch sends what is due, as far as there is room, and returns how long it is until there is more; 0 if nothing is
// planned, or there is no room.
func (r *returns) launch(send func(*webhook)) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.underWay < r.concurrency() && len(r.queue) > 0 {
		if wait := time.Until(r.queue[0].due); wait > 0 {
			return wait
		}
		r.underWay++
		send(heap.Pop(&r.queue).(*webhook))
	}
	return 0
}

// client is what webhooks are posted with, and done is called when the last of them is over. Redirects are answers.
func (r *returns) client() (client *http.Client, done func()) {
	client = &http.Client{
		Transport:     r.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if r.Transport != nil {
		return client, func() {}
	}
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.MaxIdleConnsPerHost = r.concurrency()
	client.Transport = own
	return client, own.CloseIdleConnections
}

// early is what the answer to a send waits for: the first attempts of so many webhooks. None is a nil one.
type early struct {
	left int // under the lock of returns
	done chan struct{}
}

func (e *early) attempted() {
	if e == nil {
		return
	}
	if e.left--; e.left == 0 {
		close(e.done)
	}
}

// await returns when the early receipts were sent, or after earlyWait.
func (e *early) await(ctx context.Context) {
	if e == nil {
		return
	}
	select {
	case <-e.done:
	case <-ctx.Done():
	case <-time.After(earlyWait):
	}
}

// queue is a heap of webhooks: those that are waited for come first, then the earliest.
type queue []*webhook

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(w any)   { *q = append(*q, w.(*webhook)) }

func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	if urgent := a.before != nil; urgent != (b.before != nil) {
		return urgent
	}
	if !a.due.Equal(b.due) {
		return a.due.Before(b.due)
	}
	return a.order < b.order
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return w
}
