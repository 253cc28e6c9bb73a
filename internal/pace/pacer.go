package pace

import (
	"sync"
	"time"
)

// Pace is what the senders of one process share. It may be used concurrently.
type Pace struct {
	store Store
	clock *Clock
	most  int

	mu    sync.Mutex
	lines map[string]*line
}

// New returns the pace that is kept in store. No more than most slots are reserved at once.
func New(store Store, clock *Clock, most int) *Pace {
	return &Pace{store: store, clock: clock, most: most, lines: make(map[string]*line)}
}

// line is what is known of a key. What belongs to others than a single campaign is remembered.
func (p *Pace) line(c Charge) *line {
	if c.By == Self {
		return &line{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lines[c.Key]
	if !ok {
		l = &line{}
		p.lines[c.Key] = l
	}
	return l
}

// For returns a pacer for requests that cost all of these charges: the widest first, which must not be implied.
func (p *Pace) For(by Taker, charges ...Charge) *Pacer {
	r := &Pacer{Pace: p, by: by}
	for _, c := range charges {
		c.Units = max(1, c.Units)
		r.charges = append(r.charges, charge{Charge: c, line: p.line(c)})
	}
	return r
}

// Pacer reserves slots that respect several limits. It may be used concurrently.
type Pacer struct {
	*Pace
	by      Taker
	charges []charge
}

type charge struct {
	Charge
	*line
}

// stretches are what is believed of each limit: nothing is taken yet.
func (p *Pacer) stretches(at time.Time) []stretch {
	all := make([]stretch, len(p.charges))
	for i, c := range p.charges {
		all[i] = p.believed(c, at)
	}
	return all
}

func (p *Pacer) believed(c charge, at time.Time) stretch {
	s := c.known()
	return stretch{price: c.price(s, at), generation: s.Generation}
}

// counted are the charges that have to be counted at an instant, as far as is known.
func (p *Pacer) counted(at time.Time) []int {
	var counted []int
	for i, c := range p.charges {
		if c.active(c.known(), at) {
			counted = append(counted, i)
		}
	}
	return counted
}

// Rate is how many requests a second it gives out at the moment, as far as is known.
func (p *Pacer) Rate() float64 {
	now := p.clock.Now()
	return float64(time.Second) / float64(slowest(p.stretches(now), p.counted(now)))
}

// Chunk is how many slots to reserve at once: about a second's, and no more than may leave at once under every limit. Where
// several groups share the widest limit, it is a share of that.
func (p *Pacer) Chunk() int {
	now := p.clock.Now()
	return p.chunk(p.stretches(now), p.counted(now))
}

func (p *Pacer) chunk(all []stretch, counted []int) int {
	n := min(p.most, max(1, int(float64(time.Second)/float64(all[0].every)+0.5)))
	for _, i := range counted[1:] {
		n = min(n, all[i].most/all[i].units)
	}
	if groups, senders := sharers(p.charges[0].known().Takers, p.by.Group); groups > 1 {
		n = min(n, share(float64(time.Second)/float64(all[0].every), p.most, groups, senders))
	}
	return n
}

// slowest is from one request to the next under the slowest limit.
func slowest(all []stretch, counted []int) time.Duration {
	every := time.Duration(0)
	for _, i := range counted {
		every = max(every, all[i].every)
	}
	return every
}
