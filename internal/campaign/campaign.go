package campaign

import (
	"time"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Status is where a campaign stands. doc.go has the diagram.
type Status string

// The statuses. Completed and Cancelled are final.
const (
	Draft     Status = "draft"
	Running   Status = "running"
	Paused    Status = "paused"
	Completed Status = "completed"
	Cancelled Status = "cancelled"
)

// Counts are recipients by final state. What is in none of them is still to send.
type Counts struct {
	Accepted int
	Failed   int
	// Skipped wanted no texts when their turn came.
	Skipped int
	Unknown int
}

// Total is how many recipients have a final state.
func (c Counts) Total() int { return c.Accepted + c.Failed + c.Skipped + c.Unknown }

// Sent is how many of them were sent to, as far as that is known.
func (c Counts) Sent() int { return c.Total() - c.Skipped }

// Plus adds up.
func (c Counts) Plus(o Counts) Counts {
	return Counts{
		Accepted: c.Accepted + o.Accepted, Failed: c.Failed + o.Failed, Skipped: c.Skipped + o.Skipped,
		Unknown: c.Unknown + o.Unknown,
	}
}

// count is what one recipient in that state adds; nothing for one that is not settled.
func (s State) count() Counts {
	switch s {
	case Accepted:
		return Counts{Accepted: 1}
	case Failed:
		return Counts{Failed: 1}
	case Skipped:
		return Counts{Skipped: 1}
	case Unknown:
		return Counts{Unknown: 1}
	default:
		return Counts{}
	}
}

// Instead is what changes in the counts when a recipient is in that state and no longer in the other.
func (s State) Instead(of State) Counts {
	now, then := s.count(), of.count()
	return Counts{
		Accepted: now.Accepted - then.Accepted, Failed: now.Failed - then.Failed, Skipped: now.Skipped - then.Skipped,
		Unknown: now.Unknown - then.Unknown,
	}
}

// Campaign is one text to many recipients, with its pace, and a cursor over its recipient list.
type Campaign struct {
	ID        string
	Name      string
	Sender    sms.Sender
	Text      string
	BatchSize int
	// Delay is from the start of one batch to the start of the next.
	Delay time.Duration
	// MaxRate is how many texts a second the campaign may send, over all its batches; zero for as many as the account may.
	MaxRate float64
	// StartAt is when the first batch is due; zero means at launch.
	StartAt   time.Time
	CreatedAt time.Time
	// LaunchedAt is zero for a draft; EndedAt is zero until the status is final.
	LaunchedAt time.Time
	EndedAt    time.Time

	Status Status
	// Reason says in plain words why the campaign paused itself; empty when a person did it.
	Reason string
	// Region is how numbers without a country code are read (ISO 3166-1 alpha-2); empty for none.
	Region string
	// Recipients is the length of the list, Duplicates how many rows were left out of it for being in it already, Refused
	// how many because nothing could be sent to them. In a draft they are sums over the parts: who stands in two of them is
	// found at the launch.
	Recipients int
	Duplicates int
	Refused    int
	// Uploads counts the changes of a draft's list. Indexed says that the sealed list has an index.
	Uploads int
	Indexed bool
	// Segments is how many segments the longest of its texts has.
	Segments int

	// NextIndex, NextBatch and NextDue are the cursor: what the next release takes. Epoch changes with each change
	// of status, so that what was read before it can claim nothing after it.
	NextIndex int
	NextBatch int
	NextDue   time.Time
	Epoch     int
	// Paced is where the cursor stood when BatchSize and Delay were last changed.
	Paced Mark
	// Requeue is set by a resume until every batch that the pause had stopped is queued again.
	Requeue bool

	// Counts and BatchesDone always equal the sums over the batches: they change in the same transaction.
	Counts      Counts
	BatchesDone int
	// Retries is how many of the batches were made for one recipient each, because a person wanted it.
	Retries int
	// Window is of the latest sends, for the error brake.
	Window Window
}

// Mark is a place in the plan: what was released before it, and when the last of that is due.
type Mark struct {
	Index   int
	Batches int
	LastDue time.Time
}

// planned is how many of the released batches are windows over the list; paced, how many of them are at this pace.
func (c Campaign) planned() int { return c.NextBatch - c.Retries }
func (c Campaign) paced() int   { return c.planned() - c.Paced.Batches }

// ToSend is how many recipients have no final state yet.
func (c Campaign) ToSend() int { return c.Recipients - c.Counts.Total() }

// Unreleased is how many recipients are in no batch yet.
func (c Campaign) Unreleased() int { return c.Recipients - c.NextIndex }

// BatchesLeft is how many batches are still to be released.
func (c Campaign) BatchesLeft() int {
	return (c.Unreleased() + c.BatchSize - 1) / c.BatchSize
}

// List is its recipient list, once it is sealed.
func (c Campaign) List() recipients.List { return recipients.List{Campaign: c.ID, Indexed: c.Indexed} }

// Template is its text. One that is no template, as may have been stored before there were any, is sent as it is.
func (c Campaign) Template() sms.Template {
	t, err := sms.ParseTemplate(c.Text)
	if err != nil {
		return sms.Literal(c.Text)
	}
	return t
}

// Drained says that every batch was released and is done, so that the campaign is complete.
func (c Campaign) Drained() bool { return c.Unreleased() == 0 && c.BatchesDone == c.NextBatch }

// Live says that the campaign may still send.
func (c Campaign) Live() bool { return c.Status == Running || c.Status == Paused }
