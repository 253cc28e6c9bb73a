package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
)

// Meter counts what AWS bills for while functions run: DynamoDB's units as DynamoDB answers them
// (ReturnConsumedCapacity), requests, and the time of invocations. It may be used concurrently. The zero value counts;
// its calls take no time.
type Meter struct {
	// Latency is what every call of a function to AWS takes.
	Latency time.Duration

	mu      sync.Mutex
	stopped bool
	calls   map[Charge]Tally
	runs    map[string]Invocations
}

// Charge is a kind of call to AWS.
type Charge struct {
	// By is the function; Platform for what Lambda itself does.
	By string
	// Operation is the service's own name, "DynamoDB_20120810.PutItem". Items are the kinds of items in it: "BATCH+CAMPAIGN".
	Operation, Items string
}

// Platform makes the calls that no function makes: it receives messages and deletes them.
const Platform = "Lambda"

// Service is the operation's service: "DynamoDB_20120810", "AmazonSQS" or "secretsmanager".
func (c Charge) Service() string {
	service, _, _ := strings.Cut(c.Operation, ".")
	return service
}

// Name is the operation without its service.
func (c Charge) Name() string {
	_, name, _ := strings.Cut(c.Operation, ".")
	return name
}

// Tally is what calls of a kind came to.
type Tally struct {
	Calls int
	// Requests are what SQS bills the calls as: one for each 64 KB begun.
	Requests int
	// Write and Read are DynamoDB's request units, those of indexes included; Index are the write units of indexes alone.
	Write, Read, Index float64
	// Refused are the calls whose condition failed.
	Refused int
	// Empty are receives that brought nothing: pollers make them whether or not there is anything to send.
	Empty int
}

func (t Tally) plus(o Tally) Tally {
	return Tally{
		Calls: t.Calls + o.Calls, Requests: t.Requests + o.Requests, Write: t.Write + o.Write, Read: t.Read + o.Read,
		Index: t.Index + o.Index, Refused: t.Refused + o.Refused, Empty: t.Empty + o.Empty,
	}
}

// Invocations are those of one function.
type Invocations struct {
	Count int
	// Billed is their time, each rounded up to the millisecond as Lambda does it, GBSeconds that time with their memory.
	Billed    time.Duration
	GBSeconds float64
	// HTTP is what an HTTP API bills them as, if they came through one: a request for each 512 KB begun.
	HTTP int
}

const (
	sqsRequestBytes  = 64 << 10  // AWS SQS pricing: "every 64 KB chunk of a payload is billed as 1 request"
	httpRequestBytes = 512 << 10 // Amazon API Gateway pricing: HTTP APIs "are metered in 512 KB increments"
	megabytes        = 1 << 10   // in a gigabyte
)

// Transport counts what a function, or Platform, calls. A nil Meter leaves it be.
func (m *Meter) Transport(by string, next http.RoundTripper) http.RoundTripper {
	if m == nil {
		return next
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		charge := Charge{By: by, Operation: r.Header.Get("X-Amz-Target")}
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("read a request: %w", err)
		}
		if by != Platform {
			sleepFor(r.Context(), m.Latency)
		}
		resp, answer, err := exchange(r, asked, next)
		if err != nil {
			return nil, err
		}
		tally, err := tallyOf(&charge, asked, answer)
		if err != nil {
			return nil, fmt.Errorf("meter %s: %w", charge.Operation, err)
		}
		m.note(charge, tally)
		return resp, nil
	})
}

// exchange makes the request, DynamoDB's with a question for its price, and returns the answer's body by itself too.
func exchange(r *http.Request, asked []byte, next http.RoundTripper) (*http.Response, []byte, error) {
	if isDynamoDB(r) {
		var err error
		if asked, err = askingForCapacity(asked); err != nil {
			return nil, nil, err
		}
	}
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(asked)), int64(len(asked))
	resp, err := next.RoundTrip(out)
	if err != nil {
		return nil, nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("read an answer: %w", err)
	}
	_ = resp.Body.Close() // it was read to its end
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, answer, nil
}

// Begin forgets what was counted so far.
func (m *Meter) Begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.runs = nil, nil
}

// Stop ends the counting.
func (m *Meter) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
}

func (m *Meter) note(c Charge, t Tally) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	if m.calls == nil {
		m.calls = map[Charge]Tally{}
	}
	m.calls[c] = m.calls[c].plus(t)
}

// Invoker counts the invocations of a function. A nil Meter leaves it be.
func (m *Meter) Invoker(f template.Function, next lambda.Invoker) lambda.Invoker {
	if m == nil {
		return next
	}
	return meteredInvoker(func(ctx context.Context, payload []byte) ([]byte, error) {
		began := time.Now()
		answer, err := next.Invoke(ctx, payload)
		if !errors.Is(err, lambda.ErrThrottled) { // else it has not run
			m.ran(f, len(payload), time.Since(began))
		}
		return answer, err
	})
}

func (m *Meter) ran(f template.Function, bytes int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	if m.runs == nil {
		m.runs = map[string]Invocations{}
	}
	took = (took + time.Millisecond - 1).Truncate(time.Millisecond)
	i := m.runs[f.Name]
	i.Count++
	i.Billed += took
	i.GBSeconds += took.Seconds() * float64(f.MemoryMB) / megabytes
	if len(f.Routes) > 0 {
		i.HTTP += blocks(bytes, httpRequestBytes)
	}
	m.runs[f.Name] = i
}

type meteredInvoker func(context.Context, []byte) ([]byte, error)

// Invoke implements lambda.Invoker.
func (f meteredInvoker) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}
