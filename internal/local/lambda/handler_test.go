package lambda_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"sluice/internal/local/lambda"
)

func deploy(t *testing.T, config lambda.HandlerConfig, fn any) *lambda.Handler {
	t.Helper()
	config.Name = "subject"
	h, err := lambda.NewHandler(t.Context(), config, fn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func TestHandlerGivesDeadlineAndRequestID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := deploy(t, lambda.HandlerConfig{Timeout: 30 * time.Second, Region: "eu-west-1"}, func(ctx context.Context, name string) (string, error) {
			deadline, _ := ctx.Deadline()
			lc, _ := lambdacontext.FromContext(ctx)
			return fmt.Sprintf("%s %s %d %s", name, time.Until(deadline), len(lc.AwsRequestID), lc.InvokedFunctionArn), nil
		})
		got, err := h.Invoke(t.Context(), []byte(`"hello"`))
		if err != nil {
			t.Fatal(err)
		}
		if want := `"hello 30s 36 arn:aws:lambda:eu-west-1:000000000000:function:subject"`; string(got) != want {
			t.Errorf("answer %s, want %s", got, want)
		}
	})
}

func TestHandlerFailures(t *testing.T) {
	tests := []struct {
		name, wantType, wantMessage string
		fn                          any
		wantAfter                   time.Duration
	}{
		{"an error is the function's own", "specialError", "as asked", func() error { return &specialError{} }, 0},
		{"a panic is a failure", "string", "as asked", func() { panic("as asked") }, 0},
		{"an ended goroutine is a crash", lambda.TypeExit, "goroutine exited", func() { runtime.Goexit() }, 0},
		{"a handler that heeds its context timed out all the same", lambda.TypeTimeout, "Task timed out after 5.00 seconds",
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 5 * time.Second},
		{"a handler that goes on fails at the deadline", lambda.TypeTimeout, "Task timed out after 5.00 seconds",
			func() { time.Sleep(time.Hour) }, 5 * time.Second},
		{"an answer beyond the limit is refused", lambda.TypeTooLarge, "6291556 bytes",
			func() (string, error) { return strings.Repeat("x", lambda.MaxResponse), nil }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := deploy(t, lambda.HandlerConfig{Timeout: 5 * time.Second}, tt.fn)
				start := time.Now()
				_, err := h.Invoke(t.Context(), []byte(`{}`))
				failure := functionError(t, err)
				if failure.Type != tt.wantType || !strings.Contains(failure.Message, tt.wantMessage) {
					t.Errorf("failed with %v, want %s: …%s…", failure, tt.wantType, tt.wantMessage)
				}
				if took := time.Since(start); took != tt.wantAfter {
					t.Errorf("failed after %s, want %s", took, tt.wantAfter)
				}
			})
		})
	}
}

type specialError struct{}

func (*specialError) Error() string { return "as asked" }

func TestHandlerThrottlesBeyondItsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := deploy(t, lambda.HandlerConfig{Timeout: time.Minute, Concurrency: 2}, func() { time.Sleep(time.Second) })
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := h.Invoke(t.Context(), []byte(`{}`)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if _, err := h.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, lambda.ErrThrottled) {
			t.Errorf("third invocation: %v, want ErrThrottled", err)
		}
		wg.Wait()
		if _, err := h.Invoke(t.Context(), []byte(`{}`)); err != nil {
			t.Errorf("after the first two: %v", err)
		}
	})
}

func TestHandlerGoesOnWhenTheCallerHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		h := deploy(t, lambda.HandlerConfig{Timeout: time.Minute}, func(ctx context.Context) error {
			select {
			case <-time.After(10 * time.Second):
				finished = true
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Invoke(ctx, []byte(`{}`)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v, want the caller's own", err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !finished {
			t.Error("the invocation ended with its caller")
		}
	})
}

func TestHandlerCloseEndsInvocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := deploy(t, lambda.HandlerConfig{Timeout: lambda.MaxTimeout, Concurrency: 1}, func(ctx context.Context) { <-ctx.Done() })
		failed := make(chan error, 1)
		go func() {
			_, err := h.Invoke(context.Background(), []byte(`{}`))
			failed <- err
		}()
		synctest.Wait()
		h.Close()
		if failure := functionError(t, <-failed); failure.Type != lambda.TypeExit {
			t.Errorf("failed with %v, want %s", failure, lambda.TypeExit)
		}
		if _, err := h.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, lambda.ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
	})
}

func TestConcurrentAnswersDoNotShareMemory(t *testing.T) {
	h := deploy(t, lambda.HandlerConfig{Concurrency: 64}, func(_ context.Context, s string) (string, error) { return s, nil })
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			want := fmt.Appendf(nil, "%q", strings.Repeat(string(rune('a'+i%26)), 100+i))
			for range 50 {
				if got, err := h.Invoke(t.Context(), want); err != nil || !bytes.Equal(got, want) {
					t.Errorf("answer %.20q… (%v), want %.20q…", got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestNewHandlerRefuses(t *testing.T) {
	for name, try := range map[string]struct {
		config lambda.HandlerConfig
		fn     any
	}{
		"a handler with a shared buffer":    {lambda.HandlerConfig{Name: "f"}, awslambda.NewHandler(func() {})},
		"a function without a name":         {lambda.HandlerConfig{}, func() {}},
		"a timeout beyond Lambda's":         {lambda.HandlerConfig{Name: "f", Timeout: time.Hour}, func() {}},
		"a concurrency that is less than 0": {lambda.HandlerConfig{Name: "f", Concurrency: -1}, func() {}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := lambda.NewHandler(t.Context(), try.config, try.fn); err == nil {
				t.Error("was accepted")
			}
		})
	}
}

func TestHandlerTakesItsOwnInvokeMethod(t *testing.T) {
	h := deploy(t, lambda.HandlerConfig{}, upper{})
	if got, err := h.Invoke(t.Context(), []byte("raw")); err != nil || string(got) != "RAW" {
		t.Errorf("answer %q, %v", got, err)
	}
}

type upper struct{}

func (upper) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	return bytes.ToUpper(payload), nil
}
