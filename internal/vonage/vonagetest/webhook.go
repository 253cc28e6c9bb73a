package vonagetest

import (
	"encoding/json"
	"net/http"
	"time"
)

// WebhookKind is what a webhook is about.
type WebhookKind string

// The kinds of webhook.
const (
	KindReceipt WebhookKind = "receipt"
	KindInbound WebhookKind = "inbound"
)

// WebhookOutcome is what became of a webhook.
type WebhookOutcome string

// The outcomes. A webhook is Waiting until it has another one.
const (
	Waiting WebhookOutcome = "waiting"  // for its moment, for an answer, or to be sent again
	Taken   WebhookOutcome = "taken"    // answered with 2xx
	Refused WebhookOutcome = "refused"  // answered with what is not sent again: 3xx, or 4xx but 429
	GivenUp WebhookOutcome = "given-up" // not taken within RetryFor
	Lost    WebhookOutcome = "lost"     // never sent, by Returns.Lost
)

// Webhook is one in the ledger of webhooks: each part, and each copy, has its own.
type Webhook struct {
	Kind WebhookKind
	// At is when it was sent first, UTC; zero as long as it was not.
	At time.Time
	// MessageID names the part of the text, or the text, that it is about.
	MessageID string
	// Number is that of the person: the recipient of the text, or who replied.
	Number string
	// ClientRef, Status and Code are a receipt's, in the words of the SMS API also where the form is the other's.
	ClientRef, Status, Code string
	// Text is that of an inbound, or of this part of it.
	Text string
	// Copy counts the copies of one webhook, from 0.
	Copy int
	// Attempts is how often it was sent, and HTTPStatus the last answer; 0 if none came.
	Attempts, HTTPStatus int
	Outcome              WebhookOutcome
}

// webhook is one at work.
type webhook struct {
	event event
	occasion
	copy     int
	due      time.Time
	order    int // of those due at the same instant
	first    time.Time
	before   *early // who waits for the first attempt
	answer   int
	attempts int
	outcome  WebhookOutcome
	life     int // of the ledger that it is in
}

func (w *webhook) row() Webhook {
	row := Webhook{Copy: w.copy, Attempts: w.attempts, HTTPStatus: w.answer, Outcome: w.outcome}
	if w.attempts > 0 {
		row.At = w.first.UTC()
	}
	w.event.enter(&row)
	return row
}

// Webhooks returns all webhooks so far, those that still wait and those that were lost among them, in the order in which
// the texts were accepted and the replies made.
func (f *Fake) Webhooks() []Webhook {
	r := f.returns
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := make([]Webhook, len(r.all))
	for i, w := range r.all {
		rows[i] = w.row()
	}
	return rows
}

// Pending returns how many webhooks wait for their moment, for an answer, or to be sent again.
func (f *Fake) Pending() int {
	r := f.returns
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue) + r.underWay
}

// Settled says that nothing more comes back for what was accepted so far.
func (f *Fake) Settled() bool { return f.Pending() == 0 }

// serveWebhooks counts the webhooks by kind and outcome.
func (f *Fake) serveWebhooks(w http.ResponseWriter, _ *http.Request) {
	counts := map[WebhookKind]map[WebhookOutcome]int{}
	for _, kind := range []WebhookKind{KindReceipt, KindInbound} {
		counts[kind] = map[WebhookOutcome]int{Waiting: 0, Taken: 0, Refused: 0, GivenUp: 0, Lost: 0}
	}
	for _, hook := range f.Webhooks() {
		counts[hook.Kind][hook.Outcome]++
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(counts) // an error means that the client has gone
}
