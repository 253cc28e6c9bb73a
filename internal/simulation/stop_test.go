package simulation_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// chunk is about a second of sends at the default rate of 30, less its headroom of 4 %.
const chunk = 29

func inject(t *testing.T, w *simulation.World, faults ...vonagetest.Fault) {
	t.Helper()
	if err := w.Vonage.Inject(faults...); err != nil {
		t.Fatal(err)
	}
}

// count is how many requests in the ledger met with this status.
func count(ledger []vonagetest.Entry, status string) int {
	n := 0
	for _, e := range ledger {
		if e.Status == status {
			n++
		}
	}
	return n
}

func TestACampaignWithoutCreditPausesItselfAndResumes(t *testing.T) {
	// Latency makes chunks overlap.
	for name, latency := range map[string]time.Duration{"answers at once": 0, "slow answers": 1500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			o := simulation.Options{Vonage: vonagetest.Config{Latency: latency}}
			simulation.Run(t, o, func(w *simulation.World) {
				const n, paid = 300, 100
				inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 9, Skip: paid})
				c := w.Create(simulation.Tutorial(n, n, 1))
				c = w.Until(c.ID, "paused", time.Minute)
				time.Sleep(time.Hour)
				ledger := w.Vonage.Ledger()
				refused := count(ledger, "9")
				if refused == 0 || refused > 2*chunk {
					t.Errorf("%d requests were refused, want some, and at most two chunks", refused)
				}
				if c = w.Get(c.ID); c.Because != "the account has no credit left" || c.WaitingFor.Reason != "resume" {
					t.Errorf("paused because %q, waits for %+v", c.Because, c.WaitingFor)
				}
				if c.Counts.Accepted != paid || c.Counts.Failed != 0 || len(ledger) != paid+refused {
					t.Errorf("%+v, of %d requests: who was refused for lack of credit is to be sent to again", c.Counts, len(ledger))
				}
				w.Check(c.ID)

				w.Vonage.ClearFaults()
				w.Act(c.ID, "resume")
				c = w.Until(c.ID, "completed", time.Minute)
				if c.Because != "" || c.Counts.Accepted != n {
					t.Errorf("ended %+v", c)
				}
				w.Check(c.ID)
			})
		})
	}
}

func TestAResumeBeforeTheCauseIsMendedPausesAgain(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 9})
		c := w.Create(simulation.Tutorial(200, 200, 1))
		for range 3 {
			if c = w.Until(c.ID, "paused", time.Minute); c.Because == "" {
				t.Errorf("paused without a reason: %+v", c)
			}
			before := len(w.Vonage.Ledger())
			w.Act(c.ID, "resume")
			time.Sleep(time.Minute)
			if sent := len(w.Vonage.Ledger()) - before; sent == 0 || sent > 2*chunk {
				t.Errorf("%d requests left after a resume", sent)
			}
		}
		w.Check(c.ID)
	})
}

func TestThrottledTextsAreTriedAgainInPlace(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const n = 60
		for i, to := range simulation.Recipients(n) {
			if i%3 == 0 {
				inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 1, To: strings.TrimPrefix(to, "+"), Times: 1 + i%4})
			}
		}
		c := w.Create(simulation.Tutorial(n, 20, 5))
		if c = w.Until(c.ID, "completed", time.Minute); c.Counts.Accepted != n || c.Counts.Failed > 0 {
			t.Errorf("ended %+v", c)
		}
		if throttled := count(w.Vonage.Ledger(), "1"); throttled < n/3 {
			t.Errorf("%d answers said throttled", throttled)
		}
		w.Check(c.ID)
	})
}

// The account takes 20 a second, and the template believes that it takes 30.
func TestAnAccountThatIsSlowerThanConfiguredLosesNobody(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Rate: 20, Latency: 100 * time.Millisecond}}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(200, 200, 1))
		if c = w.Until(c.ID, "completed", 10*time.Minute); c.Counts.Accepted != 200 {
			t.Errorf("ended %+v", c)
		}
		if count(w.Vonage.Ledger(), "1") == 0 {
			t.Error("nothing was throttled")
		}
		w.Check(c.ID)
	})
}

// What went wrong is logged, and by whom and to whom is not.
func TestNoNumberTextOrSecretReachesALog(t *testing.T) {
	const text = "a secret offer for zebras"
	faults := map[string]vonagetest.Fault{
		"refused numbers":     {Kind: vonagetest.FaultStatus, Code: 6, Skip: 2, Times: 20},
		"refused by HTTP":     {Kind: vonagetest.FaultHTTP, Code: 400, Skip: 2, Times: 20},
		"failures of Vonage":  {Kind: vonagetest.FaultHTTP, Code: 500, Skip: 2, Times: 20},
		"lost after":          {Kind: vonagetest.FaultDropAfter, Skip: 2, Times: 20},
		"lost before":         {Kind: vonagetest.FaultDropBefore, Skip: 2, Times: 20},
		"no answer":           {Kind: vonagetest.FaultHang, Skip: 2, Times: 20},
		"an answer of nobody": {Kind: vonagetest.FaultEmpty, Skip: 2, Times: 20},
		"a web page":          {Kind: vonagetest.FaultGarbage, Skip: 2, Times: 20},
		"wrong credentials":   {Kind: vonagetest.FaultStatus, Code: 4, Skip: 30, Text: "Bad Credentials simulated-secret"},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				inject(t, w, fault)
				body := simulation.Tutorial(50, 25, 10)
				body["message_string"] = text
				c := w.Create(body, "Idempotency-Key", "447800000049")
				time.Sleep(10 * time.Minute)
				if c = w.Get(c.ID); c.Counts.Accepted == 50 {
					t.Errorf("nothing failed: %+v", c)
				}
				w.Check(c.ID)
				private := append(w.Secrets(), text, "zebra", "Authorization", "api_secret")
				for _, to := range simulation.Recipients(50) {
					private = append(private, strings.TrimPrefix(to, "+"))
				}
				provokeLogs(w, private[0])
				logs := w.Logs()
				if !strings.Contains(logs, c.ID) {
					t.Errorf("the logs do not speak of the campaign: %s", logs)
				}
				for _, word := range private {
					if strings.Contains(logs, word) {
						t.Errorf("the logs hold %q", word)
					}
				}
			})
		})
	}
}

// provokeLogs makes requests and deliveries that fail, with private things in every place.
func provokeLogs(w *simulation.World, key string) {
	const number = "447800000001"
	w.Do(http.MethodPost, "/campaigns", simulation.JSON{number: "zebra", "recipients": []string{number, "zebra"}})
	w.Do(http.MethodGet, "/campaigns/"+number+"?zebra="+number, nil)
	w.DoWith(http.MethodGet, "/campaigns", nil, "Authorization", "Basic "+key)
	w.DoWith(http.MethodGet, "/campaigns", nil, "Authorization", "Bearer "+number)
	event := bytes.ReplaceAll([]byte(`{"Records":[{"messageId":"1","body":"{\"campaign\":\"zebra\",\"number\":\"?\"}"},
		{"messageId":"2","body":"?"}]}`), []byte("?"), []byte(number))
	_, _ = w.Invoke("sender", event) // it answers with the failures, which other tests look at
}
