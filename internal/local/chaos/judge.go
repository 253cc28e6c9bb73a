package chaos

import (
	"fmt"

	"sluice/internal/local/process"
)

// evidence is what there is to know when a round has ended.
type evidence struct {
	// list are the numbers that the campaign was made with, and nothing else was sent on its platform.
	list     []string
	campaign process.Campaign
	batches  []process.Batch
	messages []process.Message
	ledger   []process.Entry
	// uneven is the campaign whenever its figures did not add up on its way.
	uneven []process.Campaign
	// most is how many recipients the killed senders may have left unknown.
	most int
}

// verdict is about people, and about figures that do not agree.
type verdict struct {
	lost, twice int
	// sent are those who are unknown and got their text.
	sent   int
	faults []string
}

func (v *verdict) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// judge takes the word of nobody but the ledger for what was sent.
func (e evidence) judge() verdict {
	var v verdict
	sent := e.sent(&v)
	rows := e.rows(&v)
	tally := make(map[string]int)
	for _, to := range e.list {
		states := rows[to]
		if len(states) != 1 || !final[states[0]] {
			v.lost++
			continue
		}
		tally[states[0]]++
		if states[0] == "unknown" && sent[to] > 0 {
			v.sent++
		}
		switch {
		case states[0] == "accepted" && sent[to] == 0:
			v.lost++
			v.fault("%s has the state accepted, but was sent nothing", to)
		case states[0] != "accepted" && states[0] != "unknown" && sent[to] > 0:
			v.fault("%s has the state %s, but was sent to", to, states[0])
		}
	}
	e.compare(&v, tally)
	return v
}

// final are the states in which a recipient may end.
var final = map[string]bool{"accepted": true, "failed": true, "skipped": true, "unknown": true}

// sent is how many texts each number got, whatever campaign they were of.
func (e evidence) sent(v *verdict) map[string]int {
	known := make(map[string]bool, len(e.list))
	for _, to := range e.list {
		known[to] = true
	}
	times := make(map[string]int)
	for _, request := range e.ledger {
		if !request.Accepted() {
			continue
		}
		if !known[request.To] || request.ClientRef != e.campaign.ID {
			v.fault("%s was sent a text of %q, and is not in the campaign %s", request.To, request.ClientRef, e.campaign.ID)
		}
		if times[request.To]++; times[request.To] == 2 {
			v.twice++
		}
	}
	return times
}

// rows are the states that each number has.
func (e evidence) rows(v *verdict) map[string][]string {
	rows := make(map[string][]string, len(e.messages))
	for _, m := range e.messages {
		rows[m.Number] = append(rows[m.Number], m.Status)
	}
	if len(e.messages) != len(e.list) {
		v.fault("there are %d rows for %d recipients", len(e.messages), len(e.list))
	}
	return rows
}

// compare holds the campaign's figures, its batches' and its rows' to each other.
func (e evidence) compare(v *verdict, tally map[string]int) {
	c := e.campaign
	if c.Status != "completed" {
		v.fault("the campaign is %s, want it completed", c.Status)
	}
	if c.Recipients != len(e.list) || c.Sum() != c.Recipients {
		v.fault("the campaign has %d recipients and counts %d, want %d", c.Recipients, c.Sum(), len(e.list))
	}
	for _, was := range e.uneven {
		v.fault("on its way the campaign had %d recipients and counted %d: %+v", was.Recipients, was.Sum(), was)
	}
	recipients, settled, done := 0, process.Campaign{}, 0
	for _, b := range e.batches {
		recipients += b.Recipients
		settled.Counts.Accepted += b.Accepted
		settled.Counts.Failed += b.Failed
		settled.Counts.Unknown += b.Unknown
		if b.Status == "done" {
			done++
		}
	}
	if recipients != len(e.list) || done != len(e.batches) || done != c.Batches.Done {
		v.fault("%d of %d batches are done and hold %d recipients; the campaign says that %d are done",
			done, len(e.batches), recipients, c.Batches.Done)
	}
	for _, x := range []struct {
		state                string
		campaign, batches, n int
	}{
		{"accepted", c.Counts.Accepted, settled.Counts.Accepted, tally["accepted"]},
		{"failed", c.Counts.Failed, settled.Counts.Failed, tally["failed"]},
		{"unknown", c.Counts.Unknown, settled.Counts.Unknown, tally["unknown"]},
	} {
		if x.campaign != x.n || x.batches != x.n {
			v.fault("%s: the campaign counts %d, its batches %d, the rows are %d", x.state, x.campaign, x.batches, x.n)
		}
	}
	if tally["unknown"] > e.most {
		v.fault("%d are unknown, want at most %d", tally["unknown"], e.most)
	}
}
