package campaign

import "time"

// Batch is a window [From, To) over the recipient list, released at one due time.
//
// Of the window, [From, Settled) has outcomes, [Settled, Cursor) is claimed and in flight, [Cursor, To) is untouched.
// Cursor moves before anything is sent and Settled after its outcome is stored, so whatever a dead sender may have sent
// lies between the two.
type Batch struct {
	Campaign string
	Number   int // from 1
	From, To int
	Settled  int
	Cursor   int
	Due      time.Time
	Counts   Counts
	Done     bool

	// Counted are the indices behind Settled whose outcomes are in Counts already: they were sent to, and somebody in
	// front of them could not be.
	Counted []int

	// Late counts outcomes that former holders stored after they had lost the lease and before the range was settled.
	Late int

	// Owner holds the lease until Lease; both are empty when nobody does.
	Owner string
	Lease time.Time
	// LookAt is when the dispatcher looks after the batch; zero when there is nothing to look after.
	LookAt  time.Time
	Repairs int

	StartedAt time.Time
	EndedAt   time.Time
}

// Held says whether somebody holds the lease at that instant.
func (b Batch) Held(now time.Time) bool { return b.Owner != "" && now.Before(b.Lease) }

// Step is one write to a leased batch: what was settled since the last, what is claimed now, and what becomes of the
// lease.
type Step struct {
	// Settled is the new Settled; Counts are the outcomes of the recipients that it passes.
	Settled int
	Counts  Counts
	// Cursor is the new Cursor. Where it advances, the campaign must be running in Epoch. It may go back to Settled:
	// what was claimed and certainly not sent is claimed again by whoever goes on. Counted is then the new Counted.
	Cursor  int
	Counted []int
	Epoch   int
	// FreshWindow begins a new window of the error brake with this step's counts.
	FreshWindow bool
	// Parks: the campaign must be in Epoch, in which it does not run.
	Parks bool
	// Lease renews the lease until then; zero gives it up.
	Lease time.Time
	// LookAt is the new LookAt; Done ends the batch.
	LookAt time.Time
	Done   bool
	At     time.Time
}

// Claims says whether the step claims recipients of b.
func (s Step) Claims(b Batch) bool { return s.Cursor > b.Cursor }

// GivesBack says whether the step gives back what was claimed of b.
func (s Step) GivesBack(b Batch) bool { return s.Cursor < b.Cursor }

// Started is when the batch started, as the step leaves it: with its first claim, and not before its time.
func (s Step) Started(b Batch) time.Time {
	if b.StartedAt.IsZero() && s.Claims(b) {
		return later(s.At, b.Due)
	}
	return b.StartedAt
}

// After returns the batch as the step leaves it.
func (b Batch) After(s Step) Batch {
	b.StartedAt = s.Started(b)
	if s.GivesBack(b) {
		b.Counted = s.Counted
	}
	b.Settled, b.Cursor, b.Counts = s.Settled, s.Cursor, b.Counts.Plus(s.Counts)
	b.Lease, b.LookAt, b.Done = s.Lease, s.LookAt, s.Done
	if s.Lease.IsZero() {
		b.Owner = ""
	}
	if s.Done {
		b.EndedAt = s.At
	}
	return b
}

// key names the batch.
func (b Batch) key() BatchKey { return BatchKey{Campaign: b.Campaign, Number: b.Number} }

// claimed is when the recipients in flight were claimed, at the earliest: a reply to one of them is later.
func (b Batch) claimed(now time.Time) time.Time {
	if b.StartedAt.IsZero() {
		return now
	}
	return b.StartedAt
}

// state is for logs.
func (b Batch) state() string {
	switch {
	case b.Done:
		return "done"
	case b.LookAt.IsZero():
		return "parked"
	default:
		return "continues"
	}
}
