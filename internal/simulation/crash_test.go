package simulation_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// The reference run: two batches of two chunks each, at five texts a second, the answers out while the next chunk is
// claimed.
const (
	matrixRate  = 5
	matrixBatch = 2 * matrixRate
	matrixList  = 2 * matrixBatch
)

func matrixOptions(faults ...simulation.Fault) simulation.Options {
	return simulation.Options{
		Parameters: map[string]string{"AccountRate": fmt.Sprint(matrixRate), "PaceHeadroom": "0"},
		Vonage:     vonagetest.Config{Latency: 300 * time.Millisecond},
		Faults:     faults,
	}
}

// referenceRun posts the campaign as a client does that will not give up, and returns it when it has ended.
func referenceRun(t *testing.T, w *simulation.World) simulation.Campaign {
	t.Helper()
	body := simulation.Tutorial(matrixList, matrixBatch, 140) // so that the dispatcher has a batch to release
	for range 10 {
		status, answer := w.Do(http.MethodPost, "/campaigns", body, "Idempotency-Key", "reference")
		if status == http.StatusCreated || status == http.StatusOK {
			c := simulation.Decode[simulation.Campaign](w, answer)
			w.UntilStored(c.ID, campaign.Completed, 20*time.Minute)
			return w.Get(c.ID)
		}
		if status < 500 {
			t.Fatalf("POST /campaigns: %d: %s", status, answer)
		}
		time.Sleep(time.Second)
	}
	t.Fatal("POST /campaigns failed ten times")
	panic("unreachable")
}

func referenceCalls(t *testing.T) []simulation.RemoteCall {
	t.Helper()
	var calls []simulation.RemoteCall
	simulation.RunAlone(t, matrixOptions(), func(w *simulation.World) {
		c := referenceRun(t, w)
		if c.Counts.Accepted != matrixList || c.Counts.Unknown > 0 {
			t.Errorf("the reference run ended %+v", c.Counts)
		}
		calls = w.Calls()
		for calls[len(calls)-1].Function == "api" { // the test's own GET
			calls = calls[:len(calls)-1]
		}
		w.Check(c.ID)
	})
	slices.SortStableFunc(calls, func(a, b simulation.RemoteCall) int { return cmp.Compare(a.Function, b.Function) })
	return calls
}

// tally is what a matrix amounts to.
type tally struct {
	mu                          sync.Mutex
	runs, struck, unknown, most int
}

func (a *tally) add(w *simulation.World, c simulation.Campaign) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runs++
	a.struck += min(1, w.Struck())
	a.unknown += c.Counts.Unknown
	a.most = max(a.most, c.Counts.Unknown)
}

func (a *tally) report(t *testing.T, what string) {
	t.Helper()
	a.reportOf(t, what, .9)
}

// reportOf is report where the fault must have struck in a share of the runs: which calls there are depends on chance.
func (a *tally) reportOf(t *testing.T, what string, share float64) {
	t.Helper()
	t.Logf("%s: %d runs, the fault struck in %d, %d recipients unknown in all, %d at most in one run",
		what, a.runs, a.struck, a.unknown, a.most)
	if float64(a.struck) < share*float64(a.runs) {
		t.Errorf("%s: the fault struck in %d of %d runs only", what, a.struck, a.runs)
	}
}

// survives runs the reference campaign and holds it to the promises. most is how many recipients may be unknown.
func survives(t *testing.T, o simulation.Options, most int, all *tally) {
	t.Helper()
	simulation.Run(t, o, func(w *simulation.World) {
		c := referenceRun(t, w)
		if slices.ContainsFunc(o.Faults, func(f simulation.Fault) bool { return f.Mode == simulation.Freeze }) {
			time.Sleep(2 * time.Minute) // who stood still has the answers, and stores them late
			if c = w.Get(c.ID); c.Counts.Accepted != len(w.Vonage.Accepted()) {
				t.Errorf("%d are accepted by the ledger, %d by the counts", len(w.Vonage.Accepted()), c.Counts.Accepted)
			}
		}
		w.Check(c.ID)
		if c.Counts.ToSend != 0 || c.Counts.Accepted+c.Counts.Failed+c.Counts.Unknown != matrixList {
			t.Errorf("ended with %+v", c.Counts)
		}
		if c.Counts.Unknown > most {
			t.Errorf("%d recipients are unknown, %d at most may be", c.Counts.Unknown, most)
		}
		all.add(w, c)
	})
}

// Every remote call of the reference run, in every mode.
func TestCrashMatrix(t *testing.T) {
	calls := referenceCalls(t)
	all := &tally{}
	t.Run("every call", func(t *testing.T) {
		for i, call := range calls {
			for _, mode := range simulation.Modes() {
				fault := simulation.Fault{Call: call, Mode: mode}
				most := 0
				if call.Function == "sender" {
					most = 2 * matrixRate // a chunk, two where they overlap
				}
				if call.Operation == "DynamoDB_20120810.BatchWriteItem" && mode == simulation.SleepBefore {
					most = 0 // the answers are there, and are stored late
				}
				t.Run(fmt.Sprintf("%04d %s", i, fault), func(t *testing.T) {
					survives(t, matrixOptions(fault), most, all)
				})
			}
		}
	})
	all.report(t, "crash matrix")
	if all.runs < 400 {
		t.Errorf("%d runs, 400 at least were wanted", all.runs)
	}
}

// Two kills in one run, at calls drawn by a seed.
func TestPairsOfKills(t *testing.T) {
	calls := referenceCalls(t)
	calls = slices.DeleteFunc(calls, func(c simulation.RemoteCall) bool { return c.Function != "sender" })
	all := &tally{}
	t.Run("pairs", func(t *testing.T) {
		for seed := range 120 {
			draw := rand.New(rand.NewPCG(uint64(seed), 0))
			kill := func() simulation.Fault {
				modes := []simulation.Mode{simulation.KillBefore, simulation.KillAfter}
				return simulation.Fault{Call: calls[draw.IntN(len(calls))], Mode: modes[draw.IntN(2)]}
			}
			first, second := kill(), kill()
			t.Run(fmt.Sprintf("seed %d: %s, %s", seed, first, second), func(t *testing.T) {
				survives(t, matrixOptions(first, second), 4*matrixRate, all)
			})
		}
	})
	all.report(t, "pairs of kills")
}

// Who slept through the lease, behind a claim that took effect, lets others do the rest: the campaign may have been
// paused meanwhile.
func TestWhoSleptThroughTheLeaseSendsNothingMore(t *testing.T) {
	claim := simulation.RemoteCall{Function: "sender", Operation: "DynamoDB_20120810.TransactWriteItems", N: 2}
	o := matrixOptions(simulation.Fault{Call: claim, Mode: simulation.SleepAfter})
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(matrixList, matrixList, 1))
		time.Sleep(40 * time.Second)
		before := len(w.Vonage.Ledger())
		w.Act(c.ID, "pause")
		time.Sleep(10 * time.Minute)
		if after := len(w.Vonage.Ledger()); before == 0 || before >= matrixList || after != before {
			t.Errorf("%d texts before the pause, %d after it", before, after-before)
		}
		w.Act(c.ID, "resume")
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted+c.Counts.Unknown != matrixList {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
	})
}
