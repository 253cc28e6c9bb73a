package vonage

import (
	"encoding/json"
	"strings"
	"time"

	"sluice/internal/sms"
)

// messageWebhook is what the Messages API sends, version 1: a status, or a text that came in (reference 1.20).
type messageWebhook struct {
	MessageID scalar `json:"message_uuid"`
	From      scalar `json:"from"`
	To        scalar `json:"to"`
	Timestamp scalar `json:"timestamp"`

	Status    scalar `json:"status"`
	ClientRef scalar `json:"client_ref"`
	Error     struct {
		Type  string `json:"type"`
		Title scalar `json:"title"`
	} `json:"error"`
	Usage struct {
		Price scalar `json:"price"`
	} `json:"usage"`
	Destination struct {
		Network scalar `json:"network_code"`
	} `json:"destination"`

	MessageType scalar `json:"message_type"`
	Text        scalar `json:"text"`
}

func readMessage(body []byte) (messageWebhook, error) {
	var m messageWebhook
	if json.Unmarshal(body, &m) != nil {
		return m, unreadableWebhook("it is no message of version 1")
	}
	return m, nil
}

// readMessageStatus reads what became of a text that went through the Messages API, which gives one answer for all of its
// parts.
func readMessageStatus(body []byte, now time.Time) (sms.Receipt, error) {
	m, err := readMessage(body)
	if err != nil {
		return sms.Receipt{}, err
	}
	if isBlank(string(m.Status)) {
		return sms.Receipt{}, unreadableWebhook("it is no receipt: it has no status")
	}
	r := sms.Receipt{
		MessageID: string(m.MessageID),
		Ref:       readRef(string(m.ClientRef)),
		From:      readSender(string(m.From)),
		Status:    readDelivery(string(m.Status)),
		Whole:     true,
		Network:   digitsOrNone(string(m.Destination.Network)),
		Price:     decimalOrNone(string(m.Usage.Price)),
		At:        readTime(string(m.Timestamp), now),
	}
	r.Code, r.Reason, r.OptedOut = explain(r.Status, m.errorCode())
	if r.To, err = identify(r.MessageID, string(m.To)); err != nil {
		return sms.Receipt{}, err
	}
	return r, nil
}

// errorCode is the error's title; where that is missing or in words, the end of its type ("…/messages#1240").
func (m messageWebhook) errorCode() string {
	code := string(m.Error.Title)
	if number := errorNumber(code); (number == "" || number == "?") && m.Error.Type != "" {
		code = m.Error.Type[strings.LastIndexByte(m.Error.Type, '#')+1:]
	}
	return code
}

func readMessageInbound(body []byte, now time.Time) (sms.Inbound, error) {
	m, err := readMessage(body)
	if err != nil {
		return sms.Inbound{}, err
	}
	if !isBlank(string(m.Status)) {
		return sms.Inbound{}, unreadableWebhook("it is no inbound text: it has a status")
	}
	in := sms.Inbound{
		To:        readSender(string(m.To)),
		MessageID: string(m.MessageID),
		At:        readTime(string(m.Timestamp), now),
	}
	if m.MessageType == "" || m.MessageType == "text" {
		in.Text = string(m.Text)
	}
	if !isText(in.Text) {
		return sms.Inbound{}, errEncoding
	}
	if in.From, err = identify(in.MessageID, string(m.From)); err != nil {
		return sms.Inbound{}, err
	}
	return in, checkAddressee(in.To)
}
