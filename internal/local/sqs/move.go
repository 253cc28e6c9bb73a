package sqs

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// States of a move (API Reference, ListMessageMoveTasksResultEntry, Status). Nothing cancels one here.
const (
	moveRuns   = "RUNNING"
	moveIsDone = "COMPLETED"
	moveFailed = "FAILED"
)

// noSource is why a move without a destination fails at a message that was sent to the dead-letter queue directly
// (Developer Guide, "Troubleshoot Amazon SQS dead-letter queue and DLQ redrive issues").
const noSource = "CouldNotDetermineMessageSource"

// move is a task that moves the messages of a dead-letter queue, one at a time and evenly. It is as far as the clock
// says whenever somebody looks.
type move struct {
	handle, status, failure string
	from, to                *queue // to is nil: each message goes back to where it came from.
	rate                    int64  // As asked for; 0 is DefaultMoveRate.
	started                 time.Time
	moved, toMove           int64
}

type startMessageMoveTaskInput struct {
	SourceARN                    string  `json:"SourceArn"`
	DestinationARN               *string `json:"DestinationArn"`
	MaxNumberOfMessagesPerSecond *int64
}

type startMessageMoveTaskOutput struct {
	TaskHandle string
}

func (s *Server) startMessageMoveTask(c call, in startMessageMoveTaskInput) (startMessageMoveTaskOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	m, err := s.checkMove(c, in)
	if err != nil {
		return startMessageMoveTaskOutput{}, err
	}
	if m.handle, err = newTaskHandle(in.SourceARN); err != nil {
		return startMessageMoveTaskOutput{}, err
	}
	m.from.catchUp(now)
	m.started, m.toMove = now, int64(m.from.visible())
	if m.toMove == 0 {
		m.status = moveIsDone
	}
	m.from.moves = append([]*move{m}, m.from.moves[:min(len(m.from.moves), MaxMoveResults-1)]...)
	for _, q := range s.queues {
		q.wake() // Receivers that wait have to reckon with what is to come.
	}
	return startMessageMoveTaskOutput{m.handle}, nil
}

// checkMove refuses what the service would (API Reference, StartMessageMoveTask).
func (s *Server) checkMove(c call, in startMessageMoveTaskInput) (*move, error) {
	m := &move{status: moveRuns}
	var err error
	if m.from, err = s.findARN(c, "SourceArn", in.SourceARN); err != nil {
		return nil, err
	}
	if !s.isDeadLetterQueue(m.from) {
		return nil, invalidValue("Source queue must be configured as a Dead Letter Queue.")
	}
	if in.DestinationARN != nil {
		if m.to, err = s.findARN(c, "DestinationArn", *in.DestinationARN); err != nil {
			return nil, err
		}
	}
	if m.to == m.from {
		return nil, invalidValue("Source queue arn and destination queue arn cannot be the same.")
	}
	if in.MaxNumberOfMessagesPerSecond != nil {
		if m.rate = *in.MaxNumberOfMessagesPerSecond; m.rate < 1 || m.rate > MaxMoveRate {
			return nil, invalidValue("Value %d for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter "+
				"a number that's between 1 and %d.", m.rate, MaxMoveRate)
		}
	}
	if latest := m.from.moves; len(latest) > 0 && latest[0].status == moveRuns {
		return nil, invalidValue("There is already a task running. Only one active task is allowed for a source queue arn " +
			"at a given time.")
	}
	return m, nil
}

func (s *Server) isDeadLetterQueue(dead *queue) bool {
	for _, q := range s.queues {
		if q.dead == dead {
			return true
		}
	}
	return false
}

// newTaskHandle makes an opaque name: the service's own is JSON in base64 as well.
func newTaskHandle(source string) (string, error) {
	task, err := json.Marshal(map[string]string{"taskId": rand.Text(), "sourceArn": source})
	if err != nil {
		return "", fmt.Errorf("write a task handle: %w", err)
	}
	return base64.StdEncoding.EncodeToString(task), nil
}

// findARN returns the queue of an ARN in the region that was called. The caller holds the lock.
func (s *Server) findARN(c call, parameter, given string) (*queue, error) {
	if given == "" && parameter == "SourceArn" {
		return nil, missing(parameter)
	}
	parts := strings.Split(given, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sqs" {
		return nil, invalidValue("You must use this format to specify the %s: "+
			"arn:<partition>:<service>:<region>:<account-id>:<resource-id>", parameter)
	}
	if q := s.queues[parts[5]]; q != nil && arn(c.region, q) == given {
		return q, nil
	}
	return nil, fail("ResourceNotFoundException",
		"The resource that you specified for the %s parameter doesn't exist.", parameter)
}

type listMessageMoveTasksInput struct {
	SourceARN  string `json:"SourceArn"`
	MaxResults *int64
}

type listMessageMoveTasksOutput struct {
	Results []moveEntry `json:",omitempty"`
}

type moveEntry struct {
	TaskHandle                        string `json:",omitempty"`
	Status                            string
	SourceARN                         string `json:"SourceArn"`
	DestinationARN                    string `json:"DestinationArn,omitempty"`
	MaxNumberOfMessagesPerSecond      int64  `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int64
	ApproximateNumberOfMessagesToMove int64
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64
}

func (s *Server) listMessageMoveTasks(c call, in listMessageMoveTasksInput) (listMessageMoveTasksOutput, error) {
	var out listMessageMoveTasksOutput
	n := int64(1)
	if in.MaxResults != nil {
		n = *in.MaxResults
	}
	if n < 1 || n > MaxMoveResults {
		return out, invalidValue("Value %d for parameter MaxResults is invalid. Reason: You must enter a number that's "+
			"between 1 and %d.", n, MaxMoveResults)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.findARN(c, "SourceArn", in.SourceARN)
	if err != nil {
		return out, err
	}
	s.advance(time.Now())
	for _, m := range q.moves[:min(len(q.moves), int(n))] {
		out.Results = append(out.Results, m.describe(c.region))
	}
	return out, nil
}

func (m *move) describe(region string) moveEntry {
	entry := moveEntry{
		Status: m.status, SourceARN: arn(region, m.from), MaxNumberOfMessagesPerSecond: m.rate,
		ApproximateNumberOfMessagesMoved: m.moved, ApproximateNumberOfMessagesToMove: m.toMove,
		FailureReason: m.failure, StartedTimestamp: m.started.UnixMilli(),
	}
	if m.status == moveRuns {
		entry.TaskHandle = m.handle
	}
	if m.to != nil {
		entry.DestinationARN = arn(region, m.to)
	}
	return entry
}

// advance does what moves should have done by now. The caller holds the lock.
func (s *Server) advance(now time.Time) {
	for _, q := range s.queues {
		if len(q.moves) > 0 {
			q.moves[0].advance(now)
		}
	}
}

// nextMove is when a move will next bring a message somewhere; zero when none runs.
func (s *Server) nextMove() time.Time {
	var next time.Time
	for _, q := range s.queues {
		if len(q.moves) > 0 && q.moves[0].status == moveRuns {
			next = earlier(next, q.moves[0].next())
		}
	}
	return next
}

// next is when the next message is to be moved: the first one an interval after the start.
func (m *move) next() time.Time {
	rate := m.rate
	if rate == 0 {
		rate = DefaultMoveRate
	}
	return m.started.Add(time.Duration((m.moved + 1) * int64(time.Second) / rate))
}

func (m *move) advance(now time.Time) {
	for at := m.next(); m.status == moveRuns && !at.After(now); at = m.next() {
		m.step(at)
	}
}

// step moves the message that would be received next. Others may have taken what was there when the task started.
func (m *move) step(now time.Time) {
	m.from.catchUp(now)
	next := m.from.ready.first()
	if next == nil {
		m.status = moveIsDone
		return
	}
	to := m.to
	if to == nil {
		to = next.origin
	}
	if to == nil {
		m.status, m.failure = moveFailed, noSource
		return
	}
	m.from.remove(next)
	to.catchUp(now)
	to.add(next.anew(now), now.Add(to.Delay), now)
	if m.moved++; m.moved == m.toMove {
		m.status = moveIsDone
	}
}

// anew is the message as a new one, with an id, an age and a receive count of its own (Developer Guide, "Learn how to
// configure a dead-letter queue redrive in Amazon SQS").
func (m *message) anew(now time.Time) *message {
	return &message{
		id: rand.Text(), body: m.body, bodyMD5: m.bodyMD5, attributes: m.attributes, attributesMD5: m.attributesMD5,
		group: m.group, sent: now,
	}
}

// earlier is the first of two instants, of which a zero one is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
