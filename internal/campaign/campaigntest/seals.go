package campaigntest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// Lists that do not change any more.
var ofSealedLists = map[string]func(*testing.T, bench){
	"a sealed list is its parts, each number once, in any cut":           sealedListIsReadInAnyCut,
	"a seal is written with the campaign":                                sealsCampaign,
	"a seal is refused when a part came, changed or went":                sealAfterUpload,
	"a seal is refused when the campaign changed":                        sealAfterChange,
	"a sealed list is whole, whatever is uploaded while it is sealed":    sealsAmongUploads,
	"a list that came with its campaign in uneven pages is read so":      readsUnevenList,
	"a list that came with its campaign has its values":                  readsValuesOfEvenList,
	"whoever reads a sealed list at the same time reads the same":        readsAtOnce,
	"an upload that came too late takes nothing away from a sealed list": lateUploadTakesNothing,
}

// sealed launches a draft.
func (b bench) sealed(id string) campaign.Campaign {
	b.Helper()
	before := b.stored(id)
	after, x := b.seal(before)
	b.ok(b.Seal(b.Context(), before, after, x, Start))
	return after
}

// seal is what a launch of c makes of it.
func (b bench) seal(c campaign.Campaign) (campaign.Campaign, recipients.Index) {
	b.Helper()
	list, err := campaign.Seal(b.Context(), b.Store, c.ID)
	b.ok(err)
	return sealing(c, list), list.Index
}

func sealing(c campaign.Campaign, list campaign.Sealed) campaign.Campaign {
	c.Status, c.Epoch, c.LaunchedAt, c.NextDue = campaign.Running, c.Epoch+1, Start, Start
	c.Recipients, c.Duplicates, c.Segments, c.Indexed = list.Index.Len(), list.Duplicates, 1, true
	return c
}

// whole reads all of a list, so many at a time.
func (b bench) whole(c campaign.Campaign, size int) (all []recipients.Recipient) {
	b.Helper()
	for from := 0; from < c.Recipients; from += size {
		some, err := b.Recipients(b.Context(), c.List(), from, min(from+size, c.Recipients), c.Recipients)
		b.ok(err)
		all = append(all, some...)
	}
	return all
}

// once leaves the first of each number.
func once(list []recipients.Recipient) (fresh []recipients.Recipient) {
	seen := make(map[string]bool)
	for _, r := range list {
		if !seen[r.Number.Digits()] {
			fresh = append(fresh, r)
		}
		seen[r.Number.Digits()] = true
	}
	return fresh
}

func sealedListIsReadInAnyCut(t *testing.T, b bench) {
	drawn := 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		id := fmt.Sprint("A", drawn)
		b.draft(id, 0)
		var all []recipients.Recipient
		for n := range rapid.IntRange(1, 4).Draw(t, "parts") {
			var pages [][]recipients.Recipient
			for range rapid.IntRange(0, 4).Draw(t, "pages") {
				from := rapid.IntRange(0, 40).Draw(t, "from")
				page := people(from, from+rapid.IntRange(1, 20).Draw(t, "rows"))
				pages, all = append(pages, page), append(all, page...)
			}
			b.put(id, upload(n, "content", 0, pages...))
		}
		c, want := b.sealed(id), once(all)
		b.equal([]int{c.Recipients, c.Duplicates}, []int{len(want), len(all) - len(want)})
		b.equal(b.whole(c, rapid.IntRange(1, 30).Draw(t, "size")), want)
		for range 5 {
			from := rapid.IntRange(0, len(want)).Draw(t, "cut from")
			to := rapid.IntRange(from, len(want)).Draw(t, "to")
			got, err := b.Recipients(b.Context(), c.List(), from, to, rapid.IntRange(to, len(want)).Draw(t, "until"))
			b.ok(err)
			b.equal(append([]recipients.Recipient{}, got...), append([]recipients.Recipient{}, want[from:to]...))
		}
		_, err := b.Recipients(b.Context(), c.List(), 0, len(want)+1, len(want)+1)
		b.is(err, campaign.ErrNotFound)
	})
}

func sealsCampaign(_ *testing.T, b bench) {
	b.draft("A", 5)
	b.put("A", upload(1, "one", 2, people(0, 7)))
	b.put("A", upload(2, "two", 0, people(5, 9)))
	c := b.sealed("A")
	b.equal([]int{c.Recipients, c.Duplicates, c.Refused, c.Uploads}, []int{5 + 9, 2, 2, 2})
	b.equal(b.stored("A"), c)
	due, err := b.DueCampaigns(b.Context(), Start)
	b.ok(err)
	b.equal(due, []string{"A"})
	before := c
	before.Status, before.Epoch = campaign.Draft, c.Epoch-1
	b.is(b.Seal(b.Context(), before, c, recipients.Index{}, Start), campaign.ErrConflict)
	b.equal(len(b.whole(c, 3)), 14)
}

func sealAfterUpload(_ *testing.T, b bench) {
	for name, change := range map[string]func(id string) error{
		"another part": func(id string) error {
			_, err := b.PutPart(b.Context(), id, upload(2, "two", 0, people(5, 9)))
			return err
		},
		"another content": func(id string) error {
			_, err := b.PutPart(b.Context(), id, upload(1, "two", 0, people(0, 7)))
			return err
		},
		"a part less": func(id string) error { return b.RemovePart(b.Context(), id, 1) },
		"another content, and back": func(id string) error {
			_, err := b.PutPart(b.Context(), id, upload(1, "two", 0, people(0, 7)))
			_, again := b.PutPart(b.Context(), id, upload(1, "one", 0, people(0, 7)))
			return errors.Join(err, again)
		},
	} {
		b.draft(name, 5)
		b.put(name, upload(1, "one", 0, people(0, 7)))
		before := b.stored(name)
		after, x := b.seal(before)
		b.ok(change(name))
		b.is(b.Seal(b.Context(), before, after, x, Start), campaign.ErrConflict)
		b.equal(b.stored(name).Status, campaign.Draft)
		b.sealed(name)
	}
}

func sealAfterChange(_ *testing.T, b bench) {
	before := b.draft("A", 5)
	after, x := b.seal(before)
	ended := before
	ended.Status, ended.Epoch, ended.EndedAt = campaign.Cancelled, before.Epoch+1, Start
	b.ok(b.Change(b.Context(), before, ended, time.Time{}))
	b.is(b.Seal(b.Context(), before, after, x, Start), campaign.ErrConflict)
	b.equal(b.stored("A"), ended)
}

func sealsAmongUploads(t *testing.T, b bench) {
	for round := range 5 {
		id := fmt.Sprint("A", round)
		b.draft(id, 5)
		ctx := t.Context()
		var wait sync.WaitGroup
		for part := range 3 {
			wait.Go(func() {
				for n := range 1000 {
					_, err := b.PutPart(ctx, id, upload(part, fmt.Sprint(n%3), 0, people(n%3, 10), people(10, 12+n%3)))
					if errors.Is(err, recipients.ErrSealed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(rand.N(20 * time.Millisecond)) // or no launch comes between
				}
				t.Error("uploads go on after the launch")
			})
		}
		c, err := b.launch(id)
		wait.Wait()
		b.ok(err)
		all := b.whole(c, 4)
		b.equal(len(all), c.Recipients)
		b.equal(len(once(all)), len(all))
		b.equal(b.stored(id), c)
	}
}

const maxLaunches = 1000

// launch seals a draft that changes all the time.
func (b bench) launch(id string) (campaign.Campaign, error) {
	for try := 0; ; try++ {
		before, err := b.Campaign(b.Context(), id)
		if err != nil {
			return before, err
		}
		list, err := campaign.Seal(b.Context(), b.Store, id)
		if errors.Is(err, recipients.ErrChanged) && try < maxLaunches {
			continue
		}
		if err != nil {
			return before, err
		}
		after := sealing(before, list)
		if err := b.Seal(b.Context(), before, after, list.Index, Start); !errors.Is(err, campaign.ErrConflict) || try == maxLaunches {
			return after, err
		}
	}
}

func lateUploadTakesNothing(_ *testing.T, b bench) {
	b.draft("A", 5)
	b.put("A", upload(1, "one", 0, people(0, 7)))
	c := b.sealed("A")
	for _, u := range []recipients.Upload{upload(1, "two", 0, people(0, 3)), upload(2, "two", 0, people(0, 3))} {
		_, err := b.PutPart(b.Context(), "A", u)
		b.is(err, recipients.ErrSealed)
	}
	got, err := b.PutPart(b.Context(), "A", upload(1, "one", 0, people(0, 7))) // is what is there
	b.ok(err)
	b.equal(got.Accepted, 7)
	b.is(b.RemovePart(b.Context(), "A", 1), recipients.ErrSealed)
	b.equal(len(b.whole(c, 5)), 12)
	b.equal(b.stored("A"), c)
}

func (b bench) running(id string, u recipients.Upload, indexed bool) campaign.Campaign {
	b.Helper()
	c := campaign.Campaign{
		ID: id, Sender: "Sluice", Text: "Hello, {{name}}!", BatchSize: 100, Delay: time.Minute, CreatedAt: Start, LaunchedAt: Start,
		Status: campaign.Running, Recipients: u.Part.Accepted, Segments: 1, NextDue: Start, Epoch: 2, Indexed: indexed,
	}
	b.ok(b.Create(b.Context(), c, u, nil))
	b.equal(b.stored(id), c)
	return c
}

func readsUnevenList(_ *testing.T, b bench) {
	c := b.running("A", upload(0, "", 0, people(0, 3), people(3, 10), people(10, 11)), true)
	for _, size := range []int{1, 2, 4, 11} {
		b.equal(b.whole(c, size), people(0, 11))
	}
	parts, err := b.Parts(b.Context(), "A")
	b.ok(err)
	b.equal(len(parts), 0)
}

func readsValuesOfEvenList(_ *testing.T, b bench) {
	c := b.running("A", upload(0, "", 0, people(0, 1000), people(1000, 1200)), false)
	b.equal(b.whole(c, 90), people(0, 1200))
}

func readsAtOnce(t *testing.T, b bench) {
	b.draft("A", 0)
	b.put("A", upload(1, "one", 0, people(0, 50), people(50, 70), people(70, 200)))
	c := b.sealed("A")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for from := 0; from < 200; from += 5 + i {
				to := min(from+5+i, 200)
				got, err := b.Recipients(t.Context(), c.List(), from, to, 200)
				if err != nil || len(got) != to-from || got[0].Number != people(from, to)[0].Number {
					t.Errorf("[%d, %d) has %d: %v", from, to, len(got), err)
				}
			}
		})
	}
	wait.Wait()
}
