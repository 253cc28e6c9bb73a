package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// HandlerConfig describes a function that runs in this process.
type HandlerConfig struct {
	Name        string
	Region      string        // "" is DefaultRegion
	Timeout     time.Duration // 1 s to MaxTimeout; 0 is DefaultTimeout
	Concurrency int           // how many invocations may run at once; 0 is DefaultConcurrency
}

// Handler is a function that runs in this process. It works in virtual time (testing/synctest).
//
// At the deadline the invocation fails at once and its place is free, but a goroutine cannot be killed as a process can:
// a handler that pays no heed to its context goes on behind. A handler that calls runtime.Goexit has crashed; its
// deferred calls still run, otherwise that is kill -9.
type Handler struct {
	settings
	fn      any
	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.Mutex
	running int
	closed  bool
	wg      sync.WaitGroup
}

// errSharedBuffer: see NewHandler.
var errSharedBuffer = errors.New("a Handler made by aws-lambda-go's NewHandler returns a buffer that " +
	"its next invocation overwrites; pass the function itself")

// NewHandler deploys fn: a function as lambda.Start takes it, or a value with its own Invoke method. Values made by
// aws-lambda-go's NewHandler are refused, because their Invoke returns memory that goes back to a pool.
//
// The end of ctx, or Close, ends the contexts of the running invocations.
func NewHandler(ctx context.Context, config HandlerConfig, fn any) (*Handler, error) {
	s, err := settings{config.Name, config.Region, config.Timeout, config.Concurrency}.check()
	if err != nil {
		return nil, err
	}
	if reflect.TypeOf(fn) == reflect.TypeOf(awslambda.NewHandler(nil)) {
		return nil, fmt.Errorf("function %s: %w", s.name, errSharedBuffer)
	}
	h := &Handler{settings: s, fn: fn}
	h.ctx, h.cancel = context.WithCancel(ctx)
	return h, nil
}

// Invoke implements Invoker.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if err := checkRequest(h.name, payload); err != nil {
		return nil, err
	}
	if err := h.enter(); err != nil {
		return nil, err
	}
	requestID := newRequestID()
	run, cancel := context.WithTimeout(h.ctx, h.timeout)
	run = lambdacontext.NewContext(run, &lambdacontext.LambdaContext{
		AwsRequestID: requestID, InvokedFunctionArn: functionARN(h.region, h.name),
	})
	answer := make(chan result, 1)
	go h.run(run, cancel, requestID, bytes.Clone(payload), answer)
	select {
	case r := <-answer:
		return r.payload, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the contexts of the running invocations and waits until their handlers have returned.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	h.wg.Wait()
}

type result struct {
	payload []byte
	err     error
}

// run waits for one invocation: for its end or its deadline, whichever comes first.
func (h *Handler) run(ctx context.Context, cancel context.CancelFunc, requestID string, payload []byte,
	answer chan<- result) {
	defer h.wg.Done()
	defer cancel()
	returned := make(chan result, 1)
	h.wg.Go(func() { returned <- h.call(ctx, requestID, payload, returned) })
	var r result
	select {
	case r = <-returned:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		r.payload, r.err = nil, h.interrupted(requestID)
	}
	h.leave()
	answer <- r
}

// interrupted says why a context ended. An answer that was not given before the deadline is too late, even by no time
// at all: in virtual time a handler that waits for its context always wakes at the deadline itself.
func (h *Handler) interrupted(requestID string) error {
	if h.ctx.Err() != nil {
		return exitError(h.name, requestID, "the platform is shutting down")
	}
	return timeoutError(h.name, requestID, h.timeout)
}

// call runs the handler once. When the goroutine itself is ended, nothing is returned: exited is told instead.
func (h *Handler) call(ctx context.Context, requestID string, payload []byte, exited chan<- result) (r result) {
	finished := false
	defer func() {
		if v := recover(); v != nil {
			r = result{err: &FunctionError{h.name, requestID, reflect.TypeOf(v).String(), fmt.Sprint(v)}}
			return
		}
		if !finished {
			exited <- result{err: exitError(h.name, requestID, "the handler's goroutine exited")}
		}
	}()
	// A new Handler for each call: they share nothing, so the memory that Invoke returns belongs to this call.
	response, err := awslambda.NewHandler(h.fn).Invoke(ctx, payload)
	finished = true
	switch {
	case err != nil:
		return result{err: &FunctionError{h.name, requestID, errorType(err), err.Error()}}
	case len(response) > MaxResponse:
		return result{err: responseTooLarge(h.name, requestID)}
	}
	return result{payload: response}
}

func (h *Handler) enter() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.ctx.Err() != nil {
		return fmt.Errorf("invoke %s: %w", h.name, ErrClosed)
	}
	if h.running == h.concurrency {
		return throttled(h.name, h.concurrency)
	}
	h.running++
	h.wg.Add(1)
	return nil
}

func (h *Handler) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running--
}

// errorType names an error as aws-lambda-go does: by its Go type, without package or pointer.
func errorType(err error) string {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
