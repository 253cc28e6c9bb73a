// Command benchingest measures how long lists of recipients are uploaded, looked at before they are sent (preflight) and
// launched, by the deployed binaries under the local platform (make bench-ingest): recipients a second, the longest request
// of each step, and the most memory that a process of the api function had. Beside it stands a naive design on the same
// table, which puts an item for each recipient. Nothing is sent: the campaigns start in 30 days.
//
// Every list is made from a seed: numbers as people write them, a few that are none, a few that stand twice, and, where the
// text has variables, names that need UCS-2 and names that are missing. What the API counts must be what was made.
//
// Known differences from AWS: everything shares this machine's processors, the function with the table, the platform
// around them and the client. A Lambda function of 512 MB has 0.29 of a processor; here each process has all that are free.
// Memory is announced to the function, not enforced: it is read from the kernel.
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
		fmt.Fprintln(os.Stderr, "bench-ingest:", err)
		os.Exit(1)
	}
}

// maxRows is how long a list may be.
const maxRows = 1_000_000

// options are the flags.
type options struct {
	dir, make              string
	sizes                  sizes
	naive, rows, variables int
	parallel               int
	seed                   uint64
}

func run(ctx context.Context, args []string) error {
	o := options{sizes: sizes{1000, 100_000, 1_000_000}}
	flags := flag.NewFlagSet("bench-ingest", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", ".", "the `folder` with template.yaml and what was built")
	flags.Var(&o.sizes, "recipients", "how many rows the lists have, with spaces or commas between")
	flags.IntVar(&o.naive, "naive", 10_000, "items that the naive design puts; 0 for none")
	flags.IntVar(&o.parallel, "parallel", 4, "parts that are uploaded at the same moment")
	flags.Uint64Var(&o.seed, "seed", 1, "of the lists: the same seed makes the same ones")
	flags.StringVar(&o.make, "make", "", "only write a list into this `file`")
	flags.IntVar(&o.rows, "rows", 1_000_000, "with -make: how many rows it has")
	flags.IntVar(&o.variables, "variables", 2, "with -make: 2, or 0 for bare numbers")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	switch {
	case o.make != "" && (o.rows < 1 || o.rows > maxRows || o.variables != 0 && o.variables != 2):
		return fmt.Errorf("%d rows, %d variables: there must be 1 to %d rows, and 0 or 2 variables", o.rows, o.variables, maxRows)
	case o.make != "":
		_, err := list{o.rows, o.variables == 2, o.seed}.store(o.make)
		return err
	case o.naive < 0 || o.parallel < 1:
		return fmt.Errorf("%d naive items, %d parts at a time: there must be 0 and 1 at least", o.naive, o.parallel)
	}
	return o.measure(ctx)
}

func (o options) measure(ctx context.Context) error {
	fmt.Printf("%d processors (%s/%s, %s), %d parts at a time, seed %d\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), o.parallel, o.seed)
	t := &report{out: os.Stdout}
	for _, rows := range o.sizes {
		for _, personal := range []bool{false, true} {
			l := list{rows, personal, o.seed}
			if err := o.play(ctx, t, l); err != nil {
				return fmt.Errorf("%s: %w", l, err)
			}
		}
	}
	if o.naive > 0 {
		if err := o.naively(ctx, t); err != nil {
			return fmt.Errorf("the naive design: %w", err)
		}
	}
	return t.end()
}

// onPlatform runs a platform for one purpose.
func (o options) onPlatform(ctx context.Context, do func(*process.Platform) error) error {
	p, err := process.Start(ctx, process.Config{Dir: o.dir})
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := do(p); err != nil {
		return fmt.Errorf("%w\nthe platform said:\n%s", err, tail(p.Said()))
	}
	return nil
}

// tail is as much of the end as a person reads.
func tail(said string) string {
	const most = 4000
	return said[max(0, len(said)-most):]
}

// sizes implement flag.Value.
type sizes []int

func (s *sizes) String() string { return strings.Trim(fmt.Sprint([]int(*s)), "[]") }

func (s *sizes) Set(list string) error {
	*s = nil
	for word := range strings.FieldsSeq(strings.ReplaceAll(list, ",", " ")) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > maxRows {
			return fmt.Errorf("%q: it must be 1 to %d", word, maxRows)
		}
		*s = append(*s, n)
	}
	return nil
}
