package pace

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
)

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
	if turn, _ := p.turn(w); !turn.After(p.clock.Now()) {
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
	turn, start := p.turn(w)
	if !turn.After(p.clock.Now()) {
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
