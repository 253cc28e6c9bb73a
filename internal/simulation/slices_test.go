package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// A batch that takes longer than an invocation goes on in the next, as often as it takes, without a hole and without
// using up a receive.
func TestABatchOfManySlices(t *testing.T) {
	n, rate := 50_000, 30 // half an hour
	if raceDetected() {
		// Each text then costs five times as much, and fifty thousand of them a minute. The slices are what matters, and
		// a slower account needs several for less.
		n, rate = 4_000, 4
	}
	invocations, q := &invocationLog{}, &queues{T: t}
	late := func(next http.Handler) http.Handler { return delayed(next, 20*time.Millisecond) }
	o := simulation.Options{
		Parameters: map[string]string{"AccountRate": fmt.Sprint(rate)},
		Vonage:     vonagetest.Config{Rate: rate, Latency: 250 * time.Millisecond},
		Cloud:      q.watch(late),
		Invoker:    only("sender", invocations.watch),
	}
	timeout := senderTimeout(t)
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(n, n, 1))
		if c = w.Until(c.ID, "completed", time.Hour); c.Counts.Accepted != n || c.Batches.Total != 1 {
			t.Errorf("ended %+v", c)
		}
		w.Check(c.ID)
		ledger := w.Vonage.Ledger()
		if len(ledger) != n {
			t.Errorf("%d requests for %d recipients", len(ledger), n)
		}
		took := ledger[n-1].At.Sub(ledger[0].At)
		longest := longestGap(ledger)
		if longest > time.Second {
			t.Errorf("%v passed between two texts", longest)
		}
		time.Sleep(time.Hour) // until whatever was still to be delivered has been
		for _, name := range []string{"BatchesQueue", "BatchesDeadLetterQueue"} {
			if left := q.count(name); left != 0 {
				t.Errorf("%d messages are left in %s", left, name)
			}
		}
		invocations.check(t, took, timeout)
		t.Logf("%d texts at %d a second took %v of virtual time and %d invocations, the longest of %v; "+
			"%v at most between two texts", n, rate, took.Round(time.Second), len(invocations.took),
			slices.Max(invocations.took).Round(time.Millisecond), longest.Round(time.Millisecond))
	})
}

// A call takes a while, and there are several between a sender's first look at the pace and its first text.
func TestABatchStartsInItsSecondAlthoughCallsTakeTime(t *testing.T) {
	for _, call := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
		t.Run(fmt.Sprintf("%v each", call), func(t *testing.T) {
			o := simulation.Options{Cloud: func(next http.Handler) http.Handler { return delayed(next, call) }}
			simulation.Run(t, o, func(w *simulation.World) {
				const batches, size, apart = 5, 60, time.Minute
				c := w.Create(simulation.Tutorial(batches*size, size, int(apart.Seconds())))
				w.Until(c.ID, "completed", time.Hour)
				list := simulation.Call[struct {
					Batches []struct {
						DueAt time.Time `json:"due_at"`
					}
				}](w, http.StatusOK, http.MethodGet, "/campaigns/"+c.ID+"/batches", nil).Batches
				ledger := w.Vonage.Ledger()
				if len(list) != batches || len(ledger) != batches*size {
					t.Errorf("%d batches, %d requests", len(list), len(ledger))
					return
				}
				for i, b := range list {
					of := ledger[i*size : (i+1)*size]
					if late := of[0].At.Sub(b.DueAt); late < 0 || late > time.Second/2 {
						t.Errorf("batch %d started %v after its time", i+1, late)
					}
					if longest := longestGap(of); longest > time.Second/2 {
						t.Errorf("%v passed between two texts of batch %d", longest, i+1)
					}
				}
			})
		})
	}
}

// raceDetected says whether the race detector is at work.
func raceDetected() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func senderTimeout(t *testing.T) time.Duration {
	t.Helper()
	file, err := os.Open("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	described, err := template.Read(file, template.Options{QueueURL: func(name string) string { return "http://queue/" + name }})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range described.Functions {
		if f.Name == "sender" {
			return f.Timeout
		}
	}
	t.Fatal("template.yaml has no sender")
	panic("unreachable")
}

func longestGap(ledger []vonagetest.Entry) time.Duration {
	var longest time.Duration
	for i := 1; i < len(ledger); i++ {
		longest = max(longest, ledger[i].At.Sub(ledger[i-1].At))
	}
	return longest
}

// delayed answers as late as a service does that is reached over a network.
func delayed(next http.Handler, by time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(by)
		next.ServeHTTP(w, r)
	})
}

// invocationLog watches the invocations of a function that is fed by a queue.
type invocationLog struct {
	mu     sync.Mutex
	took   []time.Duration
	faults []string
}

func (l *invocationLog) watch(next lambda.Invoker) lambda.Invoker {
	return invoker(func(ctx context.Context, payload []byte) ([]byte, error) {
		start := time.Now()
		answer, err := next.Invoke(ctx, payload)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.took = append(l.took, time.Since(start))
		l.faults = append(l.faults, faultsOf(payload, answer, err)...)
		return answer, err
	})
}

// faultsOf is what uses up a receive.
func faultsOf(payload, answer []byte, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil || len(event.Records) == 0 {
		return []string{fmt.Sprintf("no event of a queue: %v", err)}
	}
	for _, r := range event.Records {
		if n := r.Attributes["ApproximateReceiveCount"]; n != "1" {
			faults = append(faults, fmt.Sprintf("received %q times", n))
		}
	}
	var response map[string][]any
	if err := json.Unmarshal(answer, &response); err != nil || len(response["batchItemFailures"]) > 0 {
		faults = append(faults, fmt.Sprintf("answered %s", answer))
	}
	return faults
}

// check holds the invocations to what sending for so long needs.
func (l *invocationLog) check(t *testing.T, sending, timeout time.Duration) {
	t.Helper()
	// Of each invocation, half a minute at most may stay unused.
	least, most := 1+int(sending/timeout), 1+int(sending/(timeout-30*time.Second))
	if n := len(l.took); n < max(3, least) || n > most {
		t.Errorf("%d invocations, want %d to %d", n, max(3, least), most)
	}
	if longest := slices.Max(l.took); longest > timeout-10*time.Second {
		t.Errorf("an invocation took %v of %v", longest, timeout)
	}
	for _, fault := range l.faults {
		t.Error(fault)
	}
}
