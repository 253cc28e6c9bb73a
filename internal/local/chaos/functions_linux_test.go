package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// The platform of these tests is this process, whose functions only sleep.
func here(t *testing.T) functions {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return functions{dir: dir, platform: os.Getpid()}
}

// sleeper starts a process that runs an executable of that name, below the platform's folder.
func (f functions) sleeper(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("there is no sleep")
	}
	content, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	// A process that another test forks meanwhile would hold the file open for writing, and nobody could execute it.
	syscall.ForkLock.RLock()
	err = os.WriteFile(path, content, 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "60")
	cmd.Args[0] = "sleep" // where one program is many, the name says which
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // so killed, as a rule
	})
	return cmd
}

func TestFunctionsAreFoundByTheirExecutables(t *testing.T) {
	t.Parallel()
	f := here(t)
	sender, api := f.sleeper(t, ".build/sender/bootstrap"), f.sleeper(t, ".build/api/bootstrap")
	f.sleeper(t, "sender/bootstrap")
	f.sleeper(t, ".build/local/sluice-local")

	senders, err := f.that("sender")
	if err != nil || !slices.Equal(senders, []int{sender.Process.Pid}) {
		t.Errorf("senders are %v, %v, want %d", senders, err, sender.Process.Pid)
	}
	all, err := f.that("")
	want := []int{sender.Process.Pid, api.Process.Pid}
	slices.Sort(want)
	slices.Sort(all)
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("functions are %v, %v, want %v", all, err, want)
	}
}

func TestOnlyFunctionsAreKilled(t *testing.T) {
	t.Parallel()
	f := here(t)
	sender, other := f.sleeper(t, ".build/sender/bootstrap"), f.sleeper(t, "other")

	killed, err := f.kill([]int{sender.Process.Pid, other.Process.Pid, os.Getppid()})

	if err != nil || !slices.Equal(killed, []string{"sender"}) {
		t.Errorf("killed %v, %v, want one sender", killed, err)
	}
	_ = sender.Wait() // its state tells
	if status, ok := sender.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("the sender ended with %v, want SIGKILL", sender.ProcessState)
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the other process is not alive: %v", err)
	}
	if again, err := f.kill([]int{sender.Process.Pid}); err != nil || len(again) > 0 {
		t.Errorf("a dead process was killed again: %v, %v", again, err)
	}
}
