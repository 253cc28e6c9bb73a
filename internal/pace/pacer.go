package pace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// near is how far ahead of their time several limits are taken at once.
	near = 300 * time.Millisecond
	// fresh is how old may be what is known of a limit that is not counted.
	fresh = time.Second
	// sureFor is how long a holder relies on slots without asking whether they still count.
	sureFor = 500 * time.Millisecond
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
	now := p.clock.Now()
	_, slow := extremes(p.stretches(now), p.counted(now))
	return float64(time.Second) / float64(slow)
}

// CurrentRate is Rate, as it is for all: it asks where what is known is not fresh.
func (p *Pacer) CurrentRate(ctx context.Context) (float64, error) {
	for _, c := range p.charges {
		if c.By == Self || c.age(p.clock.Now()) < fresh {
			continue
		}
		if err := p.load(ctx, c); err != nil {
			return p.Rate(), fmt.Errorf("look up the pace of the %s: %w", Kind(c.Key), err)
		}
	}
	return p.Rate(), nil
}

// Chunk is how many slots to reserve at once: about a second's, and no more than may leave at once under every limit. Where
// several groups share the widest limit, it is a share of that.
func (p *Pacer) Chunk() int {
	now := p.clock.Now()
	return p.chunk(p.stretches(now), p.counted(now))
}

func (p *Pacer) chunk(all []stretch, counted []int) int {
	dense, slow := extremes(all, counted)
	n := min(p.most, max(1, int(float64(time.Second)/float64(slow)+0.5)))
	for _, i := range counted {
		if all[i].every > dense {
			n = min(n, all[i].burst)
		}
	}
	if groups, senders := sharers(p.charges[0].known().Takers, p.by.Group); groups > 1 {
		n = min(n, share(float64(time.Second)/float64(all[0].every), p.most, groups, senders))
	}
	return n
}

// extremes are how densely requests may leave under the fastest limit, and under the slowest.
func extremes(all []stretch, counted []int) (dense, slow time.Duration) {
	dense, slow = all[counted[0]].every, all[counted[0]].every
	for _, i := range counted {
		dense, slow = min(dense, all[i].every), max(slow, all[i].every)
	}
	return dense, slow
}

// Want is what is to be reserved: N slots at most, none before NotBefore and all over at Before (zero: however late). Wait is
// called to let time pass between the reservations under several limits; where it fails, so does Reserve.
type Want struct {
	N                 int
	NotBefore, Before time.Time
	Wait              func(context.Context, time.Time) error
}

// Reserve gives out the next slots, no more than Chunk says. It does not wait for them, but where there are several limits,
// for their time to come near. FullError where there are none.
func (p *Pacer) Reserve(ctx context.Context, w Want) (Slots, error) {
	if err := p.look(ctx); err != nil {
		return Slots{}, err
	}
	tries, wait := 0, w.Wait
	w.Wait = func(ctx context.Context, t time.Time) error {
		tries = 0 // whoever waits for its turn may find others there first, again and again
		return wait(ctx, t)
	}
	for ; tries < maxTries; tries++ {
		slots, err := p.try(ctx, w)
		if !errors.Is(err, ErrChanged) {
			return slots, err
		}
	}
	return Slots{}, fmt.Errorf("reserve %d slots: %w %d times", w.N, ErrChanged, maxTries)
}

// try reserves by what is known. After ErrChanged, more is.
func (p *Pacer) try(ctx context.Context, w Want) (Slots, error) {
	held, counted := p.stretches(w.NotBefore), p.counted(w.NotBefore)
	if len(counted) > 1 {
		if err := p.approach(ctx, w, counted); err != nil {
			return Slots{}, err
		}
		held, counted = p.stretches(w.NotBefore), p.counted(w.NotBefore) // others have been at work meanwhile
	}
	n := min(w.N, p.chunk(held, counted))
	dense, _ := extremes(held, counted)
	var latest time.Time
	if !w.Before.IsZero() {
		latest = w.Before.Add(-time.Duration(n) * dense)
	}
	for _, i := range counted {
		held[i].length = held[i].price.length(n, held[i].every > dense)
	}
	take := p.takeAll
	if len(counted) == 1 {
		take = p.takeOne
	}
	start, err := take(ctx, held, counted, w.NotBefore, latest)
	if err != nil {
		return Slots{}, err
	}
	others := false
	for _, i := range counted {
		t := &held[i]
		t.first, t.end = start, start.Add(t.length)
		idle, shared := p.charges[i].took(t.first, t.end, w.NotBefore)
		t.alone, others = idle && n == 1, others || shared
	}
	if others {
		err = p.clock.Agree(ctx)
	}
	return join(n, p.clock.Now(), held), err
}

// approach waits until a limit that is taken up further than a wider one is near: what would be taken of the wider one by
// then, nobody else could use. The other way round nothing is lost: who is under the narrower limit is under the wider, and
// should get into line there early.
func (p *Pacer) approach(ctx context.Context, w Want, counted []int) error {
	if c := p.charges[counted[0]]; c.age(p.clock.Now()) > near {
		if err := p.load(ctx, c); err != nil {
			return fmt.Errorf("look up the pace of the %s: %w", Kind(c.Key), err)
		}
	}
	var narrower, turn time.Time
	for _, i := range slices.Backward(counted) {
		free := p.tat(i, w.NotBefore)
		if !narrower.IsZero() && narrower.Sub(free) > near {
			turn = later(turn, narrower.Add(-near))
		}
		narrower = later(narrower, free)
	}
	if !turn.After(p.clock.Now()) {
		return nil
	}
	if !w.Before.IsZero() && turn.After(w.Before) {
		return FullError{Free: narrower}
	}
	return w.Wait(ctx, turn)
}

// tat is when the i-th limit is free, as far as is known.
func (p *Pacer) tat(i int, notBefore time.Time) time.Time {
	return later(notBefore, p.charges[i].known().TAT)
}

func (p *Pacer) takeOne(ctx context.Context, held []stretch, counted []int, notBefore, latest time.Time) (time.Time, error) {
	c, t := p.charges[counted[0]], held[counted[0]]
	s, err := p.store.Take(ctx, c.Key, t.generation, Stretch{
		NotBefore: notBefore, Latest: latest, Length: t.length, By: p.by, Busy: !c.known().TAT.Before(notBefore),
	})
	if err == nil || errors.Is(err, ErrChanged) {
		c.learn(s, p.clock.Now())
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reserve slots of the %s: %w", Kind(c.Key), err)
	}
	return s.TAT.Add(-t.length), nil
}

// takeAll takes of each limit from when all of them are free.
func (p *Pacer) takeAll(ctx context.Context, held []stretch, counted []int, notBefore, latest time.Time) (time.Time, error) {
	start := notBefore
	parts := make([]Part, 0, len(counted))
	for _, i := range counted {
		start = later(start, p.tat(i, notBefore))
		parts = append(parts, Part{Key: p.charges[i].Key, Generation: held[i].generation, Length: held[i].length})
	}
	start = start.Truncate(time.Microsecond) // as the store keeps it
	if err := (Stretch{NotBefore: start, Latest: latest}).Full(start); err != nil {
		return start, err
	}
	inTheWay, err := p.store.TakeAll(ctx, p.by, start, parts)
	for _, i := range counted {
		c := p.charges[i]
		if s, ok := inTheWay[c.Key]; ok {
			c.learn(s, p.clock.Now())
		} else if err == nil {
			c.learn(c.known().TakeAt(start, held[i].length, p.by), p.clock.Now())
		}
	}
	if err != nil {
		return start, fmt.Errorf("reserve slots of %d limits: %w", len(parts), err)
	}
	return start, nil
}

// look finds out what must be known before anything is taken: whether an implied limit counts, and whether one's own has
// been changed.
func (p *Pacer) look(ctx context.Context) error {
	for _, c := range p.charges {
		var err error
		switch {
		case c.Implied && !c.active(c.known(), p.clock.Now()) && c.age(p.clock.Now()) >= fresh:
			err = p.load(ctx, c)
		case c.By == Self:
			err = p.adopt(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("look up the pace of the %s: %w", Kind(c.Key), err)
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

// Holds says whether the i-th slot still counts, as far as this process knows.
func (p *Pacer) Holds(s Slots, i int) bool {
	for k, t := range s.stretches {
		switch c := p.charges[k]; {
		case t.taken() && !c.known().holds(t.generation, t.end, s.At(i)):
			return false
		case !t.taken() && c.active(c.known(), s.At(i)): // it was implied then
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
	for _, c := range p.charges {
		if err := p.load(ctx, c); err != nil {
			return false, fmt.Errorf("look up the pace of the %s: %w", Kind(c.Key), err)
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
				return fmt.Errorf("slow down the %s: %w", Kind(c.Key), err)
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
