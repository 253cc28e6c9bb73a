package returns

import (
	"context"
	"errors"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// ErrUnsettled: the batch of the message is still at work on it.
var ErrUnsettled = errors.New("not settled yet")

// ErrCursor: what should say where a page ended was not given out as such.
var ErrCursor = optout.ErrCursor

// Store keeps what comes back. campaign.ErrNotFound and campaign.ErrConflict mean here what they mean there; writes are
// atomic, and reads see every write that was answered before. Every method may be called concurrently.
type Store interface {
	optout.Store
	oneoff.Store

	Campaign(ctx context.Context, id string) (campaign.Campaign, error)
	// Messages returns the records of those numbers that have one.
	Messages(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]campaign.Message, error)
	// Recipients returns the recipients [from, to) of a sealed list (campaign.Store).
	Recipients(ctx context.Context, l recipients.List, from, to, until int) ([]recipients.Recipient, error)
	// Resolve replaces the Unknown of m's recipient in m.Batch by m, with the counts of batch and campaign, once the
	// batch has counted it; ErrUnsettled before. Where the record is no longer that Unknown, nothing is written.
	Resolve(ctx context.Context, id string, m campaign.Message) error

	// Deliveries returns those of the numbers that have one.
	Deliveries(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]Delivery, error)
	// Fold stores each delivery as its next version, if what is stored is of its Version, and adds the tallies, by the
	// minute, to the minutes and to the campaign's total. At most MaxFold deliveries and tallies together. ErrConflict.
	Fold(ctx context.Context, id string, deliveries []Delivery, tallies map[time.Time]Tally) error

	// CampaignsFrom lists the ids of campaigns of that sender, the latest first, none made before since.
	CampaignsFrom(ctx context.Context, from sms.Sender, since time.Time, limit int) ([]string, error)
	// MessagesTo returns the records of one number in those of the campaigns that have one.
	MessagesTo(ctx context.Context, to sms.Number, campaigns []string) (map[string]campaign.Message, error)

	// Keep stores a reception. ErrConflict where the reply or the text is there already, or the suppression or the parts
	// are not of the version that is stored.
	Keep(ctx context.Context, r Reception) error
	// Fragments returns the parts of a long text that came so far; the zero value with its key where none did.
	Fragments(ctx context.Context, key string) (Fragments, error)

	Reply(ctx context.Context, id string) (Reply, error)
	// Replies lists a campaign's replies by time, the latest first, behind the given cursor ("" is the beginning); next is
	// the cursor of the next page, "" at the end. The empty campaign has those that belong to none. ErrCursor.
	Replies(ctx context.Context, campaign string, after string, limit int) (page []Reply, next string, err error)
	// OpenReplies lists the open ones, of one campaign or (All) of all, the oldest first. It may lag behind by seconds, but
	// none of them is closed or answered. ErrCursor.
	OpenReplies(ctx context.Context, campaign string, after string, limit int) (page []Reply, next string, err error)
	// Move stores after as the next version of before, and the text if there is one, and adds the tally to the totals of
	// its campaign, if there is one. ErrConflict where what is stored is not of before.Version.
	Move(ctx context.Context, before, after Reply, t *oneoff.Text, tally Tally) error

	// Total is the sum of all tallies of a campaign; Minutes are those of each minute from the given one on that has one,
	// in order.
	Total(ctx context.Context, id string) (Tally, error)
	Minutes(ctx context.Context, id string, from time.Time, limit int) ([]Minute, error)
}

// All stands for all campaigns, and none, in OpenReplies.
const All = "*"

// MaxFold is how many deliveries and tallies one transaction takes (DynamoDB takes 100 actions, one is the total).
const MaxFold = 99

// Reception is all that one inbound text changes. Every part may be missing.
type Reception struct {
	Reply       *Reply              // new
	Suppression *optout.Suppression // its next version
	OneOff      *oneoff.Text        // new
	Fragments   *Fragments          // their next version
	// Tally is added to the campaign's total and to that minute, where Campaign is not empty.
	Campaign string
	Minute   time.Time
	Tally    Tally
}

// Queue takes events back that are to be looked at later. After an error any of them may be queued; queuing again is safe.
type Queue interface {
	Later(ctx context.Context, delay time.Duration, events ...Event) error
}

// Event is what the provider told us, one thing of two.
type Event struct {
	Receipt *sms.Receipt `json:"receipt,omitempty"`
	Inbound *sms.Inbound `json:"inbound,omitempty"`
	// ReceivedAt is when the webhook took it; Held is how often it was put back since.
	ReceivedAt time.Time `json:"received_at"`
	Held       int       `json:"held,omitempty"`
}
