// Command benchreturns measures how a flood of receipts and replies is taken and recorded by the deployed binaries under
// the local platform, beside a bare HTTP server that answers the same requests (make bench-returns).
//
// First two campaigns are sent, one of texts of one part and one of texts of two, with nothing coming back. Then all that
// there is to say about their texts is told at once, signed, in random order and some of it twice, over a few connections
// that send the next webhook as soon as the last one is answered. What is counted in the end must be what was told.
//
// Known differences from AWS: everything shares this machine's processors, the functions with the table, the queue, the
// platform around them and the client. Transactions never get in each other's way (internal/local/dynamodb). And no
// process is cold: what a start takes is for make bench-cold.
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
	"strings"
	"syscall"

	"sluice/internal/local/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-returns:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	dir                                            string
	receipts, replies, stops, connections, probing int
	settings                                       settings
}

const (
	// maxRecipients is what one request takes (README.md, limits).
	maxRecipients = 100_000
	// aloneShare of the webhooks that a server is probed with come one at a time.
	aloneShare = 4
)

func run(ctx context.Context, args []string) error {
	o := options{settings: settings{{10, 0, 2}, {10, 1, 2}, {100, 1, 2}, {500, 2, 2}, {1000, 5, 2}}}
	flags := flag.NewFlagSet("bench-returns", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", ".", "the `folder` with template.yaml and what was built")
	flags.IntVar(&o.receipts, "receipts", 10_000, "recipients of whose texts receipts come: a tenth of two parts, a tenth twice")
	flags.IntVar(&o.replies, "replies", 2000, "of them who reply, a tenth twice")
	flags.IntVar(&o.stops, "stops", 50, "of these who say STOP")
	flags.IntVar(&o.connections, "connections", 8, "webhooks that are under way at the same moment")
	flags.IntVar(&o.probing, "probing", 2000, "webhooks that the bare server, and the function without a queue, are measured with")
	flags.Var(&o.settings, "settings", "batch/window in seconds/concurrency of the recorder, with commas; empty for the template's alone")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if o.receipts < 10 || o.receipts > maxRecipients || o.stops < 0 || o.replies < o.stops || o.replies > o.receipts {
		return fmt.Errorf("%d receipts, %d replies, %d stops: there must be 10 to %d receipts, and no more of the next than of the last",
			o.receipts, o.replies, o.stops, maxRecipients)
	}
	if o.connections < 1 || o.probing < aloneShare {
		return fmt.Errorf("%d connections, %d webhooks to probe with: there must be 1 and %d at least", o.connections, o.probing, aloneShare)
	}
	return o.measure(ctx)
}

// setting is what the recorder's trigger is set to; the zero value is what the template says.
type setting struct{ batch, window, concurrency int }

func (s setting) String() string {
	if s == (setting{}) {
		return "the template's"
	}
	return fmt.Sprintf("%d/%d/%d", s.batch, s.window, s.concurrency)
}

func (s setting) parameters() map[string]string {
	_, p := process.Unlimited() // how fast texts are sent is not what is measured
	if s != (setting{}) {
		p["RecorderBatchSize"], p["RecorderWindow"] = strconv.Itoa(s.batch), strconv.Itoa(s.window)
		p["RecorderConcurrency"] = strconv.Itoa(s.concurrency)
	}
	return p
}

// settings implement flag.Value.
type settings []setting

func (all *settings) String() string {
	var words []string
	for _, s := range *all {
		words = append(words, s.String())
	}
	return strings.Join(words, ",")
}

func (all *settings) Set(list string) error {
	*all = nil
	for word := range strings.SplitSeq(list, ",") {
		var s setting
		if word == "" {
			continue
		}
		if n, err := fmt.Sscanf(word, "%d/%d/%d", &s.batch, &s.window, &s.concurrency); n != 3 {
			return fmt.Errorf("%q is not like 100/1/2: %w", word, err)
		}
		*all = append(*all, s)
	}
	return nil
}

// The template wants a window, because SQS triggers want one for more than ten messages. Here ten go without.
const (
	windowed   = "\n    Default: 1\n    MinValue: 1\n    MaxValue: 300\n    Description: Seconds that receipts and replies are gathered"
	windowless = "\n    Default: 1\n    MinValue: 0\n    MaxValue: 300\n    Description: Seconds that receipts and replies are gathered"
)

func (o options) measure(ctx context.Context) error {
	edits, _ := process.Unlimited()
	edits[windowed] = windowless
	dir, err := process.Stage(o.dir, edits, nil)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is temporary anyway
	fmt.Printf("%d recipients, %d replies, %d of them STOP, %d connections, %d processors (%s/%s, %s)\n", o.receipts, o.replies,
		o.stops, o.connections, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	var rows []result
	for _, s := range append(settings{{}}, o.settings...) {
		r, err := o.play(ctx, dir, s)
		if err != nil {
			return fmt.Errorf("recorder %s: %w", s, err)
		}
		rows = append(rows, r)
	}
	writeSettings(os.Stdout, rows[1:])
	return nil
}

// play has one platform send, be told and record.
func (o options) play(ctx context.Context, dir string, s setting) (result, error) {
	p, err := process.Start(ctx, process.Config{
		Dir: dir, Parameters: s.parameters(), Env: map[string]string{"VONAGE_RATE": "-1", "VONAGE_LATENCY": "0"},
	})
	if err != nil {
		return result{}, err
	}
	defer p.Stop()
	r, err := o.flood(ctx, p, s)
	if err != nil {
		err = fmt.Errorf("%w\nthe platform said:\n%s", err, tail(p.Said()))
	}
	return r, err
}

// tail is as much of the end as a person reads.
func tail(said string) string {
	const most = 4000
	return said[max(0, len(said)-most):]
}
