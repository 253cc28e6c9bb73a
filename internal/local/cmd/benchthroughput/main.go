// Command benchthroughput measures how many messages a second the deployed binaries send under the local platform where
// no limit holds them back, beside a bare HTTP client that posts the same forms to the same stand-in for Vonage (make
// bench-throughput).
//
// The rate is the ledger's: the texts that the stand-in accepted, from the first to the last. So neither the making of the
// campaign nor its end is part of it.
//
// Known differences from AWS: everything shares this machine's processors, the senders with the table, the queue, the
// stand-in and the platform around them. What a text costs its sender alone is in the column for the processor's time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"sluice/internal/local/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-throughput:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	dir                                     string
	recipients, batch, senders, concurrency int
	profile                                 string
}

// scenario is one campaign on a platform of its own.
type scenario struct {
	latency   time.Duration
	batchSize int
	name      string
}

// maxRecipients is what one request takes (README.md, limits).
const maxRecipients = 100_000

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("bench-throughput", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", ".", "the `folder` with template.yaml and what was built")
	flags.IntVar(&o.recipients, "recipients", 20_000, "of each campaign")
	flags.IntVar(&o.batch, "batch", 1000, "batch size of the campaigns in several batches")
	flags.IntVar(&o.senders, "senders", 5, "batches that are sent at the same moment (SenderConcurrency)")
	flags.IntVar(&o.concurrency, "concurrency", 500, "requests that the bare client has out at the same moment")
	flags.StringVar(&o.profile, "profile", "", "run the sender `executable` of that path instead, which profiles itself (profiled/main.go)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if o.recipients < 2 || o.recipients > maxRecipients || o.batch < 1 || o.concurrency < 1 {
		return fmt.Errorf("%d recipients, batches of %d, %d at a time: there must be 2 to %d recipients, and at least 1 of the others",
			o.recipients, o.batch, o.concurrency, maxRecipients)
	}
	return o.measure(ctx)
}

func (o options) measure(ctx context.Context) error {
	var programs map[string]string
	if o.profile != "" {
		programs = map[string]string{"sender": o.profile}
	}
	edits, _ := process.Unlimited()
	dir, err := process.Stage(o.dir, edits, programs)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is temporary anyway
	fmt.Printf("%d recipients, %d senders, %d processors (%s/%s, %s)\n\n",
		o.recipients, o.senders, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	writeHead(os.Stdout)
	for _, s := range []scenario{
		{0, o.recipients, "one batch"},
		{0, o.batch, fmt.Sprintf("batches of %d", o.batch)},
		{50 * time.Millisecond, o.recipients, "one batch"},
		{50 * time.Millisecond, o.batch, fmt.Sprintf("batches of %d", o.batch)},
	} {
		bare, sluice, err := o.play(ctx, dir, s)
		if err != nil {
			return fmt.Errorf("%s, answers after %v: %w", s.name, s.latency, err)
		}
		bare.write(os.Stdout, fmt.Sprintf("bare client, %d at a time, answers after %v", o.concurrency, s.latency), bare)
		sluice.write(os.Stdout, fmt.Sprintf("%s, answers after %v", s.name, s.latency), bare)
	}
	return nil
}

// play measures the bare client, and then the campaign, on one platform.
func (o options) play(ctx context.Context, dir string, s scenario) (bare, sluice figures, err error) {
	_, parameters := process.Unlimited()
	parameters["SenderConcurrency"] = strconv.Itoa(o.senders)
	p, err := process.Start(ctx, process.Config{
		Dir: dir, Parameters: parameters,
		Env: map[string]string{"VONAGE_RATE": "-1", "VONAGE_LATENCY": s.latency.String()},
	})
	if err != nil {
		return bare, sluice, err
	}
	defer p.Stop()
	list := process.Numbers(o.recipients)
	if bare, err = postAll(ctx, p, list, o.concurrency); err != nil {
		return bare, sluice, err
	}
	if sluice, err = sendAll(ctx, p, list, s.batchSize); err != nil {
		err = fmt.Errorf("%w\nthe platform said:\n%s", err, p.Said())
	}
	return bare, sluice, err
}
