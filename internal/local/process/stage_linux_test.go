package process_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/local/process"
)

func TestAStageIsTheFolderButForItsEditsAndPrograms(t *testing.T) {
	t.Parallel()
	dir, other := stage(t, "exit 0"), filepath.Join(t.TempDir(), "profiled")
	must(t, os.WriteFile(filepath.Join(dir, "template.yaml"), []byte("Rate: 30\nHeadroom: 4\n"), 0o600))
	for _, function := range []string{"api", "sender"} {
		must(t, os.Mkdir(filepath.Join(dir, ".build", function), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, ".build", function, "bootstrap"), []byte(function), 0o700))
	}
	must(t, os.WriteFile(other, []byte("profiled"), 0o700))
	staged, err := process.Stage(dir, map[string]string{"Rate: 30": "Rate: 10000"}, map[string]string{"sender": other})
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(staged) })
	for path, want := range map[string]string{
		"template.yaml": "Rate: 10000\nHeadroom: 4\n", ".build/api/bootstrap": "api", ".build/sender/bootstrap": "profiled",
		".build/local/sluice-local": "#!/bin/sh\nexit 0",
	} {
		if got, err := os.ReadFile(filepath.Join(staged, path)); string(got) != want {
			t.Errorf("%s is %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestAStageIsNotSetWithWhatTheTemplateDoesNotHaveOnce(t *testing.T) {
	t.Parallel()
	dir := stage(t, "exit 0")
	must(t, os.WriteFile(filepath.Join(dir, "template.yaml"), []byte("Rate: 30\nRate: 30\n"), 0o600))
	for edit, want := range map[string]string{"Rate": "is in it 2 times", "Headroom": "is in it 0 times"} {
		if _, err := process.Stage(dir, map[string]string{edit: ""}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", edit, err, want)
		}
	}
	if _, err := process.Stage(t.TempDir(), nil, nil); err == nil || !strings.Contains(err.Error(), "read the template") {
		t.Errorf("without a template: %v", err)
	}
}

func TestTheTemplateHasTheBoundsThatAreLifted(t *testing.T) {
	t.Parallel()
	edits, _ := process.Unlimited()
	staged, err := process.Stage(filepath.Join("..", "..", ".."), edits, nil)
	must(t, err)
	must(t, os.RemoveAll(staged))
}

func TestProcessorTimeIsTold(t *testing.T) {
	t.Parallel()
	if used := process.ProcessorTime(os.Getpid()); used <= 0 {
		for sum, i := 0, 0; process.ProcessorTime(os.Getpid()) <= 0; i++ {
			sum += i // a process this young has not used a hundredth of a second
		}
	}
	if used := process.ProcessorTime(-1); used != 0 {
		t.Errorf("no process has used %v", used)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
