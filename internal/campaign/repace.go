package campaign

import (
	"strconv"
	"time"
)

// Pace is how a campaign's list is cut up: recipients in a batch, and the time from the start of one to the start of the
// next.
type Pace struct {
	BatchSize int
	Delay     time.Duration
}

// PaceRequest asks for another pace, as a client words it; nil leaves a part as it is.
type PaceRequest struct {
	BatchSize    *int
	DelaySeconds *int
}

// PaceChange is a request that was found good.
type PaceChange struct{ request PaceRequest }

// Check turns a request into a change, or says everything that is wrong with it.
func (q PaceRequest) Check() (PaceChange, []Problem) {
	var problems []Problem
	if q.BatchSize != nil && *q.BatchSize < 1 {
		problems = append(problems, Problem{Field: "batch_size", Reason: "must be at least 1"})
	}
	seconds := int(MaxPeriod / time.Second)
	if q.DelaySeconds != nil && (*q.DelaySeconds < 0 || *q.DelaySeconds > seconds) {
		problems = append(problems, Problem{
			Field: "delay_period", Reason: "must be from 0 to " + strconv.Itoa(seconds) + " seconds (30 days)",
		})
	}
	return PaceChange{q}, problems
}

// of is the pace that the change makes of the campaign's.
func (p PaceChange) of(c Campaign) Pace {
	pace := Pace{BatchSize: c.BatchSize, Delay: c.Delay}
	if p.request.BatchSize != nil {
		pace.BatchSize = *p.request.BatchSize
	}
	if p.request.DelaySeconds != nil {
		pace.Delay = time.Duration(*p.request.DelaySeconds) * time.Second
	}
	return pace
}
