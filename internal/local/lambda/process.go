package lambda

import (
	"bytes"
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one execution environment.
type process struct {
	token       string
	pid         int
	next        chan *invocation
	current     atomic.Pointer[invocation]
	invocations atomic.Int64
	exited      chan struct{}
	status      string // how it ended; may be read once exited is closed

	mu   sync.Mutex
	done bool // reaped: its pid may belong to another process
}

// kill ends the process and whatever it has started.
func (e *process) kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.done {
		_ = syscall.Kill(-e.pid, syscall.SIGKILL) // the group can only be gone already
	}
}

// drainLimit is how long the output of a dead process is waited for, when a process that it started holds it open.
const drainLimit = time.Second

// start is called with p.mu held.
func (p *Pool) start() (*process, error) {
	env := &process{token: rand.Text(), next: make(chan *invocation), exited: make(chan struct{})}
	output := &lines{emit: func(line string) { p.config.Log(p.name, line) }}
	cmd := exec.Command(p.config.Path)
	cmd.Dir = filepath.Dir(p.config.Path)
	cmd.Env = p.environment(env.token)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = processAttributes()
	cmd.WaitDelay = drainLimit
	if err := p.spawner.start(cmd); err != nil {
		return nil, err
	}
	env.pid = cmd.Process.Pid
	p.processes[env.token] = env
	go func() {
		_ = cmd.Wait() // the state says more than the error
		env.reaped(cmd.ProcessState.String())
		output.flush()
		p.forget(env)
		close(env.exited)
	}()
	return env, nil
}

// reaped notes how the process ended. What it may have left behind in its group goes with it: as long as there is
// something, the group's id cannot belong to another.
func (e *process) reaped(status string) {
	e.kill()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done, e.status = true, status
}

// environment is what Lambda sets (Lambda Developer Guide, "Defined runtime environment variables"), then what is
// configured.
func (p *Pool) environment(token string) []string {
	root := filepath.Dir(p.config.Path)
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + p.address + "/" + token,
		"AWS_LAMBDA_FUNCTION_NAME=" + p.name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(p.config.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + p.name,
		"AWS_LAMBDA_LOG_STREAM_NAME=[$LATEST]" + token,
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_LEVEL=INFO",
		"AWS_REGION=" + p.region,
		"AWS_DEFAULT_REGION=" + p.region,
		"_HANDLER=" + filepath.Base(p.config.Path),
		"LAMBDA_TASK_ROOT=" + root,
		"LAMBDA_RUNTIME_DIR=" + root,
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
	}
	return append(env, p.config.Env...)
}

// spawner starts processes from one thread, which lives until close: on Linux the kernel kills the children of a thread
// that ends (prctl(2), PR_SET_PDEATHSIG), not those of a process.
type spawner struct {
	requests chan spawnRequest
	ended    chan struct{}
}

type spawnRequest struct {
	cmd  *exec.Cmd
	done chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for r := range s.requests {
			r.done <- r.cmd.Start()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	r := spawnRequest{cmd, make(chan error, 1)}
	s.requests <- r
	return <-r.done
}

func (s *spawner) close() {
	close(s.requests)
	<-s.ended
}

// maxLine is where a line without an end is cut, in bytes: what CloudWatch Logs takes as one event is 256 KB.
const maxLine = 256 * 1024

// lines cuts a stream into lines. One goroutine writes (os/exec, Cmd.Stdout and Stderr being the same).
type lines struct {
	emit func(line string)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			break
		}
		l.emit(string(bytes.TrimSuffix(l.rest[:end], []byte{'\r'})))
		l.rest = l.rest[end+1:]
	}
	if len(l.rest) >= maxLine {
		l.flush()
	}
	return len(p), nil
}

func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.emit(string(l.rest))
		l.rest = nil
	}
}
