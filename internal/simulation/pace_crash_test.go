package simulation_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// The limited run: a campaign with a rate of its own, from a number with a limit, on an account that is set higher than
// what Vonage takes; and the account's limit is set in the middle of it.
const limitedList = 14

func limitedOptions(faults ...simulation.Fault) simulation.Options {
	return simulation.Options{
		Parameters: map[string]string{"AccountRate": "8", "PaceHeadroom": "0"},
		Vonage:     vonagetest.Config{Rate: 4, Latency: 300 * time.Millisecond}, Faults: faults,
	}
}

func limitedRun(t *testing.T, w *simulation.World) simulation.Campaign {
	t.Helper()
	put := func(path string, perSecond int) {
		body := simulation.JSON{"per_second": perSecond}
		if status, answer := w.Insist(http.MethodPut, path, body); status != http.StatusOK {
			t.Errorf("PUT %s: %d: %s", path, status, answer)
		}
	}
	put("/pace/sender:447700900000", 7)
	body := simulation.Tutorial(limitedList, limitedList/2, 0) // two senders
	body["max_rate"] = 6
	status, answer := w.Insist(http.MethodPost, "/campaigns", body, "Idempotency-Key", "limited")
	if status != http.StatusCreated && status != http.StatusOK {
		t.Fatalf("POST /campaigns: %d: %s", status, answer)
	}
	c := simulation.Decode[simulation.Campaign](w, answer)
	time.Sleep(2 * time.Second)
	put("/pace/account", 5)
	w.UntilStored(c.ID, campaign.Completed, 20*time.Minute)
	return simulation.Decode[simulation.Campaign](w, must(w.Insist(http.MethodGet, "/campaigns/"+c.ID, nil)))
}

func must(_ int, answer []byte) []byte { return answer }

// The remote calls of the limited run that reserve, learn and set: each fails, without its effect or with it, or is the last that its function makes.
func TestCrashMatrixOfThePace(t *testing.T) {
	var calls []simulation.RemoteCall
	simulation.RunAlone(t, limitedOptions(), func(w *simulation.World) {
		if c := limitedRun(t, w); c.Counts.Accepted != limitedList {
			t.Errorf("the limited run ended %+v", c.Counts)
		}
		calls = w.Calls()
	})
	calls = slices.DeleteFunc(calls, func(c simulation.RemoteCall) bool {
		asksForTheTime := c.Operation == "DynamoDB_20120810.GetItem" && c.N > 16 // most of them do: a hundred times
		return c.Function == "dispatcher" || asksForTheTime ||
			c.Operation == "Vonage.Send" || c.Operation == "DynamoDB_20120810.BatchWriteItem"
	})
	slices.SortStableFunc(calls, func(a, b simulation.RemoteCall) int { return cmp.Compare(a.Function, b.Function) })
	all := &tally{}
	t.Run("every call", func(t *testing.T) {
		for i, call := range calls {
			modes := []simulation.Mode{simulation.FailBefore, simulation.LoseAnswer, simulation.KillAfter}
			fault := simulation.Fault{Call: call, Mode: modes[i%len(modes)]} // one each, or it would take as long as all else
			t.Run(fmt.Sprintf("%04d %s", i, fault), func(t *testing.T) {
				simulation.Run(t, limitedOptions(fault), func(w *simulation.World) {
					c := limitedRun(t, w)
					w.Check(c.ID)
					if c.Counts.Accepted+c.Counts.Unknown != limitedList || c.Counts.Unknown > limitedList/2 {
						t.Errorf("ended %+v", c.Counts)
					}
					all.add(w, c)
				})
			})
		}
	})
	all.report(t, "crash matrix of the pace")
}
