package simulation_test

import (
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// The same campaign, the same receipts, replies and opt-outs, by the Messages API.
func TestTheMessagesAPIDoesTheSame(t *testing.T) {
	o := simulation.Options{
		Parameters: map[string]string{"VonageApi": "messages"},
		Vonage: vonagetest.Config{Latency: 100 * time.Millisecond, Returns: vonagetest.Returns{
			Delivered: .8, Failed: .1, OptedOut: .05, Buffered: .3, Copies: 2, Early: .1, Jitter: 3 * time.Second,
			Delay: vonagetest.Curve{Median: 2 * time.Second, P95: 6 * time.Second},
		}},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		if err := w.Vonage.Inject(vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Skip: 3, Times: 2}); err != nil {
			t.Fatal(err)
		}
		body := simulation.Tutorial(100, 40, 1)
		body["message_string"] = backText // of two parts, for which there is one receipt
		c := w.Create(body)
		w.Until(c.ID, "completed", time.Minute)
		people, _ := willing(w)
		w.Say(people[0], ourNumber, "Y")
		w.Say(people[1], ourNumber, "stop")
		w.UntilQuiet()
		for _, e := range w.Vonage.Ledger() {
			if e.API != "messages" {
				t.Fatalf("a text went out by the API %q", e.API)
			}
		}
		c = w.Get(c.ID)
		if n := c.Returns; c.Counts.Accepted+c.Counts.Unknown != 100 || n.Replies.Open != 1 || n.Delivered < 60 || n.OptedOut < 1 {
			t.Errorf("ended %+v, %+v", c.Counts, n)
		}
		if texts := to(w, people[1]); len(texts) != 2 || !strings.Contains(texts[1], "START") {
			t.Errorf("%d texts to who opted out, with the confirmation", len(texts))
		}
		w.Check(c.ID)
		w.CheckReturns(c.ID)
	})
}
