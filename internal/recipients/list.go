package recipients

import (
	"context"
	"errors"
	"slices"
	"time"

	"sluice/internal/sms"
)

// Limits of a list.
const (
	// MaxRows is how many rows a part may have, and MaxList how many recipients all parts of a campaign together.
	MaxRows = 100_000
	MaxList = 1_000_000
	// MaxParts is how many parts a list may have. They are numbered from 0, which is what comes with the campaign itself.
	MaxParts = 1000
	// PageRows is how many recipients a page holds at most: bare numbers are some 5 KB when packed, so that a write unit
	// carries 200 of them.
	PageRows = 1000
	// PageBytes is how many bytes a page's numbers and values have at most, before they are packed, if it is more than one
	// recipient: what cannot be packed still fits into an item (400 KB).
	PageBytes = 256 << 10
	// MaxValue is how many characters a value may have: no text may have more.
	MaxValue = sms.MaxText
)

// What a Store answers besides success.
var (
	ErrNotFound = errors.New("not found")
	// ErrSealed: the campaign is no draft any more, and its list does not change.
	ErrSealed = errors.New("the list is sealed")
	// ErrTooMany: the parts together would have more than MaxList recipients.
	ErrTooMany = errors.New("too many recipients")
	// ErrChanged: the part was replaced meanwhile.
	ErrChanged = errors.New("changed meanwhile")
)

// Recipient is one row of a list.
type Recipient struct {
	Number sms.Number
	// Values are in the order of the template's Variables; an empty one is missing. nil where the text has no variables.
	Values []string
}

// Entry is what is known of a recipient without the values.
type Entry struct {
	Number sms.Number
	// Segments is how many segments the text has, UCS2 whether it travels so, and Plain how many segments it would have in
	// GSM-7, with a question mark for each character that has no place there.
	Segments, Plain int
	UCS2            bool
}

// Row is one row of an upload, as it came: Number and Values as somebody wrote them, Values in the order of the
// template's Variables. At is what the client calls the row: its line or its place, from 1.
type Row struct {
	At     int
	Number string
	Values []string
}

// Refusal is a row that nothing is sent to, with the reason in plain words.
type Refusal struct {
	At     int
	Number string // as it came
	Reason string
}

// Page is a part's recipients, some at a time: Entries[i] and Recipients[i] are of the same one.
type Page struct {
	Recipients []Recipient
	Entries    []Entry
}

// Part is what was uploaded under one number. It names the pages, which hold the recipients.
type Part struct {
	Number int
	// Digest tells contents apart (SHA-256 in hex, of the content and of how it was read): the same digest is the same part.
	Digest string
	// Accepted, Refused and Repeated are rows: together, those that were uploaded. A number that stands in the part again
	// is Repeated: the first one counts.
	Accepted, Refused, Repeated int
	// Pages are how many recipients stand in each page, RefusedPages how many pages the refused rows take.
	Pages        []int
	RefusedPages int
	// Forcing are characters that make texts travel as UCS-2, by how many texts they stand in; MaxForcing at most.
	Forcing map[string]int
	// Segments is the largest number of segments of any of its texts; 0 where there is none.
	Segments int
	StoredAt time.Time
}

// Upload is a part with all that is stored of it.
type Upload struct {
	Part    Part
	Pages   []Page
	Refused []Refusal
}

// UploadOf is an upload of bare numbers, of a text that is one segment for all.
func UploadOf(numbers []sms.Number) Upload {
	u := Upload{Part: Part{Accepted: len(numbers), Segments: 1}}
	for some := range slices.Chunk(numbers, PageRows) {
		page := Page{}
		for _, n := range some {
			page.Recipients = append(page.Recipients, Recipient{Number: n})
			page.Entries = append(page.Entries, Entry{Number: n, Segments: 1, Plain: 1})
		}
		u.Pages, u.Part.Pages = append(u.Pages, page), append(u.Part.Pages, len(some))
	}
	return u
}

// List names a sealed list. Indexed says that the store has an Index of it; without one, it is part 0 as it was uploaded,
// every page but the last with PageRows recipients.
type List struct {
	Campaign string
	Indexed  bool
}

// Store keeps parts. Every method may be called concurrently; reads see every write that was answered before.
type Store interface {
	// Part and Parts return what is uploaded, Parts by number; ErrNotFound for a part that is not there.
	Part(ctx context.Context, campaign string, number int) (Part, error)
	Parts(ctx context.Context, campaign string) ([]Part, error)
	// PutPart stores a part in place of the one with its number: first its pages, and then, all at once, the part and what
	// changes by it in the campaign (Recipients, Refused, Duplicates; Uploads by one). One of the same digest is left as it
	// is, and returned. ErrNotFound for an unknown campaign, ErrSealed, ErrTooMany; ErrChanged where another came later and
	// was stored first.
	PutPart(ctx context.Context, campaign string, u Upload) (Part, error)
	// RemovePart takes a part away; ErrNotFound, ErrSealed, ErrChanged where it was replaced meanwhile.
	RemovePart(ctx context.Context, campaign string, number int) error
	// Entries calls visit with the entries of each page of the part, in order. ErrChanged when it was replaced meanwhile.
	Entries(ctx context.Context, campaign string, p Part, visit func(page int, entries []Entry) error) error
	// PageOf returns the recipients of one page of the part, from 0.
	PageOf(ctx context.Context, campaign string, p Part, page int) ([]Recipient, error)
	// Refusals returns one page of the part's refused rows, from 0.
	Refusals(ctx context.Context, campaign string, p Part, page int) ([]Refusal, error)
}

// Numbering reads telephone numbers by the numbering plans of the world. It may be called concurrently.
type Numbering interface {
	// Parse reads a number as it is written in that region (ISO 3166-1 alpha-2; empty: in international form, with or
	// without a plus). The error says what is wrong, and never repeats the number.
	Parse(text, region string) (sms.Number, error)
	// Knows says whether there is such a region.
	Knows(region string) bool
}
