package campaign

import (
	"context"
	"errors"
	"time"

	"sluice/internal/pace"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// What a Store answers besides success. Anything else is a fault of the store, and the call may or may not have taken
// effect.
var (
	ErrNotFound = errors.New("not found")
	// ErrConflict: the item is no longer as the caller read it; nothing was written.
	ErrConflict = errors.New("changed meanwhile")
	// ErrHeld: another sender holds the batch's lease.
	ErrHeld = errors.New("held by another sender")
	// ErrKeyTaken: a campaign was already made with this idempotency key.
	ErrKeyTaken = errors.New("idempotency key already used")
)

// Store keeps campaigns, their recipient lists, batches and messages.
//
// Every method may be called concurrently. Reads of single items see every write that was answered before. Writes are
// atomic: all or nothing, also where several items are concerned, except Record and the pages of lists.
// A store retries what is worth retrying (throttling, conflicts of transactions) by itself.
type Store interface {
	// Lists of drafts.
	recipients.Store
	// Create stores the pages of the upload, then the campaign and its idempotency key and, with a draft, the part; with
	// another campaign whose list is Indexed, the index of the part. ErrKeyTaken leaves no campaign behind.
	Create(ctx context.Context, c Campaign, u recipients.Upload, key *IdempotencyKey) error
	// Seal writes what the launch of a draft changes: as Change does, and Recipients, Duplicates, Segments, Indexed and the
	// index, if the epoch and Uploads are as in before. ErrConflict.
	Seal(ctx context.Context, before, after Campaign, x recipients.Index, lookAt time.Time) error
	// CreatedWith returns the key as it was stored with its campaign; ErrNotFound.
	CreatedWith(ctx context.Context, key string) (IdempotencyKey, error)
	// Campaign returns ErrNotFound for an unknown id.
	Campaign(ctx context.Context, id string) (Campaign, error)
	// Campaigns lists newest first, after the campaign with the given id ("" for the first page).
	Campaigns(ctx context.Context, after string, limit int) ([]Campaign, error)
	// Recipients returns the recipients [from, to) of a sealed list. What follows, up to until, may be read ahead.
	Recipients(ctx context.Context, l recipients.List, from, to, until int) ([]recipients.Recipient, error)

	// Change writes what a change of status touches (Status, Reason, Epoch, Requeue, NextDue, LaunchedAt, EndedAt; from
	// Paused to Running, Window, to nothing), if the epoch is still before.Epoch and, where NextDue changes, the cursor
	// has not moved; lookAt is when the dispatcher looks next, zero for never. ErrConflict.
	Change(ctx context.Context, before, after Campaign, lookAt time.Time) error
	// Release writes the cursor of after and the batches, if the campaign still runs in before.Epoch and its cursor
	// is before's. ErrConflict.
	Release(ctx context.Context, before, after Campaign, lookAt time.Time, batches []Batch) error
	// Recall deletes the batches, takes the cursor back in front of them and writes the pace of after (NextIndex,
	// NextBatch, NextDue, BatchSize, Delay, MaxRate, Paced, Epoch), if the campaign is as in before and nobody has begun any of
	// the batches, which none may hold now. ErrConflict.
	Recall(ctx context.Context, before, after Campaign, lookAt time.Time, batches []Batch, now time.Time) error
	// Complete ends a live campaign whose batches are all released and done. ErrConflict when it is not so.
	Complete(ctx context.Context, id string, at time.Time) error
	// Look sets when the dispatcher looks at a running campaign next. ErrConflict when it no longer runs in c.Epoch.
	Look(ctx context.Context, c Campaign, at time.Time) error
	// Requeued clears Requeue. ErrConflict when the campaign no longer runs in c.Epoch.
	Requeued(ctx context.Context, c Campaign) error
	// DueCampaigns and DueBatches return what is to be looked at by then. They may lag behind by seconds, and hold
	// what has been looked after meanwhile.
	DueCampaigns(ctx context.Context, by time.Time) ([]string, error)
	DueBatches(ctx context.Context, by time.Time) ([]BatchKey, error)

	// Batch returns ErrNotFound for a batch that was not released.
	Batch(ctx context.Context, key BatchKey) (Batch, error)
	// Batches lists by number, from after+1.
	Batches(ctx context.Context, id string, after, limit int) ([]Batch, error)
	// Lease makes owner the batch's holder until the given time, if nobody holds it now and it is not done, and
	// returns it as it then is: what its last owner left in flight included. ErrHeld; ErrConflict when it is done.
	Lease(ctx context.Context, key BatchKey, owner string, now, until time.Time) (Batch, error)
	// Step writes one step of the holder of b, and its counts to the campaign. ErrConflict when the lease was lost, when
	// Late is no longer as in b, when the step claims and the campaign does not run in s.Epoch, or when it parks and the
	// epoch is another.
	Step(ctx context.Context, b Batch, s Step) error
	// Postpone sets when the dispatcher looks at the batch next and how often it repaired it, if LookAt is as read.
	// ErrConflict.
	Postpone(ctx context.Context, b Batch, lookAt time.Time, repairs int) error

	// Record stores outcomes, over what was there. Not atomic: after an error some may be stored.
	Record(ctx context.Context, id string, messages []Message) error
	// RecordAbsent stores m unless the recipient has an outcome already, or is Retrying in another batch: it then returns
	// what there is.
	RecordAbsent(ctx context.Context, id string, m Message) (Message, error)
	// RecordLate replaces the Unknown of m's recipient, which another sender of m's batch wrote, by m. If the range had
	// been settled, the counts follow in the same transaction; if not, Late does. Where the record is no longer that
	// Unknown, nothing is written.
	RecordLate(ctx context.Context, key BatchKey, m Message) error
	// Retry writes what Campaign.retrying changed, puts the batch, and marks the message as Retrying, if the campaign
	// and the message are as read. ErrConflict.
	Retry(ctx context.Context, before, after Campaign, lookAt time.Time, b Batch, m Message) error
	// Messages returns the records of those numbers that have one.
	Messages(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]Message, error)
}

// BatchKey names a batch.
type BatchKey struct {
	Campaign string
	Number   int
}

// IdempotencyKey ties a client's key to the campaign that was made with it. Fingerprint tells whether a second request
// with the same key is the same request.
type IdempotencyKey struct {
	Key         string
	Fingerprint string
	Campaign    string
	ExpiresAt   time.Time
}

// Message is the record of the one text to one recipient.
type Message struct {
	To     sms.Number
	Index  int
	Batch  int
	State  State
	Code   string
	Reason string
	Parts  []sms.Part
	At     time.Time
}

// ByReceipt is the Code of a message that is Accepted because a receipt says so: its sender had no answer.
const ByReceipt = "receipt"

// State is a recipient's state.
type State string

// Pending is never stored: it follows from the campaign, as Skipped does for those whom a cancelled campaign did not come
// to. Retrying is stored in place of an outcome that a
// person took back, and means as much as no record.
const (
	Pending  State = "pending"
	Skipped  State = "skipped"
	Accepted State = "accepted"
	Failed   State = "failed"
	Unknown  State = "unknown"
	Retrying State = "retrying"
)

// Queue carries deliveries from release to the senders.
//
// Enqueue returns nil only when every delivery is queued; after an error any of them may be. Queuing again is safe.
// It may be called concurrently and retries what is worth retrying by itself.
type Queue interface {
	Enqueue(ctx context.Context, deliveries ...Delivery) error
	// Waiting says, about, how many deliveries wait for a sender, without those that are held back.
	Waiting(ctx context.Context) (int, error)
}

// Delivery asks for one batch to be sent. It is only a pointer: it may come twice, late or never, and whoever acts on
// it reads the batch itself first.
type Delivery struct {
	Campaign string `json:"campaign"`
	Batch    int    `json:"batch"`
	// Epoch is the campaign's epoch when the delivery was queued, for whoever reads the queue: nothing depends on it.
	Epoch int `json:"epoch"`
	// Delay is how long the queue holds the delivery back, in whole seconds, at most MaxDelay.
	Delay time.Duration `json:"-"`
}

// MaxDelay is the longest that the queue can hold a delivery back (SQS, SendMessage, DelaySeconds).
const MaxDelay = 900 * time.Second

// Sender sends one message and says what became of it. It may be called concurrently, never panics, and returns when
// ctx ends.
type Sender interface {
	Send(ctx context.Context, m sms.Message) sms.Outcome
}

// Screen knows to whom nothing may be sent. It may be called concurrently.
type Screen interface {
	// Blocked returns those of the numbers to whom nothing may be sent from that sender. It sees every opt-out that was
	// recorded before. After an error nothing is known.
	Blocked(ctx context.Context, from sms.Sender, numbers []sms.Number) (map[sms.Number]bool, error)
	// Taken returns, of those of the numbers whose text the provider has told it took in this campaign, and which may still
	// arrive, the parts. It sees every receipt that was recorded before.
	Taken(ctx context.Context, campaign string, numbers []sms.Number) (map[sms.Number][]sms.Part, error)
	// Bar notes that nothing may be sent to a number any more, by anybody: the provider says that it is barred or gone.
	Bar(ctx context.Context, n sms.Number, campaign string) error
}

// Pacing makes the pacer of one of a campaign's batches, 0 for none: under the limits of the account, of its sender
// number, and its own.
type Pacing func(c Campaign, batch int) Pacer

// Pacer reserves instants at which requests may leave, shared by all senders who are under one of its limits. It may be
// called concurrently. A reservation cannot be given back.
type Pacer interface {
	// Reserve takes the next ones; pace.FullError where there are none in time.
	Reserve(ctx context.Context, w pace.Want) (pace.Slots, error)
	// Rate is how many requests a second may be made at the moment, as far as is known here.
	Rate() float64
	// Rates are what the limits allow that count at the moment, the widest first; it asks the store. After an error they are
	// as far as is known.
	Rates(ctx context.Context) ([]pace.Rate, error)
	// Chunk is how many slots to reserve at once: about a second's.
	Chunk() int
	// Holds says whether the i-th slot still counts, as far as is known here: a change of the rate may take slots back.
	// Confirm asks for all of them, and the store where it is long enough ago that they were reserved.
	Holds(s pace.Slots, i int) bool
	Confirm(ctx context.Context, s pace.Slots) (bool, error)
	// Refused reports that the provider refused a request at one of these slots because of the rate, whose it was, and
	// the wait that it named, if any.
	Refused(ctx context.Context, s pace.Slots, by pace.Party, wait time.Duration) error
}
