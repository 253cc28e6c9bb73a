package campaign

import (
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	flow := Flow{PerSecond: 10}
	released := func(c Campaign, n int) Campaign {
		c, _ = c.plan(nine, nine.Add(time.Duration(n-1)*c.Delay), n)
		return c
	}
	settled := func(c Campaign, n, done int) Campaign {
		c.Counts.Accepted, c.BatchesDone = n, done
		return c
	}
	base := running(100, 10, time.Hour)
	later := func(c Campaign) Campaign { c.NextDue = nine.Add(2 * time.Hour); return c }
	for name, test := range map[string]struct {
		campaign Campaign
		at       time.Duration // after nine
		waits    Wait
		until    time.Duration
		next     time.Duration
		left     int
		eta      time.Duration
	}{
		"before its start": {later(base), 0, WaitStart, 2 * time.Hour, 2 * time.Hour, 10, 11*time.Hour + 900*time.Millisecond},
		"at its start, not yet released": {
			base, 0, WaitPace, 0, 0, 10, 9*time.Hour + 900*time.Millisecond,
		},
		"in its first batch":          {released(base, 1), 0, WaitPace, 0, time.Hour, 9, 9*time.Hour + 900*time.Millisecond},
		"between two batches":         {settled(released(base, 1), 10, 1), time.Minute, WaitBatch, time.Hour, time.Hour, 9, 9*time.Hour + 900*time.Millisecond},
		"with batches released ahead": {settled(released(base, 4), 10, 1), time.Minute, WaitBatch, time.Hour, time.Hour, 6, 9*time.Hour + 900*time.Millisecond},
		"in its last batch":           {settled(released(base, 10), 95, 9), 9 * time.Hour, WaitPace, 0, -1, 0, 9*time.Hour + 400*time.Millisecond},
		"slower than its plan": {
			released(running(100, 10, time.Second), 10), 0, WaitPace, 0, time.Second, 0, 9900 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := test.campaign.progress(nine.Add(test.at), flow)
			if p.WaitsFor != test.waits {
				t.Errorf("waits for %q, want %q", p.WaitsFor, test.waits)
			}
			instant := func(what string, got time.Time, want time.Duration, none bool) {
				if none != got.IsZero() || !none && !got.Equal(nine.Add(want)) {
					t.Errorf("%s is %v, want %v after nine (none: %t)", what, got, want, none)
				}
			}
			instant("until", p.WaitsUntil, test.until, test.until == 0)
			instant("next batch", p.NextBatchAt, test.next, test.next < 0)
			instant("eta", p.ETA, test.eta, false)
			if p.Left != test.left || p.BatchesTotal != 10 {
				t.Errorf("%d batches left of %d, want %d of 10", p.Left, p.BatchesTotal, test.left)
			}
		})
	}
}

func TestProgressAddsUpInEveryStatus(t *testing.T) {
	c := running(100, 10, time.Hour)
	c.Counts = Counts{Accepted: 20, Failed: 3, Unknown: 2}
	for _, status := range []Status{Draft, Running, Paused, Completed, Cancelled} {
		c.Status = status
		p := c.progress(nine, Flow{PerSecond: 30})
		if sum := c.Counts.Total() + p.Skipped + p.ToSend; sum != c.Recipients {
			t.Errorf("%s: %d recipients are accounted for, of %d", status, sum, c.Recipients)
		}
		if status == Cancelled && p.ToSend != 0 {
			t.Errorf("a cancelled campaign has %d to send", p.ToSend)
		}
	}
}

func TestAPlanOfCenturiesIsNotTakenForAShortOne(t *testing.T) {
	c := running(1_000_000, 1, MaxPeriod)
	if last := c.Forecast(1_000_000, nine, Flow{PerSecond: 30, AtOnce: 30}).Batch(1_000_000); last.Done.Before(nine.AddDate(99, 0, 0)) {
		t.Errorf("the last batch is done at %v", last.Done)
	}
	if eta := c.eta(nine, Flow{PerSecond: 30, AtOnce: 30}); eta.Before(nine.AddDate(99, 0, 0)) {
		t.Errorf("it ends at %v", eta)
	}
}
