package simulation_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// What a batch of 30 takes in the default world, of 30 texts a second and five senders: a second where it is sent alone,
// five where all senders send one.
const (
	fairBatch   = 30
	batchShared = 5 * time.Second
)

// ofCampaign are when its texts left.
func ofCampaign(ledger []vonagetest.Entry, id string) []time.Time {
	var at []time.Time
	for _, e := range ledger {
		if e.ClientRef == id {
			at = append(at, e.At)
		}
	}
	return at
}

// A hundred batches are queued when a campaign of two comes. It waits for a sender to be free, which is at most as long as
// a batch takes that is shared, and for a second one at most as long again.
func TestASmallCampaignPassesALargeOne(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		large := w.Create(simulation.Tutorial(100*fairBatch, fairBatch, 0))
		time.Sleep(2 * time.Second)
		start := time.Now()
		small := w.Create(simulation.Tutorial(2*fairBatch, fairBatch, 0))
		small = w.Until(small.ID, "completed", 3*batchShared)
		at := ofCampaign(w.Vonage.Ledger(), small.ID)
		first, last := at[0].Sub(start), at[len(at)-1].Sub(start)
		t.Logf("sent to from %v to %v", first, last)
		if first > batchShared || last > 3*batchShared {
			t.Errorf("sent to from %v to %v, want that to begin within %v and end within %v", first, last, batchShared, 3*batchShared)
		}
		if large = w.Get(large.ID); large.Counts.ToSend < 80*fairBatch {
			t.Errorf("%d are left of the large campaign: it was hardly there", large.Counts.ToSend)
		}
		w.Check(small.ID)
	})
}

// What the test above would find if batches had no group.
func TestWithoutGroupsASmallCampaignIsStuckBehindALargeOne(t *testing.T) {
	simulation.Run(t, simulation.Options{Cloud: withoutGroups}, func(w *simulation.World) {
		w.Create(simulation.Tutorial(20*fairBatch, fairBatch, 0))
		time.Sleep(2 * time.Second)
		small := w.Create(simulation.Tutorial(2*fairBatch, fairBatch, 0))
		time.Sleep(3 * batchShared)
		if sent := len(ofCampaign(w.Vonage.Ledger(), small.ID)); sent > 0 {
			t.Errorf("%d texts of the small campaign left", sent)
		}
	})
}

// withoutGroups takes the group from whatever is sent to a queue.
func withoutGroups(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessageBatch" {
			var batch struct {
				QueueURL string `json:"QueueUrl"`
				Entries  []map[string]any
			}
			if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			for _, entry := range batch.Entries {
				delete(entry, "MessageGroupId")
			}
			body, err := json.Marshal(batch)
			if err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(rw, r)
	})
}

// Five senders cannot be halved, but neither campaign keeps the odd one: with three against two for good, the first would
// have ended its last batches two rounds before the other.
func TestEqualCampaignsEndTogether(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const batches = 16
		first := w.Create(simulation.Tutorial(batches*fairBatch, fairBatch, 0))
		second := w.Create(simulation.Tutorial(batches*fairBatch, fairBatch, 0))
		w.Until(first.ID, "completed", time.Minute)
		w.Until(second.ID, "completed", time.Minute)
		ledger := w.Vonage.Ledger()
		a, b := ofCampaign(ledger, first.ID), ofCampaign(ledger, second.ID)
		apart := b[len(b)-1].Sub(a[len(a)-1]).Abs()
		t.Logf("ended %v apart", apart)
		if apart > batchShared {
			t.Errorf("they ended %v apart, want that within %v", apart, batchShared)
		}
	})
}

// half is how many texts of each of two campaigns arrived in the time that both were sent.
func half(w *simulation.World, a, b simulation.Campaign) (int, int) {
	ledger := w.Vonage.Ledger()
	one, other := ofCampaign(ledger, a.ID), ofCampaign(ledger, b.ID)
	from, to := one[0], one[len(one)-1]
	if other[0].After(from) {
		from = other[0]
	}
	if last := other[len(other)-1]; last.Before(to) {
		to = last
	}
	count := func(at []time.Time) int {
		n := 0
		for _, t := range at {
			if !t.Before(from) && !t.After(to) {
				n++
			}
		}
		return n
	}
	return count(one), count(other)
}

// One has a sender, the other four.
func TestACampaignOfOneBatchSharesEvenlyWithOneOfMany(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		many := w.Create(simulation.Tutorial(40*fairBatch, fairBatch, 0))
		one := w.Create(simulation.Tutorial(40*fairBatch, 40*fairBatch, 0))
		w.Until(many.ID, "completed", 5*time.Minute)
		w.Until(one.ID, "completed", 5*time.Minute)
		a, b := half(w, one, many)
		t.Logf("%d texts of the one, %d of the other in the same time", a, b)
		if share := float64(a) / float64(a+b); share < 0.42 || share > 0.58 {
			t.Errorf("one batch had %.0f %%", 100*share)
		}
		w.Check(many.ID)
		w.Check(one.ID)
	})
}

// All senders are busy with batches that take a quarter of an hour each.
func TestLargeBatchesTakeTurnsWithASmallCampaign(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		large := w.Create(simulation.Tutorial(5*5000, 5000, 0))
		time.Sleep(5 * time.Second)
		start := time.Now()
		small := w.Create(simulation.Tutorial(3*fairBatch, fairBatch, 0))
		w.Until(small.ID, "completed", 5*time.Minute)
		at := ofCampaign(w.Vonage.Ledger(), small.ID)
		first, last := at[0].Sub(start), at[len(at)-1].Sub(start)
		t.Logf("sent to from %v to %v", first, last)
		if first > 70*time.Second || last > 2*time.Minute {
			t.Errorf("sent to from %v to %v", first, last)
		}
		w.Act(large.ID, "cancel")
	})
}

// What a slow campaign may send is less than its share: it gets all of that, beside two that would take everything.
func TestASlowCampaignGetsItsRateBesideFastOnes(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(300, 300, 0)
		body["max_rate"] = 7
		slow := w.Create(body)
		for range 2 {
			w.Create(simulation.Tutorial(1500, 1500, 0))
		}
		w.Until(slow.ID, "completed", 5*time.Minute)
		at := ofCampaign(w.Vonage.Ledger(), slow.ID)
		rate := float64(len(at)-1) / at[len(at)-1].Sub(at[0]).Seconds()
		t.Logf("%.2f a second", rate)
		if rate < 0.9*7 {
			t.Errorf("it had %.2f a second of 7, and a third of the account is 9.6", rate)
		}
	})
}
