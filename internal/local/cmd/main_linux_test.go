package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// These tests run what `make run` runs: the platform and the functions as programs of their own, on real ports and in
// real time.

const (
	root      = "../../.."
	programAt = ".build/local/sluice-local"
)

// functions are those of template.yaml; their executables are at bootstrapAt.
var functions = []string{"api", "courier", "dispatcher", "recorder", "sender", "webhook"}

func bootstrapAt(function string) string { return filepath.Join(".build", function, "bootstrap") }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sluice-local-")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	status := m.Run()
	_ = os.RemoveAll(dir) // it is temporary anyway
	os.Exit(status)
}

var buildDir string

// build compiles everything as the Makefile does, once.
var build = sync.OnceValue(func() error {
	if err := compile("./internal/local/cmd", programAt); err != nil {
		return err
	}
	for _, f := range functions {
		if err := compile("./functions/"+f, bootstrapAt(f), deployed...); err != nil {
			return err
		}
	}
	return nil
})

// deployed are the flags of what is deployed.
var deployed = []string{"-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w"}

func compile(source, target string, flags ...string) error {
	args := append([]string{"build", "-o", filepath.Join(buildDir, target)}, flags...)
	cmd := exec.Command("go", append(args, source)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, out)
	}
	return nil
}

// folder makes a folder in which the platform can run: the template and what was built. Its executables are links, so
// that a process tells by its path which test it belongs to.
func folder(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "template.yaml"), template, 0o600))
	programs := []string{programAt}
	for _, f := range functions {
		programs = append(programs, bootstrapAt(f))
	}
	for _, program := range programs {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, program)), 0o700))
		must(t, os.Link(filepath.Join(buildDir, program), filepath.Join(dir, program)))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
