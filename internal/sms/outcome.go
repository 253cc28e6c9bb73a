package sms

import (
	"fmt"
	"log/slog"
	"time"
)

// Message is one text to one person. Printed or logged, it shows neither.
type Message struct {
	From Sender
	To   Number
	Text string
	// Ref comes back in the delivery receipt (Vonage's client-ref). At most 40 characters.
	Ref string
}

// Format shows a message without its text and with its number masked, for every verb.
func (m Message) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "{from %s to %s, %d bytes, ref %s}", m.From, m.To, len(m.Text), m.Ref)
}

// LogValue shows what Format shows.
func (m Message) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// Verdict is what became of one attempt to send, and so what may be done next. The domain switches on it and never
// sees a provider's status code.
type Verdict uint8

const (
	// Accepted: the provider took the message, wholly or in part. It must never be sent again.
	Accepted Verdict = iota + 1
	// Retry: the provider certainly did not take it; the same message may be tried again, after Outcome.RetryAfter
	// where that is set.
	Retry
	// Failed: this recipient cannot be sent this message. Others are not concerned.
	Failed
	// Stop: nobody can be sent anything until a person has mended the cause (credentials, balance, barred account).
	Stop
	// Unknown: the request was written and no readable answer came. It may have been sent; it must not be sent again
	// by itself (Vonage has no idempotency key).
	Unknown
)

func (v Verdict) String() string {
	switch v {
	case Accepted:
		return "accepted"
	case Retry:
		return "retry"
	case Failed:
		return "failed"
	case Stop:
		return "stop"
	case Unknown:
		return "unknown"
	default:
		return "none"
	}
}

// Outcome is the answer to one attempt to send one message. Nothing in it holds a number or a text.
type Outcome struct {
	Verdict Verdict
	// Code names the provider's own status, for records ("vonage 6", "http 429"). Empty when Accepted in full.
	Code string
	// Reason is in plain words and may be shown to a client. Empty when Accepted in full.
	Reason string
	// RetryAfter is the wait that the provider asked for; 0 when it named none. Only with Retry.
	RetryAfter time.Duration
	// Throttled says whose rate was the reason, if that was it: whoever sends at it should slow down. Only with Retry.
	Throttled Throttle
	// Barred: the number is not to be sent to any more: it is barred, deactivated, or opted out at the provider.
	Barred bool
	// Parts are the message parts that the provider took, in order: one for each SMS segment. Only with Accepted.
	Parts []Part
}

// Throttle is whose rate limit a request exceeded.
type Throttle int

// The limits that a provider has.
const (
	NotThrottled Throttle = iota
	ByAccount
	ByNumber
)

// Part is one accepted SMS segment.
type Part struct {
	MessageID string
	// Network is the MCC-MNC of the recipient's operator, as the provider names it; may be empty.
	Network string
	// Price is the provider's estimated price, a decimal in the account's currency (EUR at Vonage); may be empty.
	Price string
}
