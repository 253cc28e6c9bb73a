package simulation_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// Each of these was wrong once.

func digits(number string) string { return strings.TrimPrefix(number, "+") }

// slowly makes a chunk wait half a minute for one of its texts.
func slowly(number string) vonagetest.Fault {
	return vonagetest.Fault{Kind: vonagetest.FaultHTTP, Code: 429, RetryAfter: 5, To: digits(number), Times: 6}
}

func TestAReplyToATextOfADeadSenderIsAttributed(t *testing.T) {
	kill := simulation.Fault{Call: simulation.RemoteCall{Function: "sender", Operation: "Vonage.Send", N: 5}, Mode: simulation.KillAfter}
	simulation.Run(t, simulation.Options{Faults: []simulation.Fault{kill}}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(9, 9, 1))
		time.Sleep(8 * time.Second)
		w.Say(w.Vonage.Ledger()[1].To, ourNumber, "Yes please, at nine")
		time.Sleep(30 * time.Minute)
		if n := len(w.Replies(c.ID)); n != 1 {
			t.Errorf("%d replies", n)
		}
	})
}

// A chunk is not stored yet in which the person is, and an older campaign has written to them too.
func TestAReplyWaitsForTheChunkThatItAnswers(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		list := simulation.Recipients(9)
		older := w.Create(simulation.Tutorial(9, 9, 1))
		w.Until(older.ID, "completed", time.Minute)
		time.Sleep(time.Hour)
		inject(t, w, slowly(list[8]))
		c := w.Create(simulation.Tutorial(9, 9, 1))
		time.Sleep(7 * time.Second)
		w.Say(digits(list[1]), ourNumber, "Yes")
		time.Sleep(10 * time.Minute)
		if was, is := len(w.Replies(older.ID)), len(w.Replies(c.ID)); was != 0 || is != 1 {
			t.Errorf("%d replies to the older campaign, %d to this one", was, is)
		}
	})
}

func TestATextOfTwoPartsThatAReceiptResolvedIsNotWholeByOne(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{
		Delivered: 1, Lost: .3, Copies: 3, Jitter: 40 * time.Second, Delay: vonagetest.Curve{Median: 40 * time.Second},
	}}}
	simulation.Run(t, o, func(w *simulation.World) {
		inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Times: 20})
		body := simulation.Tutorial(20, 20, 1)
		body["message_string"] = backText
		c := w.Create(body)
		w.Until(c.ID, "completed", time.Minute)
		w.UntilQuiet()
		w.CheckReturns(c.ID)
	})
}

func TestAnOptOutHoldsForATextThatIsTriedAgain(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		last := simulation.Recipients(9)[8]
		inject(t, w, slowly(last))
		c := w.Create(simulation.Tutorial(9, 9, 1))
		time.Sleep(6 * time.Second)
		if status, answer := w.Do(http.MethodPut, "/suppressions/"+last, nil); status >= 300 {
			t.Fatalf("%d: %s", status, answer)
		}
		if c = w.Until(c.ID, "completed", 10*time.Minute); c.Counts.Skipped != 1 || len(to(w, digits(last))) != 0 {
			t.Errorf("ended %+v", c.Counts)
		}
		w.Check(c.ID)
	})
}

// A person wants an unknown sent to again; before that leaves, the receipt of the first text comes.
func TestARetryIsNotSentWhereAReceiptWasFaster(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{Delivered: 1, Delay: vonagetest.Curve{Median: 2 * time.Minute}}}}
	simulation.Run(t, o, func(w *simulation.World) {
		inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Times: 1})
		c := w.Create(simulation.Tutorial(4, 2, 600))
		time.Sleep(20 * time.Second)
		w.Act(c.ID, "pause")
		number := w.Vonage.Ledger()[0].To
		if status, answer := w.Do(http.MethodPost, "/campaigns/"+c.ID+"/messages/"+number+"/retry", nil); status != http.StatusOK {
			t.Fatalf("retry: %d: %s", status, answer)
		}
		time.Sleep(10 * time.Minute)
		w.Act(c.ID, "resume")
		c = w.Until(c.ID, "completed", time.Hour)
		if n := len(to(w, number)); n != 1 || c.Counts.Accepted != 4 {
			t.Errorf("%d texts; ended %+v", n, c.Counts)
		}
		w.UntilQuiet()
		w.Check(c.ID)
		w.CheckReturns(c.ID)
	})
}

// The retry of an unknown failed for good; then the receipt of the first text came; and the person tries once more.
func TestNoRetrySendsASecondTextBehindAReceipt(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{Delivered: 1, Delay: vonagetest.Curve{Median: 2 * time.Minute}}}}
	simulation.Run(t, o, func(w *simulation.World) {
		inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Times: 1},
			vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 6, Skip: 1, Times: 1})
		c := w.Create(simulation.Tutorial(2, 2, 1))
		w.Until(c.ID, "completed", time.Minute)
		number := w.Vonage.Ledger()[0].To
		retry := "/campaigns/" + c.ID + "/messages/" + number + "/retry"
		w.Do(http.MethodPost, retry, nil)
		time.Sleep(20 * time.Minute)
		w.Do(http.MethodPost, retry, nil)
		c = w.Until(c.ID, "completed", time.Hour)
		if n := len(to(w, number)); n != 1 || c.Counts.Accepted != 2 {
			t.Errorf("%d texts; ended %+v", n, c.Counts)
		}
		w.Check(c.ID)
		w.CheckReturns(c.ID)
	})
}

func TestAYesOfWhomTheOperatorHasBlockedIsAnAnswer(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		list := simulation.Recipients(2)
		c := w.Create(simulation.Tutorial(2, 2, 1))
		w.Until(c.ID, "completed", time.Minute)
		w.Do(http.MethodPut, "/suppressions/"+list[0], nil)
		w.Say(digits(list[0]), ourNumber, "Yes")
		time.Sleep(3 * time.Minute)
		if open := w.OpenReplies(c.ID); len(open) != 1 || open[0].Text != "Yes" {
			t.Errorf("%d open replies", len(open))
		}
	})
}

func TestAStopInTheSecondOfALiftIsHeeded(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		list := simulation.Recipients(2)
		c := w.Create(simulation.Tutorial(2, 2, 1))
		w.Until(c.ID, "completed", time.Minute)
		w.Do(http.MethodPut, "/suppressions/"+list[0], nil)
		time.Sleep(time.Minute)
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1500 * time.Millisecond)))
		w.Do(http.MethodDelete, "/suppressions/"+list[0], nil)
		time.Sleep(200 * time.Millisecond)
		w.Say(digits(list[0]), ourNumber, "STOP")
		time.Sleep(3 * time.Minute)
		if status, answer := w.Do(http.MethodGet, "/suppressions/"+list[0], nil); status != http.StatusOK {
			t.Errorf("%d: %s", status, answer)
		}
	})
}

// A receipt of a number that the campaign does not have is not counted.
func TestAReceiptOfAStrangerCountsForNothing(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(2, 2, 1))
		w.Until(c.ID, "completed", time.Minute)
		body := `{"receipt":{"ref":"` + c.ID + `","to":"447999999999","from":"447700900000","message_id":"X1","status":"delivered",` +
			`"at":"2000-01-01T00:01:00Z"},"received_at":"2000-01-01T00:01:00Z"}`
		event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"messageId": "m1", "body": body}}})
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := w.Invoke("recorder", event); err != nil || !strings.Contains(string(answer), "[]") {
			t.Errorf("%s, %v", answer, err)
		}
		time.Sleep(2 * time.Hour)
		if r := w.Get(c.ID).Returns; r.Delivered != 0 {
			t.Errorf("%+v", r)
		}
		w.CheckReturns(c.ID)
	})
}
