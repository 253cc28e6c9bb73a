package campaigntest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Start is the instant at which the scenarios of TestStore begin.
var Start = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

// TestStore runs the contract of campaign.Store. open returns an empty store.
func TestStore(t *testing.T, open func(t *testing.T) campaign.Store) {
	for _, scenarios := range []map[string]func(*testing.T, bench){storeScenarios, afterwards, ofParts, ofRows, ofSealedLists} {
		for name, scenario := range scenarios {
			t.Run(name, func(t *testing.T) { scenario(t, bench{T: t, Store: open(t)}) })
		}
	}
}

var storeScenarios = map[string]func(*testing.T, bench){
	"a campaign comes back as it was stored":                      comesBack,
	"an unknown campaign is not found":                            unknownCampaign,
	"campaigns are listed newest first, in pages":                 listsCampaigns,
	"a list is read in any cut, across pages":                     readsList,
	"an idempotency key makes one campaign":                       keyOnce,
	"a release moves the cursor once":                             releasesOnce,
	"a release is refused when the campaign was paused meanwhile": releaseAfterPause,
	"a change is refused when another came first":                 changeConflict,
	"a pause need not know of a release":                          pausesMeanwhile,
	"what is due is found, by its time, until it is done":         findsDue,
	"a lease has one holder":                                      leaseOnce,
	"a lease can be taken over when it has run out":               leaseTakenOver,
	"one of many who lease at once gets it":                       leaseRace,
	"a step claims and settles, and the campaign adds it up":      stepAddsUp,
	"a step is refused when the lease was lost":                   stepAfterLoss,
	"a claim is refused when the campaign was paused":             claimAfterPause,
	"parking is refused when the campaign was resumed":            parkAfterResume,
	"a campaign is completed when its last batch is done":         completes,
	"outcomes are stored over what was there":                     records,
	"a batch that is done is looked after no more":                isLookedAfterNoMore,
	"released batches that nobody began are taken back":           recalls,
	"a recall is refused when a batch was begun":                  recallConflict,
	"a recall leaves alone what comes before":                     recallsSome,
	"an outcome that is there is not overwritten by RecordAbsent": recordsAbsent,
	"a batch is looked after later when it is postponed":          postpones,
}

// bench is a store with short ways to do what scenarios do.
type bench struct {
	*testing.T
	campaign.Store
}

// Numbers makes n different numbers.
func Numbers(n int) []sms.Number {
	list := make([]sms.Number, n)
	for i := range list {
		list[i] = sms.Number(fmt.Sprintf("4477%08d", i))
	}
	return list
}

func numbersOf(list []recipients.Recipient) []sms.Number {
	numbers := make([]sms.Number, len(list))
	for i, r := range list {
		numbers[i] = r.Number
	}
	return numbers
}

func (b bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b bench) is(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("got error %v, want %v", err, want)
	}
}

func (b bench) equal(got, want any) {
	b.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.Fatalf("unexpected (-want +got):\n%s", diff)
	}
}

// given stores a running campaign of n recipients, in batches of 100.
func (b bench) given(id string, n int) campaign.Campaign {
	b.Helper()
	c := campaign.Campaign{
		ID: id, Name: "spring", Sender: "Sluice", Text: "Hello, World!", BatchSize: 100, Delay: time.Minute,
		CreatedAt: Start, LaunchedAt: Start, Status: campaign.Running, Recipients: n, Duplicates: 2, Segments: 1,
		NextDue: Start, Epoch: 2,
	}
	b.ok(b.Create(b.Context(), c, recipients.UploadOf(Numbers(n)), nil))
	return c
}

// released releases the first batches of a campaign.
func (b bench) released(c campaign.Campaign, batches int) campaign.Campaign {
	b.Helper()
	after, all := releaseOf(c, batches)
	b.ok(b.Release(b.Context(), c, after, after.NextDue, all))
	return after
}

func releaseOf(c campaign.Campaign, n int) (campaign.Campaign, []campaign.Batch) {
	var batches []campaign.Batch
	for range n {
		to := min(c.NextIndex+c.BatchSize, c.Recipients)
		batches = append(batches, campaign.Batch{
			Campaign: c.ID, Number: c.NextBatch + 1, From: c.NextIndex, To: to, Settled: c.NextIndex, Cursor: c.NextIndex,
			Due: c.NextDue, LookAt: c.NextDue.Add(time.Minute),
		})
		c.NextIndex, c.NextBatch, c.NextDue = to, c.NextBatch+1, c.NextDue.Add(c.Delay)
	}
	return c, batches
}

func (b bench) leased(c campaign.Campaign, number int, owner string) campaign.Batch {
	b.Helper()
	batch, err := b.Lease(b.Context(), key(c, number), owner, Start, Start.Add(30*time.Second))
	b.ok(err)
	return batch
}

func (b bench) stored(id string) campaign.Campaign {
	b.Helper()
	c, err := b.Campaign(b.Context(), id)
	b.ok(err)
	return c
}

func key(c campaign.Campaign, number int) campaign.BatchKey {
	return campaign.BatchKey{Campaign: c.ID, Number: number}
}

func paused(c campaign.Campaign) campaign.Campaign {
	c.Status, c.Reason, c.Epoch = campaign.Paused, "no credit", c.Epoch+1
	return c
}

func comesBack(_ *testing.T, b bench) {
	c := b.given("A", 250)
	b.equal(b.stored("A"), c)
	after := paused(c)
	b.ok(b.Change(b.Context(), c, after, time.Time{}))
	b.equal(b.stored("A"), after)
}

func unknownCampaign(_ *testing.T, b bench) {
	_, err := b.Campaign(b.Context(), "none")
	b.is(err, campaign.ErrNotFound)
	_, err = b.Batch(b.Context(), campaign.BatchKey{Campaign: "none", Number: 1})
	b.is(err, campaign.ErrNotFound)
	_, err = b.Lease(b.Context(), campaign.BatchKey{Campaign: "none", Number: 1}, "me", Start, Start)
	b.is(err, campaign.ErrNotFound)
}

func listsCampaigns(_ *testing.T, b bench) {
	for _, id := range []string{"B", "A", "C"} {
		b.given(id, 1)
	}
	ids := func(after string, limit int) []string {
		found, err := b.Campaigns(b.Context(), after, limit)
		b.ok(err)
		var ids []string
		for _, c := range found {
			ids = append(ids, c.ID)
		}
		return ids
	}
	b.equal(ids("", 2), []string{"C", "B"})
	b.equal(ids("B", 2), []string{"A"})
	b.equal(ids("A", 2), []string(nil))
}

func readsList(_ *testing.T, b bench) {
	const n = 2500
	b.given("A", n)
	all := Numbers(n)
	for _, cut := range [][2]int{{0, 1}, {0, n}, {999, 1001}, {1000, 2000}, {2499, 2500}, {1234, 2345}} {
		got, err := b.Recipients(b.Context(), recipients.List{Campaign: "A"}, cut[0], cut[1], n)
		b.ok(err)
		b.equal(numbersOf(got), all[cut[0]:cut[1]])
	}
	_, err := b.Recipients(b.Context(), recipients.List{Campaign: "A"}, 2499, n+1, n+1)
	b.is(err, campaign.ErrNotFound)
}

func keyOnce(_ *testing.T, b bench) {
	k := campaign.IdempotencyKey{Key: "ops/1", Fingerprint: "f", Campaign: "A", ExpiresAt: Start.Add(time.Hour).Local()}
	_, err := b.CreatedWith(b.Context(), k.Key)
	b.is(err, campaign.ErrNotFound)
	c := campaign.Campaign{ID: "A", Status: campaign.Draft, BatchSize: 1, Recipients: 2, Epoch: 1}
	b.ok(b.Create(b.Context(), c, recipients.UploadOf(Numbers(2)), &k))
	second := k
	second.Campaign = "B"
	c.ID = "B"
	b.is(b.Create(b.Context(), c, recipients.UploadOf(Numbers(2)), &second), campaign.ErrKeyTaken)
	_, err = b.Campaign(b.Context(), "B")
	b.is(err, campaign.ErrNotFound)
	_, err = b.Recipients(b.Context(), recipients.List{Campaign: "B"}, 0, 1, 1)
	b.is(err, campaign.ErrNotFound)
	got, err := b.CreatedWith(b.Context(), k.Key)
	b.ok(err)
	b.equal(got, k)
}

func releasesOnce(_ *testing.T, b bench) {
	c := b.given("A", 250)
	after, batches := releaseOf(c, 3)
	b.ok(b.Release(b.Context(), c, after, after.NextDue, batches))
	b.equal(b.stored("A"), after)
	b.is(b.Release(b.Context(), c, after, after.NextDue, batches), campaign.ErrConflict)
	got, err := b.Batches(b.Context(), "A", 0, 10)
	b.ok(err)
	b.equal(got, batches)
	got, err = b.Batches(b.Context(), "A", 1, 1)
	b.ok(err)
	b.equal(got, batches[1:2])
}

func releaseAfterPause(_ *testing.T, b bench) {
	c := b.given("A", 250)
	b.ok(b.Change(b.Context(), c, paused(c), time.Time{}))
	after, batches := releaseOf(c, 1)
	b.is(b.Release(b.Context(), c, after, after.NextDue, batches), campaign.ErrConflict)
	_, err := b.Batch(b.Context(), key(c, 1))
	b.is(err, campaign.ErrNotFound)
}

func changeConflict(_ *testing.T, b bench) {
	c := b.given("A", 250)
	moved := b.released(c, 1)
	replanned := paused(c)
	replanned.NextDue = c.NextDue.Add(time.Hour)
	b.is(b.Change(b.Context(), c, replanned, time.Time{}), campaign.ErrConflict)
	b.ok(b.Change(b.Context(), moved, paused(moved), time.Time{}))
	b.is(b.Change(b.Context(), moved, paused(moved), time.Time{}), campaign.ErrConflict)
	b.is(b.Look(b.Context(), moved, Start), campaign.ErrConflict)
	b.is(b.Requeued(b.Context(), moved), campaign.ErrConflict)
}

func pausesMeanwhile(_ *testing.T, b bench) {
	c := b.given("A", 250)
	moved := b.released(c, 1)
	b.ok(b.Change(b.Context(), c, paused(c), time.Time{}))
	b.equal(b.stored("A"), paused(moved))
}

func findsDue(_ *testing.T, b bench) {
	due := func(by time.Time) (ids []string, keys []campaign.BatchKey) {
		ids, err := b.DueCampaigns(b.Context(), by)
		b.ok(err)
		keys, err = b.DueBatches(b.Context(), by)
		b.ok(err)
		return ids, keys
	}
	c := b.given("A", 100)
	ids, _ := due(Start.Add(-time.Millisecond))
	b.equal(len(ids), 0)
	ids, _ = due(Start)
	b.equal(ids, []string{"A"})
	after := b.released(c, 1)
	_, keys := due(Start.Add(time.Minute - time.Millisecond))
	b.equal(len(keys), 0)
	_, keys = due(Start.Add(time.Minute))
	b.equal(keys, []campaign.BatchKey{key(c, 1)})
	b.ok(b.Look(b.Context(), after, Start.Add(time.Hour)))
	ids, _ = due(Start.Add(time.Hour - time.Millisecond))
	b.equal(len(ids), 0)

	batch := b.leased(c, 1, "me")
	batch = b.step(batch, campaign.Step{Cursor: 100, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt})
	b.step(batch, campaign.Step{
		Settled: 100, Counts: campaign.Counts{Accepted: 100}, Cursor: 100, Done: true, At: Start,
	})
	b.ok(b.Complete(b.Context(), "A", Start))
	ids, keys = due(Start.Add(24 * time.Hour))
	b.equal(len(ids)+len(keys), 0)
}

// step writes a step and returns the batch as it then is.
func (b bench) step(batch campaign.Batch, s campaign.Step) campaign.Batch {
	b.Helper()
	b.ok(b.Step(b.Context(), batch, s))
	got, err := b.Batch(b.Context(), campaign.BatchKey{Campaign: batch.Campaign, Number: batch.Number})
	b.ok(err)
	b.equal(got, batch.After(s))
	return got
}

func leaseOnce(_ *testing.T, b bench) {
	c := b.given("A", 100)
	b.released(c, 1)
	batch := b.leased(c, 1, "me")
	b.equal(batch.Owner, "me")
	b.equal(batch.StartedAt, time.Time{})
	_, err := b.Lease(b.Context(), key(c, 1), "other", Start.Add(29*time.Second), Start.Add(time.Minute))
	b.is(err, campaign.ErrHeld)
	again, err := b.Lease(b.Context(), key(c, 1), "me", Start, Start.Add(30*time.Second))
	b.ok(err)
	b.equal(again, batch)
}

func leaseTakenOver(_ *testing.T, b bench) {
	c := b.given("A", 100)
	b.released(c, 1)
	batch := b.leased(c, 1, "me")
	batch = b.step(batch, campaign.Step{Cursor: 40, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt})
	taken, err := b.Lease(b.Context(), key(c, 1), "other", Start.Add(30*time.Second), Start.Add(time.Minute))
	b.ok(err)
	b.equal([]int{taken.Settled, taken.Cursor}, []int{0, 40})
	b.is(b.Step(b.Context(), batch, campaign.Step{Cursor: 80, Epoch: 2, Lease: batch.Lease}), campaign.ErrConflict)
}

func leaseRace(t *testing.T, b bench) {
	c := b.given("A", 100)
	b.released(c, 1)
	var wins atomic.Int32
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			_, err := b.Lease(t.Context(), key(c, 1), fmt.Sprint("owner", i), Start, Start.Add(time.Minute))
			switch {
			case err == nil:
				wins.Add(1)
			case !errors.Is(err, campaign.ErrHeld):
				t.Errorf("Lease: %v", err)
			}
		})
	}
	wait.Wait()
	b.equal(wins.Load(), int32(1))
}

func stepAddsUp(_ *testing.T, b bench) {
	c := b.given("A", 150)
	b.released(c, 2)
	for number, size := range map[int]int{1: 100, 2: 50} {
		batch := b.leased(c, number, "me")
		batch = b.step(batch, campaign.Step{
			Settled: batch.From, Cursor: batch.To, Epoch: 2, Lease: Start.Add(time.Minute), LookAt: batch.LookAt,
		})
		b.step(batch, campaign.Step{
			Settled: batch.To, Counts: campaign.Counts{Accepted: size - 3, Failed: 2, Unknown: 1}, Cursor: batch.To,
			Done: true, At: Start.Add(time.Second),
		})
		_, err := b.Lease(b.Context(), key(c, number), "me too", Start, Start.Add(time.Minute))
		b.is(err, campaign.ErrConflict)
	}
	got := b.stored("A")
	b.equal(got.Counts, campaign.Counts{Accepted: 144, Failed: 4, Unknown: 2})
	b.equal(got.BatchesDone, 2)
}

func stepAfterLoss(_ *testing.T, b bench) {
	c := b.given("A", 100)
	b.released(c, 1)
	batch := b.leased(c, 1, "me")
	_, err := b.Lease(b.Context(), key(c, 1), "other", batch.Lease, batch.Lease.Add(time.Minute))
	b.ok(err)
	b.is(b.Step(b.Context(), batch, campaign.Step{Lease: batch.Lease}), campaign.ErrConflict)
	b.is(b.Step(b.Context(), batch, campaign.Step{Cursor: 10, Epoch: 2, Lease: batch.Lease}), campaign.ErrConflict)
	b.equal(b.stored("A").Counts, campaign.Counts{})
}

func claimAfterPause(_ *testing.T, b bench) {
	c := b.given("A", 100)
	after := b.released(c, 1)
	batch := b.leased(c, 1, "me")
	batch = b.step(batch, campaign.Step{Cursor: 10, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt})
	b.ok(b.Change(b.Context(), after, paused(after), time.Time{}))
	claim := campaign.Step{
		Settled: 10, Counts: campaign.Counts{Accepted: 10}, Cursor: 20, Epoch: 2, Lease: batch.Lease, LookAt: batch.LookAt,
	}
	b.is(b.Step(b.Context(), batch, claim), campaign.ErrConflict)
	b.equal(b.stored("A").Counts, campaign.Counts{})
	b.step(batch, campaign.Step{Settled: 10, Counts: campaign.Counts{Accepted: 10}, Cursor: 10, Epoch: 3, Parks: true})
	b.equal(b.stored("A").Counts, campaign.Counts{Accepted: 10})
}

func parkAfterResume(_ *testing.T, b bench) {
	c := b.given("A", 100)
	after := b.released(c, 1)
	batch := b.leased(c, 1, "me")
	stopped := paused(after)
	b.ok(b.Change(b.Context(), after, stopped, time.Time{}))
	resumed := stopped
	resumed.Status, resumed.Epoch, resumed.Requeue = campaign.Running, stopped.Epoch+1, true
	b.ok(b.Change(b.Context(), stopped, resumed, Start))
	b.is(b.Step(b.Context(), batch, campaign.Step{Epoch: stopped.Epoch, Parks: true}), campaign.ErrConflict)
	b.ok(b.Requeued(b.Context(), resumed))
	resumed.Requeue = false
	b.equal(b.stored("A"), resumed)
}

func completes(_ *testing.T, b bench) {
	c := b.given("A", 150)
	b.is(b.Complete(b.Context(), "A", Start), campaign.ErrConflict)
	c = b.released(c, 2)
	for number := 1; number <= 2; number++ {
		b.is(b.Complete(b.Context(), "A", Start), campaign.ErrConflict)
		batch := b.leased(c, number, "me")
		b.step(batch, campaign.Step{Settled: batch.From, Cursor: batch.From, Done: true, At: Start})
	}
	b.ok(b.Complete(b.Context(), "A", Start.Add(time.Hour)))
	got := b.stored("A")
	b.equal(got.Status, campaign.Completed)
	b.equal(got.EndedAt, Start.Add(time.Hour))
	b.is(b.Complete(b.Context(), "A", Start), campaign.ErrConflict)
}

func message(to sms.Number, index int, state campaign.State) campaign.Message {
	return campaign.Message{
		To: to, Index: index, Batch: 1, State: state, Code: "vonage 0", Reason: "why", At: Start,
		Parts: []sms.Part{{MessageID: fmt.Sprint("id", index), Network: "23410", Price: "0.0333"}},
	}
}

func records(_ *testing.T, b bench) {
	list := Numbers(130)
	var first, second []campaign.Message
	want := map[sms.Number]campaign.Message{}
	for i, n := range list {
		first = append(first, message(n, i, campaign.Unknown))
		second = append(second, message(n, i, campaign.Accepted))
		want[n] = second[i]
	}
	b.ok(b.Record(b.Context(), "A", first))
	b.ok(b.Record(b.Context(), "A", second))
	got, err := b.Messages(b.Context(), "A", append(list, "33600000000"))
	b.ok(err)
	b.equal(got, want)
	got, err = b.Messages(b.Context(), "B", list)
	b.ok(err)
	b.equal(len(got), 0)
}

func recordsAbsent(_ *testing.T, b bench) {
	n := Numbers(1)[0]
	first, second := message(n, 0, campaign.Accepted), message(n, 0, campaign.Unknown)
	got, err := b.RecordAbsent(b.Context(), "A", first)
	b.ok(err)
	b.equal(got, first)
	got, err = b.RecordAbsent(b.Context(), "A", second)
	b.ok(err)
	b.equal(got, first)
}

func postpones(_ *testing.T, b bench) {
	c := b.given("A", 100)
	b.released(c, 1)
	batch, err := b.Batch(b.Context(), key(c, 1))
	b.ok(err)
	b.ok(b.Postpone(b.Context(), batch, Start.Add(time.Hour), 1))
	b.is(b.Postpone(b.Context(), batch, Start.Add(2*time.Hour), 2), campaign.ErrConflict)
	batch.LookAt, batch.Repairs = Start.Add(time.Hour), 1
	got, err := b.Batch(b.Context(), key(c, 1))
	b.ok(err)
	b.equal(got, batch)
	parked := batch
	parked.LookAt = time.Time{}
	b.ok(b.Postpone(b.Context(), batch, time.Time{}, 1))
	b.ok(b.Postpone(b.Context(), parked, Start, 0))
}

// recall is what taking back the last n batches of c changes, with a new pace.
func (b bench) recall(c campaign.Campaign, n int) (campaign.Campaign, []campaign.Batch) {
	b.Helper()
	released, err := b.Batches(b.Context(), c.ID, c.NextBatch-n, n)
	b.ok(err)
	after := c
	after.NextIndex, after.NextBatch, after.NextDue = released[0].From, released[0].Number-1, released[0].Due
	after.BatchSize, after.Delay, after.MaxRate, after.Epoch = 7, time.Hour, 2.5, c.Epoch+1
	after.Paced = campaign.Mark{Index: after.NextIndex, Batches: after.NextBatch, LastDue: Start}
	return after, released
}

func recalls(_ *testing.T, b bench) {
	c := b.released(b.given("A", 500), 4)
	after, batches := b.recall(c, 3)
	b.ok(b.Recall(b.Context(), c, after, after.NextDue, batches, Start))
	b.equal(b.stored("A"), after)
	left, err := b.Batches(b.Context(), "A", 0, 10)
	b.ok(err)
	b.equal(len(left), 1)
	_, err = b.Lease(b.Context(), key(c, 2), "me", Start, Start.Add(time.Minute))
	b.is(err, campaign.ErrNotFound)
	b.is(b.Recall(b.Context(), c, after, after.NextDue, nil, Start), campaign.ErrConflict)
	b.released(after, 2)
}

func recallConflict(_ *testing.T, b bench) {
	c := b.released(b.given("A", 500), 4)
	after, batches := b.recall(c, 2)
	leased := b.leased(c, 3, "me")
	b.is(b.Recall(b.Context(), c, after, after.NextDue, batches, Start), campaign.ErrConflict)
	b.equal(b.stored("A"), c)
	b.step(leased, campaign.Step{Settled: leased.From, Cursor: leased.From + 1, Epoch: c.Epoch, LookAt: leased.LookAt})
	b.is(b.Recall(b.Context(), c, after, after.NextDue, batches, Start.Add(time.Hour)), campaign.ErrConflict)
	counted := b.leased(c, 4, "me")
	claim := campaign.Step{Settled: counted.From, Cursor: counted.From + 2, Epoch: c.Epoch, Lease: counted.Lease, LookAt: counted.LookAt}
	b.step(b.step(counted, claim), campaign.Step{
		Settled: counted.From, Cursor: counted.From, Counts: campaign.Counts{Accepted: 1}, Counted: []int{counted.From + 1},
		LookAt: counted.LookAt,
	})
	after, batches = b.recall(c, 1)
	b.is(b.Recall(b.Context(), c, after, after.NextDue, batches, Start), campaign.ErrConflict)
}

func recallsSome(_ *testing.T, b bench) {
	c := b.released(b.given("A", 500), 4)
	b.leased(c, 3, "me")
	after, batches := b.recall(c, 1)
	b.ok(b.Recall(b.Context(), c, after, after.NextDue, batches, Start))
}
