package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"sluice/internal/local/arrivals"
)

func report(out io.Writer, all []*subject, starts, timers []time.Duration) error {
	fmt.Fprintf(out, `%v latency. Jitter is the longest that a request is under way more than another. Used is the share of the provider's
limit without the run's first second, and permitted the share of what the headroom leaves of it; busiest is the most that
arrived in any window of one second. What the others are refused they do not send again.

`, latency)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "requests/s\t\theadroom\tjitter\tsenders\trequests\tused\tpermitted\tbusiest second\trefused\tin 1,000\t")
	for _, s := range all {
		used := 100 * s.run.After(beginning).Used(float64(s.rate))
		refused := s.run.Refused()
		fmt.Fprintf(table, "%d\t%s\t%s\t%d ms\t%d\t%d\t%.1f %%\t%s\t%d\t%d\t%.1f\t\n", s.rate, s.name, s.kept(),
			s.jitter.Milliseconds(), max(s.senders, len(s.peers)), len(s.run), used, s.permitted(used),
			s.run.Busiest(time.Second), refused, 1000*float64(refused)/float64(max(1, len(s.run))))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return reportLate(out, starts, timers)
}

// kept is the headroom in words, of those who have one.
func (s *subject) kept() string {
	if len(s.peers) > 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", s.headroom)
}

// permitted is the share of what the headroom leaves, where there is one.
func (s *subject) permitted(used float64) string {
	if len(s.peers) > 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", used/(1-float64(s.headroom)/100))
}

// reportLate prints how late batches start, and how late this machine wakes who waits: nobody can be more exact than that.
func reportLate(out io.Writer, starts, timers []time.Duration) error {
	fmt.Fprintf(out, "\nHow late: the first text of batches 2 to %d of one campaign, %d s apart; and, all the time, a timer of this machine\n\n",
		len(starts)+1, startDelay)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tp50\tp99\tlatest\tearliest\t")
	for _, row := range []struct {
		name string
		late []time.Duration
	}{{"batch starts", starts}, {"timer", timers}} {
		fmt.Fprintf(table, "%s\t", row.name)
		for _, q := range []float64{0.5, 0.99, 1, 0} {
			fmt.Fprintf(table, "%.1f ms\t", float64(arrivals.Quantile(row.late, q))/float64(time.Millisecond))
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// plotted are those of which there is a plot: what would be written otherwise, and Sluice, at Vonage's own rate.
func plotted(all []*subject) []*subject {
	var found []*subject
	for _, s := range all {
		other := s.name == loopName || s.name == twoLimiters
		if s.rate == 30 && s.jitter == maxJitter && (other || s.senders == 5 && s.headroom == headroom) {
			found = append(found, s)
		}
	}
	return found
}
