// Command benchpace measures how exact the throttle is with real processes on this machine, beside what would be written
// otherwise (make bench-pace).
//
// All of them send to a stand-in for Vonage of their own, which counts in windows of a second as Vonage does, and whose
// ledger says when each request arrived. The functions are the executables that are deployed, on the local platform; the
// others are processes of this program that send through the same client.
//
// Known differences from a deployed stack: the queue, the table and the stand-in answer within a millisecond, all clocks
// are one, and what the road adds to a request is drawn evenly from 0 to a longest time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// options are what the command line says.
type options struct {
	dir, plot string
	seconds   int
	peer      peer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.dir, "dir", ".", "the `folder` with template.yaml and what was built")
	flag.StringVar(&o.plot, "plot", "", "the SVG `file` to draw; none is drawn by default")
	flag.IntVar(&o.seconds, "seconds", 15, "how many `seconds` of sends to measure of each, and twice as many of the slow ones")
	o.peer.flags()
	flag.Parse()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench-pace:", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) error {
	if o.peer.url != "" {
		return o.peer.run(ctx)
	}
	if o.seconds < 2 {
		return fmt.Errorf("%d seconds are too few: the first one is left out, so there must be 2 at least", o.seconds)
	}
	all := subjects(o.seconds)
	stop := watchTimers(ctx)
	starts, err := measure(ctx, o.dir, all)
	timers := stop()
	if err != nil {
		return err
	}
	fmt.Printf("Real processes on %d processors (%s/%s, %s)\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if err := report(os.Stdout, all, starts, timers); err != nil {
		return err
	}
	if o.plot == "" {
		return nil
	}
	return draw(o.plot, plotted(all))
}

// together is how many slow subjects are measured at the same time.
const together = 4

// measure measures the starts of batches beside the slow subjects, and then the quick ones.
func measure(ctx context.Context, dir string, all []*subject) ([]time.Duration, error) {
	var starts []time.Duration
	slow, ctxSlow := errgroup.WithContext(ctx)
	slow.SetLimit(together + 1)
	slow.Go(func() (err error) {
		starts, err = batchStarts(ctxSlow, dir)
		return err
	})
	for _, s := range all {
		if s.isSlow() {
			slow.Go(func() error { return s.measure(ctxSlow, dir) })
		}
	}
	if err := slow.Wait(); err != nil {
		return nil, err
	}
	for _, s := range all {
		if !s.isSlow() {
			if err := s.measure(ctx, dir); err != nil {
				return nil, err
			}
		}
	}
	return starts, nil
}

func draw(path string, all []*subject) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	if err := errors.Join(chart(file, all), file.Close()); err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	fmt.Printf("\n%s shows %d of them.\n", path, len(all))
	return nil
}
