package sqs_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local/sqs"
)

// TestEveryReceiveIsFair compares a queue in random use with a list that is searched through.
func TestEveryReceiveIsFair(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inBubble(t, func(f fixture) {
				draw := rand.New(rand.NewPCG(seed, 0))
				m := &model{fixture: f, served: map[string]int{}, inFlight: map[string][]types.Message{}}
				for range 300 {
					switch draw.IntN(5) {
					case 0, 1:
						m.send([]string{"", "a", "a", "a", "b", "c"}[draw.IntN(6)])
					case 2, 3:
						m.receive(1 + draw.IntN(3))
					default:
						m.finish(draw, draw.IntN(2) == 0)
					}
				}
				for len(m.ready) > 0 {
					m.receive(10)
				}
				f.wantNone("all were received")
			}, sqs.Queue{Name: "q", VisibilityTimeout: time.Hour})
		})
	}
}

// model is what a queue should hold: what is ready in its order, and what each group has in flight.
type model struct {
	fixture
	turns    int
	ready    []turn
	served   map[string]int
	inFlight map[string][]types.Message
}

// turn is a message of a group that became ready then.
type turn struct {
	group string
	at    int
}

func (m *model) send(group string) {
	m.sendAs(group, 1, 0)
	m.isReady(group)
}

func (m *model) isReady(group string) {
	m.turns++
	m.ready = append(m.ready, turn{group, m.turns})
}

func (m *model) receive(n int) {
	m.Helper()
	got := m.take(int32(n))
	if len(got) != min(n, len(m.ready)) {
		m.Fatalf("received %d of %d, %d are ready", len(got), n, len(m.ready))
	}
	for _, received := range got {
		group := m.next()
		if body := strings.Replace(*received.Body, "none", "", 1); body != group {
			m.Fatalf("received one of group %q, want one of %q", body, group)
		}
		if group != "" {
			m.turns++
			m.served[group] = m.turns
			m.inFlight[group] = append(m.inFlight[group], received)
		}
	}
}

// next takes the message whose turn it is: the first of its group in the list.
func (m *model) next() string {
	byTurn := func(a, b turn) int {
		return cmp.Or(cmp.Compare(len(m.inFlight[a.group]), len(m.inFlight[b.group])),
			cmp.Compare(max(a.at, m.served[a.group]), max(b.at, m.served[b.group])), cmp.Compare(a.at, b.at))
	}
	next := slices.MinFunc(m.ready, byTurn)
	m.ready = slices.DeleteFunc(m.ready, func(t turn) bool { return t == next })
	return next.group
}

// finish deletes one message that is in flight, or gives it back.
func (m *model) finish(draw *rand.Rand, isDone bool) {
	group := []string{"a", "b", "c"}[draw.IntN(3)]
	if len(m.inFlight[group]) == 0 {
		return
	}
	i := draw.IntN(len(m.inFlight[group]))
	received := m.inFlight[group][i]
	m.inFlight[group] = slices.Delete(m.inFlight[group], i, i+1)
	if isDone {
		m.delete(received)
		return
	}
	if err := m.setVisibility(received, 0); err != nil {
		m.Fatal(err)
	}
	m.isReady(group)
}
