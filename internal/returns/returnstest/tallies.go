package returnstest

import (
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
)

var tallyScenarios = map[string]func(bench){
	"tallies add up, minute by minute and in total":  addsUp,
	"minutes are listed from one on, so many":        listsMinutes,
	"a minute has one name in every time zone":       oneMinute,
	"a campaign that nothing came back to is empty":  emptyCampaign,
	"tallies leave campaign and batches as they are": leavesAlone,
}

func (b bench) tally(id string, tallies map[time.Time]returns.Tally) {
	b.Helper()
	b.ok(b.Fold(b.Context(), id, nil, tallies))
}

func addsUp(b bench) {
	all := returns.Tally{Delivered: 1, Undelivered: 2, Replied: 3, Open: 4, Answered: 5, Closed: 6, OptedOut: 7}
	for range 20 {
		b.tally("A", map[time.Time]returns.Tally{start: all, start.Add(time.Minute): {Delivered: 1, Undelivered: -1}})
	}
	b.tally("B", map[time.Time]returns.Tally{start: {Delivered: 5}})
	want := returns.Tally{
		Delivered: 20, Undelivered: 40, Replied: 60, Open: 80, Answered: 100, Closed: 120, OptedOut: 140,
	}
	shifted := returns.Tally{Delivered: 20, Undelivered: -20}
	b.equal(b.total("A"), want.Plus(shifted))
	b.equal(b.minutes("A", start, 10), []returns.Minute{
		{At: start, Tally: want}, {At: start.Add(time.Minute), Tally: shifted},
	})
	b.equal(b.total("B"), returns.Tally{Delivered: 5})
}

func listsMinutes(b bench) {
	var want []returns.Minute
	for i := range 40 { // each often enough to be in several shards, over midnight
		m := returns.Minute{At: start.Add(time.Duration(i) * 31 * time.Minute), Tally: returns.Tally{Replied: 6}}
		want = append(want, m)
		for range m.Tally.Replied {
			b.tally("A", map[time.Time]returns.Tally{m.At: {Replied: 1}})
		}
	}
	for limit := 1; limit <= 41; limit += 4 {
		b.equal(b.minutes("A", start, limit), want[:min(limit, 40)])
	}
	b.equal(b.minutes("A", start.Add(-time.Hour), 2), want[:2])
	b.equal(b.minutes("A", want[7].At, 2), want[7:9])
	b.equal(b.minutes("A", want[7].At.Add(59*time.Second), 2), want[7:9])
	b.equal(b.minutes("A", want[7].At.Add(time.Minute), 2), want[8:10])
	b.equal(len(b.minutes("A", want[39].At.Add(time.Minute), 10)), 0)
}

func oneMinute(b bench) {
	tokyo := time.FixedZone("JST", 9*60*60)
	b.tally("A", map[time.Time]returns.Tally{start: {Replied: 1}, start.In(tokyo): {Replied: 2}})
	b.equal(b.minutes("A", start.In(tokyo), 10), []returns.Minute{{At: start, Tally: returns.Tally{Replied: 3}}})
	b.equal(b.total("A"), returns.Tally{Replied: 3})
}

func emptyCampaign(b bench) {
	b.given("A")
	for _, id := range []string{"A", "none"} {
		b.equal(b.total(id), returns.Tally{})
		b.equal(len(b.minutes(id, time.Time{}, 100)), 0)
		for _, list := range []lister{b.Replies, b.OpenReplies} {
			page, next, err := list(b.Context(), id, "", 10)
			b.ok(err)
			b.equal(len(page), 0)
			b.equal(next, "")
		}
	}
	_, err := b.Reply(b.Context(), "none")
	b.is(err, campaign.ErrNotFound)
	_, err = b.OneOff(b.Context(), "none")
	b.is(err, campaign.ErrNotFound)
}

func leavesAlone(b bench) {
	c := b.given("A")
	batch := campaign.Batch{Campaign: "A", Number: 1, To: 100, Due: start, LookAt: start.Add(time.Minute)}
	after := c
	after.NextIndex, after.NextBatch = 100, 1
	b.ok(b.Release(b.Context(), c, after, start, []campaign.Batch{batch}))
	b.tally("A", map[time.Time]returns.Tally{start: {Delivered: 1}})
	b.keep(returns.Reception{Reply: reply("1", "A", start), OneOff: text("T"), Campaign: "A", Minute: start,
		Tally: returns.Tally{Replied: 1, Open: 1}})
	got, err := b.Campaign(b.Context(), "A")
	b.ok(err)
	b.equal(got, after)
	batches, err := b.Batches(b.Context(), "A", 0, 100)
	b.ok(err)
	b.equal(batches, []campaign.Batch{batch})
	by := start.Add(24 * time.Hour)
	ids, err := b.DueCampaigns(b.Context(), by)
	b.ok(err)
	b.equal(ids, []string{"A"})
	keys, err := b.DueBatches(b.Context(), by)
	b.ok(err)
	b.equal(keys, []campaign.BatchKey{{Campaign: "A", Number: 1}})
	texts, err := b.DueOneOffs(b.Context(), by)
	b.ok(err)
	b.equal(texts, []string{"T"})
}
