package sqs

import (
	"cmp"
	"container/heap"
	"container/list"
)

// fair holds what can be received, a line for each message group, and says whose turn it is: that of the groups with the
// fewest messages in flight, and among equals of the one that was served or came longest ago. Taking the oldest message
// there would let the group that came first keep the odd one of five consumers to itself, three against two.
//
// A message without a group is a group of its own (Developer Guide, "How Amazon SQS fair queues work"), so all of these
// have nothing in flight and share one line. No group waits for ever: once nothing of it is in flight, only those go
// before it whose turns are earlier, and each of them but once.
type fair struct {
	groups map[string]*group // Those that have something ready or in flight.
	next   groupHeap         // Those that have something ready.
	turns  uint64            // How many have been given out.
}

// group is a message group. It has its place in the heap while something of it is ready, and otherwise notReady.
type group struct {
	id       string
	ready    list.List // Of *message, the first to be received in front.
	inFlight int
	served   uint64 // When it was, as a turn.
	turn     uint64 // The later of that and when the message in front became ready.
	index    int
}

const notReady = -1

func newFair() *fair { return &fair{groups: map[string]*group{}} }

// first is the message whose turn it is, or nil.
func (f *fair) first() *message {
	if len(f.next) == 0 {
		return nil
	}
	return f.next[0].front()
}

// push puts a message at the end of its line.
func (f *fair) push(m *message) {
	g := f.of(m)
	m.turn, m.place = f.now(), g.ready.PushBack(m)
	f.settle(g)
}

// serve takes a message out of its line for somebody, after which the group's next turn is behind all others.
func (f *fair) serve(m *message) {
	if m.group != "" {
		f.of(m).served = f.now()
	}
	f.drop(m)
}

// drop takes a message out of its line, wherever it stands.
func (f *fair) drop(m *message) {
	g := f.of(m)
	g.ready.Remove(m.place)
	m.place = nil
	f.settle(g)
}

// count adds to what the message's group has in flight.
func (f *fair) count(m *message, change int) {
	if m.group == "" {
		return
	}
	g := f.of(m)
	g.inFlight += change
	f.settle(g)
}

func (f *fair) now() uint64 {
	f.turns++
	return f.turns
}

func (f *fair) of(m *message) *group {
	g := f.groups[m.group]
	if g == nil {
		g = &group{id: m.group, index: notReady}
		f.groups[m.group] = g
	}
	return g
}

// settle finds a group's place after a change, and forgets one that has nothing left.
func (f *fair) settle(g *group) {
	isReady, hasPlace := g.ready.Len() > 0, g.index != notReady
	if isReady {
		g.turn = max(g.served, g.front().turn)
	}
	switch {
	case isReady && hasPlace:
		heap.Fix(&f.next, g.index)
	case isReady:
		heap.Push(&f.next, g)
	case hasPlace:
		heap.Remove(&f.next, g.index)
	}
	if !isReady && g.inFlight == 0 {
		delete(f.groups, g.id)
	}
}

func (g *group) front() *message { return g.ready.Front().Value.(*message) }

// groupHeap has the group whose turn it is in front.
type groupHeap []*group

func (h groupHeap) Len() int { return len(h) }

func (h groupHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].inFlight, h[j].inFlight), cmp.Compare(h[i].turn, h[j].turn)) < 0
}

func (h groupHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for container/heap alone; use settle.
func (h *groupHeap) Push(g any) {
	pushed := g.(*group)
	pushed.index = len(*h)
	*h = append(*h, pushed)
}

// Pop is for container/heap alone; use settle.
func (h *groupHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	last.index = notReady
	return last
}
