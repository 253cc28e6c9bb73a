package simulation_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"text/tabwriter"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// pausing is a system in whose campaigns pauses are measured.
type pausing struct {
	rate    int // requests a second
	senders int // batches that are sent at the same time
	trials  int // of a usual test run
}

// pausedAfter is what one pause took.
type pausedAfter struct {
	// last is from the answer to the pause until the last request left, texts how many left in between.
	last  time.Duration
	texts int
}

// freePercent of the rate is kept free for the jitter of arrivals.
const freePercent = 4

// chunk is how long a chunk is sent, and how many texts it has. The next one is claimed before the last text of this one
// has left, so that two may be under way.
func (p pausing) chunk() (time.Duration, int) {
	used := float64(p.rate) * (100 - freePercent) / 100
	size := min(int(used+0.5), campaign.MaxChunk)
	return time.Duration(float64(size) / used * float64(time.Second)), size
}

// trial pauses a campaign after so long, and counts what still leaves.
func (p pausing) trial(t *testing.T, after time.Duration) pausedAfter {
	t.Helper()
	var result pausedAfter
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": fmt.Sprint(p.rate), "PaceHeadroom": fmt.Sprint(freePercent)},
		Vonage:     vonagetest.Config{Rate: p.rate, Latency: 100 * time.Millisecond},
		Cloud:      func(next http.Handler) http.Handler { return delayed(next, 5*time.Millisecond) },
	}
	simulation.RunAlone(t, o, func(w *simulation.World) {
		n := p.rate * 5
		c := w.Create(simulation.Tutorial(n, n/p.senders, 0))
		time.Sleep(after)
		w.Act(c.ID, "pause")
		paused := time.Now()
		time.Sleep(20 * time.Second)
		ledger := w.Vonage.Ledger()
		before := 0
		for before < len(ledger) && !ledger[before].At.After(paused) {
			before++
		}
		if before < p.rate {
			t.Errorf("only %d texts had left before the pause", before)
		}
		if result.texts = len(ledger) - before; result.texts > 0 {
			result.last = ledger[len(ledger)-1].At.Sub(paused)
		}
		if c = w.Get(c.ID); c.Status != "paused" || c.Counts.Accepted != len(ledger) {
			t.Errorf("paused: %+v, %d in the ledger", c, len(ledger))
		}
		w.Check(c.ID)
	})
	return result
}

// Pauses at phases drawn by a seed. SLUICE_PAUSE_TRIALS asks for more of them, as make bench-pause does.
func TestAPauseTakesEffectWithinAChunk(t *testing.T) {
	t.Parallel()
	more, _ := strconv.Atoi(os.Getenv("SLUICE_PAUSE_TRIALS"))
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "requests/s\tsenders\tpauses\tmedian\tp99\tlongest\tchunk\ttwo\trequests\tchunk\ttwo\t")
	for _, p := range []pausing{{30, 1, 6}, {30, 5, 6}, {500, 1, 1}, {500, 5, 1}} {
		draw := rand.New(rand.NewPCG(uint64(p.rate), uint64(p.senders)))
		chunkTime, size := p.chunk()
		var last []time.Duration
		texts := 0
		for range max(p.trials, more) {
			after := 3*time.Second + time.Duration(draw.Int64N(int64(time.Second)))
			r := p.trial(t, after)
			if r.last > 2*chunkTime || r.texts > 2*size {
				t.Errorf("%d a second from %d senders: %d texts left within %v of a pause at %v; two chunks are %d in %v",
					p.rate, p.senders, r.texts, r.last, after, 2*size, 2*chunkTime)
			}
			last, texts = append(last, r.last), max(texts, r.texts)
		}
		slices.Sort(last)
		ms := func(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
		fmt.Fprintf(table, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t\n", p.rate, p.senders, len(last),
			ms(last[len(last)/2]), ms(last[(len(last)*99+99)/100-1]), ms(last[len(last)-1]), ms(chunkTime), ms(2*chunkTime),
			texts, size, 2*size)
	}
	fmt.Fprint(t.Output(), "from the answer to a pause until the last request leaves, and how many leave; the limit is a chunk, or two\n")
	table.Flush()
}

// A text that the provider did not take, and that waits to be tried again, was not sent before the pause.
func TestATextThatWaitsForItsNextAttemptIsPausedToo(t *testing.T) {
	for action, then := range map[string]string{"pause": "paused", "cancel": "cancelled"} {
		t.Run(action, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultHTTP, Code: http.StatusTooManyRequests, RetryAfter: 60, Times: 1})
				c := w.Create(simulation.Tutorial(10, 10, 1))
				time.Sleep(2 * time.Second)
				w.Act(c.ID, action)
				paused := time.Now()
				time.Sleep(10 * time.Minute)
				ledger := w.Vonage.Ledger()
				if last := ledger[len(ledger)-1].At; last.After(paused.Add(2 * time.Second)) {
					t.Errorf("a text left %v after the %s", last.Sub(paused), action)
				}
				if c = w.Get(c.ID); c.Status != then {
					t.Errorf("it is %+v", c)
				}
				w.Check(c.ID)
				if action == "pause" {
					w.Act(c.ID, "resume")
					if c = w.Until(c.ID, "completed", 10*time.Minute); c.Counts.Accepted != 10 {
						t.Errorf("ended %+v", c)
					}
					w.Check(c.ID)
				}
			})
		})
	}
}
