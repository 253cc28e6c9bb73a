// Command cmd runs Sluice on this machine: the deployed binaries on the local platform (make run), or one of them on one
// event (make invoke).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C is not caught
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sluice:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, out *os.File) error {
	flags := flag.NewFlagSet("sluice", flag.ContinueOnError)
	function := flags.String("invoke", "", "invoke this `function` once, on the event, and print its answer")
	event := flags.String("event", "", "the `file` with the event")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, settingsErr := readSettings(getenv)
	t, templateErr := readTemplate(s)
	if err := errors.Join(settingsErr, templateErr); err != nil {
		return err
	}
	m, err := newMachine(ctx, s, t)
	if err != nil {
		return err
	}
	if *function != "" {
		return m.invoke(ctx, *function, *event, out)
	}
	return m.serve(ctx, out)
}
