package simulation_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

const testText = "Is this how it looks?"

// tested sends a campaign's text to some people.
func tested(w *simulation.World, id string, body simulation.JSON) []test {
	return simulation.Call[struct{ Tests []test }](w, http.StatusAccepted, http.MethodPost, "/campaigns/"+id+"/test", body).Tests
}

func testOf(w *simulation.World, id, of string) test {
	return simulation.Call[test](w, http.StatusOK, http.MethodGet, "/campaigns/"+id+"/tests/"+of, nil)
}

// A test goes out whatever the campaign's status is, and leaves no trace in it.
func TestATestCountsNowhere(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{Delivered: 1}}}
	simulation.Run(t, o, func(w *simulation.World) {
		body := simulation.Tutorial(6, 3, 60)
		body["message_string"], body["draft"] = testText, true
		c := w.Create(body)
		listed := strings.TrimPrefix(simulation.Recipients(1)[0], "+")
		to := []string{"447700900001", "+44 7700 900002", listed}
		send := func() {
			t.Helper()
			before := w.Get(c.ID)
			made := tested(w, c.ID, simulation.JSON{"to": to})
			if len(made) != 3 || made[0].Status != "pending" || made[0].Text != testText || made[0].Segments != 1 {
				t.Fatalf("%+v", made)
			}
			time.Sleep(5 * time.Second)
			for _, one := range made {
				if got := testOf(w, c.ID, one.ID); got.Status != "accepted" || got.Number != one.Number || got.Text != testText {
					t.Errorf("%s: %+v", before.Status, got)
				}
			}
			time.Sleep(time.Minute)
			for _, one := range made {
				if got := testOf(w, c.ID, one.ID); got.Delivery != "delivered" {
					t.Errorf("%s: after its receipt: %+v", before.Status, got)
				}
			}
			if after := w.Get(c.ID); before.Status != "running" && (after.Counts != before.Counts || after.Returns != before.Returns) {
				t.Errorf("%s: the campaign was %+v, now it is %+v", before.Status, before, after)
			}
		}
		send()
		if got := simulation.Call[totals](w, http.StatusOK, http.MethodGet, "/campaigns/"+c.ID+"/totals", nil); got.Texts != 0 || got.Status.Pending != 6 {
			t.Errorf("%+v", got)
		}
		w.Act(c.ID, "launch")
		send()
		w.Until(c.ID, "completed", 5*time.Minute)
		w.UntilQuiet()
		send()
		w.UntilQuiet()
		if n := len(w.Vonage.Ledger()); n != 6+9 {
			t.Errorf("%d texts were sent, 6 and 9 tests are to be", n)
		}
		w.Check(c.ID)
		w.CheckReturns(c.ID)
		reportsAgree(t, w, c.ID)
	})
}

func TestWhoHasOptedOutGetsNoTest(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(2, 1, 60)
		body["draft"] = true
		c := w.Create(body)
		const out = "447700900001"
		if status, answer := w.Do(http.MethodPut, "/suppressions/"+out, nil); status >= 300 {
			t.Fatalf("%d: %s", status, answer)
		}
		made := tested(w, c.ID, simulation.JSON{"to": []string{out, "447700900002"}})
		time.Sleep(10 * time.Second)
		if got := testOf(w, c.ID, made[0].ID); got.Status != "skipped" || got.Code != "opted out" || got.Reason == "" {
			t.Errorf("%+v", got)
		}
		if got := testOf(w, c.ID, made[1].ID); got.Status != "accepted" || len(to(w, out)) > 0 {
			t.Errorf("%+v, %d texts to who opted out", got, len(to(w, out)))
		}
	})
}

func TestATestToSixPeopleIsRefusedWhole(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(2, 1, 60)
		body["draft"] = true
		c := w.Create(body)
		before := w.Writes()
		a := w.Ask(http.MethodPost, "/campaigns/"+c.ID+"/test", simulation.JSON{"to": simulation.Recipients(6)}, w.Key()...)
		if got := problemIn(t, a).places(); a.Status != http.StatusUnprocessableEntity || !slices.Equal(got, []string{"to"}) {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		a = w.Ask(http.MethodPost, "/campaigns/"+c.ID+"/test", simulation.JSON{"to": []string{"447700900001", privateNumber + "0000"}}, w.Key()...)
		if got := problemIn(t, a).places(); a.Status != http.StatusUnprocessableEntity || !slices.Equal(got, []string{"to/2"}) {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		time.Sleep(5 * time.Minute)
		if n := len(w.Vonage.Ledger()); n > 0 || w.Writes() > before {
			t.Errorf("%d texts, %d writes", n, w.Writes()-before)
		}
	})
}

// testRun sends one test to two people, as a client does that will not give up, and returns what became of them.
func testRun(t *testing.T, w *simulation.World) []test {
	t.Helper()
	body := simulation.Tutorial(2, 1, 60)
	body["message_string"], body["draft"] = testText, true
	status, answer := w.Insist(http.MethodPost, "/campaigns", body, "Idempotency-Key", "campaign")
	if status >= 300 {
		t.Fatalf("%d: %s", status, answer)
	}
	id := simulation.Decode[simulation.Campaign](w, answer).ID
	status, answer = w.Insist(http.MethodPost, "/campaigns/"+id+"/test", simulation.JSON{
		"to": []string{"447700900001", "447700900002"},
	}, "Idempotency-Key", "test")
	if status != http.StatusAccepted {
		t.Fatalf("%d: %s", status, answer)
	}
	made := simulation.Decode[struct{ Tests []test }](w, answer).Tests
	time.Sleep(30 * time.Minute) // a courier's message comes again, and the dispatcher looks after what is stuck
	for i, one := range made {
		status, answer := w.Insist(http.MethodGet, "/campaigns/"+id+"/tests/"+one.ID, nil)
		if status != http.StatusOK {
			t.Fatalf("%d: %s", status, answer)
		}
		made[i] = simulation.Decode[test](w, answer)
	}
	return made
}

// Every remote call of a test, of who stores it, sends it and looks after it: killed and failed, before and after. Nobody gets
// two, and one is missing only where it is unknown.
func TestCrashMatrixOfTests(t *testing.T) {
	var calls []simulation.RemoteCall
	simulation.RunAlone(t, simulation.Options{}, func(w *simulation.World) {
		testRun(t, w)
		calls = w.Calls()
	})
	calls = slices.DeleteFunc(calls, func(c simulation.RemoteCall) bool { return c.Function == "dispatcher" && c.N > 4 })
	slices.SortStableFunc(calls, func(a, b simulation.RemoteCall) int { return cmp.Compare(a.Function, b.Function) })
	all := &tally{}
	t.Run("every call", func(t *testing.T) {
		for i, call := range calls {
			modes := []simulation.Mode{simulation.KillBefore, simulation.KillAfter, simulation.FailBefore, simulation.LoseAnswer}
			if !wholeMatrix() {
				modes = modes[i%4 : i%4+1]
			}
			for _, mode := range modes {
				fault := simulation.Fault{Call: call, Mode: mode}
				t.Run(fmt.Sprintf("%04d %s", i, fault), func(t *testing.T) { testSurvives(t, all, fault) })
			}
		}
	})
	all.report(t, "crash matrix of tests")
	if all.runs < len(calls) || len(calls) < 20 {
		t.Errorf("%d runs of %d calls", all.runs, len(calls))
	}
}

func testSurvives(t *testing.T, all *tally, fault simulation.Fault) {
	simulation.Run(t, simulation.Options{Faults: []simulation.Fault{fault}}, func(w *simulation.World) {
		var found simulation.Campaign
		for _, one := range testRun(t, w) {
			sent := len(to(w, one.Number))
			unsure := fault.Call.Function == "courier" && one.Status == "unknown"
			if unsure {
				found.Counts.Unknown++
			}
			if sent > 1 || !unsure && (sent != 1 || one.Status != "accepted") {
				t.Errorf("a test that is %s was sent %d times: %s", one.Status, sent, one.Reason)
			}
		}
		all.add(w, found)
	})
}
