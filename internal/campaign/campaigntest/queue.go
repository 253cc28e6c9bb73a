// Package campaigntest has the contracts of the domain's ports, for every implementation to run.
package campaigntest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
)

// Receive takes from the queue what is deliverable now and will not return it again. It does not wait.
type Receive func(t *testing.T) []campaign.Delivery

// OpenQueue returns an empty queue of its own for one scenario, and the receiver at its other end.
type OpenQueue func(t *testing.T) (campaign.Queue, Receive)

// TestQueue holds a campaign.Queue to its contract in virtual time: each scenario, open included, runs in a bubble of
// testing/synctest, where delays are exact and last nothing.
func TestQueue(t *testing.T, open OpenQueue) {
	testQueue(t, open, queueClock{
		run:   synctest.Test,
		delay: campaign.MaxDelay,
		early: 1,
	})
}

// TestQueueLive holds a queue at the other end of a network to the same contract in real time. Delays are short, a
// delivery may come later than its second and more than once.
func TestQueueLive(t *testing.T, open OpenQueue) {
	testQueue(t, open, queueClock{
		run:      func(t *testing.T, scenario func(*testing.T)) { scenario(t) },
		delay:    3 * time.Second,
		early:    time.Second,
		patience: 20 * time.Second,
	})
}

// queueClock is how a scenario sees time.
type queueClock struct {
	run      func(*testing.T, func(*testing.T))
	delay    time.Duration // The longest that a scenario holds a delivery back.
	early    time.Duration // How long before its time a delivery is surely not there.
	patience time.Duration // How long after its time it may take to appear.
}

type queueTest struct {
	*testing.T
	queueClock
	queue   campaign.Queue
	receive Receive
}

func testQueue(t *testing.T, open OpenQueue, clock queueClock) {
	for _, scenario := range []struct {
		name string
		run  func(queueTest)
	}{
		{"delivers what was enqueued", deliversWhatWasEnqueued},
		{"takes nothing for an answer", takesNothing},
		{"holds each delivery back for its own delay", holdsBack},
		{"takes more than ten at once", takesMoreThanTen},
		{"refuses a delay that it cannot keep and queues nothing", refusesOtherDelays},
		{"takes the same delivery again", takesAgain},
		{"counts what waits, and not what is held back", countsWhatWaits},
		{"may be used concurrently", mayBeUsedConcurrently},
		{"gives up when its context has ended", givesUp},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			clock.run(t, func(t *testing.T) {
				queue, receive := open(t)
				scenario.run(queueTest{t, clock, queue, receive})
			})
		})
	}
}

func deliversWhatWasEnqueued(q queueTest) {
	q.enqueue(campaign.Delivery{Campaign: "01JD0000000000000000000000", Batch: 7, Epoch: 3})
	q.want(campaign.Delivery{Campaign: "01JD0000000000000000000000", Batch: 7, Epoch: 3})
}

func takesNothing(q queueTest) {
	q.enqueue()
	q.wantNone("nothing was enqueued")
}

func holdsBack(q queueTest) {
	three := deliveries(3)
	now, soon, late := three[0], three[1], three[2]
	soon.Delay, late.Delay = q.delay/3, q.delay
	start := time.Now()
	q.enqueue(late, now, soon)
	q.want(now)
	time.Sleep(time.Until(start.Add(soon.Delay - q.early)))
	q.wantNone("the next one's delay is not over")
	time.Sleep(q.early)
	q.want(soon)
	time.Sleep(time.Until(start.Add(late.Delay - q.early)))
	q.wantNone("the last one's delay is not over")
	time.Sleep(q.early)
	q.want(late)
}

func takesMoreThanTen(q queueTest) {
	many := deliveries(25)
	q.enqueue(many...)
	q.want(many...)
}

func refusesOtherDelays(q queueTest) {
	for _, delay := range []time.Duration{campaign.MaxDelay + time.Second, -time.Second, 1500 * time.Millisecond} {
		few := deliveries(12)
		few[11].Delay = delay
		if err := q.queue.Enqueue(q.Context(), few...); err == nil {
			q.Errorf("a delay of %v was taken", delay)
		}
	}
	q.wantNone("something in each call was refused")
}

func takesAgain(q queueTest) {
	same := deliveries(1)
	q.enqueue(same...)
	q.enqueue(same...)
	q.want(same...)
}

func countsWhatWaits(q queueTest) {
	some := deliveries(3)
	some[2].Delay = q.delay
	q.enqueue(some...)
	waiting := -1
	for end := time.Now().Add(q.patience); waiting != 2; time.Sleep(time.Second) {
		var err error
		if waiting, err = q.queue.Waiting(q.Context()); err != nil {
			q.Fatalf("Waiting: %v", err)
		}
		if !time.Now().Before(end) {
			break
		}
	}
	if waiting != 2 {
		q.Errorf("%d wait, want 2", waiting)
	}
	q.want(some[:2]...)
}

func mayBeUsedConcurrently(q queueTest) {
	all := deliveries(84)
	var senders sync.WaitGroup
	for part := range slices.Chunk(all, 7) {
		senders.Go(func() {
			if err := q.queue.Enqueue(q.Context(), part...); err != nil {
				q.Error(err)
			}
		})
	}
	senders.Wait()
	q.want(all...)
}

func givesUp(q queueTest) {
	ctx, cancel := context.WithCancel(q.Context())
	cancel()
	if err := q.queue.Enqueue(ctx, deliveries(1)...); err == nil {
		q.Error("it says that the delivery is queued")
	}
}

// deliveries makes n deliveries that differ.
func deliveries(n int) []campaign.Delivery {
	all := make([]campaign.Delivery, n)
	for i := range all {
		all[i] = campaign.Delivery{Campaign: fmt.Sprintf("campaign-%d", i%3), Batch: i, Epoch: i % 2}
	}
	return all
}

func (q queueTest) enqueue(deliveries ...campaign.Delivery) {
	q.Helper()
	if err := q.queue.Enqueue(q.Context(), deliveries...); err != nil {
		q.Fatal(err)
	}
}

// want receives until the deliveries have come, each at least once, and nothing else.
func (q queueTest) want(deliveries ...campaign.Delivery) {
	q.Helper()
	want := slices.Clone(deliveries)
	for i := range want {
		want[i].Delay = 0
	}
	var got []campaign.Delivery
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		got = distinct(append(got, q.receive(q.T)...))
		if len(got) >= len(want) || time.Since(start) >= q.patience {
			break
		}
	}
	if diff := gocmp.Diff(distinct(want), got); diff != "" {
		q.Fatalf("delivered (-want +got)\n%s", diff)
	}
}

func (q queueTest) wantNone(why string) {
	q.Helper()
	if got := q.receive(q.T); len(got) > 0 {
		q.Fatalf("delivered %+v: %s", got, why)
	}
}

func distinct(deliveries []campaign.Delivery) []campaign.Delivery {
	slices.SortFunc(deliveries, func(a, b campaign.Delivery) int {
		return cmp.Or(cmp.Compare(a.Campaign, b.Campaign), cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Epoch, b.Epoch))
	})
	return slices.Compact(deliveries)
}
