// Package preflight says what a campaign would do before anything of it is sent: to how many, in how many segments, at what
// price, until when, and what decides that. It stores nothing.
//
//	parts ── entries ──► fold: duplicates left out, 16 bytes each ──► opt-outs ──► counts, segments, price
//	                                                             └──► forecast by plan and limits
//	first pages ───────► ten texts as they would be sent
package preflight

import (
	"time"

	"sluice/internal/campaign"
	"sluice/internal/pace"
	"sluice/internal/price"
	"sluice/internal/sms"
)

// The bounds of what a report lists.
const (
	// MaxTimeline is how many batches are told from the first on; the last one is told too.
	MaxTimeline = 20
	// MaxSample is how many texts are shown.
	MaxSample = 10
)

// Report is what would happen.
type Report struct {
	Recipients Recipients
	Segments   Segments
	Encoding   Encoding
	// Price is nil without a table of prices, Plan where there is nobody on the list.
	Price  *Price
	Plan   *Plan
	Sample []Text
}

// Recipients are rows, each in one of the other counts: Valid ones would be sent to.
type Recipients struct {
	Rows, Valid, Refused, Duplicate, OptedOut int
}

// Segments are those of the texts to the valid recipients.
type Segments struct {
	Least, Most, Total int
	Mean               float64
}

// Encoding says how the texts to the valid recipients travel, and what it would save if all of them were in GSM-7, with a
// question mark for each character that has no place there.
type Encoding struct {
	GSM7, UCS2 int
	// Forcing are the characters that force UCS-2. They are counted at the upload, in the texts to all rows that were taken:
	// also to those who stand in two parts, or want no texts.
	Forcing []Forcing
	// SegmentsAsGSM7 is how many segments there would be, and Saves how many less these are.
	SegmentsAsGSM7, Saves int
}

// Forcing is a character, and in how many texts it stands.
type Forcing struct {
	Character string
	Texts     int
}

// Price is that of the texts to the valid recipients.
type Price struct {
	Currency string
	Total    price.Amount
	// Saves is what would be saved if all of them were in GSM-7.
	Saves price.Amount
	// Unpriced is how many recipients the table has no price for: nothing is added for them.
	Unpriced int
}

// Plan is when the batches start and end, at the limits as they are now, if nobody else sends under them.
type Plan struct {
	Batches          int
	StartsAt, EndsAt time.Time
	BoundBy          Bound
	Rates            []pace.Rate
	// Timeline has the first MaxTimeline batches, and the last.
	Timeline []campaign.Planned
}

// Bound is what decides when a campaign ends.
type Bound string

// The bounds: the time between the batches, or the slowest of the limits.
const (
	ByPlan    Bound = "plan"
	ByAccount Bound = "account"
	BySender  Bound = "sender"
	ByMaxRate Bound = "max_rate"
)

// LimitOf is the name of a party's limit.
func LimitOf(by pace.Party) Bound {
	switch by {
	case pace.Number:
		return BySender
	case pace.Self:
		return ByMaxRate
	default:
		return ByAccount
	}
}

// Text is one of the texts as it would be sent.
type Text struct {
	Number sms.Number
	Text   string
	Size   sms.Size
}
