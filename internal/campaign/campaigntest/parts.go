package campaigntest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Lists of drafts, as they are uploaded.
var ofParts = map[string]func(*testing.T, bench){
	"parts come back, by number":                                    partsComeBack,
	"a draft without recipients has no part":                        draftWithoutRecipients,
	"the same content is left as it is":                             sameContent,
	"another content takes the place of a part":                     replacesPart,
	"a part that is removed is gone":                                removesPart,
	"a campaign adds up its parts":                                  addsUpParts,
	"parts that come at once are all stored":                        partsAtOnce,
	"the same content that comes twice at once is stored once":      sameAtOnce,
	"whatever comes at once under one number, a whole part is left": contentsAtOnce,
	"no more recipients than a list may have are stored":            tooMany,
	"parts change only while the campaign is a draft":               partsOfDraftOnly,
	"a part needs a campaign":                                       partOfNone,
}

// draft stores a draft of n recipients.
func (b bench) draft(id string, n int) campaign.Campaign {
	b.Helper()
	c := campaign.Campaign{
		ID: id, Name: "spring", Sender: "Sluice", Text: "Hello, {{name}}!", Region: "GB", BatchSize: 100, Delay: time.Minute,
		CreatedAt: Start, Status: campaign.Draft, Recipients: n, Epoch: 1,
	}
	u := recipients.UploadOf(Numbers(n))
	u.Part.Digest = "campaign"
	b.ok(b.Create(b.Context(), c, u, nil))
	return c
}

// upload is a part of these pages, and of as many refused rows.
func upload(number int, digest string, refused int, pages ...[]recipients.Recipient) recipients.Upload {
	u := recipients.Upload{Part: recipients.Part{
		Number: number, Digest: digest, Refused: refused, RefusedPages: (refused + recipients.PageRows - 1) / recipients.PageRows,
		StoredAt: Start,
	}}
	for i := range refused {
		u.Refused = append(u.Refused, recipients.Refusal{At: i + 2, Number: fmt.Sprint("0", i), Reason: "is too short"})
	}
	for _, page := range pages {
		u.Part.Accepted += len(page)
		u.Part.Pages = append(u.Part.Pages, len(page))
		p := recipients.Page{Recipients: page}
		for _, r := range page {
			p.Entries = append(p.Entries, recipients.Entry{Number: r.Number, Segments: 1, Plain: 1})
		}
		u.Pages = append(u.Pages, p)
	}
	return u
}

// people are the i-th to the j-th of all numbers, each with a name.
func people(i, j int) []recipients.Recipient {
	var page []recipients.Recipient
	for n := i; n < j; n++ {
		page = append(page, recipients.Recipient{Number: sms.Number(fmt.Sprintf("4478%08d", n)), Values: []string{fmt.Sprint("name ", n)}})
	}
	return page
}

func (b bench) put(id string, u recipients.Upload) recipients.Part {
	b.Helper()
	p, err := b.PutPart(b.Context(), id, u)
	b.ok(err)
	b.equal(p, u.Part)
	return p
}

// entries reads all entries of a part.
func (b bench) entries(id string, p recipients.Part) (all []recipients.Entry) {
	b.Helper()
	next := 0
	b.ok(b.Entries(b.Context(), id, p, func(page int, entries []recipients.Entry) error {
		b.equal(page, next)
		next++
		all = append(all, entries...)
		return nil
	}))
	return all
}

// gone says that a part is not what it was.
func (b bench) gone(id string, p recipients.Part) {
	b.Helper()
	b.is(b.Entries(b.Context(), id, p, func(int, []recipients.Entry) error { return nil }), recipients.ErrChanged)
	_, err := b.PageOf(b.Context(), id, p, 0)
	b.is(err, recipients.ErrChanged)
	_, err = b.Refusals(b.Context(), id, p, 0)
	b.is(err, recipients.ErrChanged)
}

func partsComeBack(_ *testing.T, b bench) {
	b.draft("A", 3)
	b.draft("B", 1)
	seven, two := upload(7, "seven", 1001, people(0, 4), people(4, 9)), upload(2, "two", 0, people(9, 10))
	seven.Part.Forcing = map[string]int{"’": 3, "😀": 1, "\u0000": 1}
	seven.Part.Segments, seven.Part.Repeated = 2, 5
	b.put("A", seven)
	b.put("A", two)
	parts, err := b.Parts(b.Context(), "A")
	b.ok(err)
	own := recipients.UploadOf(Numbers(3)).Part
	own.Digest = "campaign"
	b.equal(parts, []recipients.Part{own, two.Part, seven.Part})
	got, err := b.Part(b.Context(), "A", 7)
	b.ok(err)
	b.equal(got, seven.Part)
	_, err = b.Part(b.Context(), "A", 1)
	b.is(err, recipients.ErrNotFound)
	_, err = b.Part(b.Context(), "none", 0)
	b.is(err, recipients.ErrNotFound)
	b.equal(len(b.entries("A", own)), 3)
}

func draftWithoutRecipients(_ *testing.T, b bench) {
	b.draft("A", 0)
	parts, err := b.Parts(b.Context(), "A")
	b.ok(err)
	b.equal(len(parts), 0)
	b.put("A", upload(0, "one", 0, people(0, 1)))
}

func sameContent(_ *testing.T, b bench) {
	b.draft("A", 0)
	u := upload(1, "one", 3, people(0, 2))
	b.put("A", u)
	before := b.stored("A")
	again := u
	again.Part.StoredAt = Start.Add(time.Hour)
	got, err := b.PutPart(b.Context(), "A", again)
	b.ok(err)
	b.equal(got, u.Part)
	b.equal(b.stored("A"), before)
	b.equal(len(b.entries("A", u.Part)), 2)
}

func replacesPart(_ *testing.T, b bench) {
	b.draft("A", 0)
	first := b.put("A", upload(1, "one", 1, people(0, 5), people(5, 7)))
	second := b.put("A", upload(1, "two", 2, people(3, 6)))
	b.gone("A", first)
	b.equal(len(b.entries("A", second)), 3)
	page, err := b.PageOf(b.Context(), "A", second, 0)
	b.ok(err)
	b.equal(page, people(3, 6))
	b.put("A", upload(1, "one", 1, people(0, 5), people(5, 7))) // and back again
	b.gone("A", second)
	b.equal(len(b.entries("A", first)), 7)
	page, err = b.PageOf(b.Context(), "A", first, 1)
	b.ok(err)
	b.equal(page, people(5, 7))
	_, err = b.PageOf(b.Context(), "A", first, 2)
	b.is(err, recipients.ErrNotFound)
}

func removesPart(_ *testing.T, b bench) {
	b.draft("A", 2)
	p := b.put("A", upload(1, "one", 1, people(0, 5)))
	b.ok(b.RemovePart(b.Context(), "A", 1))
	b.gone("A", p)
	b.is(b.RemovePart(b.Context(), "A", 1), recipients.ErrNotFound)
	b.ok(b.RemovePart(b.Context(), "A", 0)) // what came with the campaign
	parts, err := b.Parts(b.Context(), "A")
	b.ok(err)
	b.equal(len(parts), 0)
	b.put("A", upload(1, "one", 1, people(0, 5)))
	b.equal(len(b.entries("A", p)), 5)
}

func addsUpParts(_ *testing.T, b bench) {
	b.draft("A", 3)
	sums := func(of, refused, duplicates, uploads int) {
		b.Helper()
		c := b.stored("A")
		b.equal([]int{c.Recipients, c.Refused, c.Duplicates, c.Uploads}, []int{of, refused, duplicates, uploads})
	}
	sums(3, 0, 0, 0)
	one := upload(1, "one", 2, people(0, 5))
	one.Part.Repeated = 4
	b.put("A", one)
	sums(8, 2, 4, 1)
	b.put("A", upload(2, "two", 3, people(0, 1)))
	sums(9, 5, 4, 2)
	b.put("A", upload(1, "other", 1, people(0, 2)))
	sums(6, 4, 0, 3)
	b.ok(b.RemovePart(b.Context(), "A", 2))
	sums(5, 1, 0, 4)
	b.put("A", upload(0, "other", 0))
	sums(2, 1, 0, 5)
}

func partsAtOnce(t *testing.T, b bench) {
	b.draft("A", 0)
	const parts = 40
	var wait sync.WaitGroup
	for n := range parts {
		wait.Go(func() {
			if _, err := b.PutPart(t.Context(), "A", upload(n, fmt.Sprint(n), n, people(n*10, n*10+n))); err != nil {
				t.Errorf("part %d: %v", n, err)
			}
		})
	}
	wait.Wait()
	all, err := b.Parts(b.Context(), "A")
	b.ok(err)
	b.equal(len(all), parts)
	c := b.stored("A")
	b.equal([]int{c.Recipients, c.Refused, c.Uploads}, []int{parts * (parts - 1) / 2, parts * (parts - 1) / 2, parts})
	for n, p := range all {
		b.equal([]int{p.Number, len(b.entries("A", p))}, []int{n, n})
	}
}

func sameAtOnce(t *testing.T, b bench) {
	b.draft("A", 0)
	u := upload(1, "one", 2, people(0, 50))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := b.PutPart(t.Context(), "A", u); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	b.equal(b.stored("A").Uploads, 1)
	b.equal(len(b.entries("A", u.Part)), 50)
	rows, err := b.Refusals(b.Context(), "A", u.Part, 0)
	b.ok(err)
	b.equal(rows, u.Refused)
}

// contentsAtOnce: whoever is replaced takes its pages away, and never those of who comes next with the same content.
func contentsAtOnce(t *testing.T, b bench) {
	b.draft("A", 0)
	contents := []recipients.Upload{upload(1, "one", 1, people(0, 30)), upload(1, "two", 0, people(0, 10), people(10, 25))}
	var wait sync.WaitGroup
	var changes atomic.Int32
	for i := range 4 {
		wait.Go(func() {
			for range 20 {
				if i == 3 {
					if err := b.RemovePart(t.Context(), "A", 1); err != nil && !errors.Is(err, recipients.ErrNotFound) && !overtaken(err) {
						t.Error(err)
					}
					continue
				}
				if _, err := b.PutPart(t.Context(), "A", contents[i%2]); err != nil && !overtaken(err) {
					t.Error(err)
				}
				changes.Add(1)
			}
		})
	}
	wait.Wait()
	b.equal(changes.Load(), int32(60))
	p := b.put("A", contents[0])
	b.equal(len(b.entries("A", p)), 30)
	c := b.stored("A")
	b.equal([]int{c.Recipients, c.Refused, c.Duplicates}, []int{30, 1, 0})
}

// overtaken says that another upload of the same number came later and was stored first.
func overtaken(err error) bool { return errors.Is(err, recipients.ErrChanged) }

func tooMany(_ *testing.T, b bench) {
	c := b.draft("A", 0)
	c.ID, c.Recipients = "B", recipients.MaxList-5
	b.ok(b.Create(b.Context(), c, recipients.UploadOf(Numbers(1)), nil))
	_, err := b.PutPart(b.Context(), "B", upload(1, "six", 0, people(0, 6)))
	b.is(err, recipients.ErrTooMany)
	_, err = b.Part(b.Context(), "B", 1)
	b.is(err, recipients.ErrNotFound)
	five := b.put("B", upload(1, "five", 0, people(0, 5)))
	_, err = b.PutPart(b.Context(), "B", upload(1, "six", 0, people(0, 6)))
	b.is(err, recipients.ErrTooMany)
	b.equal(len(b.entries("B", five)), 5)
	b.put("B", upload(1, "four", 0, people(0, 4)))
	b.put("B", upload(2, "one", 0, people(0, 1)))
	b.equal(b.stored("B").Recipients, recipients.MaxList)
}

func partsOfDraftOnly(_ *testing.T, b bench) {
	b.draft("A", 2)
	p := b.put("A", upload(1, "one", 1, people(0, 5)))
	c := b.stored("A")
	after := c
	after.Status, after.Epoch, after.EndedAt = campaign.Cancelled, c.Epoch+1, Start
	b.ok(b.Change(b.Context(), c, after, time.Time{}))
	_, err := b.PutPart(b.Context(), "A", upload(1, "two", 1, people(0, 6)))
	b.is(err, recipients.ErrSealed)
	_, err = b.PutPart(b.Context(), "A", upload(2, "two", 1, people(0, 6)))
	b.is(err, recipients.ErrSealed)
	b.is(b.RemovePart(b.Context(), "A", 1), recipients.ErrSealed)
	b.equal(len(b.entries("A", p)), 5)
	b.equal(b.stored("A"), after)
}

func partOfNone(_ *testing.T, b bench) {
	_, err := b.PutPart(b.Context(), "none", upload(1, "one", 1, people(0, 6)))
	b.is(err, recipients.ErrNotFound)
	b.is(err, campaign.ErrNotFound)
	b.is(b.RemovePart(b.Context(), "none", 1), recipients.ErrNotFound)
}
