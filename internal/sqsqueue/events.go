package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/returns"
	"sluice/internal/sms"
)

// The message groups of events: a flood of receipts does not hold up a STOP.
const (
	receiptGroup = "receipts"
	inboundGroup = "inbound"
)

// Events carries what the provider tells us over one SQS queue. It may be used concurrently.
type Events struct{ post post }

var _ returns.Queue = (*Events)(nil)

// NewEvents returns a queue that sends to queueURL. The client's retryer answers for whole calls that fail.
func NewEvents(client *sqs.Client, queueURL string) *Events { return &Events{post{client, queueURL}} }

// Queue sends one event, in one call. A delay that is not whole seconds from 0 to campaign.MaxDelay is an error before
// that, as is an event that DecodeEvent would refuse.
func (q *Events) Queue(ctx context.Context, delay time.Duration, e returns.Event) error {
	m, err := messageOf(e, delay)
	if err != nil {
		return err
	}
	return q.post.one(ctx, m)
}

// Later sends events, ten to a call, or fewer where they are large. What SQS fails to take is sent again, a few times;
// what it refuses is an error at once, and so is, before anything is sent, what Queue does not send.
func (q *Events) Later(ctx context.Context, delay time.Duration, events ...returns.Event) error {
	messages := make([]message, len(events))
	for i, e := range events {
		var err error
		if messages[i], err = messageOf(e, delay); err != nil {
			return err
		}
	}
	return q.post.all(ctx, messages)
}

func messageOf(e returns.Event, delay time.Duration) (message, error) {
	m := message{name: "an inbound text", group: inboundGroup, delay: delay}
	if e.Receipt != nil {
		m.name, m.group = "a receipt", receiptGroup
	}
	w := wired(e)
	if err := w.check(); err != nil {
		return m, fmt.Errorf("encode %s: %w", m.name, err)
	}
	body, err := json.Marshal(w)
	if err != nil {
		return m, fmt.Errorf("encode %s: %w", m.name, err)
	}
	m.body = sendable.Replace(string(body))
	return m, nil
}

// sendable escapes the two characters that JSON may hold as they are and SQS refuses (SendMessage, MessageBody).
var sendable = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`)

// DecodeEvent reads an event from the body of its message. It refuses whatever Queue does not write, as Decode does.
func DecodeEvent(body string) (returns.Event, error) {
	var w wireEvent
	if err := read(body, "an event", &w); err != nil {
		return returns.Event{}, err
	}
	if err := w.check(); err != nil {
		return returns.Event{}, fmt.Errorf("decode an event: %w", err)
	}
	return w.event(), nil
}

// wireEvent is an event in a message. What is added to it must be left out where it is empty, so that what waits in the
// queue when a new version is deployed can still be read.
type wireEvent struct {
	Receipt    *wireReceipt `json:"receipt,omitempty"`
	Inbound    *wireInbound `json:"inbound,omitempty"`
	ReceivedAt time.Time    `json:"received_at"`
	Held       int          `json:"held,omitempty"`
}

type wireReceipt struct {
	Ref       string     `json:"ref,omitempty"`
	To        sms.Number `json:"to"`
	From      sms.Sender `json:"from,omitempty"`
	MessageID string     `json:"message_id"`
	Status    string     `json:"status"`
	Code      string     `json:"code,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	OptedOut  bool       `json:"opted_out,omitempty"`
	Whole     bool       `json:"whole,omitempty"`
	Network   string     `json:"network,omitempty"`
	Price     string     `json:"price,omitempty"`
	At        time.Time  `json:"at"`
}

type wireInbound struct {
	From      sms.Number `json:"from"`
	To        sms.Sender `json:"to,omitempty"`
	MessageID string     `json:"message_id"`
	Text      string     `json:"text,omitempty"`
	Part      *wirePart  `json:"part,omitempty"`
	At        time.Time  `json:"at"`
}

type wirePart struct {
	Ref    string `json:"ref,omitempty"`
	Number int    `json:"number"`
	Total  int    `json:"total"`
}

func wired(e returns.Event) wireEvent {
	w := wireEvent{ReceivedAt: e.ReceivedAt, Held: e.Held}
	if r := e.Receipt; r != nil {
		w.Receipt = &wireReceipt{
			Ref: r.Ref, To: r.To, From: r.From, MessageID: r.MessageID, Status: r.Status.String(), Code: r.Code,
			Reason: r.Reason, OptedOut: r.OptedOut, Whole: r.Whole, Network: r.Network, Price: r.Price, At: r.At,
		}
	}
	if i := e.Inbound; i != nil {
		w.Inbound = &wireInbound{From: i.From, To: i.To, MessageID: i.MessageID, Text: i.Text, At: i.At}
		if i.Part != (sms.InboundPart{}) {
			w.Inbound.Part = &wirePart{Ref: i.Part.Ref, Number: i.Part.Number, Total: i.Part.Total}
		}
	}
	return w
}

func (w wireEvent) event() returns.Event {
	e := returns.Event{ReceivedAt: w.ReceivedAt, Held: w.Held}
	if r := w.Receipt; r != nil {
		status, _ := delivery(r.Status) // check has seen it
		e.Receipt = &sms.Receipt{
			Ref: r.Ref, To: r.To, From: r.From, MessageID: r.MessageID, Status: status, Code: r.Code, Reason: r.Reason,
			OptedOut: r.OptedOut, Whole: r.Whole, Network: r.Network, Price: r.Price, At: r.At,
		}
	}
	if i := w.Inbound; i != nil {
		e.Inbound = &sms.Inbound{From: i.From, To: i.To, MessageID: i.MessageID, Text: i.Text, At: i.At}
		if p := i.Part; p != nil {
			e.Inbound.Part = sms.InboundPart{Ref: p.Ref, Number: p.Number, Total: p.Total}
		}
	}
	return e
}

// delivery is the way back from sms.Delivery.String.
func delivery(name string) (sms.Delivery, bool) {
	for d := sms.DeliveryUnknown; d <= sms.Delivered; d++ {
		if d.String() == name {
			return d, true
		}
	}
	return 0, false
}

// check holds an event to what its readers rely on, and names what is missing, not what is there instead.
func (w wireEvent) check() error {
	switch {
	case (w.Receipt == nil) == (w.Inbound == nil):
		return errors.New("it must be a receipt or an inbound text")
	case w.ReceivedAt.IsZero() || w.Held < 0:
		return errors.New("it must have the time at which it was received, and be held no fewer than 0 times")
	case w.Receipt != nil:
		return w.Receipt.check()
	default:
		return w.Inbound.check()
	}
}

func (r wireReceipt) check() error {
	if !isNumber(r.To) || r.MessageID == "" {
		return errors.New("a receipt must have a number and a message id")
	}
	if _, ok := delivery(r.Status); !ok {
		return errors.New("a receipt must have a status")
	}
	return nil
}

func (i wireInbound) check() error {
	if !isNumber(i.From) || i.MessageID == "" {
		return errors.New("an inbound text must have a number and a message id")
	}
	if p := i.Part; p != nil && (p.Number < 1 || p.Number > p.Total) {
		return errors.New("a part of an inbound text must be one of as many as there are")
	}
	return nil
}

// isNumber: who writes to us need not have a number in international form, but it is one, and becomes part of a key.
func isNumber(n sms.Number) bool {
	return n != "" && strings.Trim(n.Digits(), "0123456789") == ""
}
