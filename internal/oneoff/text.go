package oneoff

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// Kind is what a text is for.
type Kind string

// The kinds.
const (
	Answer       Kind = "answer"       // a person's, to a reply
	Confirmation Kind = "confirmation" // of an opt-out
	Welcome      Kind = "welcome"      // of an opt-in
	Help         Kind = "help"
	Test         Kind = "test" // of a campaign's text
)

const (
	// maxAge is after how long a person's answer is no longer wanted.
	maxAge = 24 * time.Hour
	// maxAgeOfTest is that of a test, for which somebody looks at a telephone.
	maxAgeOfTest = time.Hour
	// maxAgeOfEcho is that of what answers a word, which is expected at once: a confirmation is presumed to be part of the
	// opt-out within five minutes, and later must be justified (47 CFR 64.1200(a)(12)).
	maxAgeOfEcho = 5 * time.Minute
)

// late is why a text of that age may not be sent any more; empty where it may.
func (k Kind) late(age time.Duration) string {
	switch {
	case age <= k.maxAge():
		return ""
	case k == Answer:
		return "it could not be sent within a day"
	case k == Test:
		return "it could not be sent within an hour"
	default:
		return "it could not be sent within five minutes"
	}
}

func (k Kind) maxAge() time.Duration {
	switch k {
	case Answer:
		return maxAge
	case Test:
		return maxAgeOfTest
	default:
		return maxAgeOfEcho
	}
}

// unwanted is why a text may not be sent to somebody who has blocked the sender, or has not: a code and the reason; empty
// where it may. The law allows one text that confirms an opt-out (47 CFR 64.1200(a)(12)), as long as the person is out, and
// who asks for help gets it.
func (k Kind) unwanted(blocked bool) (code, reason string) {
	switch {
	case k == Confirmation && !blocked:
		return "superseded", "the recipient wants texts from this sender again"
	case (k == Answer || k == Welcome || k == Test) && blocked:
		return "opted out", "the recipient wants no texts from this sender"
	default:
		return "", ""
	}
}

// Sending is the state of a text that a courier has claimed and that has no outcome yet. The others are the campaign's.
const Sending campaign.State = "sending"

// idLength is that of a text's id: one character more than a campaign's. Either may stand in a receipt as the reference.
const idLength = 27

// ID makes the id of a text of that kind out of an id of 26 characters: the same each time.
func (k Kind) ID(of string) string {
	letters := map[Kind]string{Answer: "A", Confirmation: "C", Welcome: "W", Help: "H", Test: "T"}
	return letters[k] + of
}

// IsID tells the reference of a text from that of a campaign.
func IsID(ref string) bool { return len(ref) == idLength }

// Text is one text to one person, outside of any campaign. Printed or logged, it shows neither.
type Text struct {
	ID   string
	Kind Kind
	From sms.Sender
	To   sms.Number
	Body string
	// Reply is what it answers, Campaign whose reply that is, or whose text is tested; both may be empty.
	Reply, Campaign string

	// State is Pending, Sending, Accepted, Failed, Skipped or Unknown.
	State        campaign.State
	Code, Reason string
	Parts        []sms.Part
	// Delivery is how far it came, by the receipts: that of the part which came least far, where a part without one counts as
	// accepted. 0 while there is none.
	Delivery sms.Delivery
	// Receipts are the deliveries by part.
	Receipts map[string]sms.Delivery

	CreatedAt, SentAt time.Time
	// Attempts is how often it was claimed, Owner who did last.
	Attempts int
	Owner    string
	// LookAt is when the dispatcher looks after it; zero when it has an outcome.
	LookAt time.Time
	// Version is how often it was stored; 0 is never.
	Version int
}

// firstLook is when the dispatcher looks after a text that was queued when it was stored.
const firstLook = time.Minute

// New is a text that is to be sent now. of is an id of 26 characters, of which its own is made.
func New(kind Kind, of string, from sms.Sender, to sms.Number, body string, now time.Time) Text {
	return Text{
		ID: kind.ID(of), Kind: kind, From: from, To: to, Body: body, State: campaign.Pending, CreatedAt: now,
		LookAt: now.Add(firstLook),
	}
}

// Due says that it waits to be sent.
func (t Text) Due() bool { return t.State == campaign.Pending }

// Message is what is sent.
func (t Text) Message() sms.Message {
	return sms.Message{From: t.From, To: t.To, Text: t.Body, Ref: t.ID}
}

// Format shows a text without what it says and with its number masked, for every verb.
func (t Text) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "{%s %s to %s, %s}", t.Kind, t.ID, t.To, t.State)
}

// LogValue shows what Format shows.
func (t Text) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Store keeps texts. It may be called concurrently; reads see every write that was answered before. New texts are stored
// with what they come from (package returns).
type Store interface {
	// OneOff returns campaign.ErrNotFound for an unknown id.
	OneOff(ctx context.Context, id string) (Text, error)
	// SaveOneOff stores t as its next version, if what is stored is of t.Version. campaign.ErrConflict.
	SaveOneOff(ctx context.Context, t Text) error
	// DueOneOffs returns what is to be looked at by then. They may lag behind by seconds.
	DueOneOffs(ctx context.Context, by time.Time) ([]string, error)
}

// Queue carries the ids of texts to couriers. It may be called concurrently; after an error the id may be queued or not,
// and queuing again is safe.
type Queue interface {
	EnqueueOneOff(ctx context.Context, id string, delay time.Duration) error
}
