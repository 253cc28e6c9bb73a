package simulation_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// starts are when batches began, after the launch at a full second, told apart by silence of at least gap. What starts at
// once does so a moment later: slots are reserved ahead, since a claim takes time.
func starts(ledger []vonagetest.Entry, gap time.Duration) (at []time.Duration, sizes []int) {
	for i, e := range ledger {
		if i == 0 || e.At.Sub(ledger[i-1].At) >= gap {
			at, sizes = append(at, e.At.Sub(ledger[0].At.Truncate(time.Second))), append(sizes, 0)
		}
		sizes[len(sizes)-1]++
	}
	if len(at) > 0 && at[0] <= 150*time.Millisecond {
		at[0] = 0
	}
	return at, sizes
}

func every(d time.Duration, n int) []time.Duration {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = time.Duration(i) * d
	}
	return at
}

func TestSevenRecipientsInBatchesOfThreeTwoSecondsApart(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(7, 3, 2))
		if c.Status != "running" || c.Recipients != 7 || c.Batches.Total != 3 {
			t.Errorf("created %+v", c)
		}
		c = w.Until(c.ID, "completed", time.Minute)
		at, sizes := starts(w.Vonage.Ledger(), time.Second)
		if !slices.Equal(at, every(2*time.Second, 3)) || !slices.Equal(sizes, []int{3, 3, 1}) {
			t.Errorf("batches of %v at %v", sizes, at)
		}
		if c.Counts.Accepted != 7 || c.Batches.Done != 3 {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
	})
}

// The tutorial's own example, for three days: a delay that no queue holds.
func TestAnHourBetweenBatchesForThreeDays(t *testing.T) {
	missEverySecond := func(n int) bool { return n%2 == 1 }
	for _, row := range []struct {
		name  string
		tick  func(int) bool
		hours int
	}{{"with every tick", nil, 72}, {"a day of it with every second tick missed", missEverySecond, 24}} {
		t.Run(row.name, func(t *testing.T) {
			simulation.Run(t, simulation.Options{Tick: row.tick}, func(w *simulation.World) {
				hours := row.hours
				c := w.Create(simulation.Tutorial(3*hours, 3, 3600))
				w.Until(c.ID, "completed", time.Duration(hours+1)*time.Hour)
				at, sizes := starts(w.Vonage.Ledger(), time.Minute)
				if !slices.Equal(at, every(time.Hour, hours)) {
					t.Errorf("batches start at %v", at)
				}
				if slices.Max(sizes) != 3 || slices.Min(sizes) != 3 {
					t.Errorf("batches of %v", sizes)
				}
				if longest := slices.Max(w.Delays()); longest > 900 {
					t.Errorf("a message was delayed %d s", longest)
				}
				w.Check(c.ID)
			})
		})
	}
}

func TestStartAtWaitsAndSaysSo(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		start := time.Now().Add(5 * time.Hour).Truncate(time.Second).UTC()
		body := simulation.Tutorial(4, 2, 60)
		body["start_at"], body["name"] = start, "spring"
		c := w.Create(body)
		if c.WaitingFor.Reason != "start_at" || !c.WaitingFor.Until.Equal(start) || !c.NextBatchAt.Equal(start) {
			t.Errorf("waits for %+v, next batch at %v", c.WaitingFor, c.NextBatchAt)
		}
		time.Sleep(4 * time.Hour)
		if n := len(w.Vonage.Ledger()); n > 0 {
			t.Errorf("%d texts left before the start", n)
		}
		w.Until(c.ID, "completed", 2*time.Hour)
		if first := w.Vonage.Ledger()[0].At; !first.Equal(start) {
			t.Errorf("started at %v, want %v", first, start)
		}
		w.Check(c.ID)
	})
}

func TestADraftWaitsForItsLaunch(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(4, 2, 1)
		body["draft"] = true
		c := w.Create(body)
		time.Sleep(time.Hour)
		if c = w.Get(c.ID); c.Status != "draft" || c.WaitingFor.Reason != "launch" || len(w.Vonage.Ledger()) > 0 {
			t.Errorf("a draft is %+v", c)
		}
		w.Act(c.ID, "launch")
		w.Until(c.ID, "completed", time.Minute)
		w.Check(c.ID)
	})
}

func TestPauseStopsWithinOneChunkAndResumeGoesOn(t *testing.T) {
	// Latency keeps chunks in flight while the pause comes.
	o := simulation.Options{Vonage: vonagetest.Config{Latency: 200 * time.Millisecond}}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(300, 100, 3))
		time.Sleep(4500 * time.Millisecond)
		w.Act(c.ID, "pause")
		before := len(w.Vonage.Ledger())
		time.Sleep(2 * time.Second)
		after := len(w.Vonage.Ledger())
		// Two batches are being sent at this time, so two chunks may be under way.
		if sent := after - before; sent > 60 {
			t.Errorf("%d texts left after the pause", sent)
		}
		time.Sleep(time.Hour)
		if n := len(w.Vonage.Ledger()); n != after {
			t.Errorf("%d texts left during the pause", n-after)
		}
		if c = w.Get(c.ID); c.Status != "paused" || c.Counts.Accepted != after || c.WaitingFor.Reason != "resume" {
			t.Errorf("paused: %+v, %d in the ledger", c, after)
		}
		w.Act(c.ID, "resume")
		time.Sleep(time.Second)
		if len(w.Vonage.Ledger()) == after {
			t.Error("nothing left within a second of the resume")
		}
		if c = w.Until(c.ID, "completed", time.Minute); c.Counts.Accepted != 300 {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
	})
}

func TestPauseAndResumeInQuickSuccession(t *testing.T) {
	o := simulation.Options{Vonage: vonagetest.Config{Latency: 200 * time.Millisecond}}
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(400, 200, 2))
		for i := range 20 {
			time.Sleep(time.Duration(100+37*i) * time.Millisecond)
			w.Act(c.ID, "pause")
			time.Sleep(time.Duration(13*i) * time.Millisecond)
			w.Act(c.ID, "resume")
		}
		if c = w.Until(c.ID, "completed", time.Minute); c.Counts.Accepted != 400 {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
	})
}

func TestCancelEndsIt(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(300, 100, 60))
		time.Sleep(time.Second)
		w.Act(c.ID, "cancel")
		time.Sleep(2 * time.Hour)
		if c = w.Get(c.ID); c.Status != "cancelled" || c.Counts.ToSend != 0 || c.Counts.Accepted+c.Counts.Skipped != 300 {
			t.Errorf("cancelled: %+v", c)
		}
		if n := len(w.Vonage.Ledger()); n > 90 {
			t.Errorf("%d texts left of a campaign that was cancelled after a second", n)
		}
		w.Check(c.ID)
		for _, action := range []string{"launch", "pause", "resume", "cancel"} {
			if status, _ := w.Do(http.MethodPost, "/campaigns/"+c.ID+"/"+action, nil); status != http.StatusConflict {
				t.Errorf("%s a cancelled campaign: %d", action, status)
			}
		}
	})
}

// Without headroom and jitter the pace is exact: the fixed window of the fake is full, and never over.
func TestTheRateIsKeptAndUsed(t *testing.T) {
	o := simulation.Options{
		Parameters: map[string]string{"PaceHeadroom": "0"},
		Vonage:     vonagetest.Config{Latency: 100 * time.Millisecond},
	}
	simulation.Run(t, o, func(w *simulation.World) {
		const n = 1000
		c := w.Create(simulation.Tutorial(n, 250, 1))
		w.Until(c.ID, "completed", 2*time.Minute)
		ledger := w.Vonage.Ledger()
		for i, e := range ledger {
			if e.Status != "0" {
				t.Fatalf("request %d was answered with status %s", i, e.Status)
			}
			if i >= 30 && e.At.Sub(ledger[i-30].At) < time.Second-time.Millisecond {
				t.Fatalf("requests %d to %d came within %v", i-30, i, e.At.Sub(ledger[i-30].At))
			}
		}
		took := ledger[n-1].At.Sub(ledger[0].At).Seconds()
		if used := float64(n-1) / took / 30; used < 0.99 {
			t.Errorf("%.1f %% of the rate was used", 100*used)
		}
		w.Check(c.ID)
	})
}

// A batch that takes longer than one invocation goes on in the next, without a hole.
func TestABatchLargerThanAnInvocation(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const n = 9500 // five minutes and a half at the rate; the sender has five
		c := w.Create(simulation.Tutorial(n, n, 1))
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != n {
			t.Errorf("ended %+v", c)
		}
		ledger := w.Vonage.Ledger()
		for i := 1; i < len(ledger); i++ {
			if gap := ledger[i].At.Sub(ledger[i-1].At); gap > time.Second {
				t.Errorf("a hole of %v before text %d", gap, i)
			}
		}
		w.Check(c.ID)
	})
}

func TestARepeatedPostReturnsTheFirstCampaign(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(4, 2, 1)
		first := w.Create(body, "Idempotency-Key", "monday")
		w.Until(first.ID, "completed", time.Minute)
		again := simulation.Call[simulation.Campaign](w, http.StatusOK, http.MethodPost, "/campaigns", body, "Idempotency-Key", "monday")
		if again.ID != first.ID || len(w.Vonage.Ledger()) != 4 {
			t.Errorf("made %s and then %s", first.ID, again.ID)
		}
		body["batch_size"] = 3
		if status, _ := w.Do(http.MethodPost, "/campaigns", body, "Idempotency-Key", "monday"); status != http.StatusUnprocessableEntity {
			t.Errorf("another request with the same key: %d", status)
		}
		if second := w.Create(body, "Idempotency-Key", "tuesday"); second.ID == first.ID {
			t.Error("another key returned the first campaign")
		}
	})
}

func TestDuplicatesAreSentOnceAndReported(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(3, 10, 1)
		body["recipients"] = []string{"+44 7700 900001", "447700900001", "(44) 7700-900002"}
		c := w.Create(body)
		if c.Recipients != 2 || c.Duplicates != 1 {
			t.Errorf("%d recipients, %d duplicates", c.Recipients, c.Duplicates)
		}
		w.Until(c.ID, "completed", time.Minute)
		w.Check(c.ID)
	})
}
