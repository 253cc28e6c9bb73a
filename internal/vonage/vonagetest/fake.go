package vonagetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"sluice/internal/sms"
)

// DefaultRate is what Vonage grants every API key (Vonage support article 203993598), in requests per Window.
const DefaultRate = 30

// Window is the fixed window of the throttle, as its error text tells (INTERVAL [ 1000 ]). One begins with the first
// request after the end of the one before.
const Window = time.Second

// Config of a Fake.
type Config struct {
	APIKey, APISecret string
	// ApplicationID is the application whose tokens (JWT) the Messages API takes beside the account's key and secret, if
	// they were signed for PublicKey (RSA, PEM); an empty PublicKey takes any signature.
	ApplicationID, PublicKey string
	// Rate is the number of requests in a Window: 0 means DefaultRate, a negative one no limit.
	Rate int
	// SenderRate is the number of parts in a Window that each sender (`from`) may send: 0 means no limit.
	SenderRate int
	// Latency is the time from the judgement to the answer.
	Latency time.Duration
	// Jitter is the longest time, not itself included, that a request is under way before it arrives. Each takes a random
	// one, so that requests may overtake each other.
	Jitter time.Duration
	// Seed decides which. What it gives a request depends on nothing else but its recipient and its client-ref, and on how
	// many such there were before: so a run in virtual time can be repeated.
	Seed uint64
	// Returns says what comes back to our webhooks; New panics where Returns.Check finds fault with it.
	Returns Returns
}

// Fake is the API. It may be used concurrently.
type Fake struct {
	config  Config
	mux     *http.ServeMux
	returns *returns

	mu      sync.Mutex
	ledger  []Entry // only ever appended to
	faults  []*fault
	opened  time.Time          // the start of the current window
	count   int                // requests in it
	senders map[string]*window // by `from`
	set     map[Recipient]int  // requests that set out, if there is jitter
	ids     int
	balance int64 // in units of 1e-8, as the API prints it
}

// Entry is one request in the ledger.
type Entry struct {
	At        time.Time `json:"at"` // of arrival, UTC
	To        string    `json:"to"`
	From      string    `json:"from"`
	Text      string    `json:"text"`
	Type      string    `json:"type"`
	ClientRef string    `json:"client_ref"`
	// Status is what was decided on arrival, whether or not the answer reached anybody: "0" accepted, wholly or in part,
	// another code of the SMS API (for the Messages API, the one that means the same), or empty where a fault came before
	// any decision.
	Status string `json:"status"`
	// MessageIDs of the accepted parts; with the Messages API one for the text.
	MessageIDs []string `json:"message_ids"`
	// API is "messages" where it came by the Messages API.
	API string `json:"api,omitempty"`
	// Fault is the kind of fault that the request met, if any.
	Fault string `json:"fault,omitempty"`
}

// Accepted reports whether the request made a text.
func (e Entry) Accepted() bool { return e.Status == statusAccepted }

// New returns a Fake with an empty ledger.
func New(c Config) *Fake {
	c.Rate = cmp.Or(c.Rate, DefaultRate)
	f := &Fake{config: c, mux: http.NewServeMux(), returns: newReturns(c)}
	f.Reset()
	f.mux.HandleFunc("POST /sms/json", f.send)
	f.mux.HandleFunc("POST /v1/messages", f.sendMessage)
	f.mux.HandleFunc("GET /ledger", f.serveLedger)
	f.mux.HandleFunc("POST /faults", f.addFault)
	f.mux.HandleFunc("DELETE /faults", f.deleteFaults)
	f.mux.HandleFunc("POST /inbound", f.serveInbound)
	f.mux.HandleFunc("GET /webhooks", f.serveWebhooks)
	return f
}

func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// Ledger returns every request judged so far, in order of arrival.
func (f *Fake) Ledger() []Entry { return slices.Clone(f.entries()) }

// entries is the ledger as it stands; what is in it does not change any more.
func (f *Fake) entries() []Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ledger[:len(f.ledger):len(f.ledger)]
}

// Recipient is one person in one run: the client-ref says which.
type Recipient struct{ ClientRef, To string }

// Accepted returns how many requests were accepted for each recipient. No count may ever be more than 1.
func (f *Fake) Accepted() map[Recipient]int {
	accepted := map[Recipient]int{}
	for _, e := range f.entries() {
		if e.Accepted() {
			accepted[Recipient{e.ClientRef, e.To}]++
		}
	}
	return accepted
}

// Reset empties the ledger, forgets the faults and what was to come back, and closes all windows. Message ids go on, so
// that none comes twice.
func (f *Fake) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ledger, f.faults, f.opened, f.count, f.balance = nil, nil, time.Time{}, 0, openingBalance
	f.senders, f.set = map[string]*window{}, map[Recipient]int{}
	f.returns.reset()
}

func (f *Fake) serveLedger(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	fmt.Fprint(w, "[")
	for i, e := range f.entries() {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		if encoder.Encode(e) != nil { // the reader has gone
			return
		}
	}
	fmt.Fprint(w, "]\n")
}

func (f *Fake) send(w http.ResponseWriter, r *http.Request) {
	f.receive(r, readRequest(r)).answer(w, r)
}

// receive judges the request on arrival, and returns when it is to be answered. That its client gave up does not stop a
// request that is under way.
func (f *Fake) receive(r *http.Request, req request) verdict {
	time.Sleep(f.underWay(req))
	parts := sms.MeasureAs(req.text, req.encoding()).Segments
	v := f.judge(req, parts)
	v.early.await(r.Context())

	if f.config.Latency > 0 {
		timer := time.NewTimer(f.config.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	return v
}
