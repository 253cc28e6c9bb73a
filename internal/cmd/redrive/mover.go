package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// lookEvery is the pause between two looks at a move.
	lookEvery = time.Second
	// patience is how long a move that was started may be missing from the list.
	patience = time.Minute
)

// States of a move (SQS API Reference, ListMessageMoveTasksResultEntry, Status).
const (
	running    = "RUNNING"
	cancelling = "CANCELLING"
	completed  = "COMPLETED"
	cancelled  = "CANCELLED"
	failed     = "FAILED"
)

// mover moves what is in one dead-letter queue, and says so to a person.
type mover struct {
	client *sqs.Client
	place  place
	out    io.Writer
	arn    string // Of the dead-letter queue, once it has been looked at.
}

func newMover(client *sqs.Client, p place, out io.Writer) *mover {
	return &mover{client: client, place: p, out: out}
}

// run moves what there is, or follows the move that is under way. It returns nil when ctx ends: SQS goes on by itself.
func (m *mover) run(ctx context.Context) error {
	err := m.move(ctx)
	if ctx.Err() != nil {
		m.say("Stopped looking. A move that has begun goes on in SQS; the same command follows it again.")
		return nil
	}
	return err
}

func (m *mover) move(ctx context.Context) error {
	letters, err := m.look(ctx)
	if err != nil {
		return err
	}
	last, err := m.latest(ctx)
	if err != nil {
		return err
	}
	if last != nil && isUnderWay(*last) {
		m.say("A move is under way already: following that one.")
		return m.follow(ctx, 0)
	}
	if letters.inFlight > 0 {
		m.say("%s being read by somebody at this moment and cannot be moved.", are(letters.inFlight))
	}
	if letters.waiting == 0 {
		m.say("Nothing to move: no message waits in %s.", m.place.queue)
		return nil
	}
	in := &sqs.StartMessageMoveTaskInput{SourceArn: &m.arn}
	if _, err := m.client.StartMessageMoveTask(ctx, in); err != nil {
		return m.explain(err)
	}
	m.say("Moving %s back to where they came from.", messages(letters.waiting))
	var before int64
	if last != nil {
		before = last.StartedTimestamp
	}
	return m.follow(ctx, before)
}

// letters is how many messages there are, as SQS estimates.
type letters struct{ waiting, inFlight int64 }

// look finds the queue, and makes sure that it can be the right one.
func (m *mover) look(ctx context.Context) (letters, error) {
	if err := m.find(ctx); err != nil {
		return letters{}, err
	}
	out, err := m.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &m.place.url, AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameQueueArn, types.QueueAttributeNameRedrivePolicy,
			types.QueueAttributeNameApproximateNumberOfMessages,
			types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		},
	})
	if err != nil {
		return letters{}, m.explain(err)
	}
	var policy struct{ DeadLetterTargetArn string }
	if text := out.Attributes["RedrivePolicy"]; text != "" {
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return letters{}, fmt.Errorf("read the redrive policy of %s: %w", m.place.queue, err)
		}
		return letters{}, fmt.Errorf("%s is not the dead-letter queue: its dead letters are in %s",
			m.place.queue, policy.DeadLetterTargetArn)
	}
	m.arn = out.Attributes["QueueArn"]
	waiting, err := strconv.ParseInt(out.Attributes["ApproximateNumberOfMessages"], 10, 64)
	inFlight, err2 := strconv.ParseInt(out.Attributes["ApproximateNumberOfMessagesNotVisible"], 10, 64)
	if err := errors.Join(err, err2); err != nil {
		return letters{}, fmt.Errorf("read how many messages are in %s: %w", m.place.queue, err)
	}
	return letters{waiting, inFlight}, nil
}

func (m *mover) find(ctx context.Context) error {
	if m.place.url != "" {
		return nil
	}
	in := &sqs.GetQueueUrlInput{QueueName: &m.place.name}
	if m.place.account != "" {
		in.QueueOwnerAWSAccountId = &m.place.account
	}
	out, err := m.client.GetQueueUrl(ctx, in)
	if err != nil {
		return m.explain(err)
	}
	m.place.url = aws.ToString(out.QueueUrl)
	return nil
}

// latest is the move that was started last, or nil.
func (m *mover) latest(ctx context.Context) (*types.ListMessageMoveTasksResultEntry, error) {
	out, err := m.client.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &m.arn})
	if err != nil {
		return nil, m.explain(err)
	}
	if len(out.Results) == 0 {
		return nil, nil
	}
	return &out.Results[0], nil
}

// follow says how the move that was started after the given time goes on, and how it ends. A list that does not have it
// yet is looked at again.
func (m *mover) follow(ctx context.Context, after int64) error {
	giveUp := time.Now().Add(patience)
	for said := int64(0); ; {
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
		task, err := m.latest(ctx)
		if err != nil {
			return err
		}
		switch {
		case task == nil || task.StartedTimestamp <= after:
			if time.Now().After(giveUp) {
				return fmt.Errorf("SQS started the move, but does not list it after %v: look again later", patience)
			}
		case !isUnderWay(*task):
			return m.end(*task)
		case task.ApproximateNumberOfMessagesMoved != said:
			said = task.ApproximateNumberOfMessagesMoved
			m.say("%s so far.", progress(*task))
		}
	}
}

func isUnderWay(task types.ListMessageMoveTasksResultEntry) bool {
	status := aws.ToString(task.Status)
	return status == running || status == cancelling
}

func (m *mover) end(task types.ListMessageMoveTasksResultEntry) error {
	switch status := aws.ToString(task.Status); status {
	case completed:
		m.say("Done: %s.", progress(task))
		return nil
	case cancelled:
		return fmt.Errorf("the move was cancelled: %s", progress(task))
	case failed:
		return fmt.Errorf("the move failed, %s: %s", progress(task), reason(aws.ToString(task.FailureReason)))
	default:
		return fmt.Errorf("the move is %q, which this command does not know: %s", status, progress(task))
	}
}

// progress leaves the total out until SQS says it.
func progress(task types.ListMessageMoveTasksResultEntry) string {
	if task.ApproximateNumberOfMessagesToMove == nil {
		return fmt.Sprintf("moved %s", messages(task.ApproximateNumberOfMessagesMoved))
	}
	return fmt.Sprintf("moved %d of %s", task.ApproximateNumberOfMessagesMoved,
		messages(*task.ApproximateNumberOfMessagesToMove))
}

// say writes a line. Where it cannot be written there is nobody to tell.
func (m *mover) say(format string, args ...any) { _, _ = fmt.Fprintf(m.out, format+"\n", args...) }

func messages(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

func are(n int64) string {
	if n == 1 {
		return "1 message is"
	}
	return fmt.Sprintf("%d messages are", n)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
