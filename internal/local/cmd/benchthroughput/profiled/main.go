// Command profiled is the sender with a profiler in it, so that the function itself needs no hooks. Run instead of the
// sender (benchthroughput -profile), it writes what each few seconds cost into the folder that it is in:
//
//	go build -tags lambda.norpc -o .build/bench/sender/bootstrap ./internal/local/cmd/benchthroughput/profiled
//	go run ./internal/local/cmd/benchthroughput -profile .build/bench/sender/bootstrap
//	go tool pprof -top .build/bench/sender/bootstrap .build/bench/sender/*.cpu
//	go tool pprof -top -sample_index=alloc_space .build/bench/sender/bootstrap .build/bench/sender/*.allocs
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"sluice/internal/app"
)

// every is how much goes into one file: a sender is killed without notice, and what is not written then is lost.
const every = 2 * time.Second

func main() {
	go func() {
		if err := profile(); err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
		}
	}()
	app.Main(app.Sender)
}

func profile() error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the folder: %w", err)
	}
	base := filepath.Join(filepath.Dir(executable), fmt.Sprint(os.Getpid()))
	for n := 1; ; n++ {
		if err := cpu(fmt.Sprintf("%s-%d.cpu", base, n)); err != nil {
			return err
		}
		if err := allocations(base + ".allocs"); err != nil {
			return err
		}
	}
}

func cpu(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(err, file.Close())
	}
	time.Sleep(every)
	pprof.StopCPUProfile()
	return file.Close()
}

// allocations are those since the process began.
func allocations(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
