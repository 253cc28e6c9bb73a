package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// buildReturns compiles what `make bench-returns` runs, once.
var buildReturns = sync.OnceValue(func() error { return compile("./internal/local/cmd/benchreturns", "benchreturns") })

func TestWhatComesBackIsMeasured(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	must(t, buildReturns())
	cmd := exec.CommandContext(t.Context(), filepath.Join(buildDir, "benchreturns"), "-dir", dir, "-receipts", "60", "-replies", "20",
		"-stops", "3", "-connections", "4", "-probing", "40", "-settings", "10/0/2")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Of 60 texts 6 have two parts; a tenth of these, and of 20 replies 2, come twice.
	const figures = ` +\d+ +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +0$`
	for _, row := range []string{
		`a bare HTTP server, one at a time +10` + figures, `a bare HTTP server, 4 at a time +40` + figures,
		`the function that refuses, one at a time +10` + figures, `the function that refuses, 4 at a time +40` + figures,
		`the webhook, one at a time +10` + figures, `the webhook, 4 at a time +\d\d` + figures,
		` +\d+\.\d +\d+ +0 +0 +0 +60 +17 +3 +0$`, // the backlog's end
		`10/0/2 +\d+\.\d +\d+ +\d+\.\d +\d+\.\d +\d+ +\d+$`,
		`each run ended with all 60 deliveries, 17 open replies and 3 opt-outs counted, .*`,
	} {
		if !regexp.MustCompile("(?m)^" + row).Match(out) {
			t.Errorf("there is no row %q in\n%s", row, out)
		}
	}
}

func TestWhatComesBackIsNotMeasuredOfNothing(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	must(t, buildReturns())
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"too few receipts", []string{"-receipts", "9"}, "there must be 10 to 100000 receipts"},
		{"more replies than receipts", []string{"-receipts", "10", "-replies", "11"}, "no more of the next than of the last"},
		{"more stops than replies", []string{"-replies", "10", "-stops", "11"}, "no more of the next than of the last"},
		{"nothing at a time", []string{"-connections", "0"}, "0 connections"},
		{"a setting that is none", []string{"-settings", "10"}, "is not like 100/1/2"},
		{"a setting that the template refuses", []string{"-receipts", "10", "-replies", "1", "-stops", "0", "-probing", "4", "-settings", "10/1/1"},
			"RecorderConcurrency"},
		{"an empty folder", []string{"-dir", t.TempDir()}, "read the template"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(buildDir, "benchreturns"), append([]string{"-dir", dir}, c.args...)...)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("got %v, %s, want an error with %q", err, out, c.want)
			}
		})
	}
}
