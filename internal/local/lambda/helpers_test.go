package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/internal/local/lambda"
)

// parentRole makes this test binary play the process that owns a pool and is killed.
const parentRole = "SLUICE_TEST_POOL_PARENT"

func TestMain(m *testing.M) {
	if path := os.Getenv(parentRole); path != "" {
		playParent(path)
	}
	dir, err := os.MkdirTemp("", "sluice-pool-")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

var buildDir string

// build compiles the function of testdata, once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "bootstrap")
	if out, err := exec.Command("go", "build", "-o", path, "./testdata/function").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func bootstrap(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs a program")
	}
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

type answer struct {
	Text      string            `json:"text"`
	PID       int               `json:"pid"`
	RequestID string            `json:"request_id"`
	ARN       string            `json:"arn"`
	Left      time.Duration     `json:"left"`
	Env       map[string]string `json:"env"`
	Dir       string            `json:"dir"`
}

func start(t *testing.T, config lambda.Config) *lambda.Pool {
	t.Helper()
	config.Name = "subject"
	if config.Path == "" {
		config.Path = bootstrap(t)
	}
	pool, err := lambda.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func invoke(pool lambda.Invoker, event string) (answer, error) {
	payload, err := pool.Invoke(context.Background(), []byte(event))
	if err != nil {
		return answer{}, err
	}
	var a answer
	return a, json.Unmarshal(payload, &a)
}

func mustInvoke(t *testing.T, pool lambda.Invoker, event string) answer {
	t.Helper()
	a, err := invoke(pool, event)
	if err != nil {
		t.Fatalf("invoke %s: %v", event, err)
	}
	return a
}

func functionError(t *testing.T, err error) *lambda.FunctionError {
	t.Helper()
	failure, ok := errors.AsType[*lambda.FunctionError](err)
	if !ok {
		t.Fatalf("error is %v, want a FunctionError", err)
	}
	return failure
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// waitFor polls: other processes keep no virtual time.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
