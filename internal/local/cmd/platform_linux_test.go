package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/internal/vonage/vonagetest"
)

// platform is a running one, in a folder of its own.
type platform struct {
	t      *testing.T
	dir    string
	ports  ports
	cmd    *exec.Cmd
	out    *transcript
	exited chan struct{}
}

// transcript is what a program has said so far, on both streams.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// command is the platform's, in an environment that holds nothing of this one. It has a group of its own, as a shell
// gives one to what it runs.
func command(dir string, p ports, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("./"+programAt, args...)
	cmd.Dir = dir
	cmd.Env = append(p.environment(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = patience // where something that is left behind holds the streams open
	return cmd
}

// start runs the platform until it is ready. It is killed when the test ends.
func start(t *testing.T, env ...string) *platform {
	t.Helper()
	return startAt(t, folder(t), freePorts(t), env...)
}

func startAt(t *testing.T, dir string, on ports, env ...string) *platform {
	t.Helper()
	p := &platform{t: t, dir: dir, ports: on, out: &transcript{}, exited: make(chan struct{})}
	p.cmd = command(dir, on, env)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	must(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // its state tells
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended long ago
		<-p.exited
		if t.Failed() {
			t.Logf("the platform said:\n%s", p.out)
		}
	})
	waitFor(t, "the platform to be ready", func() bool {
		select {
		case <-p.exited:
			t.Fatalf("the platform ended with %v", p.cmd.ProcessState)
		default:
		}
		return strings.Contains("\n"+p.out.String(), "\nready") && p.request() != ""
	})
	return p
}

// printed are the commands that the platform prints to be pasted; none until all are there.
func (p *platform) printed() []string {
	blocks := strings.Split(p.out.String(), "\n\n")
	last := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, "/answer ") })
	if last < 0 || last == len(blocks)-1 {
		return nil
	}
	return slices.DeleteFunc(blocks[:last+1], func(b string) bool { return !strings.HasPrefix(b, "curl ") })
}

// request is the one that makes a campaign; empty until it is there.
func (p *platform) request() string {
	if all := p.printed(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// said are the lines after those commands.
func (p *platform) said() []string {
	all := p.printed()
	_, after, _ := strings.Cut(p.out.String(), all[len(all)-1]+"\n\n")
	return strings.FieldsFunc(after, func(r rune) bool { return r == '\n' })
}

// saidBut leaves out what contains the words.
func (p *platform) saidBut(words string) []string {
	return slices.DeleteFunc(p.said(), func(line string) bool { return strings.Contains(line, words) })
}

// stop sends a signal to the platform's whole group, as a terminal does, and holds it to what is promised: the end
// within two seconds, without an error, and with nothing left behind.
func (p *platform) stop(signal syscall.Signal) {
	p.t.Helper()
	sent := time.Now()
	must(p.t, syscall.Kill(-p.cmd.Process.Pid, signal))
	<-p.exited
	if took := time.Since(sent); took > 2*time.Second {
		p.t.Errorf("the end took %v, want at most 2s", took)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("ended with %v, want 0", p.cmd.ProcessState)
	}
	if pids := left(p.t, p.dir, p.cmd.Process.Pid); len(pids) > 0 {
		p.t.Errorf("processes %v are left behind", pids)
	}
	p.ports.mustBeFree(p.t)
}

// campaign is what the API says of one.
type campaign struct {
	ID         string
	Status     string
	Recipients int
	Counts     struct {
		Accepted, Failed, Skipped, Unknown int
		ToSend                             int `json:"to_send"`
	}
	Batches struct{ Total, Released, Done, Left int }
}

type message struct{ Number, Status string }

var client = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// call sends a request to the API with the platform's key, and decodes the answer.
func (p *platform) call(method, path, body string, want int, answer any) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url("PORT")+path, strings.NewReader(body))
	must(p.t, err)
	r.Header.Set("Authorization", "Bearer local")
	r.Header.Set("Content-Type", "application/json")
	fetch(p.t, r, want, answer)
}

func (p *platform) url(variable string) string {
	return fmt.Sprintf("http://127.0.0.1:%d", p.ports[variable])
}

func fetch(t *testing.T, r *http.Request, want int, answer any) {
	t.Helper()
	resp, err := client.Do(r)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != want {
		t.Fatalf("%s %s: %d, want %d: %s", r.Method, r.URL.Path, resp.StatusCode, want, body)
	}
	decode(t, body, answer)
}

func decode(t *testing.T, content []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
}

// create posts a campaign to n numbers, which begin with the prefix, and returns its id.
func (p *platform) create(prefix string, n, batchSize, delay int) string {
	p.t.Helper()
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s%05d", prefix, i)
	}
	body, err := json.Marshal(map[string]any{
		"sender": "447700900000", "recipients": list, "message_string": "Hello, World!",
		"batch_size": batchSize, "delay_period": delay,
	})
	must(p.t, err)
	var created campaign
	p.call(http.MethodPost, "/campaigns", string(body), http.StatusCreated, &created)
	return created.ID
}

func (p *platform) get(id string) campaign {
	p.t.Helper()
	var c campaign
	p.call(http.MethodGet, "/campaigns/"+id, "", http.StatusOK, &c)
	return c
}

func (p *platform) completed(id string) campaign {
	p.t.Helper()
	var c campaign
	waitFor(p.t, "campaign "+id+" to complete", func() bool {
		c = p.get(id)
		return c.Status == "completed"
	})
	return c
}

// rows is how many recipients there are in each state, by their rows. A campaign of more than a page is not expected.
func (p *platform) rows(id string) map[string]int {
	p.t.Helper()
	var page struct {
		Messages []message
		Next     string
	}
	p.call(http.MethodGet, "/campaigns/"+id+"/messages?limit=1000", "", http.StatusOK, &page)
	if page.Next != "" {
		p.t.Fatalf("there are more than %d rows", len(page.Messages))
	}
	rows := map[string]int{}
	seen := map[string]bool{}
	for _, m := range page.Messages {
		if seen[m.Number] {
			p.t.Errorf("%s has two rows", m.Number)
		}
		seen[m.Number] = true
		rows[m.Status]++
	}
	return rows
}

// ledger is what arrived at the stand-in for Vonage.
func (p *platform) ledger() []vonagetest.Entry {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url("VONAGE_PORT")+"/ledger", nil)
	must(p.t, err)
	var entries []vonagetest.Entry
	fetch(p.t, r, http.StatusOK, &entries)
	return entries
}

// mustBeOnce holds the ledger to the first promise: nobody gets a text of one campaign twice.
func mustBeOnce(t *testing.T, ledger []vonagetest.Entry) {
	t.Helper()
	times := map[vonagetest.Recipient]int{}
	for _, e := range ledger {
		if !e.Accepted() {
			continue
		}
		to := vonagetest.Recipient{ClientRef: e.ClientRef, To: e.To}
		if times[to]++; times[to] > 1 {
			t.Errorf("%s got %d texts of campaign %s", to.To, times[to], to.ClientRef)
		}
	}
}
