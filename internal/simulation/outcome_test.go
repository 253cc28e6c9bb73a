package simulation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// What concerns every text stops the campaign at once, and nobody is counted as failed for it.
func TestARefusalThatConcernsEverybodyPausesTheCampaign(t *testing.T) {
	status := func(code int) vonagetest.Fault { return vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: code} }
	answer := func(code int) vonagetest.Fault { return vonagetest.Fault{Kind: vonagetest.FaultHTTP, Code: code} }
	for name, row := range map[string]struct {
		fault   vonagetest.Fault
		because string
	}{
		"wrong credentials":   {status(4), "the API key or secret is wrong"},
		"a suspended account": {status(8), "the account is suspended"},
		"no right to the API": {status(11), "the account may not use this API"},
		"a sender not theirs": {status(15), "the sender is not allowed"},
		"HTTP 401":            {answer(401), "the provider refused the credentials"},
		"HTTP 402":            {answer(402), "the account has no credit left"},
		"HTTP 404":            {answer(404), "the SMS API is not at the configured address"},
	} {
		// While answers are out, a chunk leaves, and the next where they take longer than that.
		for _, latency := range []time.Duration{0, 1500 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, answered in %v", name, latency), func(t *testing.T) {
				o := simulation.Options{Vonage: vonagetest.Config{Latency: latency}}
				simulation.Run(t, o, func(w *simulation.World) {
					const n, good = 300, 100
					fault := row.fault
					fault.Skip = good
					inject(t, w, fault)
					c := w.Create(simulation.Tutorial(n, n, 1))
					w.Until(c.ID, "paused", time.Minute)
					time.Sleep(5 * time.Minute)
					refused := len(w.Vonage.Ledger()) - good
					most := 1 + int(latency.Seconds()*30) // what leaves until the first answer is there
					if refused == 0 || refused > min(most, 2*chunk) {
						t.Errorf("%d requests were refused, want some, and at most %d", refused, min(most, 2*chunk))
					}
					c = w.Get(c.ID)
					if c.Because != row.because || c.Counts.Accepted != good || c.Counts.ToSend != n-good {
						t.Errorf("paused because %q, with %+v", c.Because, c.Counts)
					}
					w.Check(c.ID)
					w.Vonage.ClearFaults()
					w.Act(c.ID, "resume")
					if c = w.Until(c.ID, "completed", time.Minute); c.Counts.Accepted != n {
						t.Errorf("ended %+v", c)
					}
					w.Check(c.ID)
				})
			})
		}
	}
}

// The sender that hears it first has its next chunk's slots far off, behind those of four others.
func TestOneOfFiveSendersPausesTheCampaignAtOnce(t *testing.T) {
	const latency = 1500 * time.Millisecond // longer than a chunk is sent: the slots are reserved when the answer comes
	simulation.Run(t, simulation.Options{Vonage: vonagetest.Config{Latency: latency}}, func(w *simulation.World) {
		inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 4})
		c := w.Create(simulation.Tutorial(600, 100, 0))
		status := campaign.Running
		for end := time.Now().Add(time.Minute); status == campaign.Running && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			stored, err := w.Store.Campaign(context.Background(), c.ID)
			if err != nil {
				t.Error(err)
				return
			}
			status = stored.Status
		}
		ledger := w.Vonage.Ledger()
		// The chunk's last answer is as late as its first.
		if took := time.Since(ledger[0].At.Add(latency)); status != campaign.Paused || took > latency+500*time.Millisecond {
			t.Errorf("it is %s %v after the first answer, after %d refusals", status, took, len(ledger))
		}
		time.Sleep(5 * time.Minute)
		if refused := len(w.Vonage.Ledger()); refused > 3*chunk {
			t.Errorf("%d requests were refused, %d at most were to", refused, 3*chunk)
		}
		w.Check(c.ID)
	})
}

// waits are how long each request for a number came after the one before.
func waits(ledger []vonagetest.Entry, to string) []time.Duration {
	var waits []time.Duration
	var last time.Time
	for _, e := range ledger {
		if e.To != strings.TrimPrefix(to, "+") {
			continue
		}
		if !last.IsZero() {
			waits = append(waits, e.At.Sub(last))
		}
		last = e.At
	}
	return waits
}

func TestATextThatWasNotTakenIsTriedAgainLaterEachTime(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const n = 20
		numbers := simulation.Recipients(n)
		busy := vonagetest.Fault{Kind: vonagetest.FaultHTTP, Code: 429}
		for _, number := range numbers[:n-3] {
			strike(t, w, busy, number, 4)
		}
		asks := busy
		asks.RetryAfter = 7
		strike(t, w, asks, numbers[n-2], 1)
		strike(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 5}, numbers[n-1], 100)
		strike(t, w, busy, numbers[n-3], 12)
		// One at a time, so that nobody waits for another's slot.
		c := w.Create(simulation.Tutorial(n, 1, 30))
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != n-1 || c.Counts.Failed != 1 {
			t.Errorf("ended %+v", c)
		}
		ledger := w.Vonage.Ledger()
		first := map[time.Duration]bool{}
		for _, number := range numbers[:n-3] {
			got := waits(ledger, number)
			full := 250 * time.Millisecond
			for i, wait := range got {
				if wait < full/2 || wait > full+10*time.Millisecond {
					t.Errorf("attempt %d came %v after the one before, want %v to %v", i+2, wait, full/2, full)
				}
				full *= 2
			}
			if len(got) != 4 {
				t.Errorf("%d attempts, want 5", len(got)+1)
				continue
			}
			first[got[0].Truncate(time.Millisecond)] = true
		}
		if len(first) < n/2 {
			t.Errorf("of %d first waits, %d differ", n-3, len(first))
		}
		if got := waits(ledger, numbers[n-2]); len(got) != 1 || got[0] < 7*time.Second || got[0] > 8500*time.Millisecond {
			t.Errorf("asked to wait 7 s, it waited %v", got)
		}
		const never = "it was not taken in 5 attempts: the provider had an internal error"
		if m := messages(w, c.ID)[numbers[n-1]]; m.Reason != never || m.Code != "vonage 5" || requests(w, numbers[n-1]) != 5 {
			t.Errorf("never taken, it is %+v after %d requests", m, requests(w, numbers[n-1]))
		}
		// The rate alone is no reason to fail.
		if m := messages(w, c.ID)[numbers[n-3]]; m.Status != "accepted" || requests(w, numbers[n-3]) != 13 {
			t.Errorf("throttled twelve times, it is %+v after %d requests", m, requests(w, numbers[n-3]))
		}
		w.Check(c.ID)
	})
}

func TestARefusedConnectionIsTriedAgainInPlace(t *testing.T) {
	const n = 10
	var faults []simulation.Fault
	for _, request := range []int{1, 2, 5, 9, 10, 11} { // the first text takes three, the third two, the sixth four
		call := simulation.RemoteCall{Function: "sender", Operation: "Vonage.Send", N: request}
		faults = append(faults, simulation.Fault{Call: call, Mode: simulation.FailBefore})
	}
	simulation.Run(t, simulation.Options{Faults: faults}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(n, 1, 10))
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != n || w.Struck() != len(faults) {
			t.Errorf("%d faults struck, ended %+v", w.Struck(), c)
		}
		ledger := w.Vonage.Ledger()
		// The last text met with no fault. The first batch starts at once, and so a moment late.
		due := ledger[n-1].At.Add(-(n - 1) * 10 * time.Second)
		for i, attempts := range []int{3, 1, 2, 1, 1, 4, 1, 1, 1, 1} {
			full := 250*time.Millisecond<<(attempts-1) - 250*time.Millisecond
			late := ledger[i].At.Sub(due.Add(time.Duration(i) * 10 * time.Second))
			if late < full/2 || late > full+150*time.Millisecond {
				t.Errorf("text %d left %v late after %d attempts, want %v to %v", i, late, attempts, full/2, full)
			}
		}
		w.Check(c.ID)
	})
}

// Whoever may have been sent to is said to be unknown, and left alone.
func TestATextOfWhichNobodyKnowsIsNeverSentAgain(t *testing.T) {
	for name, fault := range map[string]vonagetest.Fault{
		"no answer":                     {Kind: vonagetest.FaultHang},
		"no answer, but taken":          {Kind: vonagetest.FaultHang, Accept: true},
		"connection lost":               {Kind: vonagetest.FaultDropBefore},
		"connection lost, but taken":    {Kind: vonagetest.FaultDropAfter},
		"an empty answer":               {Kind: vonagetest.FaultEmpty},
		"an empty answer, but taken":    {Kind: vonagetest.FaultEmpty, Accept: true},
		"a web page":                    {Kind: vonagetest.FaultGarbage},
		"a web page, but taken":         {Kind: vonagetest.FaultGarbage, Accept: true},
		"HTTP 500, but taken":           {Kind: vonagetest.FaultHTTP, Code: 500, Accept: true},
		"HTTP 503 with a time to retry": {Kind: vonagetest.FaultHTTP, Code: 503, RetryAfter: 1},
	} {
		t.Run(name, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				const n, struck = 90, 30 // more than the share at which failures would brake
				fault.Skip, fault.Times = 10, struck
				inject(t, w, fault)
				c := w.Create(simulation.Tutorial(n, 45, 60))
				c = w.Until(c.ID, "completed", 10*time.Minute)
				time.Sleep(time.Hour)
				if c.Counts.Unknown != struck || c.Counts.Accepted != n-struck || len(w.Vonage.Ledger()) != n {
					t.Errorf("ended %+v after %d requests", c.Counts, len(w.Vonage.Ledger()))
				}
				for number, m := range messages(w, c.ID) {
					if m.Status == "unknown" && !strings.HasSuffix(m.Reason, "it may have been sent") {
						t.Errorf("%s is unknown because %q", number, m.Reason)
					}
				}
				w.Check(c.ID)
			})
		})
	}
}

func TestALongTextOfWhichAPartWasTakenIsNeverSentAgain(t *testing.T) {
	for code, why := range map[int]string{
		1: "the account's or the sender's rate limit was reached",
		6: "the number cannot be reached: its prefix or network is not known",
		9: "the account has no credit left",
	} {
		t.Run(fmt.Sprintf("the other parts met with status %d", code), func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				const n = 40
				for _, number := range simulation.Recipients(n)[:n/2] {
					strike(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: code, Keep: 1}, number, 1)
				}
				body := simulation.Tutorial(n, n, 1)
				body["message_string"] = strings.Repeat("Hello, World! ", 30) // three parts
				c := w.Create(body)
				if c = w.Until(c.ID, "completed", 10*time.Minute); c.Counts.Accepted != n || len(w.Vonage.Ledger()) != n {
					t.Errorf("ended %+v after %d requests", c.Counts, len(w.Vonage.Ledger()))
				}
				partly := 0
				for number, m := range messages(w, c.ID) {
					switch {
					case len(m.MessageIDs) == 1 && m.Reason == "2 of 3 parts were refused: "+why && m.Code == fmt.Sprintf("vonage %d", code):
						partly++
					case len(m.MessageIDs) != 3 || m.Reason != "":
						t.Errorf("%s is %+v", number, m)
					}
				}
				if partly != n/2 {
					t.Errorf("%d recipients were taken in part, want %d", partly, n/2)
				}
				w.Check(c.ID)
			})
		})
	}
}
