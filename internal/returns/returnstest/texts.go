package returnstest

import (
	"fmt"
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/sms"
)

var textScenarios = map[string]func(bench){
	"a single text comes back as it was stored":              textComesBack,
	"a single text is stored over the version that was read": textVersions,
	"one of many who claim a single text does":               claimsOnce,
	"single texts that are due are found by their time":      findsDueTexts,
}

func (b bench) oneOff(id string) oneoff.Text {
	b.Helper()
	t, err := b.OneOff(b.Context(), id)
	b.ok(err)
	return t
}

func (b bench) save(t oneoff.Text) oneoff.Text {
	b.Helper()
	b.ok(b.SaveOneOff(b.Context(), t))
	t.Version++
	b.equal(b.oneOff(t.ID), t)
	return t
}

func textComesBack(b bench) {
	t := b.save(*text("C123"))
	t.State, t.Code, t.Reason, t.LookAt = campaign.Accepted, "vonage 0", "réponse 📵", time.Time{}
	t.Parts = []sms.Part{{MessageID: "1", Network: "23410", Price: "0.0333"}, {MessageID: "2"}}
	t.Receipts = map[string]sms.Delivery{"1": sms.Delivered, "2": sms.DeliveryBuffered, "": sms.Expired}
	t.Delivery, t.SentAt, t.Attempts, t.Reply, t.Campaign = sms.DeliveryBuffered, start.Add(time.Second), 2, "R", "A"
	t = b.save(t)
	b.save(*text("A123"))
	t.Receipts = nil
	b.save(t)
}

func textVersions(b bench) {
	none := *text("T")
	none.Version = 1
	b.is(b.SaveOneOff(b.Context(), none), campaign.ErrConflict)
	_, err := b.OneOff(b.Context(), "T")
	b.is(err, campaign.ErrNotFound)
	first := b.save(*text("T"))
	b.is(b.SaveOneOff(b.Context(), *text("T")), campaign.ErrConflict)
	sending := first
	sending.State = oneoff.Sending
	sending = b.save(sending)
	b.is(b.SaveOneOff(b.Context(), first), campaign.ErrConflict)
	b.equal(b.oneOff("T"), sending)
}

// They all write the same, at the same time.
func claimsOnce(b bench) {
	t := b.save(*text("T"))
	t.State, t.Attempts = oneoff.Sending, 1
	answers := b.crowd(func(int) error { return b.SaveOneOff(b.Context(), t) })
	b.equal(answers, map[error]int{nil: 1, campaign.ErrConflict: crowd - 1})
	b.equal(b.oneOff("T").Version, 2)
}

func findsDueTexts(b bench) {
	for i := range 20 {
		t := text(fmt.Sprintf("T%02d", i))
		t.LookAt = start.Add(time.Duration(i) * time.Second)
		b.save(*t)
	}
	due := func(by time.Time) []string {
		b.Helper()
		ids, err := b.DueOneOffs(b.Context(), by)
		b.ok(err)
		return slices.Sorted(slices.Values(ids))
	}
	b.equal(len(due(start.Add(-time.Millisecond))), 0)
	b.equal(due(start.Add(2500*time.Millisecond)), []string{"T00", "T01", "T02"})
	b.equal(len(due(start.Add(time.Hour))), 20)
	ended, later := b.oneOff("T00"), b.oneOff("T01")
	ended.LookAt, later.LookAt = time.Time{}, start.Add(time.Hour)
	b.save(ended)
	b.save(later)
	b.equal(due(start.Add(2500*time.Millisecond)), []string{"T02"})
	b.equal(len(due(start.Add(time.Hour))), 19)
}
