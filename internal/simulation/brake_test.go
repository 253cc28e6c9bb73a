package simulation_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// unreachable refuses those of the list for good, for whom refused is true.
func unreachable(t *testing.T, w *simulation.World, n int, refused func(i int) bool) {
	t.Helper()
	for i, to := range simulation.Recipients(n) {
		if refused(i) {
			inject(t, w, vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 6, To: strings.TrimPrefix(to, "+")})
		}
	}
}

// evenly spreads so many of a hundred over the list, and is never ahead of their share.
func evenly(percent int) func(int) bool {
	return func(i int) bool { return (i+1)*percent/100 > i*percent/100 }
}

// ofEachHundred refuses the first so many of each hundred.
func ofEachHundred(n int) func(int) bool { return func(i int) bool { return i%100 < n } }

// scattered refuses about so many of a hundred at random, though never more than a fifth of a hundred in a row.
func scattered(percent int) func(int) bool {
	draw := rand.New(rand.NewPCG(1, 0))
	var refused []bool
	return func(i int) bool {
		for len(refused) <= i {
			refused = append(refused, draw.IntN(100) < percent)
		}
		return refused[i]
	}
}

func behind(first int) func(int) bool { return func(i int) bool { return i >= first } }

func everybody(int) bool { return true }

// brakeReason is what a campaign says that braked.
var brakeReason = regexp.MustCompile(`^(\d+) of the latest (\d+) texts failed for good; the last because (.+)$`)

// braked holds a campaign that paused itself to what the brake promises, and returns the numbers that it gives.
func braked(t *testing.T, w *simulation.World, id string, percent int) (failed, latest int) {
	t.Helper()
	c := w.Until(id, "paused", 24*time.Hour)
	said := brakeReason.FindStringSubmatch(c.Because)
	if said == nil || said[3] != "the number cannot be reached: its prefix or network is not known" {
		t.Fatalf("paused because %q", c.Because)
	}
	fmt.Sscan(said[1]+" "+said[2], &failed, &latest)
	if latest < 20 || failed*100 <= percent*latest || failed > latest || failed > c.Counts.Failed {
		t.Errorf("paused because %q, with %+v", c.Because, c.Counts)
	}
	time.Sleep(time.Hour)
	if after := w.Get(id); after.Status != "paused" || after.WaitingFor.Reason != "resume" {
		t.Errorf("an hour later it is %+v", after)
	}
	if sent := len(w.Vonage.Ledger()); sent != c.Counts.Accepted+c.Counts.Failed {
		t.Errorf("%d requests left, %+v", sent, c.Counts)
	}
	w.Check(id)
	t.Logf("paused after %d sends: %s", len(w.Vonage.Ledger()), c.Because)
	return failed, latest
}

func TestTheBrakeStopsAListThatFails(t *testing.T) {
	const slow = 1500 * time.Millisecond // longer than a chunk is sent
	for name, row := range map[string]struct {
		n, batch, delay int
		latency         time.Duration
		percent         int // allowed
		refused         func(int) bool
		// most is how many texts may have left. The chunk behind the one that tells is claimed before that has ended.
		most int
	}{
		"every number":                     {n: 300, batch: 300, percent: 20, refused: everybody, most: 2 * chunk},
		"every number, slow answers":       {n: 300, batch: 300, latency: slow, percent: 20, refused: everybody, most: 2 * chunk},
		"every number, batches of five":    {n: 300, batch: 5, delay: 60, percent: 20, refused: everybody, most: 20},
		"every number, one at a time":      {n: 30, batch: 1, delay: 900, percent: 20, refused: everybody, most: 20},
		"every number, five senders":       {n: 600, batch: 100, percent: 20, refused: everybody, most: 3 * chunk},
		"a quarter":                        {n: 600, batch: 600, percent: 20, refused: evenly(25), most: 3 * chunk},
		"a quarter, batches of five":       {n: 200, batch: 5, delay: 600, percent: 20, refused: evenly(25), most: 40},
		"six of ten, half is allowed":      {n: 600, batch: 600, percent: 50, refused: evenly(60), most: 2 * chunk},
		"a bad stretch":                    {n: 11_000, batch: 11_000, percent: 20, refused: behind(10_000), most: 10_000 + 5*chunk},
		"a bad stretch of batches of five": {n: 750, batch: 5, delay: 60, percent: 20, refused: behind(500), most: 500 + 5*chunk},
	} {
		t.Run(name, func(t *testing.T) {
			if raceDetected() && row.n > 10_000 {
				t.Skip("ten thousand texts take too long with the race detector; some hundreds in batches of five do not")
			}
			o := simulation.Options{
				Parameters: map[string]string{"BrakePercent": fmt.Sprint(row.percent)},
				Vonage:     vonagetest.Config{Latency: row.latency},
			}
			simulation.Run(t, o, func(w *simulation.World) {
				unreachable(t, w, row.n, row.refused)
				c := w.Create(simulation.Tutorial(row.n, row.batch, row.delay))
				braked(t, w, c.ID, row.percent)
				if sent := len(w.Vonage.Ledger()); sent > row.most {
					t.Errorf("%d texts left, %d at most were to", sent, row.most)
				}
			})
		})
	}
}

func TestTheBrakeLetsAListPassThatFailsLess(t *testing.T) {
	exact := map[string]string{"AccountRate": "100", "PaceHeadroom": "0"} // a chunk is a hundred then
	for name, row := range map[string]struct {
		n, batch, delay int
		parameters      map[string]string
		refused         func(int) bool
	}{
		"19 percent":                        {n: 2000, batch: 2000, refused: evenly(19)},
		"19 percent, batches of five":       {n: 1000, batch: 5, delay: 60, refused: evenly(19)},
		"19 of each hundred at once":        {n: 2000, batch: 100, delay: 60, parameters: exact, refused: ofEachHundred(19)},
		"just what is allowed":              {n: 2000, batch: 2000, parameters: exact, refused: ofEachHundred(20)},
		"a tenth at random":                 {n: 1500, batch: 1500, refused: scattered(10)},
		"a tenth at random, batches of ten": {n: 1500, batch: 10, delay: 60, refused: scattered(10)},
		"nineteen numbers, which are all":   {n: 19, batch: 19, refused: everybody},
		"all, at 100":                       {n: 300, batch: 300, parameters: map[string]string{"BrakePercent": "100"}, refused: everybody},
		"all, at 100, batches of five":      {n: 300, batch: 5, delay: 60, parameters: map[string]string{"BrakePercent": "100"}, refused: everybody},
	} {
		t.Run(name, func(t *testing.T) {
			o := simulation.Options{Parameters: row.parameters, Vonage: vonagetest.Config{Rate: -1}}
			simulation.Run(t, o, func(w *simulation.World) {
				unreachable(t, w, row.n, row.refused)
				c := w.Create(simulation.Tutorial(row.n, row.batch, row.delay))
				for c.Status == "running" {
					time.Sleep(10 * time.Minute)
					c = w.Get(c.ID)
				}
				if c.Status != "completed" || c.Counts.Accepted+c.Counts.Failed != row.n {
					t.Errorf("ended %q with %+v because %q", c.Status, c.Counts, c.Because)
				}
				w.Check(c.ID)
			})
		})
	}
}

// What failed before a resume counts no more: a person has looked at it.
func TestAfterAResumeTheBrakeCountsAnew(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		const n, batch, good = 600, 5, 300
		bad := func(i int) bool { return i < 20 || i >= good }
		unreachable(t, w, n, bad)
		c := w.Create(simulation.Tutorial(n, batch, 60))
		braked(t, w, c.ID, 20)
		w.Act(c.ID, "resume")
		time.Sleep((good-20)/batch*time.Minute - 30*time.Second)
		if c = w.Get(c.ID); c.Status != "running" || c.Because != "" || c.Counts.Accepted != good-20 {
			t.Errorf("after a resume and good numbers: %+v", c)
		}
		braked(t, w, c.ID, 20)
		before := len(w.Vonage.Ledger())
		w.Act(c.ID, "resume")
		_, latest := braked(t, w, c.ID, 20)
		if sent := len(w.Vonage.Ledger()) - before; sent != 20 || latest != 20 {
			t.Errorf("after a resume and bad numbers %d texts left, and it spoke of %d", sent, latest)
		}
	})
}
