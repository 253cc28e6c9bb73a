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
