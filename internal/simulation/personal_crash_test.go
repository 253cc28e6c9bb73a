package simulation_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
)

// The reference run of personal texts: two parts that overlap, so that the list has an index, in two batches.
const personalList, personalSame = 40, 15

// named is a table of the i-th to the j-th of simulation.Recipients, each with a name of their own in this part.
func named(part, i, j int) string {
	table := "number,name\n"
	for k, number := range simulation.Recipients(j)[i:] {
		table += fmt.Sprintf("%s,person %d of part %d\n", number, i+k, part)
	}
	return table
}

func personalRun(t *testing.T, w *simulation.World) (c simulation.Campaign, launched int) {
	t.Helper()
	made := w.Create(draft("Hello, {{name}}!", personalList/2, 140))
	for _, u := range []upload{{1, asCSV, named(1, 0, 25)}, {2, asCSV, named(2, 25-personalSame, personalList)}} {
		if status, _ := u.put(w, made.ID); status != http.StatusOK {
			t.Fatalf("part %d: %d", u.part, status)
		}
	}
	launched = len(w.Calls())
	w.Act(made.ID, "launch")
	w.UntilStored(made.ID, campaign.Completed, time.Hour)
	return w.Get(made.ID), launched
}

// personally checks that whoever has a text has their own: that of the part in which they stand first.
func personally(t *testing.T, w *simulation.World, c simulation.Campaign) {
	t.Helper()
	w.Check(c.ID)
	if c.Recipients != personalList || c.Duplicates != personalSame || c.Counts.Accepted+c.Counts.Unknown != personalList {
		t.Errorf("ended %+v", c)
	}
	sent := texts(t, w.Vonage.Ledger(), c.ID)
	for i, number := range simulation.Recipients(personalList) {
		part := 1
		if i >= 25 {
			part = 2
		}
		text, has := sent[strings.TrimPrefix(number, "+")]
		if want := fmt.Sprintf("Hello, person %d of part %d!", i, part); has && text != want {
			t.Errorf("somebody has the text %q, want %q", text, want)
		}
	}
	if len(sent) < c.Counts.Accepted {
		t.Errorf("%d texts to %d accepted", len(sent), c.Counts.Accepted)
	}
}

// Senders and dispatcher are struck at every third of their calls; with SLUICE_MATRIX=all, at each in four modes. Whoever
// goes on finds the same recipient at the same place of the list.
func TestEverybodyHasTheirOwnTextWhoeverCrashes(t *testing.T) {
	var calls []simulation.RemoteCall
	simulation.RunAlone(t, matrixOptions(), func(w *simulation.World) {
		c, launched := personalRun(t, w)
		personally(t, w, c)
		calls = slices.DeleteFunc(w.Calls()[launched:], func(c simulation.RemoteCall) bool {
			return c.Function == "api" || c.Function == "dispatcher" && c.N > 6
		})
	})
	all := &tally{}
	t.Run("every call", func(t *testing.T) {
		for i, call := range calls {
			modes := []simulation.Mode{simulation.KillBefore, simulation.KillAfter, simulation.FailBefore, simulation.LoseAnswer}
			if !wholeMatrix() {
				if i%3 != 0 {
					continue
				}
				modes = modes[i/3%4 : i/3%4+1]
			}
			for _, mode := range modes {
				fault := simulation.Fault{Call: call, Mode: mode}
				t.Run(fmt.Sprintf("%04d %s", i, fault), func(t *testing.T) {
					simulation.Run(t, matrixOptions(fault), func(w *simulation.World) {
						c, _ := personalRun(t, w)
						personally(t, w, c)
						all.add(w, c)
					})
				})
			}
		}
	})
	all.report(t, fmt.Sprintf("crash matrix of personal texts, of %d calls", len(calls)))
	if all.runs < len(calls)/3 || len(calls) < 20 {
		t.Errorf("%d runs of %d calls", all.runs, len(calls))
	}
}
