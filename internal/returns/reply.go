package returns

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/internal/optout"
	"sluice/internal/sms"
)

// Status is where a reply stands.
type Status string

// The statuses. Handled are texts that asked for nothing but an opt-out, an opt-in or help, and got it.
const (
	Open     Status = "open"
	Answered Status = "answered"
	Closed   Status = "closed"
	Handled  Status = "handled"
)

func (s Status) tally() Tally {
	switch s {
	case Open:
		return Tally{Open: 1}
	case Answered:
		return Tally{Answered: 1}
	case Closed:
		return Tally{Closed: 1}
	default:
		return Tally{}
	}
}

func (s Status) instead(of Status) Tally {
	now, then := s.tally(), of.tally()
	return Tally{Open: now.Open - then.Open, Answered: now.Answered - then.Answered, Closed: now.Closed - then.Closed}
}

// Reply is a text that somebody sent us. Printed or logged, it shows neither the text nor the number.
type Reply struct {
	ID string
	// Campaign is which one it answers, and Batch of which batch the person is; empty and 0 where it belongs to none.
	Campaign string
	Batch    int
	From     sms.Number
	To       sms.Sender
	Text     string
	// Missing: some part of a long text did not come in time.
	Missing bool
	Keyword optout.Keyword
	Status  Status
	// ReceivedAt is when the webhook took it, At when the provider says it was sent.
	ReceivedAt, At time.Time
	// OneOff is the text that answers it; empty while there is none.
	OneOff               string
	AnsweredAt, ClosedAt time.Time
	// Version is how often it was stored; 0 is never.
	Version int
}

// Format shows a reply without its text and with its number masked, for every verb.
func (r Reply) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "{%s from %s to %s, %s}", r.ID, r.From, r.To, r.Status)
}

// LogValue shows what Format shows.
func (r Reply) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// crockford is the alphabet of ULIDs, so that all ids look alike.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// idLength is that of a campaign's id and of a reply's.
const idLength = 26

// idOf makes an id of 26 characters: the same for the same words.
func idOf(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return crockford.EncodeToString(sum[:])[:idLength]
}

// replyID is the same each time that an inbound text comes.
func replyID(in sms.Inbound) string {
	return idOf("reply", in.From.Digits(), string(in.To), in.MessageID)
}

// Fragments are the parts of one long text, until they are all there.
type Fragments struct {
	// Key names the numbers, the reference and how many there are; the phone uses it again for another text some day.
	Key   string
	Total int
	// First is the message id of the part that came first, ReceivedAt when it came.
	First      string
	ReceivedAt time.Time
	Parts      map[int]Fragment
	// Done: the text was put together.
	Done    bool
	Version int
}

// Fragment is one part.
type Fragment struct{ MessageID, Text string }

func fragmentsKey(in sms.Inbound) string {
	return idOf("parts", in.From.Digits(), string(in.To), in.Part.Ref, fmt.Sprint(in.Part.Total))
}

// belongs says whether a part is of this text, and not of a later one with the same reference.
func (f Fragments) belongs(in sms.Inbound) bool {
	p, taken := f.Parts[in.Part.Number]
	return f.First != "" && (taken && p.MessageID == in.MessageID || !taken && !f.Done)
}

func (f Fragments) has(in sms.Inbound) bool { return f.Parts[in.Part.Number].MessageID == in.MessageID }

func (f Fragments) with(in sms.Inbound, at time.Time) Fragments {
	if f.First == "" {
		f.First, f.ReceivedAt, f.Total = in.MessageID, at, in.Part.Total
	}
	f.Parts = maps.Clone(f.Parts)
	if f.Parts == nil {
		f.Parts = make(map[int]Fragment)
	}
	f.Parts[in.Part.Number] = Fragment{MessageID: in.MessageID, Text: in.Text}
	return f
}

// anew begins another text under the same key.
func (f Fragments) anew() Fragments { return Fragments{Key: f.Key, Version: f.Version} }

func (f Fragments) complete() bool { return len(f.Parts) == f.Total }

// joined is the text as far as it came.
func (f Fragments) joined() string {
	var text strings.Builder
	for _, n := range slices.Sorted(maps.Keys(f.Parts)) {
		text.WriteString(f.Parts[n].Text)
	}
	return text.String()
}
