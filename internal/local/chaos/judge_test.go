package chaos

import (
	"slices"
	"strings"
	"testing"

	"sluice/internal/local/process"
)

// clean is what a round of four leaves behind in which one was in flight when a sender was killed.
func clean() evidence {
	e := evidence{list: []string{"1", "2", "3", "4"}, most: 2}
	e.campaign = process.Campaign{ID: "c", Status: "completed", Recipients: 4}
	e.campaign.Counts.Accepted, e.campaign.Counts.Unknown, e.campaign.Batches.Done = 3, 1, 2
	e.batches = []process.Batch{
		{Number: 1, Recipients: 2, Accepted: 2, Status: "done"},
		{Number: 2, Recipients: 2, Accepted: 1, Unknown: 1, Status: "done"},
	}
	for _, to := range e.list {
		e.messages = append(e.messages, process.Message{Number: to, Status: "accepted"})
		e.ledger = append(e.ledger, process.Entry{To: to, ClientRef: "c", Status: "0"})
	}
	e.messages[3].Status = "unknown"
	return e
}

func TestTheJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		change      func(*evidence)
		lost, twice int
		fault       string // part of one; empty for none at all
	}{
		{"finds nothing where all is well", func(*evidence) {}, 0, 0, ""},
		{"lets an unknown be unsent", func(e *evidence) { e.ledger = e.ledger[:3] }, 0, 0, ""},
		{"lets a request be refused and made again", func(e *evidence) {
			e.ledger = append(e.ledger, process.Entry{To: "1", ClientRef: "c", Status: "1"})
		}, 0, 0, ""},
		{"counts people, not texts", func(e *evidence) {
			e.ledger = append(e.ledger, e.ledger[0], e.ledger[0], e.ledger[3])
		}, 0, 2, ""},
		{"counts who was sent to in another campaign too", func(e *evidence) {
			e.ledger = append(e.ledger, process.Entry{To: "1", ClientRef: "other", Status: "0"})
		}, 0, 1, `of "other"`},
		{"finds who is not in the list", func(e *evidence) {
			e.ledger = append(e.ledger, process.Entry{To: "5", ClientRef: "c", Status: "0"})
		}, 0, 0, "5 was sent a text"},
		{"misses who has no row", func(e *evidence) { e.messages = e.messages[1:] }, 1, 0,
			"there are 3 rows for 4 recipients"},
		{"misses who is not settled", func(e *evidence) { e.messages[0].Status = "pending" }, 1, 0,
			"accepted: the campaign counts 3, its batches 3, the rows are 2"},
		{"misses who has two rows", func(e *evidence) { e.messages = append(e.messages, process.Message{Number: "1", Status: "unknown"}) }, 1, 0,
			"there are 5 rows"},
		{"misses who is said to have a text that was never sent", func(e *evidence) { e.ledger = e.ledger[1:] }, 1, 0,
			"1 has the state accepted, but was sent nothing"},
		{"finds who was sent to and is said to have failed", func(e *evidence) {
			e.messages[0].Status = "failed"
		}, 0, 0,
			"1 has the state failed, but was sent to"},
		{"wants the campaign completed", func(e *evidence) { e.campaign.Status = "running" }, 0, 0,
			"the campaign is running"},
		{"adds the campaign up", func(e *evidence) { e.campaign.Counts.ToSend = 1 }, 0, 0, "4 recipients and counts 5"},
		{"holds the campaign's counts to the rows", func(e *evidence) {
			e.campaign.Counts.Accepted, e.campaign.Counts.Unknown = 4, 0
		}, 0, 0, "unknown: the campaign counts 0, its batches 1, the rows are 1"},
		{"holds the batches' counts to the rows", func(e *evidence) { e.batches[0].Accepted = 1 }, 0, 0,
			"accepted: the campaign counts 3, its batches 2"},
		{"wants it to add up on its way too", func(e *evidence) { e.uneven = []process.Campaign{{Recipients: 4}} }, 0, 0,
			"on its way the campaign had 4 recipients and counted 0"},
		{"wants the batches done", func(e *evidence) { e.batches[1].Status = "waiting" }, 0, 0, "1 of 2 batches are done"},
		{"wants the batches to hold everybody", func(e *evidence) { e.batches[1].Recipients = 1 }, 0, 0,
			"hold 3 recipients"},
		{"bounds unknown", func(e *evidence) { e.most = 0 }, 0, 0, "1 are unknown, want at most 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := clean()
			c.change(&e)
			v := e.judge()
			if v.lost != c.lost || v.twice != c.twice {
				t.Errorf("%d lost and %d twice, want %d and %d", v.lost, v.twice, c.lost, c.twice)
			}
			if want := len(e.ledger) - 3; c.fault == "" && c.twice == 0 && len(e.ledger) <= 4 && v.sent != want {
				t.Errorf("%d of the unknown were sent to, want %d", v.sent, want)
			}
			named := slices.ContainsFunc(v.faults, func(f string) bool { return strings.Contains(f, c.fault) })
			if c.fault == "" && len(v.faults) > 0 || c.fault != "" && !named {
				t.Errorf("faults are %q, want %q", v.faults, c.fault)
			}
		})
	}
}
