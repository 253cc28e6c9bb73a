package campaign

import (
	"time"

	"sluice/internal/pace"
)

// Flow is how texts leave where nothing but the limits holds them up: AtOnce of them one after the other, Apart from each
// other, and in the long run PerSecond.
type Flow struct {
	PerSecond float64
	AtOnce    int
	Apart     time.Duration
}

// FlowOf is what several limits, the widest first, allow together.
func FlowOf(rates []pace.Rate) Flow {
	f := Flow{AtOnce: MaxChunk}
	for i, r := range rates {
		if i == 0 {
			f.PerSecond, f.Apart = r.Requests, sending(1, r.Requests)
		}
		f.PerSecond, f.AtOnce = min(f.PerSecond, r.Requests), min(f.AtOnce, r.AtOnce)
	}
	return f
}

// takes is how long n texts keep others waiting.
func (f Flow) takes(n int) time.Duration { return sending(n, f.PerSecond) }

// last is how long after the first of n texts the last one leaves.
func (f Flow) last(n int) time.Duration {
	if n <= 1 {
		return 0
	}
	chunk := max(1, f.AtOnce)
	alone := (n - 1) % chunk
	return f.takes(n-1-alone) + time.Duration(alone)*f.Apart
}

// Forecast is when the batches of a campaign start and end that has its limits to itself from its launch on. It is exact as
// far as the plan, the limits and the arithmetic go: what it knows nothing of is others' texts, pauses, how quickly the
// provider answers, and how long a sender takes to start.
//
// A text is work for the limits, each as long as the slowest of them wants, and is done in the order of the list. Batches
// that are due while there is work left over share the pace with those before them, so that these end later than said
// here, and all of them together as said.
type Forecast struct {
	c     Campaign
	texts int
	first time.Time // when the first text can leave
	flow  Flow
}

// Forecast is that of a campaign that is launched at an instant, has a list of c.Recipients, and sends to so many of them:
// those who want no texts take no time, and are taken to stand anywhere.
func (c Campaign) Forecast(texts int, launch time.Time, flow Flow) Forecast {
	c.NextDue = later(launch, c.StartAt)
	return Forecast{c: c, texts: texts, first: later(launch.Add(slotLead), c.NextDue), flow: flow}
}

// Planned is a batch to come: the recipients [From, To).
type Planned struct {
	Number, From, To int
	// Due is when it is released for, Done when its last text leaves.
	Due, Done time.Time
}

// longest is as far ahead as a plan is looked at: what it says of the time behind that is no earlier.
const longest = 100 * 366 * 24 * time.Hour

// spread is n times the delay, longest at most: the product of what both may be is more than a Duration holds.
func spread(n int, delay time.Duration) time.Duration {
	if delay > 0 && n > int(longest/delay) {
		return longest
	}
	return time.Duration(n) * delay
}

// Batches is how many there will be.
func (f Forecast) Batches() int { return (f.c.Recipients + f.c.BatchSize - 1) / f.c.BatchSize }

// Batch is the forecast of one of them, from 1 to Batches.
func (f Forecast) Batch(number int) Planned {
	p := Planned{Number: number, From: (number - 1) * f.c.BatchSize}
	p.To = min(p.From+f.c.BatchSize, f.c.Recipients)
	p.Due = f.c.NextDue.Add(spread(number-1, f.c.Delay))
	p.Done = f.start(p).Add(f.flow.last(f.sent(p.To) - f.sent(p.From)))
	return p
}

// start is when the first text of a batch leaves: at its time, or when all before it have left. As batches are of one size
// and equally far apart, either there is work left over from the first on, or none.
func (f Forecast) start(p Planned) time.Time {
	return later(later(f.first, p.Due), f.first.Add(f.flow.takes(f.sent(p.From))))
}

// sent is how many of the first n of the list are sent to.
func (f Forecast) sent(n int) int { return int(int64(n) * int64(f.texts) / int64(f.c.Recipients)) }

// ByPlan says that the time between batches decides when the last one starts, and not the limits.
func (f Forecast) ByPlan() bool {
	last := f.Batch(f.Batches())
	return last.Number > 1 && !f.start(last).After(last.Due)
}
