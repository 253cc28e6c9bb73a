package vonagetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sluice/internal/sms"
)

// apiMessages names the Messages API in a request and in Entry.API.
const apiMessages = "messages"

// maxBody is more than any text makes of a request.
const maxBody = 1 << 20

func (f *Fake) sendMessage(w http.ResponseWriter, r *http.Request) {
	f.receive(r, f.readMessage(r)).answerMessage(w, r)
}

// readMessage reads a request to the Messages API (reference 1.20.0, OutboundSMSText).
func (f *Fake) readMessage(r *http.Request) request {
	req := request{api: apiMessages}
	req.key, req.secret, req.stranger = f.identify(r)
	var m struct {
		MessageType string `json:"message_type"`
		Channel     string `json:"channel"`
		To          string `json:"to"`
		From        string `json:"from"`
		Text        string `json:"text"`
		ClientRef   string `json:"client_ref"`
		SMS         struct {
			EncodingType string `json:"encoding_type"`
		} `json:"sms"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || !isJSON(r.Header) || json.Unmarshal(body, &m) != nil {
		req.broken = refusal{status: statusInvalid, text: "The request body did not contain valid JSON"}
		return req
	}
	req.from, req.to, req.text, req.clientRef = m.From, m.To, m.Text, m.ClientRef
	req.textType = encodingType(m.SMS.EncodingType, m.Text)
	switch {
	case m.MessageType != "text":
		req.broken = invalid("message_type")
	case m.Channel != "sms":
		req.broken = invalid("channel")
	}
	return req
}

func isJSON(h http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}

// encodingType decides where the request left it to the API.
func encodingType(declared, text string) string {
	if cmp.Or(declared, "auto") != "auto" {
		return declared
	}
	if sms.Measure(text).Encoding == sms.UCS2 {
		return "unicode"
	}
	return "text"
}

// identify returns the credentials of whoever asks. An application that shows its token has its account's.
func (f *Fake) identify(r *http.Request) (key, secret string, stranger bool) {
	if key, secret, ok := r.BasicAuth(); ok {
		return key, secret, false
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || f.config.checkToken(token, time.Now()) != nil {
		return "", "", true
	}
	return f.config.APIKey, f.config.APISecret, false
}

// problem is a refusal of the Messages API (RFC 9457).
type problem struct {
	Type     string             `json:"type"`
	Title    string             `json:"title"`
	Detail   string             `json:"detail"`
	Instance string             `json:"instance"`
	Invalid  []invalidParameter `json:"invalid_parameters,omitempty"`
}

type invalidParameter struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

const (
	problemBase = "https://developer.vonage.com/api-errors"
	traceID     = "bf0ca0bf927b3b52e3cb03217e1a1ddf" // the reference's
)

// word is what the Messages API says where the SMS API gives a status.
type word struct {
	http        int
	kind, title string
}

// words, by the SMS API's status (Messages API reference 1.20.0, responses and x-errors).
var words = map[string]word{
	statusThrottled:   {http.StatusTooManyRequests, "/messages#1000", "Rate Limit Hit"},
	statusMissing:     {http.StatusUnprocessableEntity, "/messages#1010", "Missing params"},
	statusInvalid:     {http.StatusUnprocessableEntity, "/messages#1020", "Invalid params"},
	statusCredentials: {http.StatusUnauthorized, "#unauthorized", "You did not provide correct credentials."},
	"5":               {http.StatusInternalServerError, "/messages#1030", "Internal error"},
	"7":               {http.StatusUnprocessableEntity, "/messages#1050", "Number barred"},
	"8":               {http.StatusUnprocessableEntity, "/messages#1060", "Partner account barred"},
	"9":               {http.StatusPaymentRequired, "#low-balance", "Low balance"},
	"10":              {http.StatusTooManyRequests, "/messages#1000", "Rate Limit Hit"},
	"11":              {http.StatusUnprocessableEntity, "/messages#1080", "Account not enabled for REST"},
	"12":              {http.StatusUnprocessableEntity, "/messages#1090", "Message too long"},
	"15":              {http.StatusUnprocessableEntity, "/messages#1120", "Illegal Sender Address - rejected"},
	"17":              {http.StatusUnprocessableEntity, "/messages#1282", "Message rejected by provider"},
	"29":              {http.StatusUnprocessableEntity, "/messages#1160", "Non White-listed Destination"},
	"33":              {http.StatusUnprocessableEntity, "/messages#1190", "Absent Subscriber Permanent"},
}

// otherWord is for 6, and for what only the SMS API can say.
var otherWord = word{http.StatusUnprocessableEntity, "/messages#1040", "Invalid message"}

// answerMessage tells the decision on a text, of which there is one message here whatever its parts.
func (v verdict) answerMessage(w http.ResponseWriter, r *http.Request) {
	switch m := v.messages[0]; {
	case v.fault.Kind == FaultEmpty:
		reply(w, http.StatusAccepted, "application/json", struct{}{})
	case v.fault.Kind != "" && v.fault.Kind != FaultStatus:
		v.fault.answer(w, r)
	case m.Status == statusAccepted:
		reply(w, http.StatusAccepted, "application/json", map[string]string{"message_uuid": m.MessageID})
	default:
		v.refuse(w, m)
	}
}

func (v verdict) refuse(w http.ResponseWriter, m message) {
	said, ok := words[m.Status]
	if !ok {
		said = otherWord
	}
	if said.http == http.StatusTooManyRequests {
		v.throttleHeaders(w.Header())
	}
	p := problem{Type: problemBase + said.kind, Title: said.title, Detail: m.ErrorText, Instance: traceID}
	contentType := "application/problem+json"
	if said.http == http.StatusUnprocessableEntity {
		contentType = "application/json" // as the reference has it
	}
	if param := v.refusal.param; param != "" {
		p.Invalid = []invalidParameter{{Name: messageParam(param), Reason: m.ErrorText}}
	}
	reply(w, said.http, contentType, p)
}

// throttleHeaders say when the throttle opens again: in whole seconds, and as a Unix time in milliseconds.
func (v verdict) throttleHeaders(h http.Header) {
	seconds := v.fault.RetryAfter
	if until := v.refusal.until; !until.IsZero() {
		h.Set("X-RateLimit-Remaining", "0")
		h.Set("X-RateLimit-Reset", fmt.Sprint(until.UnixMilli()))
		seconds = int((time.Until(until) + time.Second - 1) / time.Second)
	}
	if seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// messageParam is what the Messages API calls a parameter of the SMS API.
func messageParam(name string) string {
	switch name {
	case "client-ref":
		return "client_ref"
	case "type":
		return "sms.encoding_type"
	default:
		return name
	}
}

func reply(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error means that the client has gone
}
