// Package webhook takes what Vonage tells us, over HTTP, from anybody who can sign it: it is read, queued and answered, and
// looked at by somebody else, later.
package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// The paths of the webhooks, as they are set in Vonage's dashboard: GET for parameters in the query, POST for a form or for
// JSON (Vonage, "Webhook format").
const (
	ReceiptsPath = "/webhooks/vonage/receipts"
	InboundPath  = "/webhooks/vonage/inbound"
)

// settling is how long an inbound text waits before it is looked at: who wrote to the person last is told by the records of
// what was sent, and a sender stores these at the end of a chunk, which may be longer ahead of an answer than a quick thumb.
// A keyword does not wait: an opt-out holds whichever text it answers.
const settling = 5 * time.Second

// Reader makes of requests what they say. Its errors hold nothing of the request, since they are logged.
type Reader interface {
	Receipt(*http.Request) (sms.Receipt, error)
	Inbound(*http.Request) (sms.Inbound, error)
}

// Refusal tells with which status, from 400 to 499, an error of the reader is answered that is the request's fault; 0 for
// one that is ours (that the secret could not be read, for instance).
type Refusal func(error) int

// Queue carries events to who looks at them. After an error an event may be queued or not.
type Queue interface {
	Queue(ctx context.Context, delay time.Duration, e returns.Event) error
}

// New returns the webhooks. What is queued is answered 200, without a body; what is refused with its status; and everything
// that is not the request's fault 500, so that Vonage sends it again (after an answer of 5xx, for a day at least). now is
// the clock. The handler may be called concurrently if reader, refusal and queue may.
func New(reader Reader, refusal Refusal, queue Queue, now func() time.Time, log *slog.Logger) http.Handler {
	return &handler{reader: reader, refusal: refusal, queue: queue, now: now, log: log}
}

type handler struct {
	reader  Reader
	refusal Refusal
	queue   Queue
	now     func() time.Time
	log     *slog.Logger
}

// ServeHTTP knows exact paths only: a ServeMux would redirect others, and take HEAD for GET.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var read func(*http.Request) (returns.Event, time.Duration, error)
	kind := "receipt"
	switch r.URL.Path {
	case ReceiptsPath:
		read = h.receipt
	case InboundPath:
		read, kind = h.inbound, "inbound"
	default:
		problem(w, http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", strings.Join([]string{http.MethodGet, http.MethodPost}, ", "))
		problem(w, http.StatusMethodNotAllowed)
		return
	}
	event, delay, err := read(r)
	if err != nil {
		h.refuse(w, r, kind, err)
		return
	}
	event.ReceivedAt = h.now()
	if err := h.queue.Queue(r.Context(), delay, event); err != nil {
		h.fail(w, r, kind, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (h *handler) receipt(r *http.Request) (returns.Event, time.Duration, error) {
	receipt, err := h.reader.Receipt(r)
	return returns.Event{Receipt: &receipt}, 0, err
}

func (h *handler) inbound(r *http.Request) (returns.Event, time.Duration, error) {
	inbound, err := h.reader.Inbound(r)
	delay := settling
	if word, _ := optout.Read(inbound.Text); word != optout.None && word != optout.Yes { // a yes is an answer mostly
		delay = 0
	}
	return returns.Event{Inbound: &inbound}, delay, err
}

// refuse answers what could not be read, and logs it.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, kind string, err error) {
	status := h.refusal(err)
	if status < 400 || status > 499 {
		h.fail(w, r, kind, err)
		return
	}
	h.log.WarnContext(r.Context(), "webhook refused", "kind", kind, "status", status, "reason", err.Error())
	problem(w, status)
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, kind string, err error) {
	h.log.ErrorContext(r.Context(), "webhook failed", "kind", kind, "error", err)
	problem(w, http.StatusInternalServerError)
}

// problem answers with no more than the status in words (RFC 9457): who has not signed the request is not to learn why.
func problem(w http.ResponseWriter, status int) {
	body, _ := json.Marshal(struct { // strings and an int
		Title  string `json:"title"`
		Status int    `json:"status"`
	}{http.StatusText(status), status})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone if this fails
}
