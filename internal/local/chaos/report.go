package chaos

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Report is what all rounds came to.
type Report struct {
	Seed   uint64
	Rounds []Round
}

// Err names the rounds in which somebody was lost or sent to twice, or in which anything else was wrong, with what
// repeats them and what their platforms said.
func (r Report) Err() error {
	var faults []error
	for _, round := range r.Rounds {
		if round.Lost == 0 && round.Twice == 0 && len(round.Faults) == 0 {
			continue
		}
		faults = append(faults, fmt.Errorf("seed %d, round %d: %d lost, %d sent twice: %q\n%s\nthe platform said:\n%s",
			r.Seed, round.Number, round.Lost, round.Twice, round.Faults, round.Plan, round.Said))
	}
	return errors.Join(faults...)
}

const (
	head = "%5s  %5s  %9s  %7s  %10s  %8s  %6s  %7s  %5s  %4s  %5s  %10s  %8s\n"
	line = "%5d  %5d  %9d  %7d  %10d  %8d  %6d  %7d  %5d  %4d  %5d  %10s  %8s\n"
)

// WriteHead begins the table of rounds.
func WriteHead(w io.Writer) {
	fmt.Fprintf(w, head, "round", "kills", "processes", "senders", "recipients", "accepted", "failed", "unknown", "bound",
		"lost", "twice", "recovery", "took")
}

// WriteLine writes the round's line of the table.
func (r Round) WriteLine(w io.Writer) {
	fmt.Fprintf(w, line, r.Number, r.Kills, r.Processes, r.Senders, r.Recipients, r.Accepted, r.Failed, r.Unknown, r.Most,
		r.Lost, r.Twice, seconds(r.Recovery), seconds(r.Took))
}

// WriteTotals writes what stands under the table.
func (r Report) WriteTotals(w io.Writer) {
	var sum Round
	var recoveries []time.Duration
	for _, round := range r.Rounds {
		sum.Kills += round.Kills
		sum.Processes += round.Processes
		sum.Senders += round.Senders
		sum.Recipients += round.Recipients
		sum.Accepted += round.Accepted
		sum.Failed += round.Failed
		sum.Unknown += round.Unknown
		sum.Sent += round.Sent
		sum.Lost += round.Lost
		sum.Twice += round.Twice
		recoveries = append(recoveries, round.Recovery)
	}
	slices.Sort(recoveries)
	fmt.Fprintf(w, "rounds %d, kills %d (%d processes, of which %d senders), recipients %d, accepted %d, failed %d, "+
		"unknown %d, lost %d, sent twice %d\n", len(r.Rounds), sum.Kills, sum.Processes, sum.Senders, sum.Recipients,
		sum.Accepted, sum.Failed, sum.Unknown, sum.Lost, sum.Twice)
	if n := len(recoveries); n > 0 {
		fmt.Fprintf(w, "from the last kill to the end of the campaign: %s to %s, median %s\n",
			seconds(recoveries[0]), seconds(recoveries[n-1]), seconds((recoveries[(n-1)/2]+recoveries[n/2])/2))
	}
	if sum.Senders > 0 {
		fmt.Fprintf(w, "unknown for each sender killed: %.1f; %d of the unknown got their text\n",
			float64(sum.Unknown)/float64(sum.Senders), sum.Sent)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
