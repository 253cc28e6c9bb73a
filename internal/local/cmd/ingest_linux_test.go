package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// buildIngest compiles what `make bench-ingest` runs, once.
var buildIngest = sync.OnceValue(func() error { return compile("./internal/local/cmd/benchingest", "benchingest") })

func TestUploadsAreMeasured(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	must(t, buildIngest())
	cmd := exec.CommandContext(t.Context(), filepath.Join(buildDir, "benchingest"), "-dir", dir, "-recipients", "300", "-naive", "60")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const figures = ` +\d+\.\d\d +\d+ +\d+\.\d\d +\d+ +\d+$`
	for _, row := range []string{
		"upload +300 bare numbers", "preflight +300 bare numbers", "launch +300 bare numbers",
		"upload +300 rows with two variables", "preflight +300 rows with two variables", "launch +300 rows with two variables",
	} {
		if !regexp.MustCompile("(?m)^" + row + figures).Match(out) {
			t.Errorf("there is no row %q in\n%s", row+figures, out)
		}
	}
	for _, want := range []string{
		"the api function has 512 MB (MemorySize) and GOMEMLIMIT=", "naive, an item for each recipient: 60 stored in ", "1.00 write units each",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "GOMEMLIMIT=;") {
		t.Errorf("the function has no GOMEMLIMIT:\n%s", out)
	}
}
