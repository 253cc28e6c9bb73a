package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local"
	"sluice/internal/local/process"
)

// eventsURL is of the template's queue.
func eventsURL(p *process.Platform) string { return local.QueueURL(p.SQS, "EventsQueue") }

// depth is how many messages a queue has.
type depth struct{ waiting, inFlight, delayed int }

func (d depth) sum() int { return d.waiting + d.inFlight + d.delayed }

// sample is how things stand at a moment of the flood.
type sample struct {
	at       time.Duration
	answered int
	depth    depth
	// returns are those of all campaigns.
	returns process.Returns
}

// missing is how much of what must be counted is not yet, or how much too much is.
func (s sample) missing(t told) (delivered, replies, optedOut int) {
	return t.delivered - s.returns.Delivered, t.open - s.returns.Replies.Open, t.optedOut - s.returns.OptedOut
}

// lookout watches a flood.
type lookout struct {
	platform  *process.Platform
	queue     *sqs.Client
	campaigns []string
	start     time.Time
	// answered is how many webhooks are told.
	answered func() int64
}

func queueOf(p *process.Platform) *sqs.Client {
	return sqs.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(p.SQS), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// until looks until all is answered, counted and out of the queue.
func (l *lookout) until(ctx context.Context, t told) ([]sample, error) {
	var samples []sample
	for {
		if err := wait(ctx, l.platform, lookEvery); err != nil {
			if len(samples) > 0 {
				err = fmt.Errorf("%w: %s", err, samples[len(samples)-1].lost(t))
			}
			return samples, err
		}
		s, err := l.look(ctx)
		if err != nil {
			return samples, err
		}
		samples = append(samples, s)
		if s.answered == len(t.hooks) && s.depth.sum() == 0 {
			return samples, nil
		}
	}
}

// lost says what is not counted.
func (s sample) lost(t told) string {
	delivered, replies, optedOut := s.missing(t)
	return fmt.Sprintf("of %d webhooks %d are answered and %+v in the queue; %d deliveries, %d replies and %d opt-outs are missing",
		len(t.hooks), s.answered, s.depth, delivered, replies, optedOut)
}

func (l *lookout) look(ctx context.Context) (sample, error) {
	s := sample{answered: int(l.answered())}
	var err error
	if s.depth, err = l.depth(ctx); err != nil {
		return s, err
	}
	s.returns, err = counted(ctx, l.platform, l.campaigns)
	s.at = time.Since(l.start)
	return s, err
}

func (l *lookout) depth(ctx context.Context) (depth, error) {
	url := eventsURL(l.platform)
	out, err := l.queue.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return depth{}, fmt.Errorf("look at the queue: %w", err)
	}
	number := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // it is the local platform's
		return n
	}
	return depth{
		waiting:  number(types.QueueAttributeNameApproximateNumberOfMessages),
		inFlight: number(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		delayed:  number(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
	}, nil
}

func counted(ctx context.Context, p *process.Platform, campaigns []string) (process.Returns, error) {
	var sum process.Returns
	for _, id := range campaigns {
		c, err := p.Campaign(ctx, id)
		if err != nil {
			return sum, err
		}
		sum.Delivered += c.Returns.Delivered
		sum.Undelivered += c.Returns.Undelivered
		sum.Replies.Total += c.Returns.Replies.Total
		sum.Replies.Open += c.Returns.Replies.Open
		sum.OptedOut += c.Returns.OptedOut
	}
	return sum, nil
}

// moments are when the last delivery and the last reply or opt-out was counted, as far as the samples tell.
func moments(samples []sample, t told) (delivered, replied time.Duration) {
	for _, s := range samples {
		missing, replies, optedOut := s.missing(t)
		if missing == 0 && delivered == 0 {
			delivered = s.at
		}
		if replies == 0 && optedOut == 0 && replied == 0 {
			replied = s.at
		}
	}
	return delivered, replied
}
