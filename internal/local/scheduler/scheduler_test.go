package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/lambda"
	"sluice/internal/local/scheduler"
)

// clockwork is a function that notes when it is invoked, and with what.
type clockwork struct {
	start time.Time
	takes time.Duration
	err   error

	mu       sync.Mutex
	at       []time.Duration
	payloads []string
	running  int
	most     int
}

func (c *clockwork) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	c.mu.Lock()
	c.at = append(c.at, time.Since(c.start))
	c.payloads = append(c.payloads, string(payload))
	c.running++
	c.most = max(c.most, c.running)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.running--
		c.mu.Unlock()
	}()
	select {
	case <-time.After(c.takes):
		return nil, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run has the schedule run for so long.
func run(t *testing.T, s scheduler.Schedule, c *clockwork, d time.Duration) (failures []error) {
	t.Helper()
	c.start = time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var mu sync.Mutex
	err := scheduler.Run(ctx, s, c, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failures = append(failures, err)
	})
	if err != nil {
		t.Errorf("Run returned %v", err)
	}
	if took := time.Since(c.start); took != d {
		t.Errorf("Run returned after %s, want %s: when its context ends", took, d)
	}
	return failures
}

func TestTicks(t *testing.T) {
	const minute, second = time.Minute, time.Second
	tests := []struct {
		name  string
		first time.Duration
		takes time.Duration
		want  []time.Duration
		most  int
	}{
		{"the first comes after the rate", 0, 0, []time.Duration{minute, 2 * minute, 3 * minute}, 1},
		{"the first comes when it is told to", 10 * second, 0, []time.Duration{10 * second, 70 * second, 130 * second, 190 * second}, 1},
		{"slow invocations do not move them and may overlap", 0, 90 * second, []time.Duration{minute, 2 * minute, 3 * minute}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &clockwork{takes: tt.takes}
				failures := run(t, scheduler.Schedule{Name: "tick", Every: minute, First: tt.first}, c, 3*minute+30*second)
				if !slices.Equal(c.at, tt.want) || c.most != tt.most {
					t.Errorf("ticks at %v, %d at once, want %v, %d", c.at, c.most, tt.want, tt.most)
				}
				if len(failures) != 0 {
					t.Errorf("errors told: %v", failures)
				}
			})
		})
	}
}

func TestAFailedInvocationIsToldAndNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clockwork{err: errors.New("as asked")}
		failures := run(t, scheduler.Schedule{Name: "tick", Every: time.Minute}, c, 150*time.Second)
		if len(c.at) != 2 || len(failures) != 2 || !errors.Is(failures[0], c.err) {
			t.Errorf("%d invocations, told %v, want 2 of each", len(c.at), failures)
		}
	})
}

func TestTheConcurrencyOfTheFunctionForbidsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := lambda.NewHandler(t.Context(), lambda.HandlerConfig{Name: "dispatcher", Concurrency: 1, Timeout: 5 * time.Minute},
			func() { time.Sleep(90 * time.Second) })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Second)
		defer cancel()
		throttled := 0
		err = scheduler.Run(ctx, scheduler.Schedule{Name: "tick", Every: time.Minute}, h, func(err error) {
			if errors.Is(err, lambda.ErrThrottled) {
				throttled++
			}
		})
		if err != nil || throttled != 1 {
			t.Errorf("%d ticks throttled (%v), want the one at 2 minutes", throttled, err)
		}
		h.Close()
	})
}

func TestTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clockwork{}
		run(t, scheduler.Schedule{Name: "tick", Every: time.Minute, Input: json.RawMessage(`{"a":1}`)}, c, 61*time.Second)
		if want := []string{`{"a":1}`}; !slices.Equal(c.payloads, want) {
			t.Errorf("events %v, want %v", c.payloads, want)
		}

		c = &clockwork{}
		run(t, scheduler.Schedule{Name: "tick", Every: time.Minute, Region: "eu-west-1"}, c, 61*time.Second)
		var got map[string]any
		if err := json.Unmarshal([]byte(c.payloads[0]), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"version": "0", "id": got["id"], "detail-type": "Scheduled Event", "source": "aws.scheduler",
			"account": "000000000000", "time": "2000-01-01T00:02:01Z", "region": "eu-west-1",
			"resources": []any{"arn:aws:scheduler:eu-west-1:000000000000:schedule/default/tick"}, "detail": "{}"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	})
}

func TestRunRefuses(t *testing.T) {
	for name, s := range map[string]scheduler.Schedule{
		"a rate below a minute":      {Every: 59 * time.Second},
		"a rate of a minute and 1 s": {Every: 61 * time.Second},
		"a negative first tick":      {Every: time.Minute, First: -1},
		"an input that is not JSON":  {Every: time.Minute, Input: json.RawMessage("x")},
	} {
		t.Run(name, func(t *testing.T) {
			if err := scheduler.Run(t.Context(), s, &clockwork{}, nil); err == nil {
				t.Error("was accepted")
			}
		})
	}
}
