package returnstest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

var senderScenarios = map[string]func(bench){
	"a sender's campaigns are listed latest first":       listsCampaigns,
	"a sender's campaigns are listed from an instant on": listsSince,
	"a campaign that was not made is not listed":         listsMadeOnly,
	"the texts to a number are found in many campaigns":  findsTexts,
}

// idAt is the id of a campaign made that much later than start: a ULID, here with that part of it in plain sight which
// makes it the only one.
func idAt(later time.Duration, suffix string) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // of https://github.com/ulid/spec
	id := []byte("0000000000" + suffix)
	for i, ms := 9, start.Add(later).UnixMilli(); i >= 0; i, ms = i-1, ms/32 {
		id[i] = alphabet[ms%32]
	}
	return string(id)
}

func (b bench) made(id string, from sms.Sender) {
	b.Helper()
	b.ok(b.Create(b.Context(), campaign.Campaign{
		ID: id, Sender: from, Text: "?", BatchSize: 1, Status: campaign.Draft, Recipients: 1, CreatedAt: start,
	}, recipients.UploadOf(numbers(1)), nil))
}

func (b bench) from(from sms.Sender, since time.Time, limit int) []string {
	b.Helper()
	ids, err := b.CampaignsFrom(b.Context(), from, since, limit)
	b.ok(err)
	return ids
}

func listsCampaigns(b bench) {
	var want []string
	for i := range 12 {
		id := idAt(time.Duration(i)*time.Hour, "0000000000000000")
		b.made(id, "447700900000")
		b.made(idAt(time.Duration(i)*time.Hour, "1111111111111111"), "Sluice 2")
		want = append(want, id)
	}
	slices.Reverse(want)
	b.equal(b.from("447700900000", time.Time{}, 100), want)
	b.equal(b.from("447700900000", time.Time{}, 5), want[:5])
	b.equal(len(b.from("Sluice 2", time.Time{}, 100)), 12)
	b.equal(len(b.from("Sluice", time.Time{}, 100)), 0)
	b.equal(len(b.from("44770090000", time.Time{}, 100)), 0)
}

func listsSince(b bench) {
	before := idAt(-time.Millisecond, "ZZZZZZZZZZZZZZZZ")
	first, last := idAt(0, "0000000000000000"), idAt(0, "ZZZZZZZZZZZZZZZZ")
	for _, id := range []string{last, before, first} {
		b.made(id, "Sluice")
	}
	b.equal(b.from("Sluice", start, 10), []string{last, first})
	b.equal(b.from("Sluice", start.Add(-time.Millisecond), 10), []string{last, first, before})
	b.equal(len(b.from("Sluice", start.Add(time.Millisecond), 10)), 0)
	b.equal(len(b.from("Sluice", time.Unix(0, 0), 10)), 3)
	b.equal(len(b.from("Sluice", time.UnixMilli(math.MaxInt64), 10)), 0)
}

func listsMadeOnly(b bench) {
	key := &campaign.IdempotencyKey{Key: "k", Campaign: "A", ExpiresAt: start.Add(time.Hour)}
	c := campaign.Campaign{ID: "A", Sender: "Sluice", Text: "?", BatchSize: 1, Status: campaign.Draft, Recipients: 1}
	b.ok(b.Create(b.Context(), c, recipients.UploadOf(numbers(1)), key))
	c.ID, key.Campaign = "B", "B"
	b.is(b.Create(b.Context(), c, recipients.UploadOf(numbers(1)), key), campaign.ErrKeyTaken)
	b.equal(b.from("Sluice", time.Time{}, 10), []string{"A"})
}

func findsTexts(b bench) {
	to, other := numbers(2)[0], numbers(2)[1]
	want := make(map[string]campaign.Message)
	var ids []string
	for i := range 130 {
		id := fmt.Sprintf("%s#%d", idAt(0, ""), i)
		ids = append(ids, id)
		b.ok(b.Record(b.Context(), id, []campaign.Message{message(other, 1, campaign.Failed)}))
		if i%2 == 0 {
			want[id] = message(to, i, campaign.Accepted)
			b.ok(b.Record(b.Context(), id, []campaign.Message{want[id]}))
		}
	}
	got, err := b.MessagesTo(b.Context(), to, append(ids, ids[0]))
	b.ok(err)
	b.equal(got, want)
	got, err = b.MessagesTo(b.Context(), to, nil)
	b.ok(err)
	b.equal(len(got), 0)
}
