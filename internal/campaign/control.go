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
	c.Status, c.Reason, c.Requeue = Running, "", true
	c.NextDue = later(now, c.NextDue)
	c.Epoch++
	return c
}

func (c Campaign) cancelled(now time.Time) Campaign {
	c.Status, c.EndedAt, c.Requeue = Cancelled, now, false
	c.Epoch++
	return c
}
