package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// figures are what a client measured.
type figures struct {
	times []time.Duration
	again int
	took  time.Duration // from the first webhook to the last answer
}

// quantile is the answer time within which that share of the answers came.
func (f figures) quantile(share float64) time.Duration {
	if len(f.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(f.times))
	return sorted[max(0, min(len(sorted)-1, int(share*float64(len(sorted))+0.999999)-1))]
}

func (f figures) perSecond() float64 { return float64(len(f.times)-f.again) / f.took.Seconds() }

const (
	answerHead = "%-42s %9s %10s %9s %9s %9s %11s\n"
	answerRow  = "%-42s %9d %10.0f %9.2f %9.2f %9.2f %11d\n"
)

func writeAnswerHead(w io.Writer, t told) {
	fmt.Fprintf(w, "\n%d webhooks: %d receipts, %d replies, %d of both a second time\n", len(t.hooks), t.receipts, len(t.hooks)-t.receipts,
		t.repeated)
	fmt.Fprintln(w, "Vonage waits 3,000 ms for a connection and 15,000 ms for an answer")
	fmt.Fprintf(w, answerHead, "", "webhooks", "a second", "p50 ms", "p99 ms", "max ms", "sent again")
}

func (f figures) write(w io.Writer, name string) {
	fmt.Fprintf(w, answerRow, name, len(f.times)-f.again, f.perSecond(), milliseconds(f.quantile(0.5)), milliseconds(f.quantile(0.99)),
		milliseconds(f.quantile(1)), f.again)
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

const (
	backlogHead = "%8s %9s %9s %10s %9s %11s %9s %11s %9s\n"
	backlogRow  = "%8.1f %9d %9d %10d %9d %11d %9d %11d %9d\n"
)

// writeBacklog prints how things stood each second, or at fewer moments where there were many seconds.
func (r result) writeBacklog(w io.Writer) {
	fmt.Fprintf(w, "\nThe queue, what is counted, and what is told and not counted yet or comes to nothing (repetitions, first parts)\n")
	fmt.Fprintf(w, backlogHead, "seconds", "answered", "waiting", "in flight", "delayed", "delivered", "replies", "opted out", "to record")
	const rows = 20
	step := max(int(time.Second/lookEvery), (len(r.samples)+rows-1)/rows)
	for i, s := range r.samples {
		if (i+1)%step == 0 || i == len(r.samples)-1 {
			fmt.Fprintf(w, backlogRow, s.at.Seconds(), s.answered, s.depth.waiting, s.depth.inFlight, s.depth.delayed,
				s.returns.Delivered, s.returns.Replies.Total, s.returns.OptedOut, s.depth.sum())
		}
	}
	fmt.Fprintf(w, "last answer after %.1f s; the last delivery was counted %.1f s after it, the last reply or opt-out %.1f s\n",
		r.figures.took.Seconds(), (r.delivered - r.figures.took).Seconds(), (r.replied - r.figures.took).Seconds())
	fmt.Fprintf(w, "processor time of an event: webhook %d µs, recorder %d µs, the platform around them (HTTP, queue, table) %d µs\n",
		r.processor["webhook"].Microseconds(), r.processor["recorder"].Microseconds(), r.processor[""].Microseconds())
}

const (
	settingsHead = "%-14s %9s %9s %12s %12s %12s %15s\n"
	settingsRow  = "%-14s %9.1f %9d %12.1f %12.1f %12.0f %15d\n"
)

// writeSettings prints a line for each setting.
func writeSettings(w io.Writer, all []result) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\nThe recorder alone, by what it is set to (batch size/window in seconds/concurrency): the same, put into the queue at once\n")
	fmt.Fprintf(w, settingsHead, "", "filled in", "deepest", "receipts", "replies", "recorded", "processor")
	fmt.Fprintf(w, settingsHead, "", "s", "backlog", "counted in s", "counted in s", "a second", "time, µs/event")
	for _, r := range all {
		deepest := 0
		for _, s := range r.samples {
			deepest = max(deepest, s.depth.sum())
		}
		fmt.Fprintf(w, settingsRow, r.setting, r.figures.took.Seconds(), deepest, r.delivered.Seconds(), r.replied.Seconds(),
			float64(len(r.told.hooks))/max(r.delivered, r.replied).Seconds(), r.processor["recorder"].Microseconds())
	}
	fmt.Fprintf(w, "each run ended with all %d deliveries, %d open replies and %d opt-outs counted, by the counters and by the rows, and each opt-out "+
		"confirmed once\n", all[0].told.delivered, all[0].told.open, all[0].told.optedOut)
}
