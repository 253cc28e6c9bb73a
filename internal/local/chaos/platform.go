package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// programAt is the local platform's executable, as the Makefile builds it.
const programAt = ".build/local/sluice-local"

// platform is a running one.
type platform struct {
	dir    string
	api    string // its URL
	vonage string
	cmd    *exec.Cmd
	out    *transcript
	ready  time.Time
	exited chan struct{}
}

// start runs a platform, whose Vonage takes whatever comes: the pace is the account's alone. It ends with ctx, and with
// this process.
func start(ctx context.Context, dir string, rate int) (*platform, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the platform: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("find the platform: %w", err)
	}
	const tries = 5 // somebody else may take a port that was found free
	for try := 1; ; try++ {
		p, err := launch(ctx, dir, rate)
		if err == nil || try == tries || !errors.Is(err, errPortTaken) {
			return p, err
		}
	}
}

var errPortTaken = errors.New("a port was taken meanwhile")

func launch(ctx context.Context, dir string, rate int) (*platform, error) {
	ports, err := freePorts()
	if err != nil {
		return nil, err
	}
	p := &platform{
		dir: dir, api: local(ports[0]), vonage: local(ports[1]),
		out: &transcript{ready: make(chan struct{})}, exited: make(chan struct{}),
	}
	p.cmd = exec.CommandContext(ctx, filepath.Join(dir, programAt))
	p.cmd.Dir = dir
	p.cmd.Env = []string{
		fmt.Sprintf("PORT=%d", ports[0]), fmt.Sprintf("VONAGE_PORT=%d", ports[1]),
		fmt.Sprintf("DYNAMODB_PORT=%d", ports[2]), fmt.Sprintf("SQS_PORT=%d", ports[3]),
		fmt.Sprintf("PARAMETERS=AccountRate=%d", rate), "VONAGE_RATE=-1",
	}
	p.cmd.SysProcAttr = processAttributes()
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the platform: %w", err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // its state says more
	}()
	select {
	case <-p.out.ready:
		p.ready = time.Now()
		return p, nil
	case <-p.exited:
		if strings.Contains(p.out.String(), "is taken by another program") {
			return nil, errPortTaken
		}
		return nil, fmt.Errorf("the platform ended with %v: %s", p.cmd.ProcessState, p.out)
	}
}

func local(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// Below the ports that the kernel gives to outgoing connections (ip(7), ip_local_port_range).
const lowestPort, highestPort = 10_000, 20_000

func freePorts() ([4]int, error) {
	var ports [4]int
	for i := range ports {
		const tries = 100
		for try := 0; ports[i] == 0; try++ {
			if try == tries {
				return ports, fmt.Errorf("found no free port from %d to %d in %d tries", lowestPort, highestPort, tries)
			}
			port := lowestPort + rand.IntN(highestPort-lowestPort)
			if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				_ = listener.Close() // it has taken nothing
				ports[i] = port
			}
		}
	}
	return ports, nil
}

// transcript is what the platform has said so far.
type transcript struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	ready chan struct{} // closed when it has said that it is
	was   bool
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buf.Write(p)
	if !w.was && bytes.Contains(w.buf.Bytes(), []byte("ready on ")) {
		w.was = true
		close(w.ready)
	}
	return n, err
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
