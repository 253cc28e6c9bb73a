package process_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/local/process"
)

// stage makes a folder in which a shell script stands for the local platform.
func stage(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".build", "local", "sluice-local")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(path, "..", "..", "..")
}

const untilInterrupted = `
trap 'echo interrupted; exit 0' INT
echo "ready on $PORT"
while :; do sleep 0.01; done`

func TestAPlatformHasItsSettingsAndNoOthers(t *testing.T) {
	t.Setenv("SLUICE_OF_THE_TEST", "1")
	p, err := process.Start(t.Context(), process.Config{
		Dir:        stage(t, "pwd; env"+untilInterrupted),
		Parameters: map[string]string{"PaceHeadroom": "0", "AccountRate": "60"},
		Env:        map[string]string{"VONAGE_RATE": "-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	for _, want := range []string{
		p.Dir + "\n", "PARAMETERS=AccountRate=60 PaceHeadroom=0\n", "VONAGE_RATE=-1\n", "DYNAMODB_PORT=", "SQS_PORT=",
		"\nPORT=" + strings.TrimPrefix(p.API, "http://127.0.0.1:") + "\n",
		"VONAGE_PORT=" + strings.TrimPrefix(p.Vonage, "http://127.0.0.1:") + "\n",
	} {
		if !strings.Contains(p.Said(), want) {
			t.Errorf("it was not told %q: %s", want, p.Said())
		}
	}
	if strings.Contains(p.Said(), "SLUICE_OF_THE_TEST") {
		t.Errorf("it was told of a variable that is none of its own: %s", p.Said())
	}
}

func TestAPlatformIsInterruptedByStopAndByItsContext(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*process.Platform, context.CancelFunc){
		"stop":    func(p *process.Platform, _ context.CancelFunc) { p.Stop() },
		"context": func(_ *process.Platform, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p, err := process.Start(ctx, process.Config{Dir: stage(t, untilInterrupted)})
			if err != nil {
				t.Fatal(err)
			}
			end(p, cancel)
			<-p.Exited()
			p.Stop() // a second time
			if !strings.Contains(p.Said(), "interrupted") {
				t.Errorf("it was not interrupted: %s", p.Said())
			}
		})
	}
}

func TestStartTellsWhyNothingRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, dir, want string }{
		{"nothing was built", t.TempDir(), "sluice-local"},
		{"no folder", filepath.Join(t.TempDir(), "nowhere"), "nowhere"},
		{"it ends at once", stage(t, "echo a reason; exit 3"), "exit status 3: a reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if p, err := process.Start(t.Context(), process.Config{Dir: c.dir}); p != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want an error with %q", p, err, c.want)
			}
		})
	}
}

func TestOtherPortsAreChosenWhereAnotherProgramWasQuicker(t *testing.T) {
	t.Parallel()
	p, err := process.Start(t.Context(), process.Config{Dir: stage(t, `
if [ ! -e tried ]; then : >tried; echo "port $PORT is taken by another program"; exit 1; fi`+untilInterrupted)})
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
}
