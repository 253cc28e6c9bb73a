package simulation_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// message is what the API says of a recipient.
type message struct {
	Number, Status, Reason, Code string
	Batch                        int
	MessageIDs                   []string `json:"message_ids"`
}

// messages are a campaign's recipients by number, with their plus. A campaign of more than a page has more.
func messages(w *simulation.World, id string) map[string]message {
	page := simulation.Call[struct{ Messages []message }](w, http.StatusOK, http.MethodGet,
		"/campaigns/"+id+"/messages?limit=1000", nil)
	byNumber := make(map[string]message, len(page.Messages))
	for _, m := range page.Messages {
		byNumber["+"+m.Number] = m
	}
	return byNumber
}

func retryPath(id, number string) string {
	return "/campaigns/" + id + "/messages/" + number + "/retry"
}

// retry takes a recipient's outcome back, and returns the campaign as it is told to the person who did it.
func retry(w *simulation.World, id, number string) simulation.Campaign {
	return simulation.Call[simulation.Campaign](w, http.StatusOK, http.MethodPost, retryPath(id, number), nil)
}

// addsUp holds the counts to the number of recipients.
func addsUp(t *testing.T, c simulation.Campaign) {
	t.Helper()
	if n := c.Counts; n.Accepted+n.Failed+n.Skipped+n.Unknown+n.ToSend != c.Recipients {
		t.Errorf("the counts do not add up to %d: %+v", c.Recipients, n)
	}
}

// outcomes are ways to lose a text so that it was not taken, with the status that its recipient then has.
var outcomes = map[string]vonagetest.Fault{
	"unknown": {Kind: vonagetest.FaultDropBefore},
	"failed":  {Kind: vonagetest.FaultStatus, Code: 6},
}

// strike lets a fault hit so many requests to one number.
func strike(t *testing.T, w *simulation.World, f vonagetest.Fault, to string, times int) {
	t.Helper()
	f.To, f.Times = strings.TrimPrefix(to, "+"), times
	inject(t, w, f)
}

// requests is how many requests were made for a number.
func requests(w *simulation.World, to string) int {
	n := 0
	for _, e := range w.Vonage.Ledger() {
		if "+"+e.To == to {
			n++
		}
	}
	return n
}

func TestAPersonSendsAgainToOneRecipientOfACompletedCampaign(t *testing.T) {
	for state, fault := range outcomes {
		t.Run(state, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				const n = 10
				number := simulation.Recipients(n)[3]
				strike(t, w, fault, number, 2)
				c := w.Create(simulation.Tutorial(n, 5, 60))
				c = w.Until(c.ID, "completed", 10*time.Minute)
				if c.Counts.Accepted != n-1 || messages(w, c.ID)[number].Status != state {
					t.Fatalf("the recipient is %+v of %+v", messages(w, c.ID)[number], c)
				}
				w.Check(c.ID)
				time.Sleep(time.Hour)

				again := retry(w, c.ID, number)
				if again.Status != "running" || again.Counts.Accepted != n-1 || again.Counts.ToSend != 1 ||
					again.Batches.Total != 3 || again.WaitingFor.Reason != "pace" {
					t.Errorf("told %+v", again)
				}
				addsUp(t, again)
				c = w.Until(c.ID, "completed", 10*time.Minute)
				addsUp(t, c)
				if m := messages(w, c.ID)[number]; m.Status != state || m.Batch != 3 || requests(w, number) != 2 {
					t.Errorf("struck again, the recipient is %+v after %d requests", m, requests(w, number))
				}
				w.Check(c.ID)

				retry(w, c.ID, number)
				c = w.Until(c.ID, "completed", 10*time.Minute)
				if m := messages(w, c.ID)[number]; m.Status != "accepted" || m.Reason != "" || len(m.MessageIDs) != 1 || m.Batch != 4 {
					t.Errorf("the recipient is %+v", m)
				}
				if c.Counts.Accepted != n || c.Batches.Done != 4 || requests(w, number) != 3 || len(w.Vonage.Ledger()) != n+2 {
					t.Errorf("ended %+v, %d requests for the recipient, %d in all", c, requests(w, number), len(w.Vonage.Ledger()))
				}
				addsUp(t, c)
				w.Check(c.ID)
			})
		})
	}
}

func TestAPersonSendsAgainWhileTheCampaignRuns(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const n = 20
		numbers := simulation.Recipients(n)
		strike(t, w, outcomes["unknown"], numbers[0], 1)
		strike(t, w, outcomes["failed"], numbers[1], 1)
		c := w.Create(simulation.Tutorial(n, 5, 600))
		time.Sleep(15 * time.Minute) // two of four batches
		before := w.Get(c.ID)
		for _, number := range numbers[:2] {
			addsUp(t, retry(w, c.ID, number))
		}
		time.Sleep(time.Minute)
		after := w.Get(c.ID)
		if after.Counts.Accepted != before.Counts.Accepted+2 || after.Counts.Unknown+after.Counts.Failed != 0 ||
			after.Status != "running" || !after.NextBatchAt.Equal(before.NextBatchAt) {
			t.Errorf("%+v became %+v", before, after)
		}
		c = w.Until(c.ID, "completed", time.Hour)
		at, sizes := starts(w.Vonage.Ledger(), time.Minute)
		if c.Counts.Accepted != n || fmt.Sprint(sizes) != "[5 5 2 5 5]" || at[4] != 30*time.Minute {
			t.Errorf("ended %+v, batches of %v at %v", c, sizes, at)
		}
		w.Check(c.ID)
	})
}

func TestTwoRetriesAtOnceSendOnce(t *testing.T) {
	// The calls of the table take a while, so that both find the same.
	o := simulation.Options{Cloud: func(next http.Handler) http.Handler { return delayed(next, 30*time.Millisecond) }}
	simulation.Run(t, o, func(w *simulation.World) {
		number := simulation.Recipients(1)[0]
		strike(t, w, outcomes["unknown"], number, 1)
		c := w.Create(simulation.Tutorial(3, 3, 1))
		w.Until(c.ID, "completed", time.Minute)
		const clients = 5
		var statuses [clients]int
		var answers sync.WaitGroup
		for i := range clients {
			answers.Go(func() { statuses[i], _ = w.Do(http.MethodPost, retryPath(c.ID, number), nil) })
		}
		answers.Wait()
		taken := 0
		for _, status := range statuses {
			switch status {
			case http.StatusOK:
				taken++
			case http.StatusConflict:
			default:
				t.Errorf("answered %d", status)
			}
		}
		c = w.Until(c.ID, "completed", 10*time.Minute)
		time.Sleep(time.Hour)
		if taken != 1 || requests(w, number) != 2 || c.Counts.Accepted != 3 || c.Batches.Total != 2 {
			t.Errorf("%d of %d retries were taken, %d requests, ended %+v", taken, clients, requests(w, number), c)
		}
		w.Check(c.ID)
	})
}

func TestARetryOfAPausedCampaignWaitsForTheResume(t *testing.T) {
	for state, fault := range outcomes {
		t.Run(state, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				const n = 10
				number := simulation.Recipients(n)[0]
				strike(t, w, fault, number, 1)
				c := w.Create(simulation.Tutorial(n, 5, 600))
				time.Sleep(time.Minute)
				w.Act(c.ID, "pause")
				if c = retry(w, c.ID, number); c.Status != "paused" || c.Counts.ToSend != 6 || c.WaitingFor.Reason != "resume" {
					t.Errorf("told %+v", c)
				}
				addsUp(t, c)
				w.Check(c.ID)
				time.Sleep(time.Hour)
				if m := messages(w, c.ID)[number]; m.Status != "pending" || requests(w, number) != 1 {
					t.Errorf("during the pause it is %+v after %d requests", m, requests(w, number))
				}
				w.Act(c.ID, "resume")
				time.Sleep(5 * time.Second)
				if m := messages(w, c.ID)[number]; m.Status != "accepted" || requests(w, number) != 2 {
					t.Errorf("after the resume it is %+v after %d requests", m, requests(w, number))
				}
				if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != n {
					t.Errorf("ended %+v", c)
				}
				w.Check(c.ID)
			})
		})
	}
}

func TestACancelLeavesARetryUnsent(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		number := simulation.Recipients(1)[0]
		strike(t, w, outcomes["failed"], number, 1)
		c := w.Create(simulation.Tutorial(10, 5, 600))
		time.Sleep(time.Minute)
		w.Act(c.ID, "pause")
		retry(w, c.ID, number)
		w.Act(c.ID, "cancel")
		time.Sleep(time.Hour)
		c = w.Get(c.ID)
		addsUp(t, c)
		if m := messages(w, c.ID)[number]; m.Status != "skipped" || requests(w, number) != 1 || c.Counts.Skipped != 6 {
			t.Errorf("the recipient is %+v after %d requests, of %+v", m, requests(w, number), c)
		}
		w.Check(c.ID)
	})
}

func TestARetryThatCannotBeIsRefused(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		numbers := simulation.Recipients(10)
		body := simulation.Tutorial(3, 3, 1)
		body["draft"] = true
		draft := w.Create(body)
		c := w.Create(simulation.Tutorial(10, 5, 3600))
		time.Sleep(time.Minute) // one batch of two
		strike(t, w, outcomes["failed"], numbers[1], 1)
		cancelled := w.Create(simulation.Tutorial(4, 2, 3600))
		time.Sleep(time.Minute)
		w.Act(cancelled.ID, "cancel")
		if m := messages(w, cancelled.ID)[numbers[1]]; m.Status != "failed" {
			t.Errorf("of the cancelled campaign: %+v", m)
		}
		writes, sent := w.Writes(), len(w.Vonage.Ledger())
		for name, row := range map[string]struct {
			id, number string
			status     int
			says       string
		}{
			"accepted":                   {c.ID, numbers[0], 409, "a message that is accepted is not sent again"},
			"of a batch to come":         {c.ID, numbers[9], 404, "nothing was sent to this number in this campaign"},
			"of somebody else":           {c.ID, "+447700900999", 404, "nothing was sent to this number in this campaign"},
			"of no campaign":             {"01K9SAMP1E0000000000000001", numbers[0], 404, "there is no such campaign"},
			"of a draft":                 {draft.ID, numbers[0], 409, "cannot retry a message of a campaign that is draft"},
			"of a cancelled campaign":    {cancelled.ID, numbers[1], 409, "cannot retry a message of a campaign that is cancelled"},
			"to no number":               {c.ID, "zebra", 422, "path.number"},
			"to a number of one country": {c.ID, "07700900000", 422, "path.number"},
			"to half a number":           {c.ID, "+4478", 422, "path.number"},
		} {
			a := w.Ask(http.MethodPost, retryPath(row.id, row.number), nil, w.Key()...)
			p := problemIn(t, a)
			if a.Status != row.status || !strings.Contains(p.Detail, row.says) {
				t.Errorf("%s: %d, %q", name, a.Status, p.Detail)
			}
			if row.status == http.StatusUnprocessableEntity && (len(p.Errors) != 1 || p.Errors[0].Field != "path.number") {
				t.Errorf("%s: names %q", name, p.places())
			}
		}
		time.Sleep(10 * time.Minute)
		if w.Writes() != writes || len(w.Vonage.Ledger()) != sent {
			t.Errorf("%d writes, %d requests", w.Writes()-writes, len(w.Vonage.Ledger())-sent)
		}
	})
}
