package simulation_test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"sluice/internal/local/arrivals"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// TestPaceReport writes how exact the throttle is to the file that SLUICE_PACE_REPORT names, for make bench-pace.
func TestPaceReport(t *testing.T) {
	path := os.Getenv("SLUICE_PACE_REPORT")
	if path == "" {
		t.Skip("SLUICE_PACE_REPORT names no file: make bench-pace")
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range []func(*testing.T, io.Writer){reportExact, reportPeers, reportHeadroom, reportStarts} {
		section(t, file)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

const ms = time.Millisecond

// rows runs what makes the rows of a table beside each other, as many at a time as go test allows.
func rows[Row fmt.Stringer](t *testing.T, all []Row, measure func(*testing.T, Row) arrivals.Run) []arrivals.Run {
	t.Helper()
	runs := make([]arrivals.Run, len(all))
	t.Run("rows", func(t *testing.T) {
		for i, row := range all {
			t.Run(row.String(), func(t *testing.T) {
				t.Parallel()
				runs[i] = measure(t, row)
			})
		}
	})
	return runs
}

func newTable(out io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// share prints what was used of a rate, without the beginning.
func share(run arrivals.Run, rate float64) string {
	return fmt.Sprintf("%.2f %%", 100*run.After(beginning).Used(rate))
}

func reportExact(t *testing.T, out io.Writer) {
	var all []pacing
	for _, rate := range []int{1, 30, 200, 1000} {
		for _, latency := range []time.Duration{50 * ms, 200 * ms, 800 * ms} {
			for _, senders := range []int{1, 2, 5} {
				seconds := map[int]int{1: 120, 1000: 20}[rate]
				if seconds == 0 {
					seconds = 60
				}
				all = append(all, pacing{rate: rate, latency: latency, senders: senders, seconds: seconds})
			}
		}
	}
	runs := rows(t, all, func(t *testing.T, p pacing) arrivals.Run { return p.send(t, p.options(vonagetest.Config{})) })
	fmt.Fprint(out, `The whole system in virtual time
Arrivals do not jitter here, so no headroom is kept: the permitted rate is the provider's limit. Used is the share of it
without the run's first second; busiest is the most that arrived in any window of one second, wherever it begins.

`)
	table := newTable(out)
	fmt.Fprintln(table, "requests/s\theadroom\tlatency\tsenders\ttexts\tused\tbusiest second\trefused\t")
	for i, p := range all {
		fmt.Fprintf(table, "%d\t%d %%\t%d ms\t%d\t%d\t%s\t%d\t%d\t\n", p.rate, p.headroom, p.latency.Milliseconds(), p.senders,
			p.texts(), share(runs[i], float64(p.rate)), runs[i].Busiest(time.Second), runs[i].Refused())
	}
	table.Flush()
}

// reportStarts is of the batches of one campaign: when the first text of each arrives, against its plan.
func reportStarts(t *testing.T, out io.Writer) {
	const batches, size, delay = 50, 2, 2
	var late []time.Duration
	o := simulation.Options{Vonage: vonagetest.Config{Latency: 200 * ms}}
	simulation.RunAlone(t, o, func(w *simulation.World) {
		// It starts at a second to come, so that its first batch can keep its time too.
		start := time.Now().Truncate(time.Second).Add(10 * time.Second)
		body := simulation.Tutorial(batches*size, size, delay)
		body["start_at"] = start
		c := w.Create(body)
		w.Until(c.ID, "completed", 10*time.Minute)
		for i, e := range w.Vonage.Ledger() {
			if i%size == 0 {
				late = append(late, e.At.Sub(start.Add(time.Duration(i/size)*delay*time.Second)))
			}
		}
	})
	if len(late) != batches || slices.ContainsFunc(late, func(d time.Duration) bool { return d != 0 }) {
		t.Errorf("%d of %d batches were sent, late by %v", len(late), batches, late)
	}
	fmt.Fprintf(out, "\nBatch starts in virtual time: %d batches of %d, %d s apart; the first text of each is late by\n\n",
		batches, size, delay)
	table := newTable(out)
	fmt.Fprintln(table, "p50\tp99\tlatest\tearliest\t")
	for _, q := range []float64{0.5, 0.99, 1, 0} {
		fmt.Fprintf(table, "%.3f ms\t", float64(arrivals.Quantile(late, q))/float64(ms))
	}
	fmt.Fprintln(table)
	table.Flush()
}
