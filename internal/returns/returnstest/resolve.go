package returnstest

import (
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
)

var resolveScenarios = map[string]func(bench){
	"an unknown that was counted is resolved, with the counts":             resolves,
	"an unknown that is not settled yet is left for later":                 resolvesLater,
	"an unknown that was counted behind a gap is resolved":                 resolvesBehindGap,
	"an unknown is resolved while somebody holds the batch":                resolvesHeld,
	"what is no longer unknown is left alone":                              resolvesNothing,
	"the unknown of another batch is left alone":                           resolvesOtherBatch,
	"of many who resolve the same at once one changes the counts":          resolvesOnce,
	"many who resolve different ones at once change the counts all":        resolvesAll,
	"an unknown of a campaign that was cancelled is resolved all the same": resolvesCancelled,
}

// inFlight releases and leases the one batch of a new campaign, and claims ten of it.
func (b bench) inFlight() campaign.Batch {
	b.Helper()
	c := b.given("A")
	after := c
	after.NextIndex, after.NextBatch = 100, 1
	b.ok(b.Release(b.Context(), c, after, start, []campaign.Batch{
		{Campaign: "A", Number: 1, To: 100, Due: start, LookAt: start.Add(time.Minute)},
	}))
	batch, err := b.Lease(b.Context(), campaign.BatchKey{Campaign: "A", Number: 1}, "me", start, start.Add(30*time.Second))
	b.ok(err)
	return b.step(batch, campaign.Step{Cursor: 10})
}

// step steps on; the lease stays.
func (b bench) step(batch campaign.Batch, s campaign.Step) campaign.Batch {
	b.Helper()
	s.Epoch, s.Lease, s.LookAt, s.At = 2, batch.Lease, batch.LookAt, start
	b.ok(b.Step(b.Context(), batch, s))
	return batch.After(s)
}

// settled settles the ten, of which so many are unknown.
func (b bench) settled(unknown int) campaign.Batch {
	b.Helper()
	batch := b.inFlight()
	for i := range unknown {
		b.record(i, campaign.Unknown)
	}
	return b.step(batch, campaign.Step{
		Settled: 10, Cursor: 10, Counts: campaign.Counts{Accepted: 10 - unknown, Unknown: unknown},
	})
}

func (b bench) record(i int, state campaign.State) campaign.Message {
	b.Helper()
	m := message(numbers(100)[i], i, state)
	b.ok(b.Record(b.Context(), "A", []campaign.Message{m}))
	return m
}

func resolved(i int) campaign.Message {
	m := message(numbers(100)[i], i, campaign.Accepted)
	m.Code, m.Reason = "", ""
	return m
}

// stands holds the record and all counts against what they should be.
func (b bench) stands(m campaign.Message, want campaign.Counts) {
	b.Helper()
	found, err := b.Messages(b.Context(), "A", numbers(100)[m.Index:m.Index+1])
	b.ok(err)
	b.equal(found[m.To], m)
	b.counts(want)
}

func (b bench) counts(want campaign.Counts) {
	b.Helper()
	c, err := b.Campaign(b.Context(), "A")
	b.ok(err)
	b.equal(c.Counts, want)
	batch, err := b.Batch(b.Context(), campaign.BatchKey{Campaign: "A", Number: 1})
	b.ok(err)
	b.equal(batch.Counts, want)
	b.equal(batch.Late, 0)
}

func resolves(b bench) {
	b.settled(2)
	for range 2 { // the second finds nothing to replace
		b.ok(b.Resolve(b.Context(), "A", resolved(1)))
		b.stands(resolved(1), campaign.Counts{Accepted: 9, Unknown: 1})
	}
	b.stands(message(numbers(1)[0], 0, campaign.Unknown), campaign.Counts{Accepted: 9, Unknown: 1})
}

// The holder's step must not notice: it would take what it has in flight for a dead sender's.
func resolvesLater(b bench) {
	batch := b.inFlight()
	unknown := b.record(0, campaign.Unknown)
	b.is(b.Resolve(b.Context(), "A", resolved(0)), returns.ErrUnsettled)
	b.stands(unknown, campaign.Counts{})
	batch = b.step(batch, campaign.Step{Settled: 0, Cursor: 20})
	b.is(b.Resolve(b.Context(), "A", resolved(0)), returns.ErrUnsettled)
	b.step(batch, campaign.Step{Settled: 1, Cursor: 20, Counts: campaign.Counts{Unknown: 1}})
	b.ok(b.Resolve(b.Context(), "A", resolved(0)))
	b.stands(resolved(0), campaign.Counts{Accepted: 1})
}

func resolvesBehindGap(b bench) {
	batch := b.inFlight()
	for _, i := range []int{5, 7, 8} {
		b.record(i, campaign.Unknown)
	}
	batch = b.step(batch, campaign.Step{
		Settled: 6, Cursor: 6, Counts: campaign.Counts{Accepted: 5, Unknown: 2}, Counted: []int{8, 17},
	})
	b.ok(b.Resolve(b.Context(), "A", resolved(8)))
	b.stands(resolved(8), campaign.Counts{Accepted: 6, Unknown: 1})
	b.is(b.Resolve(b.Context(), "A", resolved(7)), returns.ErrUnsettled)
	b.ok(b.Resolve(b.Context(), "A", resolved(5)))
	b.stands(resolved(5), campaign.Counts{Accepted: 7})
	b.step(batch, campaign.Step{Settled: 6, Cursor: 20})
}

func resolvesHeld(b bench) {
	held := b.settled(1)
	held = b.step(held, campaign.Step{Settled: 10, Cursor: 20})
	b.ok(b.Resolve(b.Context(), "A", resolved(0)))
	b.step(held, campaign.Step{Settled: 20, Cursor: 30, Counts: campaign.Counts{Accepted: 10}})
	b.stands(resolved(0), campaign.Counts{Accepted: 20})
}

func resolvesNothing(b bench) {
	batch := b.inFlight()
	for i, state := range []campaign.State{campaign.Accepted, campaign.Failed, campaign.Retrying} {
		m := b.record(i, state)
		b.ok(b.Resolve(b.Context(), "A", resolved(i)))
		b.stands(m, campaign.Counts{})
	}
	b.ok(b.Resolve(b.Context(), "A", resolved(9))) // nor is there anything to resolve
	b.step(batch, campaign.Step{Settled: 10, Cursor: 10, Counts: campaign.Counts{Accepted: 9, Failed: 1}})
	for i, state := range []campaign.State{campaign.Accepted, campaign.Failed, campaign.Retrying} {
		b.ok(b.Resolve(b.Context(), "A", resolved(i)))
		b.stands(message(numbers(100)[i], i, state), campaign.Counts{Accepted: 9, Failed: 1})
	}
	b.ok(b.Resolve(b.Context(), "A", resolved(9)))
	b.counts(campaign.Counts{Accepted: 9, Failed: 1})
	found, err := b.Messages(b.Context(), "A", numbers(10)[9:])
	b.ok(err)
	b.equal(len(found), 0)
}

func resolvesOtherBatch(b bench) {
	b.settled(1)
	again := message(numbers(1)[0], 0, campaign.Unknown)
	again.Batch = 2
	b.ok(b.Record(b.Context(), "A", []campaign.Message{again}))
	b.ok(b.Resolve(b.Context(), "A", resolved(0)))
	b.stands(again, campaign.Counts{Accepted: 9, Unknown: 1})
}

func resolvesOnce(b bench) {
	b.settled(2)
	answers := b.crowd(func(int) error { return b.Resolve(b.Context(), "A", resolved(0)) })
	b.equal(answers, map[error]int{nil: crowd})
	b.stands(resolved(0), campaign.Counts{Accepted: 9, Unknown: 1})
}

func resolvesAll(b bench) {
	b.settled(8)
	answers := b.crowd(func(i int) error {
		if i < 8 {
			return b.Resolve(b.Context(), "A", resolved(i))
		}
		return b.Fold(b.Context(), "A", fresh(numbers(100)[i:i+1]), map[time.Time]returns.Tally{start: {Delivered: 1}})
	})
	b.equal(answers, map[error]int{nil: crowd})
	b.counts(campaign.Counts{Accepted: 10})
	b.equal(b.total("A"), returns.Tally{Delivered: 8})
	found, err := b.Messages(b.Context(), "A", numbers(8))
	b.ok(err)
	for i, to := range slices.All(numbers(8)) {
		b.equal(found[to], resolved(i))
	}
}

func resolvesCancelled(b bench) {
	b.settled(1)
	c, err := b.Campaign(b.Context(), "A")
	b.ok(err)
	after := c
	after.Status, after.Epoch, after.EndedAt = campaign.Cancelled, c.Epoch+1, start
	b.ok(b.Change(b.Context(), c, after, time.Time{}))
	b.ok(b.Resolve(b.Context(), "A", resolved(0)))
	b.stands(resolved(0), campaign.Counts{Accepted: 10})
}
