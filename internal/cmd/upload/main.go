// Command upload uploads a CSV file of recipients to a draft, in parts, and goes on where an earlier upload of the same file
// was interrupted (make upload). Neither a row of the file nor the key is ever printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"sluice/internal/cmd/upload/parts"
)

// How the command ends: all of the file is there, it is not, or it was called wrongly.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C is not caught
	p := program{getenv: os.Getenv, in: os.Stdin, out: os.Stdout, complain: os.Stderr, isTerminal: isTerminal(os.Stdout)}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// isTerminal: a person looks on.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// program is what the command may use of the world.
type program struct {
	getenv        func(string) string
	in            io.Reader
	out, complain io.Writer
	isTerminal    bool
}

func (p program) run(ctx context.Context, args []string) int {
	o, err := readOptions(args, p.getenv, p.complain)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		fmt.Fprintln(p.complain, "upload:", err)
		return exitUsage
	}
	return p.upload(ctx, o)
}

func (p program) upload(ctx context.Context, o options) int {
	file, size, err := o.open(p.in)
	if err != nil {
		fmt.Fprintln(p.complain, "upload:", err)
		return exitFailed
	}
	defer file.Close()
	progress := newProgress(p.out, o.name(), size, p.isTerminal)
	result, err := o.send(ctx, file, progress)
	progress.end()
	o.warn(p.complain, result)
	if err != nil {
		fmt.Fprintln(p.complain, "upload:", explain(ctx, o, err))
		if result.Parts > 0 {
			fmt.Fprintf(p.complain, "The campaign has %s of %s, in %s.\n", count(result.Rows, "row"), o.name(), count(result.Parts, "part"))
		}
		return exitFailed
	}
	o.report(p.out, result)
	return exitDone
}

// send uploads the file, and takes what it has uploaded before for uploaded.
func (o options) send(ctx context.Context, file io.Reader, progress *progress) (parts.Result, error) {
	u := parts.Uploader{
		Client: &parts.Client{
			Base: o.api, Key: o.key, HTTP: o.client, OnWait: progress.waiting,
		},
		Campaign: o.campaign, Columns: o.columns, First: o.first, Replace: o.replace, Parallel: o.parallel, Plain: o.plain, Limits: o.limits,
		OnPart: progress.part,
	}
	return u.Upload(ctx, file)
}

// explain says what to do about an error.
func explain(ctx context.Context, o options, err error) string {
	taken, isTaken := errors.AsType[*parts.TakenError](err)
	switch {
	case ctx.Err() != nil:
		return "interrupted. The same command goes on from where it is"
	case isTaken && taken.Free > parts.MaxPart:
		return fmt.Sprintf("%v. To put the file in its place: REPLACE=1", taken)
	case isTaken:
		return fmt.Sprintf("%v. To put the file in its place: REPLACE=1. To add the file to what is there: FIRST_PART=%d", taken, taken.Free)
	case o.isLocal() && isUnreachable(err):
		return fmt.Sprintf("%v (is make run running?)", err)
	default:
		return err.Error()
	}
}
