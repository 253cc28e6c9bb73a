package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/local/lambda"
)

func TestProcessesDieWithTheirParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentRole+"="+bootstrap(t))
	parent.Stderr = os.Stderr
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parent.Process.Kill(); _ = parent.Wait() })
	var idle, busy int
	if _, err := fmt.Fscan(stdout, &idle, &busy); err != nil {
		t.Fatal(err)
	}
	if idle == busy || !alive(t, idle) || !alive(t, busy) {
		t.Fatalf("processes %d and %d are not two living ones", idle, busy)
	}

	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	waitFor(t, "both to die", func() bool { return !alive(t, idle) && !alive(t, busy) })
}

// playParent owns a pool with one idle and one busy process, says their ids and waits to be killed.
func playParent(path string) {
	pool, err := lambda.Start(context.Background(), lambda.Config{Name: "subject", Path: path, Timeout: time.Minute})
	if err != nil {
		panic(err)
	}
	go func() { _, _ = invoke(pool, `{"sleep":60000000000}`) }()
	for len(pool.Processes()) < 1 {
		time.Sleep(time.Millisecond)
	}
	busy := pool.Processes()[0]
	idle, err := invoke(pool, `{}`)
	if err != nil {
		panic(err)
	}
	fmt.Println(idle.PID, busy)
	select {}
}

// alive counts a zombie as dead: whoever inherits it may never reap it.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
