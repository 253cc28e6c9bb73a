package lambda

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Limits of a synchronous invocation (Lambda Developer Guide, "Lambda quotas"), in bytes of JSON. What Lambda lets a
// function answer is a little more than what it takes.
const (
	MaxRequest  = 6 * 1024 * 1024
	MaxResponse = MaxRequest + 100
)

// DefaultTimeout and MaxTimeout are Lambda's own; DefaultConcurrency is the quota of a new account.
const (
	DefaultTimeout     = 3 * time.Second
	MaxTimeout         = 900 * time.Second
	DefaultConcurrency = 10
)

// Account and DefaultRegion stand in ARNs, where a function can see them.
const (
	Account       = "000000000000"
	DefaultRegion = "us-east-1"
)

// Types of a FunctionError that Lambda itself raises. Any other type is the function's own.
const (
	TypeTimeout  = "Sandbox.Timedout"
	TypeExit     = "Runtime.ExitError"
	TypeTooLarge = "Function.ResponseSizeTooLarge"
)

// Invoker is a deployed function, invoked synchronously (Lambda API, Invoke, RequestResponse).
//
// Invoke returns what the function returned, or a *FunctionError when it failed, crashed or was killed at its deadline,
// or an error that is ErrThrottled, ErrTooLarge or ErrClosed when it was not invoked at all. When ctx ends first,
// Invoke returns ctx's error and the invocation goes on, as it does in Lambda when a caller hangs up. It may be called
// concurrently.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

var (
	// ErrThrottled: as many invocations are running as the function may have (TooManyRequestsException).
	ErrThrottled = errors.New("rate exceeded")
	// ErrTooLarge: the payload is larger than MaxRequest (RequestTooLargeException).
	ErrTooLarge = errors.New("request too large")
	// ErrClosed: the function has been closed.
	ErrClosed = errors.New("function is closed")
)

// FunctionError is a failed invocation: what Lambda answers with X-Amz-Function-Error set.
type FunctionError struct {
	Function  string
	RequestID string
	Type      string
	Message   string
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("function %s, request %s: %s: %s", e.Function, e.RequestID, e.Type, e.Message)
}

// TimedOut tells whether the function was killed at its deadline.
func (e *FunctionError) TimedOut() bool { return e.Type == TypeTimeout }

func timeoutError(function, requestID string, timeout time.Duration) *FunctionError {
	return &FunctionError{function, requestID, TypeTimeout,
		fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", requestID, timeout.Seconds())}
}

func exitError(function, requestID, cause string) *FunctionError {
	return &FunctionError{function, requestID, TypeExit,
		fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", requestID, cause)}
}

func responseTooLarge(function, requestID string) *FunctionError {
	return &FunctionError{function, requestID, TypeTooLarge,
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse)}
}

// reportedError reads what a function said of its failure (Runtime API, invocation error).
func reportedError(function, requestID string, body []byte) *FunctionError {
	var report struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if err := json.Unmarshal(body, &report); err != nil {
		report.Type, report.Message = "Runtime.UnknownReason", "the function reported an error that is not JSON"
	}
	return &FunctionError{function, requestID, report.Type, report.Message}
}

func checkRequest(function string, payload []byte) error {
	if len(payload) > MaxRequest {
		return fmt.Errorf("invoke %s: payload of %d bytes, the limit is %d: %w", function, len(payload), MaxRequest, ErrTooLarge)
	}
	return nil
}

func throttled(function string, limit int) error {
	return fmt.Errorf("invoke %s: %d invocations are running, the limit is %d: %w", function, limit, limit, ErrThrottled)
}

func functionARN(region, function string) string {
	return "arn:aws:lambda:" + region + ":" + Account + ":function:" + function
}

// newRequestID returns a random UUID (RFC 9562, version 4), the form of Lambda's request ids.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand, Read)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
