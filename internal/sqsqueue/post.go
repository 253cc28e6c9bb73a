package sqsqueue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/campaign"
)

const (
	// maxEntries is how many messages one call may bring (SQS, SendMessageBatch).
	maxEntries = 10
	// maxBytes is how large a message may be, and all messages of one call together (Amazon SQS quotas).
	maxBytes = 1 << 20
	// maxAttempts bounds how often an entry is sent that the service failed to take. The SDK retries calls by itself.
	maxAttempts = 5
	// firstPause is the longest pause after the first attempt; it doubles with each further one.
	firstPause = 100 * time.Millisecond
)

// message is one message on its way.
type message struct {
	// name stands for it in errors, and says nothing personal.
	name, body string
	// group is the message group, which a standard queue takes for a tenant: one's backlog then does not hold up the
	// others, and nothing is put in order or held to one at a time (Amazon SQS Developer Guide, "Amazon SQS fair queues").
	// Empty for none.
	group string
	delay time.Duration
}

// check refuses what SQS would, but by name, and before anything is sent.
func (m message) check() error {
	if m.delay < 0 || m.delay > campaign.MaxDelay || m.delay%time.Second != 0 {
		return fmt.Errorf("queue %s: the delay is %v, it must be whole seconds from 0s to %v", m.name, m.delay, campaign.MaxDelay)
	}
	if len(m.body) > maxBytes {
		return fmt.Errorf("queue %s: it has %d bytes, the limit is %d", m.name, len(m.body), maxBytes)
	}
	return nil
}

// seconds is what is left of the delay.
func (m message) seconds(passed time.Duration) int32 {
	return int32(max(0, m.delay-passed.Truncate(time.Second)) / time.Second)
}

func (m message) groupID() *string {
	if m.group == "" {
		return nil
	}
	return &m.group
}

// post brings messages to one SQS queue. It may be used concurrently.
type post struct {
	client *sqs.Client
	url    string
}

// one sends one message in a call of its own.
func (p post) one(ctx context.Context, m message) error {
	if err := m.check(); err != nil {
		return err
	}
	_, err := p.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &p.url, MessageBody: &m.body, DelaySeconds: m.seconds(0), MessageGroupId: m.groupID(),
	})
	if err != nil {
		return fmt.Errorf("queue %s: %w", m.name, err)
	}
	return nil
}

// all sends the messages, as many to a call as it takes. What SQS fails to take is sent again, a few times; what it
// refuses is an error at once. Delays count from the call of all.
func (p post) all(ctx context.Context, messages []message) error {
	for _, m := range messages {
		if err := m.check(); err != nil {
			return err
		}
	}
	start := time.Now()
	for len(messages) > 0 {
		n := fitting(messages)
		if err := p.group(ctx, messages[:n], start); err != nil {
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// fitting is how many of the messages one call takes.
func fitting(messages []message) int {
	size := 0
	for i, m := range messages {
		if size += len(m.body); i == maxEntries || size > maxBytes {
			return i
		}
	}
	return len(messages)
}

// group sends what fits into one call until SQS has taken it all.
func (p post) group(ctx context.Context, pending []message, start time.Time) error {
	for attempt := range maxAttempts {
		if attempt > 0 {
			if err := pause(ctx, firstPause<<(attempt-1)); err != nil {
				return fmt.Errorf("queue %s again: %w", pending[0].name, err)
			}
		}
		left, err := p.send(ctx, pending, time.Since(start))
		if err != nil || len(left) == 0 {
			return err
		}
		pending = left
	}
	return fmt.Errorf("queue %s: SQS did not take it in %d attempts", pending[0].name, maxAttempts)
}

// send makes one call and returns the messages that SQS failed to take and may take later.
func (p post) send(ctx context.Context, messages []message, passed time.Duration) ([]message, error) {
	out, err := p.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &p.url, Entries: entries(messages, passed)})
	if err != nil {
		return nil, fmt.Errorf("queue %s and what goes with it, %d messages: %w", messages[0].name, len(messages), err)
	}
	taken := make(map[string]bool, len(out.Successful))
	for _, entry := range out.Successful {
		taken[aws.ToString(entry.Id)] = true
	}
	for _, entry := range out.Failed {
		if entry.SenderFault {
			return nil, fmt.Errorf("queue entry %s of %d: SQS refused it: %s: %s", aws.ToString(entry.Id),
				len(messages), aws.ToString(entry.Code), aws.ToString(entry.Message))
		}
	}
	var left []message
	for i, m := range messages {
		if !taken[strconv.Itoa(i)] {
			left = append(left, m)
		}
	}
	return left, nil
}

// entries are the messages of one call; the id of each is its place.
func entries(messages []message, passed time.Duration) []types.SendMessageBatchRequestEntry {
	list := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		list[i] = types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: &m.body, DelaySeconds: m.seconds(passed), MessageGroupId: m.groupID(),
		}
	}
	return list
}

// pause waits between half of limit and all of it, at random, so that senders that failed together do not return together.
func pause(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit/2 + rand.N(limit/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
