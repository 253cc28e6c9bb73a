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

// The reference run of a list: three parts, of which one is replaced and one taken away, and the launch that seals it.
const (
	listed     = 24 // different numbers
	twice      = 7  // rows of numbers that stand there before
	unreadable = 3
)

// list is what a run made of its list.
type list struct {
	campaign simulation.Campaign
	first    int // of the remote calls that make the list
	last     int
}

// listRun makes a list as a client does that will not give up, launches it, and waits for its end.
func listRun(t *testing.T, w *simulation.World) list {
	t.Helper()
	status, answer := w.Insist(http.MethodPost, "/campaigns", draft("Hello, {{first_name|you}}!", listed, 0), "Idempotency-Key", "list")
	if status >= 300 {
		t.Fatalf("create: %d %s", status, answer)
	}
	run := list{campaign: simulation.Decode[simulation.Campaign](w, answer), first: len(w.Calls())}
	id := run.campaign.ID
	for _, step := range []struct {
		upload
		accepted int
	}{
		{upload{1, asCSV, file(100, 110) + "zebra\n"}, 10},
		{upload{2, asCSV, file(8, 16) + "zebra\nzebra\n" + strings.Join(simulation.Recipients(10)[8:], "\n")}, 8},
		{upload{1, asCSV, file(0, 11) + "zebra\n"}, 11}, // in place of the first
		{upload{3, asCSV, file(100, 110)}, 10},
		{upload{4, "application/json", jsonOf(14, listed)}, listed - 14},
	} {
		if status, accepted := step.put(w, id); status != http.StatusOK || accepted != step.accepted {
			t.Errorf("part %d: %d, %d accepted", step.part, status, accepted)
		}
	}
	if status, answer := w.Insist(http.MethodDelete, "/campaigns/"+id+"/recipients/3", nil); status != http.StatusNoContent && status != http.StatusNotFound {
		t.Errorf("remove: %d %s", status, answer)
	}
	run.launch(t, w)
	run.last = len(w.Calls())
	w.UntilStored(id, campaign.Completed, time.Hour)
	run.campaign = w.Get(id)
	return run
}

// launch does it until it is answered that it is done: a launch whose answer was lost is one that cannot be done again.
func (l *list) launch(t *testing.T, w *simulation.World) {
	t.Helper()
	for range 10 {
		status, answer := w.Insist(http.MethodPost, "/campaigns/"+l.campaign.ID+"/launch", nil)
		switch {
		case status == http.StatusOK:
			return
		case status != http.StatusConflict:
			t.Errorf("launch: %d %s", status, answer)
		}
		if status, answer = w.Insist(http.MethodGet, "/campaigns/"+l.campaign.ID, nil); status == http.StatusOK &&
			simulation.Decode[simulation.Campaign](w, answer).Status != "draft" {
			return
		}
		time.Sleep(time.Second)
	}
	t.Error("it is not launched")
}

func jsonOf(i, j int) string {
	return `["` + strings.Join(simulation.Recipients(j)[i:], `","`) + `"]`
}

// holds checks that the list is whole, and that everybody in it was sent one text.
func (l *list) holds(t *testing.T, w *simulation.World) {
	t.Helper()
	w.Check(l.campaign.ID)
	c := l.campaign
	if c.Recipients != listed || c.Duplicates != twice || c.Counts.Accepted != listed {
		t.Errorf("ended %+v", c)
	}
	sent := texts(t, w.Vonage.Ledger(), c.ID)
	for _, number := range simulation.Recipients(listed) {
		if sent[strings.TrimPrefix(number, "+")] != "Hello, you!" {
			t.Error("somebody has no text, or another one")
		}
	}
	parts := simulation.Call[struct {
		Parts             []struct{ Part int }
		Accepted, Refused int
	}](w, http.StatusOK, http.MethodGet, "/campaigns/"+c.ID+"/recipients", nil)
	if len(parts.Parts) != 3 || parts.Refused != unreadable || parts.Accepted != 29 || len(sent) != listed {
		t.Errorf("%+v, %d texts", parts, len(sent))
	}
	refused := simulation.Call[struct{ Refused []struct{ Part int } }](w, http.StatusOK, http.MethodGet,
		"/campaigns/"+c.ID+"/recipients/refused", nil).Refused
	if len(refused) != unreadable {
		t.Errorf("%d refused rows are kept", len(refused))
	}
}

// Every remote call that makes a list, in two of the modes; with SLUICE_MATRIX=all, in every mode.
func TestListsOutliveEveryCrash(t *testing.T) {
	var calls []simulation.RemoteCall
	simulation.RunAlone(t, simulation.Options{}, func(w *simulation.World) {
		run := listRun(t, w)
		run.holds(t, w)
		calls = slices.DeleteFunc(w.Calls()[run.first:run.last], func(c simulation.RemoteCall) bool { return c.Function != "api" })
	})
	all := &tally{}
	t.Run("every call", func(t *testing.T) {
		for i, call := range calls {
			modes := simulation.Modes()
			if !wholeMatrix() {
				modes = []simulation.Mode{modes[i%len(modes)], modes[(i+len(modes)/2)%len(modes)]}
			}
			for _, mode := range modes {
				fault := simulation.Fault{Call: call, Mode: mode}
				t.Run(fmt.Sprintf("%04d %s", i, fault), func(t *testing.T) {
					simulation.Run(t, simulation.Options{Faults: []simulation.Fault{fault}}, func(w *simulation.World) {
						run := listRun(t, w)
						run.holds(t, w)
						all.add(w, run.campaign)
					})
				})
			}
		}
	})
	all.report(t, fmt.Sprintf("crash matrix of %d calls that make a list", len(calls)))
	if all.unknown > 0 || all.runs < 80 {
		t.Errorf("%d runs, %d recipients unknown", all.runs, all.unknown)
	}
}
