// Command benchcold measures the functions' cold starts on this machine, beside that of a function that does nothing
// (make bench-cold).
//
// A cold start begins when the process is started, and is over when it first asks the Runtime API for work. How long
// the constructor in internal/app takes of that is measured in a program of its own, so that the functions need no hooks.
//
// Known differences from Lambda: a whole processor instead of the share that goes with the memory, an executable that is
// in the page cache instead of one to be fetched and unpacked, and services that answer at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"sluice/internal/local/cmd/resign"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	starts := flag.Int("starts", 20, "how many cold starts of each function to measure")
	dir := flag.String("build", ".build", "the `folder` of what was built")
	flag.Parse()
	if err := run(ctx, *dir, max(1, *starts)); err != nil {
		fmt.Fprintln(os.Stderr, "bench-cold:", err)
		os.Exit(1)
	}
}

// subject is one function, and what was measured of it.
type subject struct {
	name, path, event string
	// proof is part of the right answer to the event.
	proof  string
	size   int64
	zipped int64
	// One each for every cold start.
	init, answer, config, constructor []time.Duration
}

const bare = "(bare)"

func subjects(dir string) []*subject {
	function := func(name, event, proof string) *subject {
		return &subject{
			name: name, path: filepath.Join(dir, name, "bootstrap"), event: filepath.Join("events", name, event), proof: proof,
		}
	}
	return []*subject{
		function("api", "get-campaign.json", `"statusCode":200`),
		function("dispatcher", "tick.json", "null"),
		function("sender", "one-batch.json", `"batchItemFailures":[]`),
		function("webhook", "receipt-json.json", `"statusCode":200`),
		function("recorder", "receipts.json", `"batchItemFailures":[]`),
		function("courier", "one-off.json", `"batchItemFailures":[]`),
		{name: bare, path: filepath.Join(dir, "bench", "bare"), event: filepath.Join("events", "dispatcher", "tick.json"),
			proof: "null"},
	}
}

// run measures in turns, so that what slows this machine down slows all of them.
func run(ctx context.Context, dir string, starts int) error {
	stage, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer stage.close()
	all := subjects(dir)
	for _, s := range all {
		if err := s.weigh(); err != nil {
			return err
		}
	}
	for range starts {
		for _, s := range all {
			if err := s.measure(ctx, stage, filepath.Join(dir, "bench", "probe")); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	fmt.Printf("%d cold starts of each function on %d processors (%s/%s, %s); milliseconds\n\n",
		starts, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return report(os.Stdout, all)
}

func (s *subject) measure(ctx context.Context, stage *stage, probe string) error {
	if err := stage.reset(ctx); err != nil {
		return err
	}
	env := stage.environment(s.name)
	event, err := s.read()
	if err != nil {
		return err
	}
	began, err := coldStart(ctx, s.path, env, event, s.proof)
	if err != nil {
		return err
	}
	s.init, s.answer = append(s.init, began.init), append(s.answer, began.answer)
	if s.name == bare {
		return nil
	}
	parts, err := probed(ctx, probe, s.name, env)
	if err != nil {
		return err
	}
	s.config, s.constructor = append(s.config, parts.Config), append(s.constructor, parts.Constructor)
	return nil
}

// read signs a webhook as if it had just been sent.
func (s *subject) read() ([]byte, error) {
	event, err := os.ReadFile(s.event)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	event, _, err = resign.Event(event, signatureSecret, resign.Signature{Method: signature, Secret: signatureSecret}, time.Now())
	return event, err
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
