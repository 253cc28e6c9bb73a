package poller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/local/lambda"
)

// Limits of one SQS call (SQS API, ReceiveMessage and DeleteMessageBatch).
const (
	maxReceive = 10
	maxDelete  = 10
	maxWait    = 20 * time.Second
)

// Pauses after what failed double from the first to the last.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// deleteLimit is how long the messages of a batch that succeeded may take to be deleted when the poller has been
// stopped.
const deleteLimit = 5 * time.Second

// Poller is one event source mapping.
type Poller struct {
	config Config
	places chan struct{} // one element for each running invocation
	carry  []record      // received, but too much for the event that they came with; only Run touches it
}

// New returns the event source mapping, or says which setting Lambda would refuse.
func New(config Config) (*Poller, error) {
	config, err := config.check()
	if err != nil {
		return nil, fmt.Errorf("queue %s: %w", config.QueueURL, err)
	}
	return &Poller{config: config, places: make(chan struct{}, config.MaximumConcurrency)}, nil
}

// Run polls until ctx ends; then it gives up the running invocations, whose messages come again, and returns nil. It
// may be called once.
func (p *Poller) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for p.enter(ctx) {
		batch := p.gather(ctx)
		if len(batch) == 0 || ctx.Err() != nil {
			p.leave()
			continue
		}
		running.Go(func() {
			defer p.leave()
			p.config.OnBatch(p.process(ctx, batch))
		})
	}
	return nil
}

// enter waits until one more invocation may run: nothing is received that could not be handed on at once.
func (p *Poller) enter(ctx context.Context) bool {
	select {
	case p.places <- struct{}{}:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (p *Poller) leave() { <-p.places }

// gather receives until there is a batch. It returns none when ctx ends.
func (p *Poller) gather(ctx context.Context) []record {
	var batch []record
	size := eventOverhead
	var end time.Time // of the window, which the first message opens
	for pause := firstPause; ctx.Err() == nil; {
		if batch, size = p.fill(batch, size); len(batch) > 0 {
			if end.IsZero() {
				end = time.Now().Add(p.config.Window)
			}
			if len(p.carry) > 0 || len(batch) == p.config.BatchSize || !time.Now().Before(end) {
				return batch
			}
		}
		wait := maxWait
		if !end.IsZero() {
			wait = min(wait, (time.Until(end) + time.Second - 1).Truncate(time.Second)) // rounded up: 0 would not wait
		}
		received, err := p.receive(ctx, min(maxReceive, p.config.BatchSize-len(batch)), wait)
		if err == nil {
			pause, p.carry = firstPause, received
			continue
		}
		if ctx.Err() == nil {
			p.config.OnError(err)
		}
		if len(batch) > 0 {
			return batch
		}
		sleep(ctx, pause)
		pause = min(2*pause, lastPause)
	}
	return nil
}

// fill moves what was carried into the batch as far as it fits the event.
func (p *Poller) fill(batch []record, size int) ([]record, int) {
	for len(p.carry) > 0 && len(batch) < p.config.BatchSize {
		grown := size + len(p.carry[0].json) + len(",")
		if grown > lambda.MaxRequest && len(batch) > 0 {
			break
		}
		batch, size = append(batch, p.carry[0]), grown
		p.carry = p.carry[1:]
	}
	return batch, size
}

func (p *Poller) receive(ctx context.Context, count int, wait time.Duration) ([]record, error) {
	out, err := p.config.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &p.config.QueueURL,
		MaxNumberOfMessages:         int32(count),
		WaitTimeSeconds:             int32(wait / time.Second),
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", p.config.QueueURL, err)
	}
	records := make([]record, len(out.Messages))
	for i, m := range out.Messages {
		if records[i], err = p.config.newRecord(m); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// process invokes the function with a batch and deletes what succeeded.
func (p *Poller) process(ctx context.Context, batch []record) Result {
	start := time.Now()
	result := Result{Messages: len(batch)}
	answer, err := p.invoke(ctx, batch)
	if err == nil {
		var done []types.Message
		if done, err = p.config.succeeded(batch, answer); err == nil {
			result.Deleted, err = p.delete(ctx, done)
		}
	}
	result.Err, result.Took = err, time.Since(start)
	return result
}

// invoke tries a throttled batch again until others may have received it.
func (p *Poller) invoke(ctx context.Context, batch []record) ([]byte, error) {
	payload, err := newEvent(batch)
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(p.config.Visibility)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		answer, err := p.config.Invoker.Invoke(ctx, payload)
		if !errors.Is(err, lambda.ErrThrottled) || !time.Now().Add(pause).Before(end) {
			return answer, err
		}
		if !sleep(ctx, pause) {
			return nil, ctx.Err()
		}
	}
}

// delete goes on when ctx has ended: the work is done and must not come again.
func (p *Poller) delete(ctx context.Context, messages []types.Message) (deleted int, err error) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), deleteLimit)
		defer cancel()
	}
	var failures []error
	for chunk := range slices.Chunk(messages, maxDelete) {
		n, err := p.deleteChunk(ctx, chunk)
		deleted += n
		failures = append(failures, err)
	}
	return deleted, errors.Join(failures...)
}

func (p *Poller) deleteChunk(ctx context.Context, messages []types.Message) (deleted int, err error) {
	entries := make([]types.DeleteMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle}
	}
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &p.config.QueueURL, Entries: entries}
	out, err := p.config.Client.DeleteMessageBatch(ctx, in)
	if err != nil {
		return 0, fmt.Errorf("delete %d messages from %s: %w", len(messages), p.config.QueueURL, err)
	}
	if failed := len(out.Failed); failed > 0 {
		return len(messages) - failed, fmt.Errorf("delete %d messages from %s: %d failed, the first with %s",
			len(messages), p.config.QueueURL, failed, aws.ToString(out.Failed[0].Code))
	}
	return len(messages), nil
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
