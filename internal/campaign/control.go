package campaign

import "time"

// The transitions of the diagram in doc.go. Each opens a new epoch.

func (c Campaign) launched(now time.Time) Campaign {
	c.Status, c.LaunchedAt = Running, now
	c.NextDue = later(now, c.StartAt)
	c.Epoch++
	return c
}

func (c Campaign) paused(reason string) Campaign {
	c.Status, c.Reason, c.Requeue = Paused, reason, false
	c.Epoch++
	return c
}

// resumed goes on where the campaign stood: what fell due meanwhile is due now, and the plan moves with it.
func (c Campaign) resumed(now time.Time) Campaign {
	c.Status, c.Reason, c.Requeue, c.Window = Running, "", true, Window{}
	c.NextDue = later(now, c.NextDue)
	c.Epoch++
	return c
}

func (c Campaign) cancelled(now time.Time) Campaign {
	c.Status, c.EndedAt, c.Requeue = Cancelled, now, false
	c.Epoch++
	return c
}

// retrying takes a recipient's failed, skipped or unknown state back and adds a batch for that one. A completed campaign is
// running again until it is done.
func (c Campaign) retrying(m Message, now time.Time) (Campaign, Batch) {
	c.Counts = c.Counts.Plus(Pending.Instead(m.State))
	c.NextBatch++
	c.Retries++
	b := Batch{Campaign: c.ID, Number: c.NextBatch, From: m.Index, To: m.Index + 1, Settled: m.Index, Cursor: m.Index, Due: now}
	if c.Status == Completed {
		c.Status, c.EndedAt = Running, time.Time{}
		c.Epoch++
	}
	if c.Status == Running { // while it is paused, the batch waits for the resume
		b.LookAt = now.Add(repairAfter)
	}
	return c, b
}
