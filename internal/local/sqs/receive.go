package sqs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

type receiveMessageInput struct {
	QueueURL                    string `json:"QueueUrl"`
	MaxNumberOfMessages         *int64
	VisibilityTimeout           *int64
	WaitTimeSeconds             *int64
	AttributeNames              []string // The older name of MessageSystemAttributeNames.
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

type receiveMessageOutput struct {
	Messages []received `json:",omitempty"`
}

type received struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
}

// receiveMessage looks, and while there is nothing sleeps until something was sent, time made something visible, its wait
// is over or its client has gone.
func (s *Server) receiveMessage(c call, in receiveMessageInput) (receiveMessageOutput, error) {
	var until time.Time
	for {
		s.mu.Lock()
		now := time.Now()
		out, waited, err := s.receive(c, in, now)
		if until.IsZero() {
			until = now.Add(waited.atMost)
		}
		s.mu.Unlock()
		if err != nil || len(out.Messages) > 0 || !now.Before(until) {
			return out, err
		}
		wake := until
		if !waited.next.IsZero() && waited.next.Before(until) {
			wake = waited.next
		}
		if err := sleep(c.ctx, wake.Sub(now), waited.changed); err != nil {
			return receiveMessageOutput{}, fmt.Errorf("wait for a message: %w", err)
		}
	}
}

// patience is what a receiver that found nothing may wait for.
type patience struct {
	atMost  time.Duration
	next    time.Time
	changed <-chan struct{}
}

func (s *Server) receive(c call, in receiveMessageInput, now time.Time) (receiveMessageOutput, patience, error) {
	var out receiveMessageOutput
	q, err := s.find(in.QueueURL)
	if err != nil {
		return out, patience{}, err
	}
	n := int64(1)
	if in.MaxNumberOfMessages != nil {
		n = *in.MaxNumberOfMessages
	}
	if n < 1 || n > MaxReceived {
		return out, patience{}, invalidValue("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be "+
			"between 1 and %d, if provided.", n, MaxReceived)
	}
	visibility, err := whole("VisibilityTimeout", in.VisibilityTimeout, q.VisibilityTimeout, MaxVisibilityTimeout)
	if err != nil {
		return out, patience{}, err
	}
	wait, err := whole("WaitTimeSeconds", in.WaitTimeSeconds, q.ReceiveWait, MaxWait)
	if err != nil {
		return out, patience{}, err
	}
	q.catchUp(now)
	taken, err := q.take(int(n), visibility, now)
	for _, m := range taken {
		out.Messages = append(out.Messages, q.show(m, c.region, in))
	}
	return out, patience{wait, earlier(q.nextChange(), s.nextMove()), q.changed}, err
}

func sleep(ctx context.Context, d time.Duration, changed <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
	}
	return ctx.Err() // Whatever woke it: a message handed to a client that has gone would only lose a receive.
}

// show writes a message as a receiver asked for it.
func (q *queue) show(m *message, region string, in receiveMessageInput) received {
	shown := received{
		MessageID: m.id, ReceiptHandle: q.handle(m), MD5OfBody: m.bodyMD5, Body: m.body,
		Attributes: map[string]string{}, MessageAttributes: map[string]attribute{},
	}
	wanted := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for name, value := range m.system(region) {
		if slices.Contains(wanted, "All") || slices.Contains(wanted, name) {
			shown.Attributes[name] = value
		}
	}
	for name, value := range m.attributes {
		if matches(in.MessageAttributeNames, name) {
			shown.MessageAttributes[name] = value
		}
	}
	shown.MD5OfMessageAttributes = md5OfAttributes(shown.MessageAttributes)
	return shown
}

// system lists the attributes that the service gives a message (API Reference, ReceiveMessage). Times are in milliseconds.
func (m *message) system(region string) map[string]string {
	attributes := map[string]string{
		"SenderId":                         account,
		"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.firstReceived.UnixMilli(), 10),
	}
	if m.group != "" {
		attributes["MessageGroupId"] = m.group
	}
	if m.origin != nil {
		attributes["DeadLetterQueueSourceArn"] = arn(region, m.origin)
	}
	return attributes
}

// matches knows All, .* and prefix.* (API Reference, ReceiveMessage, MessageAttributeNames).
func matches(wanted []string, name string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool {
		prefix, isPrefix := strings.CutSuffix(w, ".*")
		return w == "All" || w == name || isPrefix && strings.HasPrefix(name, prefix)
	})
}
