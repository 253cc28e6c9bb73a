// Package sqsqueue carries a campaign's deliveries over an Amazon SQS standard queue: it queues them, and reads them
// from the bodies in which they come back.
package sqsqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
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
	// maxAttempts bounds how often an entry is sent that the service failed to take. The SDK retries calls by itself.
	maxAttempts = 5
	// firstPause is the longest pause after the first attempt; it doubles with each further one.
	firstPause = 100 * time.Millisecond
)

// Queue is a campaign.Queue over one SQS queue. It may be used concurrently.
type Queue struct {
	client *sqs.Client
	url    string
}

var _ campaign.Queue = (*Queue)(nil)

// New returns a queue that sends to queueURL. The client's retryer answers for whole calls that fail.
func New(client *sqs.Client, queueURL string) *Queue {
	return &Queue{client: client, url: queueURL}
}

// Enqueue sends the deliveries, ten to a call. A delay that is not whole seconds from 0 to campaign.MaxDelay is an error
// before anything is sent. What SQS fails to take is sent again, a few times; what it refuses is an error at once.
//
// Delays count from the call of Enqueue: seconds that pass in it are taken off, so no delivery is early, or late by more
// than a second.
func (q *Queue) Enqueue(ctx context.Context, deliveries ...campaign.Delivery) error {
	for _, d := range deliveries {
		if d.Delay < 0 || d.Delay > campaign.MaxDelay || d.Delay%time.Second != 0 {
			return fmt.Errorf("queue %s: the delay is %v, it must be whole seconds from 0s to %v",
				name(d), d.Delay, campaign.MaxDelay)
		}
	}
	start := time.Now()
	for group := range slices.Chunk(deliveries, maxEntries) {
		if err := q.enqueue(ctx, group, start); err != nil {
			return err
		}
	}
	return nil
}

// Waiting is SQS's approximate count (GetQueueAttributes, ApproximateNumberOfMessages).
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	const count = types.QueueAttributeNameApproximateNumberOfMessages
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{count},
	})
	if err != nil {
		return 0, fmt.Errorf("count what waits in the queue: %w", err)
	}
	n, err := strconv.Atoi(out.Attributes[string(count)])
	if err != nil {
		return 0, fmt.Errorf("count what waits in the queue: %w", err)
	}
	return n, nil
}

// enqueue sends up to ten deliveries until SQS has taken them all.
func (q *Queue) enqueue(ctx context.Context, pending []campaign.Delivery, start time.Time) error {
	for attempt := range maxAttempts {
		if attempt > 0 {
			if err := pause(ctx, firstPause<<(attempt-1)); err != nil {
				return fmt.Errorf("queue %s again: %w", name(pending[0]), err)
			}
		}
		left, err := q.send(ctx, pending, time.Since(start))
		if err != nil || len(left) == 0 {
			return err
		}
		pending = left
	}
	return fmt.Errorf("queue %s: SQS did not take it in %d attempts", name(pending[0]), maxAttempts)
}

// send makes one call and returns the deliveries that SQS failed to take and may take later.
func (q *Queue) send(ctx context.Context, deliveries []campaign.Delivery, passed time.Duration) ([]campaign.Delivery, error) {
	entries, err := encode(deliveries, passed)
	if err != nil {
		return nil, err
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return nil, fmt.Errorf("queue %d deliveries: %w", len(deliveries), err)
	}
	taken := make(map[string]bool, len(out.Successful))
	for _, entry := range out.Successful {
		taken[aws.ToString(entry.Id)] = true
	}
	for _, entry := range out.Failed {
		if entry.SenderFault {
			return nil, fmt.Errorf("queue entry %s of %d: SQS refused it: %s: %s", aws.ToString(entry.Id),
				len(deliveries), aws.ToString(entry.Code), aws.ToString(entry.Message))
		}
	}
	var left []campaign.Delivery
	for i, d := range deliveries {
		if !taken[strconv.Itoa(i)] {
			left = append(left, d)
		}
	}
	return left, nil
}

// encode writes the entries; the id of each is its place. The campaign is the message group, which a standard queue takes
// for a tenant: one campaign's backlog then does not hold up the others, and nothing is put in order or held to one at a
// time (Amazon SQS Developer Guide, "Amazon SQS fair queues").
func encode(deliveries []campaign.Delivery, passed time.Duration) ([]types.SendMessageBatchRequestEntry, error) {
	entries := make([]types.SendMessageBatchRequestEntry, len(deliveries))
	for i, d := range deliveries {
		body, err := json.Marshal(d)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name(d), err)
		}
		entries[i] = types.SendMessageBatchRequestEntry{
			Id:           aws.String(strconv.Itoa(i)),
			MessageBody:  aws.String(string(body)),
			DelaySeconds: int32(max(0, d.Delay-passed.Truncate(time.Second)) / time.Second),

			MessageGroupId: aws.String(d.Campaign),
		}
	}
	return entries, nil
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

func name(d campaign.Delivery) string {
	return fmt.Sprintf("batch %d of campaign %s", d.Batch, d.Campaign)
}
