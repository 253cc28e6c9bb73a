package vonagetest

import (
	"strconv"
	"strings"
	"time"

	"sluice/internal/sms"
)

// event is what a webhook is about.
type event interface {
	// form is it in the words of the SMS API, without what belongs to the account and to the signature.
	form() map[string]string
	// document is it in the words of the Messages API.
	document() any
	// enter says in the ledger what it is.
	enter(*Webhook)
}

// receipt is of one part of a text, or of the whole in the Messages API.
type receipt struct {
	text *text
	id   string
	news news
	at   time.Time // when it happened
}

// scts is how the SMS API writes the carrier's time: YYMMDDHHMM.
const scts = "0601021504"

func (e receipt) form() map[string]string {
	form := map[string]string{
		"msisdn": e.text.to, "to": e.text.from, "network-code": network, "messageId": e.id, "price": money(partPrice),
		"status": e.news.status, "scts": e.at.UTC().Format(scts), "err-code": e.news.code,
	}
	if e.text.ref != "" {
		form["client-ref"] = e.text.ref
	}
	return form
}

func (e receipt) enter(w *Webhook) {
	w.Kind, w.MessageID, w.Number, w.ClientRef = KindReceipt, e.id, e.text.to, e.text.ref
	w.Status, w.Code = e.news.status, e.news.code
}

// statusDocument is the Messages API's receipt (its reference 1.20, "Message Status" v1).
type statusDocument struct {
	MessageUUID string          `json:"message_uuid"`
	To          string          `json:"to"`
	From        string          `json:"from"`
	Timestamp   time.Time       `json:"timestamp"`
	Status      string          `json:"status"`
	Error       *statusError    `json:"error,omitempty"`
	Channel     string          `json:"channel"`
	ClientRef   string          `json:"client_ref,omitempty"`
	Usage       usageDocument   `json:"usage"`
	Destination networkDocument `json:"destination"`
	SMS         statusSMS       `json:"sms"`
}

type statusError struct {
	Type     string `json:"type"`
	Title    string `json:"title"` // the code
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
}

type usageDocument struct {
	Currency string `json:"currency"`
	Price    string `json:"price"`
}

type networkDocument struct {
	NetworkCode string `json:"network_code"`
}

type statusSMS struct {
	CountTotal string `json:"count_total"`
}

const (
	smsChannel     = "sms"
	priceCurrency  = "EUR"
	statusErrorURL = "https://developer.vonage.com/api-errors/messages#"
)

func (e receipt) document() any {
	t := e.text
	s := statusDocument{
		MessageUUID: e.id, To: t.to, From: t.from, Timestamp: e.at.UTC().Truncate(time.Second), Status: e.news.state,
		Channel: smsChannel, ClientRef: t.ref, Usage: usageDocument{priceCurrency, money(int64(t.parts) * partPrice)},
		Destination: networkDocument{network}, SMS: statusSMS{strconv.Itoa(t.parts)},
	}
	if e.news.reason != "" {
		s.Error = &statusError{
			Type: statusErrorURL + e.news.reason, Title: e.news.reason, Detail: e.news.title, Instance: e.id,
		}
	}
	return s
}

// inbound is a text that somebody sent to us, or one part of it.
type inbound struct {
	id, from, to, says string
	encoding           sms.Encoding // of the whole
	ref, number, total int          // of the parts
	at                 time.Time
}

func (e inbound) form() map[string]string {
	kind := "text"
	if e.encoding == sms.UCS2 {
		kind = "unicode"
	}
	form := map[string]string{
		"msisdn": e.from, "to": e.to, "messageId": e.id, "text": e.says, "type": kind, "keyword": e.keyword(),
	}
	if e.total > 1 {
		form["concat"], form["concat-ref"] = "true", strconv.Itoa(e.ref)
		form["concat-total"], form["concat-part"] = strconv.Itoa(e.total), strconv.Itoa(e.number)
	}
	return form
}

// keyword is the first word in capitals.
func (e inbound) keyword() string {
	first, _, _ := strings.Cut(strings.TrimSpace(e.says), " ")
	return strings.ToUpper(first)
}

func (e inbound) enter(w *Webhook) {
	w.Kind, w.MessageID, w.Number, w.Text = KindInbound, e.id, e.from, e.says
}

// inboundDocument is the Messages API's inbound text (its reference 1.20, "Inbound Message" v1).
type inboundDocument struct {
	Channel     string          `json:"channel"`
	MessageUUID string          `json:"message_uuid"`
	To          string          `json:"to"`
	From        string          `json:"from"`
	Timestamp   time.Time       `json:"timestamp"`
	Text        string          `json:"text"`
	MessageType string          `json:"message_type"`
	SMS         inboundSMS      `json:"sms"`
	Usage       usageDocument   `json:"usage"`
	Origin      networkDocument `json:"origin"`
}

type inboundSMS struct {
	NumMessages string `json:"num_messages"`
	Keyword     string `json:"keyword"`
}

// inboundPrice: to receive costs nothing.
const inboundPrice = 0

func (e inbound) document() any {
	return inboundDocument{
		Channel: smsChannel, MessageUUID: e.id, To: e.to, From: e.from, Timestamp: e.at.UTC().Truncate(time.Second),
		Text: e.says, MessageType: "text", SMS: inboundSMS{strconv.Itoa(e.total), e.keyword()},
		Usage: usageDocument{priceCurrency, money(inboundPrice)}, Origin: networkDocument{network},
	}
}
