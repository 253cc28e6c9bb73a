package campaign

import (
	"context"
	"time"
)

// Progress is where a campaign stands at one instant, in a client's terms.
type Progress struct {
	// Skipped are recipients who were not sent to because they wanted no texts, and who will not be because the campaign was
	// cancelled; ToSend those who will.
	// Recipients = Accepted + Failed + Unknown + Skipped + ToSend, always.
	Skipped int
	ToSend  int
	// BatchesTotal, Released, Done and Left count batches; Total = Released + Left.
	BatchesTotal, Released, Done, Left int
	// NextBatchAt is the next planned start of a batch; zero when there is none.
	NextBatchAt time.Time
	// WaitsFor says what holds the campaign up now, and WaitsUntil until when; zero when that is not known.
	WaitsFor   Wait
	WaitsUntil time.Time
	// Rate is how many texts a second may leave now, shared with whoever sends under the same limits; zero for a campaign
	// that does not run.
	Rate float64
	// ETA is when the last text leaves by plan and rate; zero for a campaign that does not run.
	ETA time.Time
}

// Wait is what a campaign waits for.
type Wait string

// The waits. WaitNone is of an ended campaign.
const (
	WaitNone   Wait = ""
	WaitLaunch Wait = "launch"
	WaitStart  Wait = "start_at"
	WaitResume Wait = "resume"
	WaitBatch  Wait = "next_batch"
	// WaitPace: batches are going out, as fast as the rate allows.
	WaitPace Wait = "pace"
)

// ProgressOf tells where the campaign stands. The forecast is by the rate as it is now, as if the campaign had it alone.
func (m *Manager) ProgressOf(ctx context.Context, c Campaign) Progress {
	if c.Status != Running {
		return c.progress(m.now(), Flow{})
	}
	rates, err := m.pacing(c, 0).Rates(ctx)
	if err != nil {
		m.log.WarnContext(ctx, "forecast by the configured rate", "campaign", c.ID, "error", err)
	}
	return c.progress(m.now(), FlowOf(rates))
}

func (c Campaign) progress(now time.Time, flow Flow) Progress {
	p := Progress{
		ToSend: c.ToSend(), Skipped: c.Counts.Skipped, Released: c.NextBatch, Done: c.BatchesDone, Left: c.BatchesLeft(),
		BatchesTotal: c.NextBatch + c.BatchesLeft(),
	}
	switch c.Status {
	case Cancelled:
		p.Skipped, p.ToSend = p.Skipped+p.ToSend, 0
	case Draft:
		p.WaitsFor = WaitLaunch
	case Paused:
		p.WaitsFor = WaitResume
	case Running:
		p.NextBatchAt = c.nextStart(now)
		p.WaitsFor, p.WaitsUntil = c.waits(now, p.NextBatchAt)
		p.Rate, p.ETA = flow.PerSecond, c.eta(now, flow)
	}
	return p
}

// nextStart is the first planned start that is still to come: of a batch already released ahead of its time, or of the
// next to be released.
func (c Campaign) nextStart(now time.Time) time.Time {
	next := c.NextDue
	ahead := 0
	if c.Unreleased() == 0 {
		next, ahead = next.Add(-c.Delay), 1
	}
	for c.Delay > 0 && ahead < c.paced() && next.Add(-c.Delay).After(now) {
		next, ahead = next.Add(-c.Delay), ahead+1
	}
	if ahead >= c.paced() && c.Paced.LastDue.After(now) {
		return c.Paced.LastDue
	}
	if c.Unreleased() == 0 && !next.After(now) {
		return time.Time{}
	}
	return next
}

// waits tells the pace from the plan: who is in a batch whose time has come, and has no outcome, waits for the pace.
func (c Campaign) waits(now, next time.Time) (Wait, time.Time) {
	begun := c.begun(now)
	switch {
	case begun > c.Counts.Total():
		return WaitPace, time.Time{}
	case begun == 0 && next.After(now):
		return WaitStart, next
	case next.After(now):
		return WaitBatch, next
	default:
		return WaitPace, time.Time{}
	}
}

// begun is how many recipients are in batches whose planned start has passed.
func (c Campaign) begun(now time.Time) int {
	if c.Paced.LastDue.After(now) { // of what was released at another pace, when each batch is due is not kept here
		return c.Counts.Total()
	}
	batches := c.paced()
	for due := c.NextDue.Add(-c.Delay); batches > 0 && c.Delay > 0 && due.After(now); due = due.Add(-c.Delay) {
		batches--
	}
	return min(c.Paced.Index+batches*c.BatchSize, c.NextIndex)
}

// eta is bound by the plan's last batch or by the rate, whichever is later.
func (c Campaign) eta(now time.Time, flow Flow) time.Time {
	last := c.NextDue.Add(spread(c.BatchesLeft()-1, c.Delay))
	rest := c.Recipients - c.Paced.Index
	size := rest - c.BatchSize*((rest-1)/c.BatchSize)
	begin := now
	if c.NextIndex == 0 {
		begin = later(now, c.NextDue)
	}
	byPlan := later(now, last).Add(flow.last(min(size, c.ToSend())))
	byRate := begin.Add(flow.last(c.ToSend()))
	return later(byPlan, byRate)
}

func sending(n int, rate float64) time.Duration {
	return time.Duration(float64(n) / rate * float64(time.Second))
}
