package pace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// near is how far ahead of its time the second of several limits is taken: what is taken early, nobody else can use.
	near = 300 * time.Millisecond
	// sureFor is how long a holder relies on slots without asking whether they still count.
	sureFor = 500 * time.Millisecond
	// maxRounds bounds how often a limit is taken again because another made it wait.
	maxRounds = 8
)

// Pace is what the senders of one process share. It may be used concurrently.
type Pace struct {
	store Store
	clock *Clock
	// most requests are reserved at once.
	most int

	mu    sync.Mutex
	lines map[string]*line
}

// New returns the pace that is kept in store. Nobody will reserve more than most slots at once.
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

// For returns a pacer for requests that cost all of these charges. The first must not be implied.
func (p *Pace) For(charges ...Charge) *Pacer {
	r := &Pacer{Pace: p}
	for _, c := range charges {
		c.Units = max(1, c.Units)
		r.charges = append(r.charges, charge{Charge: c, line: p.line(c)})
	}
	return r
}

// Pacer reserves slots that respect several limits. It may be used concurrently.
type Pacer struct {
	*Pace
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
	return stretch{price: c.price(s, at, p.most), generation: s.Generation}
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
	now, every := p.clock.Now(), time.Duration(1)
	all := p.stretches(now)
	for _, i := range p.counted(now) {
		every = max(every, all[i].every)
	}
	return float64(time.Second) / float64(every)
}

// CurrentRate is Rate, as it is for all: it asks for what it has not known for a second.
func (p *Pacer) CurrentRate(ctx context.Context) (float64, error) {
	for _, c := range p.charges {
		if c.By == Self || c.age(p.clock.Now()) < time.Second {
			continue
		}
		if err := p.load(ctx, c); err != nil {
			return p.Rate(), fmt.Errorf("look up the pace of %s: %w", c.Key, err)
		}
	}
	return p.Rate(), nil
}

// Chunk is how many slots to reserve at once: about a second's, and no more than may leave at once under every limit.
func (p *Pacer) Chunk() int {
	now := p.clock.Now()
	all, counted := p.stretches(now), p.counted(now)
	n := min(p.most, max(1, int(p.Rate()+0.5)))
	if dense := fastest(all, counted); len(counted) > 1 {
		for _, i := range counted {
			if all[i].every > dense {
				n = min(n, all[i].burst)
			}
		}
	}
	return n
}

func fastest(all []stretch, counted []int) time.Duration {
	every := all[counted[0]].every
	for _, i := range counted {
		every = min(every, all[i].every)
	}
	return every
}

// Want is what is to be reserved: N slots, none before NotBefore and all over at Before (zero: however late). Wait is
// called to let time pass between the reservations under several limits; where it fails, so does Reserve.
type Want struct {
	N                 int
	NotBefore, Before time.Time
	Wait              func(context.Context, time.Time) error
}

// Reserve gives out the next slots. It does not wait for them, but where there are several limits, for the first one's turn
// to come near. FullError where there are none.
func (p *Pacer) Reserve(ctx context.Context, w Want) (Slots, error) {
	if err := p.look(ctx); err != nil {
		return Slots{}, err
	}
	held, counted := p.stretches(w.NotBefore), p.counted(w.NotBefore)
	start, taken := w.NotBefore, 0
	for range maxRounds {
		for _, i := range p.order(held, counted) {
			if start.Sub(held[i].first) <= held[i].limit.tolerance() {
				continue
			}
			if taken > 0 && start.Add(-near).After(p.clock.Now()) {
				if err := w.Wait(ctx, start.Add(-near)); err != nil {
					return Slots{}, err
				}
			}
			t, err := p.take(ctx, p.charges[i], w, start, fastest(held, counted))
			if err != nil {
				return Slots{}, fmt.Errorf("reserve %d slots of %s: %w", w.N, p.charges[i].Key, err)
			}
			held[i], start, taken = t, later(start, t.first), taken+1
		}
		if s := join(w.N, p.clock.Now(), held); s.met() {
			return s, nil
		}
	}
	return Slots{}, fmt.Errorf("reserve %d slots: %d limits found no common time in %d rounds", w.N, len(counted), maxRounds)
}

// look finds out what must be known before anything is taken: whether an implied limit counts, and whether one's own has
// been changed.
func (p *Pacer) look(ctx context.Context) error {
	for _, c := range p.charges {
		var err error
		switch {
		case c.Implied && !c.active(c.known(), p.clock.Now()):
			err = p.load(ctx, c)
		case c.By == Self:
			err = p.adopt(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("look up the pace of %s: %w", c.Key, err)
		}
	}
	return nil
}

func (p *Pacer) load(ctx context.Context, c charge) error {
	s, err := p.store.Load(ctx, c.Key)
	if err == nil {
		c.learn(s, p.clock.Now())
	}
	return err
}

// adopt sets one's own limit where the charge is newer than what is stored.
func (p *Pacer) adopt(ctx context.Context, c charge) error {
	if c.neverRead() {
		if err := p.load(ctx, c); err != nil {
			return err
		}
	}
	var err error
	for range maxTries {
		s := c.known()
		if s.Generation >= c.Generation {
			return nil
		}
		after := s.Set(c.Limit, p.clock.Now())
		after.Generation = c.Generation
		if s, err = p.store.Swap(ctx, c.Key, s, after); err != nil && !errors.Is(err, ErrChanged) {
			return err
		}
		c.learn(s, p.clock.Now())
	}
	return err
}

// order is in which the limits are taken: first the one that last made this process wait longest, which will make it
// wait again; then the slowest.
func (p *Pacer) order(held []stretch, counted []int) []int {
	return slices.SortedStableFunc(slices.Values(counted), func(a, b int) int {
		return cmp.Or(cmp.Compare(p.charges[b].lastWait(), p.charges[a].lastWait()), cmp.Compare(held[b].every, held[a].every))
	})
}

// take takes what is wanted under one limit, not before start; the requests leave as densely as said. Where others are
// at work too, it sees to it that the clocks agree.
func (p *Pacer) take(ctx context.Context, c charge, w Want, start time.Time, dense time.Duration) (stretch, error) {
	for range maxTries {
		t := p.believed(c, start)
		ask := Stretch{NotBefore: start, Length: t.length(w.N, t.every > dense)}
		if !w.Before.IsZero() {
			ask.Latest = w.Before.Add(-time.Duration(w.N) * dense)
		}
		s, err := p.store.Take(ctx, c.Key, t.generation, ask)
		if err != nil && !errors.Is(err, ErrChanged) {
			return t, err
		}
		c.learn(s, p.clock.Now())
		if err != nil {
			continue
		}
		t.first, t.end = s.TAT.Add(-ask.Length), s.TAT
		idle, others := c.took(t.first, s.TAT, start)
		if t.alone = idle && w.N == 1; others {
			err = p.clock.Agree(ctx)
		}
		return t, err
	}
	return stretch{}, fmt.Errorf("%w %d times", ErrChanged, maxTries)
}

// Holds says whether the i-th slot still counts, as far as this process knows.
func (p *Pacer) Holds(s Slots, i int) bool {
	for k, t := range s.stretches {
		if t.taken() && !p.charges[k].known().holds(t.generation, t.end, s.At(i)) {
			return false
		}
	}
	return true
}

// Confirm says whether slots still count. It asks the store where they were reserved a while ago.
func (p *Pacer) Confirm(ctx context.Context, s Slots) (bool, error) {
	if p.clock.Now().Sub(s.taken) < sureFor {
		return p.Holds(s, 0), nil
	}
	for k, t := range s.stretches {
		if !t.taken() {
			continue
		}
		if err := p.load(ctx, p.charges[k]); err != nil {
			return false, fmt.Errorf("look up the pace of %s: %w", p.charges[k].Key, err)
		}
	}
	return p.Holds(s, 0), nil
}

// Refused reports that a party refused a request, that left at one of these slots, because of the rate. wait is what it
// asked for; 0 if it named none. Of all reports about one generation, the first counts.
func (p *Pacer) Refused(ctx context.Context, s Slots, by Party, wait time.Duration) error {
	for i, t := range s.stretches {
		if c := p.charges[i]; c.By == by && (t.alone || c.mayReport(t.generation)) {
			if !t.taken() { // it left at the pace of the others
				t.rate = float64(c.Units) * float64(time.Second) / float64(s.Every)
			}
			if err := p.refuse(ctx, c, t, wait); err != nil {
				return fmt.Errorf("slow down %s: %w", c.Key, err)
			}
		}
	}
	return nil
}

func (p *Pacer) refuse(ctx context.Context, c charge, t stretch, wait time.Duration) error {
	var err error
	for range maxTries {
		s := c.known()
		if s.Generation != t.generation {
			return nil // somebody else has reported it
		}
		after := s.Refuse(t.rate, c.Limit, p.clock.Now(), wait)
		if t.alone {
			after = s.Pause(p.clock.Now(), wait)
		}
		s, err = p.store.Swap(ctx, c.Key, s, after)
		if err != nil && !errors.Is(err, ErrChanged) {
			return err
		}
		c.learn(s, p.clock.Now())
		if err == nil {
			return nil
		}
	}
	return err
}
