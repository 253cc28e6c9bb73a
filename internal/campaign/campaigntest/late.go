package campaigntest

import (
	"testing"
	"time"

	"sluice/internal/campaign"
)

// What happens to outcomes after the fact: they come in late, or a person takes them back.
var afterwards = map[string]func(*testing.T, bench){
	"what was claimed and not sent may be given back":                 giveBack,
	"a late outcome of a settled range moves the counts":              lateAfterSettle,
	"a late outcome of a range in flight refuses the holder's step":   lateBeforeSettle,
	"a late outcome leaves alone what is no longer unknown":           lateOverOutcome,
	"a late outcome leaves alone the unknown of another batch":        lateOverRetry,
	"a retry takes the outcome back and adds a batch":                 retries,
	"a retry is refused when the message or the campaign changed":     retryConflict,
	"a message that is retried takes an outcome as if it had none":    recordsRetried,
	"steps feed the brake's window, and one may begin it anew":        feedsWindow,
	"a retry reopens a completed campaign, which completes once more": retryReopens,
}

// inFlight leases the first batch of a new campaign of 100 and claims ten of it.
func (b bench) inFlight() (campaign.Campaign, campaign.Batch) {
	b.Helper()
	c := b.released(b.given("A", 100), 1)
	batch := b.leased(c, 1, "me")
	return c, b.step(batch, campaign.Step{Cursor: 10, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt})
}

// settled settles ten in flight: the first is unknown.
func (b bench) settled() (campaign.Campaign, campaign.Batch) {
	b.Helper()
	c, batch := b.inFlight()
	b.ok(b.Record(b.Context(), "A", []campaign.Message{message(Numbers(1)[0], 0, campaign.Unknown)}))
	return c, b.step(batch, campaign.Step{
		Settled: 10, Counts: campaign.Counts{Accepted: 9, Unknown: 1}, Cursor: 10, Lease: batch.Lease, LookAt: batch.LookAt,
	})
}

func (b bench) message(m campaign.Message) campaign.Message {
	b.Helper()
	found, err := b.Messages(b.Context(), "A", Numbers(100)[m.Index:m.Index+1])
	b.ok(err)
	return found[m.To]
}

func (b bench) batch(c campaign.Campaign, number int) campaign.Batch {
	b.Helper()
	got, err := b.Batch(b.Context(), key(c, number))
	b.ok(err)
	return got
}

func giveBack(_ *testing.T, b bench) {
	c, batch := b.inFlight()
	b.step(batch, campaign.Step{Settled: 4, Counts: campaign.Counts{Accepted: 4}, Cursor: 4, Epoch: 2, LookAt: batch.LookAt})
	again := b.leased(c, 1, "other")
	b.equal([]int{again.Settled, again.Cursor}, []int{4, 4})
	again = b.step(again, campaign.Step{Settled: 4, Cursor: 14, Epoch: 2, Lease: again.Lease, LookAt: again.LookAt})
	again = b.step(again, campaign.Step{
		Settled: 6, Counts: campaign.Counts{Accepted: 5}, Cursor: 6, Counted: []int{8, 9, 13}, Epoch: 2,
		Lease: again.Lease, LookAt: again.LookAt,
	})
	again = b.step(again, campaign.Step{Settled: 6, Cursor: 16, Epoch: 2, Lease: again.Lease, LookAt: again.LookAt})
	b.equal(again.Counted, []int{8, 9, 13})
	again = b.step(again, campaign.Step{Settled: 6, Cursor: 6, Epoch: 2, LookAt: again.LookAt})
	b.equal(len(again.Counted), 0)
}

func lateAfterSettle(_ *testing.T, b bench) {
	c, _ := b.settled()
	late := message(Numbers(1)[0], 0, campaign.Accepted)
	for range 2 { // the second finds nothing to replace
		b.ok(b.RecordLate(b.Context(), key(c, 1), late))
		b.equal(b.message(late), late)
		b.equal(b.stored("A").Counts, campaign.Counts{Accepted: 10})
		b.equal(b.batch(c, 1).Counts, campaign.Counts{Accepted: 10})
	}
}

func lateBeforeSettle(_ *testing.T, b bench) {
	c, batch := b.inFlight()
	late := message(Numbers(1)[0], 0, campaign.Unknown)
	b.ok(b.Record(b.Context(), "A", []campaign.Message{late}))
	late.State = campaign.Accepted
	b.ok(b.RecordLate(b.Context(), key(c, 1), late))
	settle := campaign.Step{Settled: 10, Counts: campaign.Counts{Accepted: 9, Unknown: 1}, Cursor: 10, Lease: batch.Lease}
	b.is(b.Step(b.Context(), batch, settle), campaign.ErrConflict)
	b.equal(b.stored("A").Counts, campaign.Counts{})
	again := b.batch(c, 1)
	b.equal(again.Late, 1)
	settle.Counts = campaign.Counts{Accepted: 10}
	b.step(again, settle)
	b.equal(b.stored("A").Counts, campaign.Counts{Accepted: 10})
}

func lateOverOutcome(_ *testing.T, b bench) {
	c, _ := b.settled()
	stored := message(Numbers(1)[0], 0, campaign.Failed)
	b.ok(b.Record(b.Context(), "A", []campaign.Message{stored}))
	late := stored
	late.State = campaign.Accepted
	b.ok(b.RecordLate(b.Context(), key(c, 1), late))
	b.equal(b.message(late), stored)
	b.equal(b.stored("A").Counts, campaign.Counts{Accepted: 9, Unknown: 1})
}

func lateOverRetry(_ *testing.T, b bench) {
	c, _ := b.settled()
	retried := message(Numbers(1)[0], 0, campaign.Unknown)
	retried.Batch = 2
	b.ok(b.Record(b.Context(), "A", []campaign.Message{retried}))
	late := retried
	late.State, late.Batch = campaign.Accepted, 1
	b.ok(b.RecordLate(b.Context(), key(c, 1), late))
	b.equal(b.message(late), retried)
}

// retry is what a retry of m changes.
func retry(c campaign.Campaign, m campaign.Message) (campaign.Campaign, campaign.Batch) {
	c.Counts = c.Counts.Plus(campaign.Pending.Instead(m.State))
	c.NextBatch++
	c.Retries++
	return c, campaign.Batch{
		Campaign: c.ID, Number: c.NextBatch, From: m.Index, To: m.Index + 1, Settled: m.Index, Cursor: m.Index,
		Due: Start, LookAt: Start.Add(time.Minute),
	}
}

func retries(_ *testing.T, b bench) {
	b.settled()
	before, m := b.stored("A"), message(Numbers(1)[0], 0, campaign.Unknown)
	after, batch := retry(before, m)
	b.ok(b.Retry(b.Context(), before, after, after.NextDue, batch, m))
	b.equal(b.stored("A"), after)
	b.equal(b.batch(after, 2), batch)
	b.equal([]any{b.message(m).State, b.message(m).Batch}, []any{campaign.Retrying, 2})
}

func retryConflict(_ *testing.T, b bench) {
	b.settled()
	before, m := b.stored("A"), message(Numbers(1)[0], 0, campaign.Unknown)
	after, batch := retry(before, m)
	other := m
	other.State = campaign.Failed
	b.is(b.Retry(b.Context(), before, after, after.NextDue, batch, other), campaign.ErrConflict)
	moved := before
	moved.NextBatch--
	b.is(b.Retry(b.Context(), moved, after, after.NextDue, batch, m), campaign.ErrConflict)
	b.ok(b.Retry(b.Context(), before, after, after.NextDue, batch, m))
	b.is(b.Retry(b.Context(), before, after, after.NextDue, batch, m), campaign.ErrConflict)
	b.equal(b.stored("A"), after)
}

func recordsRetried(_ *testing.T, b bench) {
	retrying := message(Numbers(1)[0], 0, campaign.Retrying)
	b.ok(b.Record(b.Context(), "A", []campaign.Message{retrying}))
	retrying.Batch = 2
	b.ok(b.Record(b.Context(), "A", []campaign.Message{retrying}))
	late := message(Numbers(1)[0], 0, campaign.Accepted) // of the batch before
	got, err := b.RecordAbsent(b.Context(), "A", late)
	b.ok(err)
	b.equal(got, retrying)
	m := message(Numbers(1)[0], 0, campaign.Unknown)
	m.Batch = 2
	got, err = b.RecordAbsent(b.Context(), "A", m)
	b.ok(err)
	b.equal(got, m)
	b.equal(b.message(m), m)
}

func feedsWindow(_ *testing.T, b bench) {
	_, batch := b.settled()
	b.equal(b.stored("A").Window, campaign.Window{Sent: 10})
	step := campaign.Step{
		Settled: 10, Cursor: 20, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt,
	}
	batch = b.step(batch, step)
	step.Settled, step.Counts, step.FreshWindow = 20, campaign.Counts{Accepted: 7, Failed: 3}, true
	b.step(batch, step)
	b.equal(b.stored("A").Window, campaign.Window{Sent: 10, Failed: 3, EarlierSent: 10})
}

func retryReopens(_ *testing.T, b bench) {
	c, batch := b.settled()
	b.step(batch, campaign.Step{
		Settled: 100, Counts: campaign.Counts{Failed: 90}, Cursor: 100, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt,
	})
	b.step(b.batch(c, 1), campaign.Step{Settled: 100, Cursor: 100, Done: true, At: Start})
	b.ok(b.Complete(b.Context(), "A", Start.Add(time.Hour)))
	before, m := b.stored("A"), message(Numbers(1)[0], 0, campaign.Unknown)
	after, one := retry(before, m)
	after.Status, after.EndedAt, after.Epoch = campaign.Running, time.Time{}, after.Epoch+1
	b.ok(b.Retry(b.Context(), before, after, after.NextDue, one, m))
	b.equal(b.stored("A"), after)
	b.is(b.Complete(b.Context(), "A", Start), campaign.ErrConflict)
	leased := b.leased(after, 2, "me")
	b.step(leased, campaign.Step{Settled: 1, Counts: campaign.Counts{Accepted: 1}, Cursor: 1, Epoch: after.Epoch, Done: true, At: Start})
	b.ok(b.Complete(b.Context(), "A", Start.Add(2*time.Hour)))
	b.equal(b.stored("A").Counts, campaign.Counts{Accepted: 10, Failed: 90})
}

// A batch was parked, and is leased by a stray delivery before the resume sets when to look after it.
func isLookedAfterNoMore(_ *testing.T, b bench) {
	running := b.released(b.given("A", 100), 1)
	parked := b.leased(running, 1, "me")
	stopped := paused(running)
	b.ok(b.Change(b.Context(), running, stopped, time.Time{}))
	b.ok(b.Step(b.Context(), parked, campaign.Step{Epoch: stopped.Epoch, Parks: true}))
	resumed := stopped
	resumed.Status, resumed.Epoch, resumed.Requeue = campaign.Running, stopped.Epoch+1, true
	b.ok(b.Change(b.Context(), stopped, resumed, Start))
	leased := b.leased(resumed, 1, "other")
	read, err := b.Batch(b.Context(), key(resumed, 1))
	b.ok(err)
	b.ok(b.Postpone(b.Context(), read, Start.Add(time.Minute), 0))
	claim := campaign.Step{Cursor: 100, Epoch: resumed.Epoch, Lease: leased.Lease, LookAt: leased.LookAt}
	b.ok(b.Step(b.Context(), leased, claim))
	b.ok(b.Step(b.Context(), leased.After(claim), campaign.Step{
		Settled: 100, Cursor: 100, Counts: campaign.Counts{Accepted: 100}, Epoch: resumed.Epoch, Done: true, At: Start,
	}))
	due, err := b.DueBatches(b.Context(), Start.Add(time.Hour))
	b.ok(err)
	b.equal(len(due), 0)
}
