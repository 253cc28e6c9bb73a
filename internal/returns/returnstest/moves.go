package returnstest

import (
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
)

var moveScenarios = map[string]func(bench){
	"a reply moves on from the version that was read":         moves,
	"a move brings its text along, or neither is stored":      movesWithText,
	"a move of a reply to no campaign is added to none":       movesWithoutCampaign,
	"one of many who move the same at once does":              movesOnce,
	"a reply that is not there cannot be moved":               movesNone,
	"replies that are moved at the same time are counted all": movesAll,
}

var (
	closes  = returns.Tally{Open: -1, Closed: 1}
	answers = returns.Tally{Open: -1, Answered: 1}
)

// received keeps an open reply and returns it as it is then stored.
func (b bench) received(id, campaignID string, at time.Time) returns.Reply {
	b.Helper()
	r := reply(id, campaignID, at)
	b.keep(returns.Reception{Reply: r, Campaign: campaignID, Minute: at, Tally: returns.Tally{Replied: 1, Open: 1}})
	r.Version++
	return *r
}

func closed(r returns.Reply) returns.Reply {
	r.Status, r.ClosedAt = returns.Closed, start.Add(time.Hour)
	return r
}

func answered(r returns.Reply, by string) returns.Reply {
	r.Status, r.OneOff, r.AnsweredAt = returns.Answered, by, start.Add(time.Hour)
	return r
}

func moves(b bench) {
	before := b.received("R", "A", start)
	after := closed(before)
	b.ok(b.Move(b.Context(), before, after, nil, closes))
	b.is(b.Move(b.Context(), before, after, nil, closes), campaign.ErrConflict)
	after.Version++
	b.replied(after)
	b.equal(b.total("A"), returns.Tally{Replied: 1, Closed: 1})
	b.equal(b.minutes("A", start, 10), []returns.Minute{{At: start, Tally: returns.Tally{Replied: 1, Open: 1}}})
	again := answered(after, "")
	b.ok(b.Move(b.Context(), after, again, nil, returns.Tally{Closed: -1, Answered: 1}))
	again.Version++
	b.replied(again)
	b.equal(b.total("A"), returns.Tally{Replied: 1, Answered: 1})
}

func movesWithText(b bench) {
	before := b.received("R", "A", start)
	after := answered(before, "T")
	b.ok(b.Move(b.Context(), before, after, text("T"), answers))
	after.Version++
	b.replied(after)
	b.equal(b.oneOff("T").Version, 1)
	other := b.received("R2", "A", start)
	b.is(b.Move(b.Context(), other, answered(other, "T"), text("T"), answers), campaign.ErrConflict)
	b.replied(other)
	b.is(b.Move(b.Context(), before, answered(before, "T2"), text("T2"), answers), campaign.ErrConflict)
	_, err := b.OneOff(b.Context(), "T2")
	b.is(err, campaign.ErrNotFound)
	b.equal(b.total("A"), returns.Tally{Replied: 2, Open: 1, Answered: 1})
	second := answered(after, "T3") // the first has failed
	b.ok(b.Move(b.Context(), after, second, text("T3"), returns.Tally{}))
	second.Version++
	b.replied(second)
}

func movesWithoutCampaign(b bench) {
	before := b.received("R", "", start)
	b.ok(b.Move(b.Context(), before, closed(before), nil, closes))
	b.equal(b.total(""), returns.Tally{})
	b.equal(len(b.page(b.OpenReplies, "", "")), 0)
}

func movesOnce(b bench) {
	before := b.received("R", "A", start)
	got := b.crowd(func(i int) error {
		id := fmt.Sprint("T", i)
		return b.Move(b.Context(), before, answered(before, id), text(id), answers)
	})
	b.equal(got, map[error]int{nil: 1, campaign.ErrConflict: crowd - 1})
	b.equal(b.total("A"), returns.Tally{Replied: 1, Answered: 1})
	r, err := b.Reply(b.Context(), "R")
	b.ok(err)
	b.equal(r.Version, 2)
	due, err := b.DueOneOffs(b.Context(), start.Add(time.Hour))
	b.ok(err)
	b.equal(due, []string{r.OneOff})
}

func movesNone(b bench) {
	r := *reply("R", "A", start)
	r.Version = 1
	b.is(b.Move(b.Context(), r, closed(r), nil, closes), campaign.ErrConflict)
	_, err := b.Reply(b.Context(), "R")
	b.is(err, campaign.ErrNotFound)
	b.equal(b.total("A"), returns.Tally{})
}

func movesAll(b bench) {
	got := b.crowd(func(i int) error {
		r := reply(fmt.Sprint("R", i), "A", start)
		err := b.Keep(b.Context(), returns.Reception{
			Reply: r, Campaign: "A", Minute: start, Tally: returns.Tally{Replied: 1, Open: 1},
		})
		r.Version++
		if err != nil || i%2 == 0 {
			return err
		}
		return b.Move(b.Context(), *r, closed(*r), nil, closes)
	})
	b.equal(got, map[error]int{nil: crowd})
	b.equal(b.total("A"), returns.Tally{Replied: crowd, Open: crowd / 2, Closed: crowd / 2})
	b.equal(len(b.page(b.OpenReplies, "A", "")), crowd/2)
	b.equal(len(b.page(b.Replies, "A", "")), crowd)
}
