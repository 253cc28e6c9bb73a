package simulation_test

import (
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"sluice/internal/local/arrivals"
	"sluice/internal/vonage/vonagetest"
)

// What the headroom is chosen by, at every rate of the table: at least so many percent of the provider's limit are used,
// to a tenth of one, and no more than so many of a thousand requests are refused.
const (
	leastUsed   = 95.0
	mostRefused = 1.0
)

// maxJitter is the longest that a request is under way more than another.
const maxJitter = 20 * time.Millisecond

// perThousand is how many of a thousand were refused.
func perThousand(run arrivals.Run) float64 {
	return 1000 * float64(run.Refused()) / float64(max(1, len(run)))
}

func reportHeadroom(t *testing.T, out io.Writer) {
	const most = 6
	var all []pacing
	for _, c := range []struct{ rate, seconds int }{{30, 240}, {200, 60}, {1000, 30}} {
		for headroom := range most + 1 {
			all = append(all, pacing{rate: c.rate, headroom: headroom, latency: 200 * ms, senders: 5, seconds: c.seconds})
		}
	}
	runs := rows(t, all, func(t *testing.T, p pacing) arrivals.Run {
		run := p.send(t, p.options(vonagetest.Config{Jitter: maxJitter, Seed: uint64(p.rate)}))
		return run.Until(time.Duration(p.seconds) * time.Second) // without the last few
	})
	fmt.Fprintf(out, `
Jitter and headroom: each request is under way for 0 to %v before it arrives, 200 ms latency, 5 senders
Wanted: at least %.0f %% of the provider's limit used, and at most %.0f in 1,000 requests refused.

`, maxJitter, leastUsed, mostRefused)
	table := newTable(out)
	fmt.Fprintln(table, "requests/s\theadroom\trequests\tused\tbusiest second\trefused\tin 1,000\tas wanted\t")
	good := make([]bool, most+1) // by the headroom
	for i := range good {
		good[i] = true
	}
	for i, p := range all {
		run := runs[i]
		used := math.Round(1000*run.After(beginning).Used(float64(p.rate))) / 10
		asWanted := used >= leastUsed && perThousand(run) <= mostRefused
		good[p.headroom] = good[p.headroom] && asWanted
		fmt.Fprintf(table, "%d\t%d %%\t%d\t%.1f %%\t%d\t%d\t%.2f\t%s\t\n", p.rate, p.headroom, len(run), used, run.Busiest(time.Second), run.Refused(), perThousand(run), yesNo(asWanted))
	}
	table.Flush()
	fmt.Fprintf(out, "\nAs wanted at every rate: a headroom of %s.\n", chosen(good))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// chosen names the headrooms that are good.
func chosen(good []bool) string {
	var list string
	for headroom, ok := range good {
		if ok {
			list += fmt.Sprintf(", %d %%", headroom)
		}
	}
	if list == "" {
		return "none"
	}
	return list[2:]
}
