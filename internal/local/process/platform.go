package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// programAt is the local platform's executable, as the Makefile builds it.
const programAt = ".build/local/sluice-local"

// endWithin is how long a platform may take to end before it is killed.
const endWithin = 10 * time.Second

// Config says which platform to run.
type Config struct {
	// Dir is the folder that the platform runs in: it has template.yaml, and what `make build` and `make run` built.
	Dir string
	// Parameters override those of template.yaml. No value may have a space in it.
	Parameters map[string]string
	// Env are variables of the platform's (README.md has the table), but for the ports and PARAMETERS. It gets no others,
	// and none of this process. Nothing comes back from the stand-in for Vonage unless VONAGE_WEBHOOKS is among them.
	Env map[string]string
}

// Platform is a running one. It may be used concurrently.
type Platform struct {
	// API, Vonage, DynamoDB and SQS are the URLs of the API, of the stand-in for Vonage, of the table and of the queues,
	// without a slash at the end.
	API, Vonage, DynamoDB, SQS string
	// Dir is Config.Dir, absolute and without symbolic links: below it are the executables of the platform's children.
	Dir string
	// Ready is when it said that it is.
	Ready time.Time

	cmd    *exec.Cmd
	out    *transcript
	stop   context.CancelFunc
	exited chan struct{}
}

// Start runs a platform, and returns when it is ready. It ends with ctx, with Stop, and with this process.
func Start(ctx context.Context, c Config) (*Platform, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the platform: %w", err)
	}
	if c.Dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("find the platform: %w", err)
	}
	const tries = 5 // somebody else may take a port that was found free
	for try := 1; ; try++ {
		p, err := launch(ctx, c)
		if err == nil || try == tries || !errors.Is(err, errPortTaken) {
			return p, err
		}
	}
}

var errPortTaken = errors.New("a port was taken meanwhile")

func launch(ctx context.Context, c Config) (*Platform, error) {
	on, err := freePorts()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &Platform{
		API: on.url("PORT"), Vonage: on.url("VONAGE_PORT"), DynamoDB: on.url("DYNAMODB_PORT"), SQS: on.url("SQS_PORT"), Dir: c.Dir,
		cmd: exec.CommandContext(ctx, filepath.Join(c.Dir, programAt)), stop: stop,
		out: &transcript{ready: make(chan struct{})}, exited: make(chan struct{}),
	}
	p.cmd.Dir = c.Dir
	p.cmd.Env = slices.Concat([]string{"VONAGE_WEBHOOKS=none"}, pairs(c.Env), on.environment(), []string{"PARAMETERS=" + strings.Join(pairs(c.Parameters), " ")})
	p.cmd.SysProcAttr = attributes()
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = endWithin
	if err := p.cmd.Start(); err != nil {
		stop()
		return nil, fmt.Errorf("start the platform: %w", err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // its state says more
	}()
	if err := p.await(); err != nil {
		return nil, err
	}
	return p, nil
}

// await returns when the platform is ready, or has ended instead.
func (p *Platform) await() error {
	select {
	case <-p.out.ready:
		p.Ready = time.Now()
		return nil
	case <-p.exited:
		p.stop()
		if strings.Contains(p.out.String(), "is taken by another program") {
			return errPortTaken
		}
		return fmt.Errorf("the platform ended with %v: %s", p.cmd.ProcessState, p.out)
	}
}

// PID is the platform's process, whose children are those of its functions.
func (p *Platform) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the platform has ended, for whatever reason.
func (p *Platform) Exited() <-chan struct{} { return p.exited }

// Said is what the platform has printed so far.
func (p *Platform) Said() string { return p.out.String() }

// Stop ends the platform, with all of its functions, and returns when it has ended. It may be called more than once.
func (p *Platform) Stop() {
	p.stop()
	<-p.exited
}

// pairs are the Name=value of a map, in the order of the names.
func pairs(all map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}
