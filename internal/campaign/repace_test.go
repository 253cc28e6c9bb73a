package campaign

import (
	"testing"
	"time"
)

func TestANewPaceTakesNothingBack(t *testing.T) {
	c := running(100, 10, time.Hour)
	c, first := c.plan(nine, nine.Add(time.Hour), 10) // at nine and at ten
	c = c.repaced(Pace{BatchSize: 40, Delay: 30 * time.Minute})
	c, rest := c.plan(nine.Add(time.Hour), nine.Add(24*time.Hour), 10)
	if len(first) != 2 || len(rest) != 2 || c.Unreleased() != 0 || c.NextBatch != 4 {
		t.Fatalf("%d batches, then %d; %d unreleased", len(first), len(rest), c.Unreleased())
	}
	for i, want := range []struct{ from, to, minutes int }{{0, 10, 0}, {10, 20, 60}, {20, 60, 90}, {60, 100, 120}} {
		b := append(first, rest...)[i]
		if b.From != want.from || b.To != want.to || !b.Due.Equal(nine.Add(time.Duration(want.minutes)*time.Minute)) {
			t.Errorf("batch %d is [%d, %d) at %v", b.Number, b.From, b.To, b.Due)
		}
	}
}

func TestADraftsPaceIsAsIfItHadAlwaysBeenSo(t *testing.T) {
	draft := Campaign{Status: Draft, Recipients: 100, BatchSize: 10, Delay: time.Hour}
	c := draft.repaced(Pace{BatchSize: 50, Delay: time.Minute})
	if c.Paced != (Mark{}) || !c.NextDue.IsZero() || c.BatchesLeft() != 2 {
		t.Errorf("%+v", c)
	}
}

func TestProgressAtANewPace(t *testing.T) {
	flow := Flow{PerSecond: 10}
	c := running(100, 10, time.Hour)
	c, _ = c.plan(nine, nine.Add(time.Hour), 10)
	c.Counts.Accepted, c.BatchesDone = 10, 1
	c = c.repaced(Pace{BatchSize: 40, Delay: 30 * time.Minute})
	hour := func(h float64) time.Time { return nine.Add(time.Duration(h * float64(time.Hour))) }
	p := c.progress(hour(0.1), flow)
	if p.WaitsFor != WaitBatch || !p.NextBatchAt.Equal(hour(1)) || !p.ETA.Equal(hour(2).Add(3900*time.Millisecond)) || p.BatchesTotal != 4 {
		t.Errorf("before the batch released at the old pace: %+v", p)
	}
	c, _ = c.plan(hour(1.45), hour(1.5), 10)
	c.Counts.Accepted, c.BatchesDone = 20, 2
	if p = c.progress(hour(1.45), flow); p.WaitsFor != WaitBatch || !p.NextBatchAt.Equal(hour(1.5)) {
		t.Errorf("before the first at the new pace: %+v", p)
	}
	if p = c.progress(hour(1.5), flow); p.WaitsFor != WaitPace || !p.NextBatchAt.Equal(hour(2)) {
		t.Errorf("in the first at the new pace: %+v", p)
	}
}
