package sms

import (
	"fmt"
	"log/slog"
	"time"
)

// Receipt is the provider's word on what became of one part of a text, or of the whole text where Parts says so. It
// comes late, in any order, more than once, or never.
type Receipt struct {
	// Ref is the reference that the text was sent with; empty where the provider did not send it back.
	Ref string
	// To is the recipient, From who the text was sent from.
	To   Number
	From Sender
	// MessageID names the part, as in Outcome.Parts.
	MessageID string
	Status    Delivery
	// Code is the provider's own reason ("vonage receipt 9"), Reason the same in plain words; both empty where all is well.
	Code, Reason string
	// OptedOut: it was not delivered because the recipient had opted out at the provider or the carrier.
	OptedOut bool
	// Whole: it is of all parts of the text at once.
	Whole bool
	// Network is the MCC-MNC of the recipient's operator, Price a decimal in the account's currency; both may be empty.
	Network, Price string
	// At is when the provider says it was, at most a day after it came; when it came where the provider says nothing readable.
	At time.Time
}

// Delivery is how far a part of a text has come, in the order of which beats which: whatever the order in which receipts
// come, the greatest holds.
type Delivery uint8

// The deliveries. From Expired on they are final.
const (
	// DeliveryUnknown: the provider has no information.
	DeliveryUnknown Delivery = iota + 1
	// Accepted by the provider or the carrier.
	DeliveryAccepted
	// Buffered: the carrier tries again, the phone being off for instance.
	DeliveryBuffered
	Expired
	Rejected
	Undeliverable // Vonage's "failed" and "undeliverable"
	Delivered
)

// Final says that nothing more is to come, unless a greater one.
func (d Delivery) Final() bool { return d >= Expired }

func (d Delivery) String() string {
	switch d {
	case DeliveryUnknown:
		return "unknown"
	case DeliveryAccepted:
		return "accepted"
	case DeliveryBuffered:
		return "buffered"
	case Expired:
		return "expired"
	case Rejected:
		return "rejected"
	case Undeliverable:
		return "failed"
	case Delivered:
		return "delivered"
	default:
		return "none"
	}
}

// Format shows a receipt with its number masked, for every verb.
func (r Receipt) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "{%s %s to %s, ref %s}", r.MessageID, r.Status, r.To, r.Ref)
}

// LogValue shows what Format shows.
func (r Receipt) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Inbound is a text that somebody sent to us, or one part of it.
type Inbound struct {
	From Number
	To   Sender
	// MessageID is the provider's name for it, the same each time that it comes.
	MessageID string
	Text      string
	// Part says which part of a long text it is; the zero value is of a whole text.
	Part InboundPart
	// At is when the provider says it was; when it came where the provider says nothing readable.
	At time.Time
}

// InboundPart is one of Total parts, from 1, that belong together by Ref (3GPP TS 23.040, 9.2.3.24.1), which the sender's
// phone chooses and uses again after a while.
type InboundPart struct {
	Ref           string
	Number, Total int
}

// Format shows an inbound text without the text and with its number masked, for every verb.
func (i Inbound) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "{%s from %s to %s, %d bytes}", i.MessageID, i.From, i.To, len(i.Text))
}

// LogValue shows what Format shows.
func (i Inbound) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(i)) }
