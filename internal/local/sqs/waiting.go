package sqs

import (
	"container/heap"
	"time"
)

// waiting is a heap of messages by the instant at which they become visible, the first sent first among equals.
type waiting []*message

func (w waiting) Len() int { return len(w) }

func (w waiting) Less(i, j int) bool {
	if byTime := w[i].visibleAt.Compare(w[j].visibleAt); byTime != 0 {
		return byTime < 0
	}
	return w[i].sent.Before(w[j].sent)
}

func (w waiting) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index, w[j].index = i, j
}

// Push is for container/heap alone; use hold.
func (w *waiting) Push(m any) {
	pushed := m.(*message)
	pushed.index = len(*w)
	*w = append(*w, pushed)
}

// Pop is for container/heap alone; use release.
func (w *waiting) Pop() any {
	last := (*w)[len(*w)-1]
	(*w)[len(*w)-1] = nil
	*w = (*w)[:len(*w)-1]
	return last
}

func (w *waiting) hold(m *message, until time.Time) {
	m.visibleAt, m.at = until, w
	heap.Push(w, m)
}

func (w *waiting) release(m *message) {
	heap.Remove(w, m.index)
	m.at = nil
}

func (w waiting) first() *message {
	if len(w) == 0 {
		return nil
	}
	return w[0]
}
