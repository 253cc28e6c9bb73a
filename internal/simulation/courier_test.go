package simulation_test

import (
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// Three hundred people opt out at once, while a campaign takes all that the account may send. A confirmation that is late
// is none (47 CFR 64.1200(a)(12): five minutes).
func TestConfirmationsKeepUpWithACampaign(t *testing.T) {
	const people, patience = 300, time.Minute
	o := simulation.Options{Vonage: vonagetest.Config{Latency: 200 * time.Millisecond}}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(6000, 1200, 0))
		time.Sleep(30 * time.Second)
		said := time.Now()
		for _, e := range w.Vonage.Ledger()[:people] {
			w.Say(e.To, ourNumber, "STOP")
			time.Sleep(10 * time.Millisecond) // the webhook has ten at once
		}
		time.Sleep(patience)
		confirmed, last := make(map[string]int), time.Time{}
		ledger := w.Vonage.Ledger()
		for _, e := range ledger {
			if strings.HasPrefix(e.ClientRef, "C") && e.Accepted() {
				confirmed[e.ClientRef]++
				last = e.At
			}
		}
		if len(confirmed) != people {
			t.Errorf("%d of %d are confirmed after %v", len(confirmed), people, patience)
		}
		for ref, n := range confirmed {
			if n != 1 {
				t.Errorf("%s was sent %d times", ref, n)
			}
		}
		if w.Get(c.ID).Status != "running" {
			t.Error("the campaign was over before the confirmations were")
		}
		t.Logf("%d confirmed, the last after %v; %d queued again", len(confirmed), last.Sub(said), strings.Count(w.Logs(), "text overdue"))
	})
}
