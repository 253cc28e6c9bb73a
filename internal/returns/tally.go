package returns

import "time"

// Tally is what a campaign's returns amount to, or by how much that changes.
type Tally struct {
	// Delivered and Undelivered are recipients: all parts of the text arrived, or some part will not.
	Delivered, Undelivered int
	// Replied are replies that want an answer, ever; Open, Answered and Closed where they are now, and add up to it.
	Replied, Open, Answered, Closed int
	// OptedOut are opt-outs. That a person came back does not undo them.
	OptedOut int
}

// Plus adds up.
func (t Tally) Plus(o Tally) Tally {
	return Tally{
		Delivered: t.Delivered + o.Delivered, Undelivered: t.Undelivered + o.Undelivered,
		Replied: t.Replied + o.Replied, Open: t.Open + o.Open, Answered: t.Answered + o.Answered,
		Closed: t.Closed + o.Closed, OptedOut: t.OptedOut + o.OptedOut,
	}
}

// Minute is what came back in one minute.
type Minute struct {
	At    time.Time
	Tally Tally
}

func minuteOf(t time.Time) time.Time { return t.UTC().Truncate(time.Minute) }
