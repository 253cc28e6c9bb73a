package vonagetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/sms"
)

// The statuses that the fake gives by itself (Vonage SMS API reference 1.5.1, x-errors).
const (
	statusAccepted    = "0"
	statusThrottled   = "1"
	statusMissing     = "2"
	statusInvalid     = "3"
	statusCredentials = "4"
)

const (
	maxClientRef   = 40
	partPrice      = 4_120_000 // 0.0412 in units of 1e-8
	openingBalance = 1_000_000 * 1e8
	network        = "23420"
)

// request is what a form says, or the Messages API's JSON.
type request struct {
	key, secret                         string
	from, to, text, textType, clientRef string

	api      string  // as in Entry
	stranger bool    // it brought no credentials that could be looked at
	broken   refusal // what is wrong with its form, if anything
}

// refusal is why the API refuses a request by itself; an empty status means that it does not.
type refusal struct {
	status, text string
	param        string    // the name of the value at fault, if it is one
	until        time.Time // when the throttle opens again, if it was that
}

func readRequest(r *http.Request) request {
	req := request{
		key: r.PostFormValue("api_key"), secret: r.PostFormValue("api_secret"),
		from: r.PostFormValue("from"), to: r.PostFormValue("to"), text: r.PostFormValue("text"),
		textType: r.PostFormValue("type"), clientRef: r.PostFormValue("client-ref"),
	}
	if key, secret, ok := r.BasicAuth(); ok {
		req.key, req.secret = key, secret
	}
	return req
}

// encoding is by the declared type alone: the API does not look at the text.
func (r request) encoding() sms.Encoding {
	if r.textType == "unicode" {
		return sms.UCS2
	}
	return sms.GSM7
}

// entry copies what the ledger keeps: the strings of a form hold on to the whole of it.
func (r request) entry(at time.Time) Entry {
	return Entry{
		At: at.UTC(), To: strings.Clone(r.to), From: strings.Clone(r.from), Text: strings.Clone(r.text),
		Type: strings.Clone(r.textType), ClientRef: strings.Clone(r.clientRef), MessageIDs: []string{}, API: r.api,
	}
}

// flaw is what is wrong with the request's values.
func (r request) flaw() refusal {
	if r.broken.status != "" {
		return r.broken
	}
	for _, p := range []struct{ name, value string }{{"to", r.to}, {"from", r.from}, {"text", r.text}} {
		if p.value == "" {
			return refusal{status: statusMissing, param: p.name, text: "Missing " + p.name + " param"}
		}
	}
	if n, err := sms.ParseNumber(r.to); err != nil || n.Digits() != r.to {
		return refusal{status: statusInvalid, param: "to", text: "to address is not numeric"}
	}
	if r.textType != "" && r.textType != "text" && r.textType != "unicode" {
		return invalid("type")
	}
	if utf8.RuneCountInString(r.clientRef) > maxClientRef {
		return invalid("client-ref")
	}
	return refusal{}
}

func invalid(param string) refusal {
	return refusal{status: statusInvalid, param: param, text: "Invalid value for parameter: " + param}
}

// judge decides on a request of so many parts and enters it in the ledger, in one step: the ledger is in order of time.
func (f *Fake) judge(r request, parts int) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := time.Now()
	e := r.entry(at)
	v := f.decide(r, parts, at, &e)
	f.ledger = append(f.ledger, e)
	if e.Accepted() {
		v.early = f.returns.accept(e)
	}
	return v
}

func (f *Fake) decide(r request, parts int, at time.Time, e *Entry) verdict {
	if no := f.refuse(r, parts, at); no.status != "" {
		e.Status = no.status
		return verdict{refusal: no, messages: []message{{Status: no.status, ErrorText: no.text}}}
	}
	if r.api == apiMessages {
		parts = 1 // it answers for the whole text
	}
	return f.carryOut(f.strike(r.to), r, parts, e)
}

func (f *Fake) refuse(r request, parts int, at time.Time) refusal {
	if r.stranger || r.key != f.config.APIKey || r.secret != f.config.APISecret {
		return refusal{status: statusCredentials, text: "Bad Credentials"}
	}
	if no := f.throttle(at); no.status != "" {
		return no
	}
	if no := r.flaw(); no.status != "" {
		return no
	}
	return f.throttleSender(r.from, parts, at)
}

// carryOut accepts the parts that the fault lets through, and refuses the others.
func (f *Fake) carryOut(rule Fault, r request, parts int, e *Entry) verdict {
	e.Fault = rule.Kind
	if rule.Kind == FaultStatus {
		e.Status = fmt.Sprint(rule.Code)
	}
	v := verdict{fault: rule}
	for range rule.taken(parts) {
		e.Status = statusAccepted
		v.messages = append(v.messages, f.accept(r, e))
	}
	for len(v.messages) < parts {
		v.messages = append(v.messages, message{To: r.to, Status: fmt.Sprint(rule.Code), ErrorText: rule.text()})
	}
	return v
}

// accept makes the next part.
func (f *Fake) accept(r request, e *Entry) message {
	f.ids++
	f.balance -= partPrice
	id := fmt.Sprintf("0A%014X", f.ids)
	if r.api == apiMessages {
		id = fmt.Sprintf("00000000-0000-4000-8000-%012x", f.ids)
	}
	e.MessageIDs = append(e.MessageIDs, id)
	return message{
		To: r.to, MessageID: id, Status: statusAccepted, Balance: money(f.balance), Price: money(partPrice),
		Network: network, ClientRef: r.clientRef,
	}
}

// money prints units of 1e-8.
func money(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%08d", sign, n/1e8, n%1e8)
}

// message is one element of an answer's messages: one part, or one refusal. All of its values are strings.
type message struct {
	To        string `json:"to,omitempty"`
	MessageID string `json:"message-id,omitempty"`
	Status    string `json:"status"`
	ErrorText string `json:"error-text,omitempty"`
	Balance   string `json:"remaining-balance,omitempty"`
	Price     string `json:"message-price,omitempty"`
	Network   string `json:"network,omitempty"`
	ClientRef string `json:"client-ref,omitempty"`
}

// verdict is the decision on one request, to be told after the latency.
type verdict struct {
	messages []message
	refusal  refusal
	fault    Fault
	early    *early // to be sent before it is told
}

func (v verdict) answer(w http.ResponseWriter, r *http.Request) {
	if v.fault.Kind != "" && v.fault.Kind != FaultStatus {
		v.fault.answer(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct { // an error means that the client has gone
		Count    string    `json:"message-count"`
		Messages []message `json:"messages"`
	}{fmt.Sprint(len(v.messages)), v.messages})
}
