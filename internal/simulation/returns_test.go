package simulation_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

const ourNumber = "447700900000"

// Receipts three times over, far out of order, a tenth of them before the send is settled, one in a hundred lost. `make
// matrix` does it with 10,000 texts.
func TestReceiptsInAnyOrder(t *testing.T) {
	n := 1500
	if asked := os.Getenv("SLUICE_RETURNS_TEXTS"); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatal(err)
		}
	}
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": "500", "PaceHeadroom": "0"},
		Vonage: vonagetest.Config{Rate: -1, Latency: 50 * time.Millisecond, Returns: vonagetest.Returns{
			Delivered: .9, Failed: .04, Expired: .02, Rejected: .01, OptedOut: .01, Buffered: .3, Lost: .01, Early: .1,
			Delay:  vonagetest.Curve{Median: 4 * time.Second, P95: 30 * time.Second},
			Copies: 3, Jitter: 20 * time.Second, Seed: 5,
		}},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(n, n/4, 1))
		w.Until(c.ID, "completed", 10*time.Minute)
		w.UntilQuiet()
		if c = w.Get(c.ID); c.Counts.Accepted != n || c.Returns.Delivered < n*8/10 || c.Returns.OptedOut < n/200 {
			t.Errorf("ended %+v, %+v", c.Counts, c.Returns)
		}
		w.Check(c.ID)
		w.CheckReturns(c.ID)
		t.Logf("%d receipts of %d texts: %+v", len(w.Vonage.Webhooks()), n, c.Returns)
	})
}

func TestAReceiptResolvesAnUnknown(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{Delivered: 1, Delay: vonagetest.Curve{Median: 2 * time.Second}}}}
	simulation.Run(t, o, func(w *simulation.World) {
		if err := w.Vonage.Inject(vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Times: 3}); err != nil {
			t.Fatal(err)
		}
		c := w.Create(simulation.Tutorial(9, 3, 1))
		w.Until(c.ID, "completed", time.Minute)
		w.UntilQuiet()
		if c = w.Get(c.ID); c.Counts.Accepted != 9 || c.Counts.Unknown != 0 || c.Returns.Delivered != 9 {
			t.Errorf("ended %+v, %+v", c.Counts, c.Returns)
		}
		w.Check(c.ID)
		w.CheckReturns(c.ID)
	})
}

// The sender died, and its campaign was paused: its batch is taken over half an hour later, when the queue gives it out
// again.
func TestAReceiptIsKeptForAnUnknownThatIsYetToBeFound(t *testing.T) {
	kill := simulation.Fault{Call: simulation.RemoteCall{Function: "sender", Operation: "Vonage.Send", N: 2}, Mode: simulation.KillAfter}
	o := simulation.Options{
		Faults: []simulation.Fault{kill},
		Vonage: vonagetest.Config{Returns: vonagetest.Returns{Delivered: 1, Delay: vonagetest.Curve{Median: time.Second}}},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(9, 9, 1))
		time.Sleep(3 * time.Second)
		w.Act(c.ID, "pause")
		time.Sleep(time.Hour)
		if c = w.Get(c.ID); c.Returns.Delivered == 0 {
			t.Errorf("after an hour %+v, %+v", c.Counts, c.Returns)
		}
		time.Sleep(time.Hour)
		c = w.Get(c.ID)
		if sent := len(w.Vonage.Accepted()); c.Counts.Accepted != sent || c.Returns.Delivered != sent || c.Counts.Unknown != 9-sent {
			t.Errorf("%d texts were taken; ended %+v, %+v", sent, c.Counts, c.Returns)
		}
		w.Check(c.ID)
		w.CheckReturns(c.ID)
	})
}

func TestAReplyBelongsToTheCampaignThatWroteLast(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		person := strings.TrimPrefix(simulation.Recipients(1)[0], "+")
		first := w.Create(simulation.Tutorial(3, 3, 1))
		w.Until(first.ID, "completed", time.Minute)
		w.Say(person, ourNumber, "To the first.")
		time.Sleep(time.Hour)
		second := w.Create(simulation.Tutorial(2, 1, 1))
		w.Until(second.ID, "completed", time.Minute)
		w.Say(person, ourNumber, "To the second.")
		w.Say("447000000001", ourNumber, "Who are you?")
		w.Say(person, "447700900999", "To a number that wrote to nobody.")
		time.Sleep(3 * time.Minute)
		for id, want := range map[string][]string{
			first.ID: {"To the first."}, second.ID: {"To the second."},
			"none": {"To a number that wrote to nobody.", "Who are you?"},
		} {
			var texts []string
			for _, r := range w.Replies(id) {
				texts = append(texts, r.Text)
			}
			slices.Sort(texts)
			if !slices.Equal(texts, want) {
				t.Errorf("%d replies are attributed %d", len(want), len(texts))
			}
		}
		if r := w.Replies(second.ID); len(r) == 1 && (r[0].Batch != 1 || r[0].Number != person || r[0].Sender != ourNumber) {
			t.Errorf("the reply is %+v", r[0])
		}
		if open := w.OpenReplies(""); len(open) != 4 || open[0].Text != "To the first." {
			t.Errorf("%d replies are open", len(open))
		}
		w.CheckReturns(first.ID)
		w.CheckReturns(second.ID)
	})
}

// A machine answers before the sender has stored that it sent.
func TestAReplyWithinAMomentIsAttributed(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{
		Delivered: 1, Replies: 1, ReplyDelay: vonagetest.Curve{Median: 50 * time.Millisecond},
	}}}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(60, 30, 1))
		w.Until(c.ID, "completed", time.Minute)
		w.UntilQuiet()
		if c = w.Get(c.ID); c.Returns.Replies.Open != 60 {
			t.Errorf("%+v", c.Returns)
		}
		w.CheckReturns(c.ID)
	})
}

func TestALongReplyIsPutTogether(t *testing.T) {
	simulation.Run(t, simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{Jitter: 30 * time.Second, Copies: 2}}},
		func(w *simulation.World) {
			c := w.Create(simulation.Tutorial(2, 2, 1))
			w.Until(c.ID, "completed", time.Minute)
			long := strings.Repeat("I would rather come on another day. ", 12)
			person := strings.TrimPrefix(simulation.Recipients(1)[0], "+")
			w.Say(person, ourNumber, long)
			w.UntilQuiet()
			replies := w.Replies(c.ID)
			if len(replies) != 1 || replies[0].Text != long || replies[0].Incomplete {
				t.Errorf("%d replies", len(replies))
			}
			w.CheckReturns(c.ID)
		})
}

// An answer does not wait behind the three thousand texts that are going out, but only for what the five senders have
// reserved: a second's slots each.
func TestAnAnswerGoesAheadOfBulk(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(3000, 600, 0))
		time.Sleep(20 * time.Second)
		person := w.Vonage.Ledger()[0].To
		w.Say(person, ourNumber, "When?")
		time.Sleep(10 * time.Second)
		replies := w.OpenReplies(c.ID)
		if len(replies) != 1 {
			t.Fatalf("%d open replies", len(replies))
		}
		asked := time.Now()
		r := w.Answer(replies[0].ID, "At three.")
		if r.Status != "answered" || r.Answer == nil || r.Answer.Text != "At three." {
			t.Errorf("answered: %+v", r)
		}
		time.Sleep(15 * time.Second)
		var took time.Duration
		for _, e := range w.Vonage.Ledger() {
			if e.Text == "At three." && e.To == person && e.From == ourNumber && e.Accepted() {
				took = e.At.Sub(asked)
			}
		}
		if took == 0 || took > 6*time.Second {
			t.Errorf("the answer left after %v", took)
		}
		t.Logf("the answer left after %v", took)
		if again, _ := w.Do(http.MethodPost, "/replies/"+r.ID+"/answer", simulation.JSON{"text": "At four."}); again != http.StatusConflict {
			t.Errorf("a second answer: %d", again)
		}
		w.Until(c.ID, "completed", 10*time.Minute)
		if n := w.Get(c.ID).Returns.Replies; n.Answered != 1 || n.Open != 0 || n.Total != 1 {
			t.Errorf("%+v", n)
		}
		w.CheckReturns(c.ID)
	})
}

func TestAStopIsConfirmedOnceAndHonoured(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Returns: vonagetest.Returns{Copies: 3}}}
	simulation.Run(t, o, func(w *simulation.World) {
		list := simulation.Recipients(3)
		person := strings.TrimPrefix(list[1], "+")
		c := w.Create(simulation.Tutorial(3, 3, 1))
		w.Until(c.ID, "completed", time.Minute)
		w.Say(person, ourNumber, " Stop! ")
		time.Sleep(10 * time.Second)
		w.Say(person, ourNumber, "STOP")
		time.Sleep(time.Minute)
		if texts := to(w, person); len(texts) != 2 || !strings.Contains(texts[1], "START") {
			t.Errorf("%d texts to who opted out, with the confirmation", len(texts))
		}
		again := w.Create(simulation.Tutorial(3, 3, 1))
		if again = w.Until(again.ID, "completed", time.Minute); again.Counts.Skipped != 1 || again.Counts.Accepted != 2 {
			t.Errorf("%+v", again.Counts)
		}
		w.Check(again.ID)
		w.Say(person, ourNumber, "yes")
		time.Sleep(time.Minute)
		back := w.Create(simulation.Tutorial(3, 3, 1))
		if back = w.Until(back.ID, "completed", time.Minute); back.Counts.Accepted != 3 {
			t.Errorf("after YES: %+v", back.Counts)
		}
		if n := w.Get(c.ID).Returns; n.OptedOut != 1 || n.Replies.Total != 0 {
			t.Errorf("%+v", n)
		}
		w.CheckReturns(c.ID)
	})
}

// to are the texts that Vonage took for a person.
func to(w *simulation.World, number string) []string {
	var texts []string
	for _, e := range w.Vonage.Ledger() {
		if e.To == number && e.Accepted() {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

// Whoever is on the list for a second when a chunk is claimed is not in it: at five a second, that shows in what leaves
// two seconds and a half later.
func TestAnOptOutIsHonouredFromTheSecondItIsRecorded(t *testing.T) {
	for seed := range 8 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { optOutsAtRandom(t, uint64(seed)) })
	}
}

func optOutsAtRandom(t *testing.T, seed uint64) {
	draw := newDraw(seed)
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": "5", "PaceHeadroom": "0"},
		Vonage:     vonagetest.Config{Latency: time.Duration(draw.IntN(800)) * time.Millisecond},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		list := simulation.Recipients(60)
		c := w.Create(simulation.Tutorial(60, 10+draw.IntN(50), draw.IntN(3)))
		recorded := make(map[string]time.Time)
		for range 15 {
			time.Sleep(time.Duration(draw.IntN(1500)) * time.Millisecond)
			number := list[draw.IntN(len(list))]
			if status, answer := w.Do(http.MethodPut, "/suppressions/"+number, nil); status >= 300 {
				t.Fatalf("%d: %s", status, answer)
			}
			if _, known := recorded[number]; !known {
				recorded[number] = time.Now()
			}
		}
		c = w.Until(c.ID, "completed", 10*time.Minute)
		for _, e := range w.Vonage.Ledger() {
			if at, out := recorded["+"+e.To]; out && e.At.Sub(at) > 2500*time.Millisecond {
				t.Errorf("a text left %v after its recipient had opted out", e.At.Sub(at))
			}
		}
		if c.Counts.Skipped == 0 {
			t.Log("nobody was skipped")
		}
		w.Check(c.ID)
	})
}

// Where the list cannot be read, nobody is sent to.
func TestWithoutTheSuppressionListNothingIsSent(t *testing.T) {
	var faults []simulation.Fault
	for n := range 20 {
		faults = append(faults, simulation.Fault{
			Call: simulation.RemoteCall{Function: "sender", Operation: "DynamoDB_20120810.BatchGetItem", N: n + 1}, Mode: simulation.FailBefore,
		})
	}
	simulation.Run(t, simulation.Options{Faults: faults}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(5, 5, 1))
		time.Sleep(5 * time.Minute)
		if n := len(w.Vonage.Ledger()); n > 0 && w.Struck() < 20 {
			t.Errorf("%d texts were sent", n)
		}
		w.UntilStored(c.ID, campaign.Completed, 3*time.Hour)
		w.Check(c.ID)
	})
}
