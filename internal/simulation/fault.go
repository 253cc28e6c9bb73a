package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
)

// RemoteCall names one remote call of a function: the n-th of its kind, from 1. The SDK's own retries belong to the call.
type RemoteCall struct {
	Function  string
	Operation string // "DynamoDB_20120810.PutItem", "Vonage.Send"
	N         int
}

func (c RemoteCall) String() string { return fmt.Sprintf("%s %s#%d", c.Function, c.Operation, c.N) }

// Mode is what happens at a call.
type Mode string

// The modes. A lost answer is of a call that took effect. The SDK's retries fail as well, except after LoseOnce, where
// they go through, so that the call takes effect twice.
const (
	FailBefore Mode = "fails before it took effect"
	LoseAnswer Mode = "took effect, answer lost"
	LoseOnce   Mode = "took effect, answer lost, SDK retries"
	KillBefore Mode = "killed before it took effect"
	KillAfter  Mode = "killed after it took effect"
	// The sleepers sleep past their lease and the tick that notices, and go on while others do their work.
	SleepBefore Mode = "slept before it took effect"
	SleepAfter  Mode = "slept after it took effect"
	// Freeze holds every call of the invocation for as long, as when its machine stands still: no deadline cuts it short.
	Freeze Mode = "took effect, and all stood still"
)

const sleep = 75 * time.Second

// Modes are all of them.
func Modes() []Mode {
	return []Mode{FailBefore, LoseAnswer, LoseOnce, KillBefore, KillAfter, SleepBefore, SleepAfter, Freeze}
}

// Fault is a mode at a call.
type Fault struct {
	Call RemoteCall
	Mode Mode
}

func (f Fault) String() string { return f.Call.String() + " " + string(f.Mode) }

// faults stands between the functions and the world, notes every call and strikes where it was told to.
type faults struct {
	mu     sync.Mutex
	counts map[RemoteCall]int    // by call without its number
	known  map[string]RemoteCall // by the SDK's id of the call
	calls  []RemoteCall
	plan   map[RemoteCall]Mode
	struck map[RemoteCall]bool
}

func newFaults(plan []Fault) *faults {
	f := &faults{
		counts: make(map[RemoteCall]int), known: make(map[string]RemoteCall), plan: make(map[RemoteCall]Mode), struck: make(map[RemoteCall]bool),
	}
	for _, one := range plan {
		f.plan[one.Call] = one.Mode
	}
	return f
}

// Calls are all remote calls of functions so far.
func (w *World) Calls() []RemoteCall {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	return append([]RemoteCall(nil), w.faults.calls...)
}

// Struck says how many of the planned faults came to be.
func (w *World) Struck() int {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	return len(w.faults.struck)
}

// note names the call that a request belongs to. again is for all but the first request of a call.
func (f *faults) note(function string, r *http.Request) (call RemoteCall, mode Mode, again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := r.Header.Get("Amz-Sdk-Invocation-Id")
	if call, ok := f.known[id]; ok && id != "" {
		return call, f.plan[call], true
	}
	call = RemoteCall{Function: function, Operation: r.Header.Get("X-Amz-Target")}
	if call.Operation == "" {
		call.Operation = "Vonage.Send"
	}
	f.counts[call]++
	call.N = f.counts[call]
	f.known[id] = call
	f.calls = append(f.calls, call)
	mode = f.plan[call]
	if mode != "" {
		f.struck[call] = true
	}
	return call, mode, false
}

// transport puts the faults between one function and what it calls.
func (f *faults) transport(function string, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		inv := invocationOf(r.Context())
		if inv == nil { // the function is starting: a failure there is a failed deployment
			return next.RoundTrip(r)
		}
		if inv.isDead() {
			return nil, errNotSent
		}
		inv.thaw()
		_, mode, again := f.note(function, r)
		switch mode {
		case FailBefore:
			return nil, errNotSent
		case KillBefore:
			inv.kill()
			return nil, errNotSent
		case KillAfter:
			discard(next.RoundTrip(r))
			inv.kill()
			return nil, io.ErrUnexpectedEOF
		case SleepBefore:
			if !again {
				sleepFor(r.Context(), sleep)
			}
		case SleepAfter:
			resp, err := next.RoundTrip(r)
			sleepFor(r.Context(), sleep)
			return resp, err
		case Freeze:
			resp, err := next.RoundTrip(r)
			inv.freeze(sleep)
			inv.thaw()
			return resp, err
		case LoseAnswer:
			if !again {
				discard(next.RoundTrip(r))
			}
			return nil, io.ErrUnexpectedEOF
		case LoseOnce:
			if !again {
				discard(next.RoundTrip(r))
				return nil, io.ErrUnexpectedEOF
			}
		}
		return next.RoundTrip(r)
	})
}

func sleepFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// errNotSent is what a client sees when it could not connect.
var errNotSent = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

func discard(resp *http.Response, err error) {
	if err == nil {
		_ = resp.Body.Close() // of a buffer
	}
}

// invocation is one run of a function. Killed, it reaches nothing more, and ends as a crash.
type invocation struct {
	cancel context.CancelFunc
	mu     sync.Mutex
	dead   bool
	frozen time.Time // until then
}

type invocationKey struct{}

func invocationOf(ctx context.Context) *invocation {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	return inv
}

func (i *invocation) kill() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.dead = true
	i.cancel()
}

func (i *invocation) freeze(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.frozen = time.Now().Add(d)
}

// thaw waits until the invocation is no longer frozen.
func (i *invocation) thaw() {
	i.mu.Lock()
	until := i.frozen
	i.mu.Unlock()
	time.Sleep(time.Until(until))
}

func (i *invocation) isDead() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.dead
}

// killable is a function whose invocations can be killed.
type killable struct{ function any }

// Invoke implements aws-lambda-go's Handler.
func (k killable) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	inv := &invocation{cancel: cancel}
	answer, err := awslambda.NewHandler(k.function).Invoke(context.WithValue(ctx, invocationKey{}, inv), payload)
	if inv.isDead() {
		runtime.Goexit()
	}
	return answer, err
}

// Throttling answers every n-th request to DynamoDB as a table does that is asked for too much.
func Throttling(n int) func(http.Handler) http.Handler {
	var mu sync.Mutex
	seen := 0
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			seen++
			strike := seen%n == 0 && isDynamoDB(r)
			mu.Unlock()
			if !strike {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`)
		})
	}
}

// PartialBatches stores only half of each BatchWriteItem of more than one item, and says so.
func PartialBatches(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.BatchWriteItem" {
			next.ServeHTTP(w, r)
			return
		}
		var in struct{ RequestItems map[string][]json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		left := make(map[string][]json.RawMessage)
		for table, items := range in.RequestItems {
			half := (len(items) + 1) / 2
			in.RequestItems[table] = items[:half]
			if half < len(items) {
				left[table] = items[half:]
			}
		}
		answer := map[string]any{}
		if err := forward(r, next, in, &answer); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer["UnprocessedItems"] = left
		body, _ := json.Marshal(answer) // what was decoded can be encoded
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
		_, _ = w.Write(body)
	})
}

// forward asks next another question than r's, and decodes its answer.
func forward(r *http.Request, next http.Handler, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, r)
	if recorder.Code != http.StatusOK {
		return fmt.Errorf("%d: %s", recorder.Code, recorder.Body)
	}
	return json.Unmarshal(recorder.Body.Bytes(), answer)
}

func isDynamoDB(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB")
}
