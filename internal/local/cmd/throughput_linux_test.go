package main_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// buildThroughput compiles what `make bench-throughput` runs, and the sender that profiles itself, once.
var buildThroughput = sync.OnceValue(func() error {
	return errors.Join(compile("./internal/local/cmd/benchthroughput", "benchthroughput"),
		compile("./internal/local/cmd/benchthroughput/profiled", "profiled/sender/bootstrap", deployed...))
})

func TestThroughputIsMeasured(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	must(t, buildThroughput())

	for name, args := range map[string][]string{
		"the deployed sender":      nil,
		"one that profiles itself": {"-profile", filepath.Join(buildDir, "profiled/sender/bootstrap")},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(buildDir, "benchthroughput"),
				append(args, "-dir", dir, "-recipients", "60", "-batch", "20", "-concurrency", "7")...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			const figures = ` +60 +\d+\.\d\d +\d+ +\d+\.\d\d +\d+ +(\d+|-)$`
			for _, row := range []string{
				"bare client, 7 at a time, answers after 0s", "one batch, answers after 0s", "batches of 20, answers after 0s",
				"bare client, 7 at a time, answers after 50ms", "one batch, answers after 50ms", "batches of 20, answers after 50ms",
			} {
				if !regexp.MustCompile("(?m)^" + row + figures).Match(out) {
					t.Errorf("there is no row %q in\n%s", row+figures, out)
				}
			}
			if n := strings.Count(string(out), "\n"); n != 11 {
				t.Errorf("%d lines, want two, a head and eight rows:\n%s", n, out)
			}
		})
	}
	profiles, err := filepath.Glob(filepath.Join(buildDir, "profiled/sender/*.cpu"))
	if err != nil || len(profiles) == 0 {
		t.Errorf("the profiles are %v, %v", profiles, err)
	}
}

func TestThroughputIsNotMeasuredOfNothing(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	must(t, buildThroughput())
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"one recipient", []string{"-recipients", "1"}, "there must be 2 to 100000 recipients"},
		{"too many recipients", []string{"-recipients", "100001"}, "there must be 2 to 100000 recipients"},
		{"nothing at a time", []string{"-concurrency", "0"}, "0 at a time"},
		{"an empty folder", []string{"-dir", t.TempDir()}, "read the template"},
		{"a sender that is not there", []string{"-profile", "/nowhere"}, "make build"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(buildDir, "benchthroughput"), append([]string{"-dir", dir}, c.args...)...)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("got %v, %s, want an error with %q", err, out, c.want)
			}
		})
	}
}
