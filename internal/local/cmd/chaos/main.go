// Command chaos kills the functions of the local platform in the middle of campaigns and counts who was lost and who was
// sent to twice (make chaos). Package internal/local/chaos says how. It exits with 1 unless both are nobody.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sluice/internal/local/chaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	c := chaos.Config{Dir: ".", Ended: func(r chaos.Round) { r.WriteLine(os.Stdout) }}
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.IntVar(&c.Rounds, "rounds", 20, "how many campaigns to attack")
	flags.IntVar(&c.Parallel, "parallel", 10, "how many at a time, each on a platform of its own")
	flags.Uint64Var(&c.Seed, "seed", 0, "makes the kills those of another run; 0 for new ones")
	flags.IntVar(&c.Recipients, "recipients", 600, "of each campaign")
	flags.IntVar(&c.Rate, "rate", 50, "requests a `second` that each account may make")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	for c.Seed == 0 {
		c.Seed = uint64(rand.Uint32())
	}
	fmt.Printf("seed %d: %d rounds of %d recipients at %d a second, %d at a time; about %v\n\n", c.Seed, c.Rounds,
		c.Recipients, c.Rate, c.Parallel, expected(c))
	chaos.WriteHead(os.Stdout)
	report, err := chaos.Run(ctx, c)
	if err != nil {
		return err
	}
	fmt.Println()
	report.WriteTotals(os.Stdout)
	return report.Err()
}

// expected is how long it takes, roughly: a round waits for its minute, and for one repair by the dispatcher or two.
func expected(c chaos.Config) time.Duration {
	const round = 3 * time.Minute
	return time.Duration((c.Rounds+c.Parallel-1)/c.Parallel) * round
}
