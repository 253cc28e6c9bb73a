package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/internal/local/lambda"
)

func TestAnInvocationGetsItsEventContextAndEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_PARENT", "x")
	path := bootstrap(t)
	pool := start(t, lambda.Config{Path: path, Timeout: 5 * time.Second, MemoryMB: 256, Region: "eu-west-1",
		Env: []string{"TABLE=sluice", "AWS_LAMBDA_LOG_LEVEL=DEBUG"}})

	a := mustInvoke(t, pool, `{"text":"hello"}`)

	if a.Text != "hello" || len(a.RequestID) != 36 || a.ARN != "arn:aws:lambda:eu-west-1:000000000000:function:subject" {
		t.Errorf("answer %+v", a)
	}
	if a.Left <= 3*time.Second || a.Left > 5*time.Second {
		t.Errorf("deadline is %s away, want just under 5s", a.Left)
	}
	if want, _ := filepath.EvalSymlinks(filepath.Dir(path)); a.Dir != want {
		t.Errorf("working directory %s, want %s", a.Dir, want)
	}
	for name, want := range map[string]string{"TABLE": "sluice", "AWS_LAMBDA_LOG_LEVEL": "DEBUG", "AWS_REGION": "eu-west-1",
		"AWS_LAMBDA_FUNCTION_NAME": "subject", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_LOG_FORMAT": "JSON", "_HANDLER": "bootstrap", "TZ": ":UTC"} {
		if a.Env[name] != want {
			t.Errorf("%s is %q, want %q", name, a.Env[name], want)
		}
	}
	for _, name := range []string{"SECRET_OF_THE_PARENT", "HOME"} {
		if _, found := a.Env[name]; found {
			t.Errorf("%s leaked into the function", name)
		}
	}
}

func TestAnIdleProcessIsReused(t *testing.T) {
	pool := start(t, lambda.Config{})
	first, second := mustInvoke(t, pool, `{}`), mustInvoke(t, pool, `{}`)
	if first.PID != second.PID {
		t.Errorf("second invocation ran in process %d, want the idle %d", second.PID, first.PID)
	}
	if first.RequestID == second.RequestID {
		t.Error("two invocations have the same request id")
	}
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name, event, wantType, wantMessage string
		keepsProcess                       bool
	}{
		{"an error of the function is reported and keeps the process", `{"do":"error"}`, "specialError", "as asked", true},
		{"a panic is reported and ends the process", `{"do":"panic"}`, "errorString", "as asked", false},
		{"an exit is a crash", `{"do":"exit"}`, lambda.TypeExit, "exit status 7", false},
		{"an event that is not what the function takes is its error", `"text"`, "UnmarshalTypeError", "cannot unmarshal", true},
		{"an answer beyond the limit is refused", fmt.Sprintf(`{"do":"big","size":%d}`, lambda.MaxResponse), lambda.TypeTooLarge,
			"6291556 bytes", false},
		{"a stream that breaks off is the function's error", `{"do":"stream"}`, "specialError", "as asked", true},
		{"an invocation beyond its deadline is killed", `{"sleep":60000000000}`, lambda.TypeTimeout,
			"Task timed out after 1.00 seconds", false},
	}
	path := bootstrap(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pool := start(t, lambda.Config{Path: path, Timeout: time.Second})
			before := mustInvoke(t, pool, `{}`)

			_, err := invoke(pool, tt.event)

			failure := functionError(t, err)
			if failure.Type != tt.wantType || !strings.Contains(failure.Message, tt.wantMessage) {
				t.Errorf("failed with %v, want %s: …%s…", failure, tt.wantType, tt.wantMessage)
			}
			after := mustInvoke(t, pool, `{}`)
			if kept := after.PID == before.PID; kept != tt.keepsProcess {
				t.Errorf("process kept: %t, want %t", kept, tt.keepsProcess)
			}
		})
	}
}

func TestAFunctionThatCannotStartFails(t *testing.T) {
	var mu sync.Mutex
	var logged []string
	pool := start(t, lambda.Config{Env: []string{"REFUSE_TO_START=1"}, Log: func(function, line string) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, function+": "+line)
	}})
	_, err := invoke(pool, `{}`)
	if failure := functionError(t, err); failure.Type != lambda.TypeExit || !strings.Contains(failure.Message, "exit status 3") {
		t.Errorf("failed with %v", failure)
	}
	pool.Close()
	if want := []string{"subject: will not start"}; !slices.Equal(logged, want) {
		t.Errorf("logged %q, want %q", logged, want)
	}
}

func TestOutputComesLineByLine(t *testing.T) {
	lines := make(chan string, 10)
	pool := start(t, lambda.Config{Log: func(_, line string) { lines <- line }})
	mustInvoke(t, pool, `{"do":"print"}`)
	pool.Close()
	close(lines)
	got := slices.Collect(func(yield func(string) bool) {
		for line := range lines {
			yield(line)
		}
	})
	if want := []string{"one line", "and another", "no newline"}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
}

func TestConcurrentInvocationsHaveAProcessEach(t *testing.T) {
	const concurrency = 5
	pool := start(t, lambda.Config{Concurrency: concurrency, Timeout: 20 * time.Second})
	type outcome struct {
		pid int
		err error
	}
	outcomes := make(chan outcome, concurrency)
	for range concurrency {
		go func() {
			a, err := invoke(pool, `{"sleep":1000000000}`)
			outcomes <- outcome{a.PID, err}
		}()
	}
	waitFor(t, "all processes", func() bool { return len(pool.Processes()) == concurrency })

	if _, err := invoke(pool, `{}`); !errors.Is(err, lambda.ErrThrottled) {
		t.Errorf("one more invocation: %v, want ErrThrottled", err)
	}

	pids := map[int]bool{}
	for range concurrency {
		o := <-outcomes
		if o.err != nil {
			t.Error(o.err)
		}
		pids[o.pid] = true
	}
	if len(pids) != concurrency {
		t.Errorf("%d processes served %d concurrent invocations", len(pids), concurrency)
	}
}

func TestAKilledProcessFailsItsInvocationAndIsReplaced(t *testing.T) {
	pool := start(t, lambda.Config{Timeout: 20 * time.Second})
	before := mustInvoke(t, pool, `{}`)
	failed := make(chan error, 1)
	go func() {
		_, err := invoke(pool, `{"do":"print","sleep":15000000000}`)
		failed <- err
	}()
	time.Sleep(100 * time.Millisecond) // let it get into the middle

	kill(t, pool.Processes()[0])

	if failure := functionError(t, <-failed); failure.Type != lambda.TypeExit || !strings.Contains(failure.Message, "signal: killed") {
		t.Errorf("failed with %v", failure)
	}
	if after := mustInvoke(t, pool, `{}`); after.PID == before.PID {
		t.Error("the killed process answered")
	}
}

func TestAProcessKilledWhileIdleIsReplacedUnseen(t *testing.T) {
	pool := start(t, lambda.Config{})
	before := mustInvoke(t, pool, `{}`)
	kill(t, before.PID)
	waitFor(t, "the death", func() bool { return len(pool.Processes()) == 0 })
	if after := mustInvoke(t, pool, `{}`); after.PID == before.PID {
		t.Error("the killed process answered")
	}
}

func TestTheInvocationGoesOnWhenTheCallerHangsUp(t *testing.T) {
	pool := start(t, lambda.Config{Concurrency: 1})
	before := mustInvoke(t, pool, `{}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := pool.Invoke(ctx, []byte(`{"sleep":500000000}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v, want the caller's own", err)
	}
	if _, err := invoke(pool, `{}`); !errors.Is(err, lambda.ErrThrottled) {
		t.Errorf("error %v, want ErrThrottled: the first is still running", err)
	}
	waitFor(t, "its end", func() bool { a, err := invoke(pool, `{}`); return err == nil && a.PID == before.PID })
}

func TestCloseLeavesNoProcess(t *testing.T) {
	pool := start(t, lambda.Config{Timeout: 60 * time.Second})
	idle := mustInvoke(t, pool, `{}`)
	failed := make(chan error, 1)
	go func() {
		_, err := invoke(pool, `{"sleep":60000000000}`)
		failed <- err
	}()
	go func() { _, _ = invoke(pool, `{"sleep":60000000000}`) }()
	waitFor(t, "two processes", func() bool { return len(pool.Processes()) == 2 })
	pids := append(pool.Processes(), idle.PID)

	pool.Close()

	if err := <-failed; !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("the running invocation: %v, want ErrClosed", err)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d: %v, want it gone and reaped", pid, err)
		}
	}
	if _, err := invoke(pool, `{}`); !errors.Is(err, lambda.ErrClosed) {
		t.Errorf("invocation after Close: %v, want ErrClosed", err)
	}
}

func TestTheEndOfTheContextCloses(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pool, err := lambda.Start(ctx, lambda.Config{Name: "subject", Path: bootstrap(t)})
	if err != nil {
		t.Fatal(err)
	}
	mustInvoke(t, pool, `{}`)
	cancel()
	waitFor(t, "the end", func() bool { return len(pool.Processes()) == 0 })
}

func TestStartRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]lambda.Config{
		"a missing executable":        {Name: "f", Path: file + "-not-there"},
		"a file that cannot be run":   {Name: "f", Path: file},
		"a function without a name":   {Path: os.Args[0]},
		"a timeout beyond Lambda's":   {Name: "f", Path: os.Args[0], Timeout: 901 * time.Second},
		"a timeout below a second":    {Name: "f", Path: os.Args[0], Timeout: time.Millisecond},
		"a concurrency below nothing": {Name: "f", Path: os.Args[0], Concurrency: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := lambda.Start(t.Context(), config); err == nil {
				t.Error("was accepted")
			}
		})
	}
}

func TestARequestBeyondTheLimitIsRefused(t *testing.T) {
	pool := start(t, lambda.Config{Path: os.Args[0]})
	if _, err := pool.Invoke(t.Context(), make([]byte, lambda.MaxRequest+1)); !errors.Is(err, lambda.ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}
