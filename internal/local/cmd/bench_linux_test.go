package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestColdStartsAreMeasured(t *testing.T) {
	t.Parallel()
	folder(t) // builds the functions
	for _, program := range []string{"bare", "probe"} {
		must(t, compile("./internal/local/cmd/benchcold/"+program, ".build/bench/"+program, deployed...))
	}
	must(t, compile("./internal/local/cmd/benchcold", "benchcold"))

	cmd := exec.CommandContext(t.Context(), filepath.Join(buildDir, "benchcold"), "-starts", "1",
		"-build", filepath.Join(buildDir, ".build"))
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	const size, time = ` +\d{6,}`, ` +\d+\.\d`
	for _, name := range functions {
		row := "(?m)^ *" + name + size + size + time + time + time + "×" + time + time + time + time + time + time + "$"
		if !regexp.MustCompile(row).Match(out) {
			t.Errorf("%s has no row like %s in\n%s", name, row, out)
		}
	}
}
