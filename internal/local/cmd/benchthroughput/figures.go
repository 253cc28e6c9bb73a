package main

import (
	"fmt"
	"io"
	"time"

	"sluice/internal/local/process"
)

// figures are what came of one run.
type figures struct {
	messages int
	took     time.Duration // from the first to the last
	largest  int           // most messages within one second
	cost     time.Duration // processor time of who sent them
}

// measured reads the ledger, which is in order of time, for one client-ref.
func measured(ledger []process.Entry, ref string, cost time.Duration) figures {
	var at []time.Time
	for _, e := range ledger {
		if e.ClientRef == ref && e.Accepted() {
			at = append(at, e.At)
		}
	}
	f := figures{messages: len(at), cost: cost}
	if len(at) == 0 {
		return f
	}
	f.took = at[len(at)-1].Sub(at[0])
	for first, last := 0, 0; last < len(at); last++ {
		for at[last].Sub(at[first]) >= time.Second {
			first++
		}
		f.largest = max(f.largest, last-first+1)
	}
	return f
}

// perSecond counts the intervals between messages, of which there is one less.
func (f figures) perSecond() float64 { return float64(f.messages-1) / f.took.Seconds() }

const head, row = "%-48s %9s %8s %11s %8s %15s %12s\n", "%-48s %9d %8.2f %11.0f %8.2f %15d %12s\n"

func writeHead(w io.Writer) {
	fmt.Fprintf(w, head, "", "messages", "seconds", "messages/s", "of bare", "largest second", "µs/message")
}

func (f figures) write(w io.Writer, name string, bare figures) {
	cost := "-" // where there is no /proc
	if f.cost > 0 {
		cost = fmt.Sprint(f.cost.Microseconds() / int64(f.messages))
	}
	fmt.Fprintf(w, row, name, f.messages, f.took.Seconds(), f.perSecond(), f.perSecond()/bare.perSecond(), f.largest, cost)
}
