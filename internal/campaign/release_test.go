package campaign

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var nine = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

func running(recipients, batchSize int, delay time.Duration) Campaign {
	return Campaign{ID: "A", Status: Running, Recipients: recipients, BatchSize: batchSize, Delay: delay, NextDue: nine, Epoch: 2}
}

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		campaign Campaign
		now      time.Time
		horizon  time.Duration
		most     int
		sizes    []int
		dues     []time.Duration // after nine
		nextDue  time.Duration
	}{
		"the last batch holds what is left": {
			running(7, 3, 2*time.Second), nine, time.Minute, 50, []int{3, 3, 1},
			[]time.Duration{0, 2 * time.Second, 4 * time.Second}, 6 * time.Second,
		},
		"a batch larger than the list holds it": {
			running(7, 100, time.Hour), nine, time.Minute, 50, []int{7}, []time.Duration{0}, time.Hour,
		},
		"nothing beyond the horizon": {
			running(9, 3, time.Hour), nine, 2 * time.Hour, 50, []int{3, 3, 3},
			[]time.Duration{0, time.Hour, 2 * time.Hour}, 3 * time.Hour,
		},
		"not more than asked for": {
			running(9, 3, time.Second), nine, time.Minute, 2, []int{3, 3}, []time.Duration{0, time.Second}, 2 * time.Second,
		},
		"nothing before its time": {
			running(9, 3, time.Hour), nine.Add(-2 * time.Hour), time.Hour, 50, nil, nil, 0,
		},
		"a little late does not move the plan": {
			running(9, 3, time.Hour), nine.Add(slack), 0, 50, []int{3}, []time.Duration{0}, time.Hour,
		},
		"an outage moves the plan and bunches nothing": {
			running(9, 3, time.Minute), nine.Add(10 * time.Minute), 90 * time.Second, 50, []int{3, 3},
			[]time.Duration{10 * time.Minute, 11 * time.Minute}, 12 * time.Minute,
		},
		"without a delay everything is due": {
			running(5, 2, 0), nine, time.Minute, 50, []int{2, 2, 1}, []time.Duration{0, 0, 0}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			after, batches := test.campaign.plan(test.now, test.now.Add(test.horizon), test.most)
			var sizes []int
			var dues []time.Duration
			for _, b := range batches {
				sizes, dues = append(sizes, b.To-b.From), append(dues, b.Due.Sub(nine))
			}
			if diff := cmp.Diff(test.sizes, sizes); diff != "" {
				t.Errorf("sizes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.dues, dues); diff != "" {
				t.Errorf("dues (-want +got):\n%s", diff)
			}
			if got := after.NextDue.Sub(nine); got != test.nextDue {
				t.Errorf("next due %v after nine, want %v", got, test.nextDue)
			}
		})
	}
}

// However a campaign is released, in whatever groups and however late, its batches cover the list once, in order, and no
// two of them start closer together than the delay, less the slack of a single late release.
func TestPlanCoversTheListOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := running(rapid.IntRange(1, 500).Draw(t, "recipients"), rapid.IntRange(1, 200).Draw(t, "batch size"),
			time.Duration(rapid.IntRange(0, 600).Draw(t, "delay"))*time.Second)
		now, at := nine, 0
		last := time.Time{}
		for number := 1; c.Unreleased() > 0; {
			now = now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "wait")) * time.Second)
			var batches []Batch
			c, batches = c.plan(now, now.Add(horizon), rapid.IntRange(1, 10).Draw(t, "most"))
			for _, b := range batches {
				if b.From != at || b.To <= b.From || b.To-b.From > c.BatchSize || b.Number != number {
					t.Fatalf("batch %+v, want number %d from %d", b, number, at)
				}
				if !last.IsZero() && b.Due.Sub(last) < c.Delay-slack {
					t.Fatalf("batch %d starts %v after the one before, the delay is %v", number, b.Due.Sub(last), c.Delay)
				}
				if b.Due.Before(now.Add(-slack)) {
					t.Fatalf("batch %d is due at %v, which is past", number, b.Due)
				}
				at, number, last = b.To, number+1, b.Due
			}
		}
		if at != c.Recipients {
			t.Fatalf("batches end at %d of %d", at, c.Recipients)
		}
	})
}

func TestHoldBackIsAtMostWhatTheQueueTakes(t *testing.T) {
	for ahead, want := range map[time.Duration]time.Duration{
		-time.Hour: 0, 0: 0, lead: 0, lead + 999*time.Millisecond: 0, lead + time.Second: time.Second,
		2500 * time.Millisecond: time.Second, time.Hour: MaxDelay,
	} {
		if got := holdBack(nine.Add(ahead), nine); got != want {
			t.Errorf("%v ahead is held back %v, want %v", ahead, got, want)
		}
	}
}
