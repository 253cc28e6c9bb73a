package pacetest

import (
	"context"
	"sync"
	"time"

	"sluice/internal/pace"
)

// Memory is a pace.Store in this process. The zero Memory is ready.
type Memory struct {
	mu     sync.Mutex
	states map[string]pace.State
	// Before, if set, is called before each call, outside of the lock: to take time, or to fail.
	Before func(ctx context.Context, operation, key string) error
}

func (m *Memory) before(ctx context.Context, operation, key string) error {
	if m.Before == nil {
		return nil
	}
	return m.Before(ctx, operation, key)
}

// Take implements pace.Store.
func (m *Memory) Take(ctx context.Context, key string, generation int64, s pace.Stretch) (pace.State, error) {
	return m.change(ctx, "Take", key, func(now pace.State) (pace.State, error) {
		if now.Generation != generation {
			return now, pace.ErrChanged
		}
		if err := s.Full(now.TAT); err != nil {
			return now, err
		}
		return now.Take(whole(s.NotBefore), ceil(s.Length), s.By), nil
	})
}

// TakeAll implements pace.Store.
func (m *Memory) TakeAll(ctx context.Context, by pace.Taker, start time.Time, wide pace.Part, narrow ...pace.Change,
) (map[string]pace.State, error) {
	if err := m.before(ctx, "TakeAll", wide.Key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	inTheWay := make(map[string]pace.State)
	if s := m.states[wide.Key]; s.Generation != wide.Generation || s.TAT.After(whole(start)) {
		inTheWay[wide.Key] = s
	}
	for _, c := range narrow {
		if s := m.states[c.Key]; s.Generation != c.Before.Generation || !s.TAT.Equal(c.Before.TAT) {
			inTheWay[c.Key] = s
		}
	}
	if len(inTheWay) > 0 {
		return inTheWay, pace.ErrChanged
	}
	m.put(wide.Key, m.states[wide.Key].TakeAt(whole(start), ceil(wide.Length), by))
	for _, c := range narrow {
		s := m.states[c.Key]
		s.TAT, s.Bursts = whole(c.After.TAT), c.After.Bursts
		m.put(c.Key, s)
	}
	return nil, nil
}

func (m *Memory) put(key string, s pace.State) {
	if m.states == nil {
		m.states = map[string]pace.State{}
	}
	m.states[key] = s
}

// Load implements pace.Store.
func (m *Memory) Load(ctx context.Context, key string) (pace.State, error) {
	if err := m.before(ctx, "Load", key); err != nil {
		return pace.State{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.states[key], nil
}

// Swap implements pace.Store.
func (m *Memory) Swap(ctx context.Context, key string, before, after pace.State) (pace.State, error) {
	return m.change(ctx, "Swap", key, func(now pace.State) (pace.State, error) {
		if now.Generation != before.Generation || !now.TAT.Equal(before.TAT) {
			return now, pace.ErrChanged
		}
		after.Takers = now.Takers
		after.TAT, after.Since, after.Halt = whole(after.TAT), whole(after.Since), whole(after.Halt)
		return after, nil
	})
}

func (m *Memory) change(ctx context.Context, operation, key string, to func(pace.State) (pace.State, error),
) (pace.State, error) {
	if err := m.before(ctx, operation, key); err != nil {
		return pace.State{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	state, err := to(m.states[key])
	if err != nil {
		return state, err
	}
	m.put(key, state)
	return state, nil
}

func whole(t time.Time) time.Time { return t.Truncate(time.Microsecond) }

func ceil(d time.Duration) time.Duration {
	return (d + time.Microsecond - 1).Truncate(time.Microsecond)
}
