// Package sqsqueue carries what happens over Amazon SQS standard queues: a campaign's deliveries to senders, what the
// provider tells us to recorders, single texts to couriers. It queues them, and reads them from the bodies in which they
// come back.
package sqsqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/campaign"
)

// Queue is a campaign.Queue over one SQS queue. It may be used concurrently.
type Queue struct{ post post }

var _ campaign.Queue = (*Queue)(nil)

// New returns a queue that sends to queueURL. The client's retryer answers for whole calls that fail.
func New(client *sqs.Client, queueURL string) *Queue { return &Queue{post{client, queueURL}} }

// Enqueue sends the deliveries, ten to a call. A delay that is not whole seconds from 0 to campaign.MaxDelay is an error
// before anything is sent. What SQS fails to take is sent again, a few times; what it refuses is an error at once.
//
// Delays count from the call of Enqueue: seconds that pass in it are taken off, so no delivery is early, or late by more
// than a second.
//
// The campaign is the message group: one campaign's backlog does not hold up the others.
func (q *Queue) Enqueue(ctx context.Context, deliveries ...campaign.Delivery) error {
	messages := make([]message, len(deliveries))
	for i, d := range deliveries {
		name := fmt.Sprintf("batch %d of campaign %s", d.Batch, d.Campaign)
		body, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode %s: %w", name, err)
		}
		messages[i] = message{name: name, body: string(body), group: d.Campaign, delay: d.Delay}
	}
	return q.post.all(ctx, messages)
}

// Waiting is SQS's approximate count (GetQueueAttributes, ApproximateNumberOfMessages).
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	const count = types.QueueAttributeNameApproximateNumberOfMessages
	out, err := q.post.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.post.url, AttributeNames: []types.QueueAttributeName{count},
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
