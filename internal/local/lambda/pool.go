package lambda

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Config describes a function that runs as processes.
type Config struct {
	Name   string
	Region string // "" is DefaultRegion
	// Path is the executable: the bootstrap of the deployed archive. Its folder is the working directory.
	Path string
	// Env is the function's configured environment, as NAME=value. It wins over what Lambda itself sets. Nothing of
	// this process's own environment is passed on.
	Env         []string
	Timeout     time.Duration // 1 s to MaxTimeout; 0 is DefaultTimeout
	MemoryMB    int           // announced to the function; 0 is 128
	Concurrency int           // how many processes there may be; 0 is DefaultConcurrency
	// Log gets each line that a process writes to stdout or stderr, without its newline. It may be called concurrently.
	// Nil drops them.
	Log func(function, line string)
}

// initLimit is how long a process may take until it first asks for work (Lambda Developer Guide, "Lambda execution
// environment lifecycle").
const initLimit = 10 * time.Second

// Pool is a function that runs as processes. It works in real time only.
type Pool struct {
	settings
	config  Config
	server  *http.Server
	address string
	spawner *spawner
	closing chan struct{}
	once    sync.Once
	wg      sync.WaitGroup // the server and the invocations under way

	mu        sync.Mutex
	detach    func() bool         // from the context that Start was given
	processes map[string]*process // by the token in their Runtime API path
	idle      []*process          // the last one back is the first to go
	closed    bool
}

// Start deploys the function, without starting a process yet. The end of ctx closes it, as Close does.
func Start(ctx context.Context, config Config) (*Pool, error) {
	s, err := settings{config.Name, config.Region, config.Timeout, config.Concurrency}.check()
	if err != nil {
		return nil, err
	}
	if config.Path, err = executable(config.Path); err != nil {
		return nil, fmt.Errorf("function %s: %w", s.name, err)
	}
	if config.MemoryMB == 0 {
		config.MemoryMB = 128
	}
	if config.Log == nil {
		config.Log = func(string, string) {}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("function %s: listen for the Runtime API: %w", s.name, err)
	}
	p := &Pool{settings: s, config: config, address: listener.Addr().String(), spawner: newSpawner(),
		closing: make(chan struct{}), processes: make(map[string]*process)}
	p.server = &http.Server{Handler: p.runtimeAPI(), ReadHeaderTimeout: initLimit}
	p.wg.Go(func() { _ = p.server.Serve(listener) }) // always ErrServerClosed: Close ends it
	p.mu.Lock()
	defer p.mu.Unlock()
	p.detach = context.AfterFunc(ctx, p.Close)
	return p, nil
}

func executable(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("find the executable: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%s is not an executable file", path)
	}
	return filepath.Abs(path)
}

// Invoke implements Invoker.
func (p *Pool) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if err := checkRequest(p.name, payload); err != nil {
		return nil, err
	}
	inv := newInvocation(payload)
	env, err := p.acquire()
	if err != nil {
		return nil, err
	}
	answer := make(chan result, 1)
	go func() {
		defer p.wg.Done()
		answer <- p.run(env, inv)
	}()
	select {
	case r := <-answer:
		return r.payload, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Processes returns the ids of the processes that are alive, idle or not.
func (p *Pool) Processes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	pids := make([]int, 0, len(p.processes))
	for _, env := range p.processes {
		pids = append(pids, env.pid)
	}
	return pids
}

// Close kills the processes, fails the running invocations and returns when none is left.
func (p *Pool) Close() {
	p.once.Do(func() {
		p.mu.Lock()
		p.detach()
		p.closed = true
		alive := make([]*process, 0, len(p.processes))
		for _, env := range p.processes {
			alive = append(alive, env)
		}
		p.mu.Unlock()
		close(p.closing)
		for _, env := range alive {
			env.kill()
			<-env.exited
		}
		_ = p.server.Close() // nothing to be done about a listener that does not close
		p.wg.Wait()
		p.spawner.close()
	})
}

// acquire takes the process that became idle last, or starts one. The caller owes p.wg a Done.
func (p *Pool) acquire() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("invoke %s: %w", p.name, ErrClosed)
	}
	if n := len(p.idle); n > 0 {
		env := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.wg.Add(1)
		return env, nil
	}
	if len(p.processes) >= p.concurrency {
		return nil, throttled(p.name, p.concurrency)
	}
	env, err := p.start()
	if err != nil {
		return nil, fmt.Errorf("function %s: start process: %w", p.name, err)
	}
	p.wg.Add(1)
	return env, nil
}

func (p *Pool) release(env *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.processes[env.token] == env {
		p.idle = append(p.idle, env)
	}
}

// forget drops a process that has exited.
func (p *Pool) forget(env *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.processes, env.token)
	p.idle = slices.DeleteFunc(p.idle, func(other *process) bool { return other == env })
}

// errDiedIdle: a process that was taken from the idle ones never took the invocation, which may so go to another.
var errDiedIdle = errors.New("process ended while it was idle")

// run carries one invocation to its end.
func (p *Pool) run(env *process, inv *invocation) result {
	for {
		r := p.runOn(env, inv)
		if !errors.Is(r.err, errDiedIdle) {
			return r
		}
		var err error
		if env, err = p.acquire(); err != nil {
			return result{err: err}
		}
		p.wg.Done() // this invocation is counted already
	}
}

// runOn hands inv to env, waits for the answer, the deadline or the death of env, and gives env back if it lives.
func (p *Pool) runOn(env *process, inv *invocation) result {
	reused := env.invocations.Add(1) > 1
	timer := time.NewTimer(initLimit)
	defer timer.Stop()
	select {
	case env.next <- inv:
	case <-env.exited:
		if reused {
			return result{err: errDiedIdle}
		}
		return result{err: p.exit(env, inv)}
	case <-timer.C:
		env.kill()
		<-env.exited
		if reused {
			return result{err: errDiedIdle}
		}
		return result{err: timeoutError(p.name, inv.id, initLimit)}
	}
	timer.Reset(p.timeout)
	select {
	case r := <-inv.answer:
		p.release(env)
		return r
	case <-env.exited:
		return p.lastWord(env, inv)
	case <-timer.C:
		env.kill()
		<-env.exited
		return result{err: timeoutError(p.name, inv.id, p.timeout)}
	}
}

// lastWord is the result of an invocation whose process has exited: what it had said before, if anything.
func (p *Pool) lastWord(env *process, inv *invocation) result {
	select {
	case r := <-inv.answer:
		return r
	default:
		return result{err: p.exit(env, inv)}
	}
}

func (p *Pool) exit(env *process, inv *invocation) error {
	select {
	case <-p.closing:
		return fmt.Errorf("invoke %s: %w", p.name, ErrClosed)
	default:
		return exitError(p.name, inv.id, env.status)
	}
}
