package pace

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	// near is how far ahead of their time several limits are taken at once.
	near = 300 * time.Millisecond
	// maxLost bounds how often somebody else may be faster, and firstPause how long to wait then, at first.
	maxLost    = 100
	firstPause = time.Millisecond
	// fresh is how old may be what is known of a limit that is not counted.
	fresh = time.Second
	// sureFor is how long a holder relies on slots without asking whether they still count.
	sureFor = 500 * time.Millisecond
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

// Want is what is to be reserved: N slots at most, none before NotBefore nor within Lead from when it is reserved, and all
// over at Before (zero: however late). Wait is called to let time pass before several limits are taken; where it fails, so
// does Reserve.
type Want struct {
	N                 int
	NotBefore, Before time.Time
	Lead              time.Duration
	Wait              func(context.Context, time.Time) error
}

// Reserve gives out the next slots, no more than Chunk says. It does not wait for them, but where there are several limits,
// for their time to come near. FullError where there are none.
func (p *Pacer) Reserve(ctx context.Context, w Want) (Slots, error) {
	if err := p.look(ctx); err != nil {
		return Slots{}, err
	}
	for changed, lost := 0, 0; changed < maxTries; {
		before := p.generations()
		slots, err := p.try(ctx, w)
		if !errors.Is(err, ErrChanged) {
			return slots, err
		}
		if p.generations() != before {
			changed++
			continue
		}
		if lost++; lost == maxLost { // as good as none
			return Slots{}, FullError{Free: p.clock.Now().Add(time.Second)}
		}
		if err := w.Wait(ctx, p.clock.Now().Add(rand.N(firstPause<<min(lost, 6)))); err != nil {
			return Slots{}, err
		}
	}
	return Slots{}, fmt.Errorf("reserve %d slots: %w %d times", w.N, ErrChanged, maxTries)
}

// generations change when one of the limits does.
func (p *Pacer) generations() int64 {
	sum := int64(0)
	for _, c := range p.charges {
		sum += c.known().Generation
	}
	return sum
}

// try reserves by what is known. After ErrChanged, more is.
func (p *Pacer) try(ctx context.Context, w Want) (Slots, error) {
	if err := p.approach(ctx, w); err != nil {
		return Slots{}, err
	}
	a := p.ask(w)
	if err := (Stretch{NotBefore: a.start, Latest: a.latest}).Full(a.start); err != nil && len(a.counted) > 1 {
		return Slots{}, err
	}
	take := p.takeAll
	if len(a.counted) == 1 {
		take = p.takeOne
	}
	start, err := take(ctx, a)
	if err != nil {
		return Slots{}, err
	}
	others := false
	for _, i := range a.counted {
		t := &a.held[i]
		t.first, t.end = start, start.Add(t.length)
		idle, shared := p.charges[i].took(t.first, t.end, a.notBefore)
		t.alone, others = idle && a.n == 1, others || shared
	}
	if others {
		err = p.clock.Agree(ctx)
	}
	return join(a.n, p.clock.Now(), a.held), err
}

// ask is what is to be taken, as far as is known.
type ask struct {
	n                 int
	notBefore, latest time.Time
	held              []stretch
	counted           []int
	// start is when all limits are free, and free when each is, in the order of counted.
	start time.Time
	free  []time.Time
}

func (p *Pacer) ask(w Want) ask {
	a := ask{notBefore: later(w.NotBefore, p.clock.Now().Add(w.Lead)).Truncate(time.Microsecond)} // as the store keeps it
	a.held, a.counted = p.stretches(a.notBefore), p.counted(a.notBefore)
	a.n = min(w.N, p.chunk(a.held, a.counted))
	dense := a.held[0].every
	if !w.Before.IsZero() {
		a.latest = w.Before.Add(-time.Duration(a.n) * dense)
	}
	for _, i := range a.counted {
		a.held[i].length = a.held[i].price.length(a.n, dense)
		a.free = append(a.free, later(a.notBefore, p.charges[i].known().TAT))
		a.start = later(a.start, a.free[len(a.free)-1])
	}
	for k, i := range a.counted[1:] {
		t := a.held[i]
		room := p.charges[i].known().room(Burst{Start: a.free[k+1], N: a.n, Units: t.units, Every: dense}, t.most, t.window)
		a.free[k+1] = room.Add(time.Microsecond - 1).Truncate(time.Microsecond)
		a.start = later(a.start, a.free[k+1])
	}
	return a
}

// approach waits until a limit that is free later than a wider one is near: what would be taken of the wider one by then,
// nobody else could use. The other way round nothing is lost, as long as who is under the narrower limit is under the wider
// too; and it should get into line there early.
func (p *Pacer) approach(ctx context.Context, w Want) error {
	if len(p.counted(p.clock.Now())) == 1 {
		return nil
	}
	turn, start := p.turn(w)
	if !turn.After(p.clock.Now()) {
		return nil
	}
	for _, i := range p.counted(p.clock.Now()) { // it may not be so any more
		if p.charges[i].age(p.clock.Now()) <= near {
			continue
		}
		if err := p.load(ctx, p.charges[i]); err != nil {
			return fmt.Errorf("look up the pace of the %s: %w", Kind(p.charges[i].Key), err)
		}
	}
	if turn, start = p.turn(w); !turn.After(p.clock.Now()) {
		return nil
	}
	if !w.Before.IsZero() && start.After(w.Before) {
		return FullError{Free: start}
	}
	return w.Wait(ctx, turn)
}

// turn is when to take all limits, and start from when.
func (p *Pacer) turn(w Want) (turn, start time.Time) {
	a := p.ask(w)
	for _, free := range slices.Backward(a.free) {
		if start.Sub(free) > near && !start.IsZero() {
			turn = later(turn, start.Add(-near))
		}
		start = later(start, free)
	}
	return turn, start
}

func (p *Pacer) takeOne(ctx context.Context, a ask) (time.Time, error) {
	c, t := p.charges[0], a.held[0]
	s, err := p.store.Take(ctx, c.Key, t.generation, Stretch{
		NotBefore: a.notBefore, Latest: a.latest, Length: t.length, By: p.by, Busy: !c.known().TAT.Before(a.notBefore),
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
func (p *Pacer) takeAll(ctx context.Context, a ask) (time.Time, error) {
	wide := Part{Key: p.charges[0].Key, Generation: a.held[0].generation, Length: a.held[0].length}
	after := []State{p.charges[0].known().TakeAt(a.start, a.held[0].length, p.by)}
	var narrow []Change
	for _, i := range a.counted[1:] {
		before := p.charges[i].known()
		spent := before.Spend(Burst{Start: a.start, N: a.n, Units: a.held[i].units, Every: a.held[0].every}, a.held[i].length)
		narrow = append(narrow, Change{Key: p.charges[i].Key, Before: before, After: spent})
		after = append(after, spent)
	}
	inTheWay, err := p.store.TakeAll(ctx, p.by, a.start, wide, narrow...)
	for k, i := range a.counted {
		c := p.charges[i]
		if s, ok := inTheWay[c.Key]; ok {
			c.learn(s, p.clock.Now())
		} else if err == nil {
			c.learn(after[k], p.clock.Now())
		}
	}
	if err != nil {
		return a.start, fmt.Errorf("reserve slots of %d limits: %w", len(after), err)
	}
	return a.start, nil
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
				c.unreported(t.generation)
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
