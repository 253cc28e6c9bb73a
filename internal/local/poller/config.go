package poller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local/lambda"
)

// Limits and defaults of an event source mapping for a standard queue (Lambda API, CreateEventSourceMapping,
// ScalingConfig).
const (
	DefaultBatchSize   = 10
	MaxBatchSize       = 10_000
	MaxWithoutWindow   = 10
	MaxWindow          = 300 * time.Second
	DefaultConcurrency = 5 // what an unset MaximumConcurrency starts with; see the package comment
	MinConcurrency     = 2
	MaxConcurrency     = 1000
	DefaultVisibility  = 30 * time.Second // of an SQS queue
)

// Client is the part of *sqs.Client that is used.
type Client interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput,
		...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput,
		...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// Config describes an event source mapping.
type Config struct {
	Client   Client
	QueueURL string
	QueueARN string // in the records, as eventSourceARN
	Region   string // in the records, as awsRegion; "" is lambda.DefaultRegion
	Invoker  lambda.Invoker

	BatchSize               int           // 1 to MaxBatchSize messages; 0 is DefaultBatchSize
	Window                  time.Duration // 0 to MaxWindow; at least 1 s where BatchSize is over MaxWithoutWindow
	MaximumConcurrency      int           // MinConcurrency to MaxConcurrency; 0 is DefaultConcurrency
	ReportBatchItemFailures bool
	// Visibility is the queue's visibility timeout: how long a throttled batch is tried. 0 is DefaultVisibility.
	Visibility time.Duration

	// OnBatch is told of each batch, when it is done with. OnError is told of each receive that failed. Both may be nil
	// and may be called concurrently.
	OnBatch func(Result)
	OnError func(error)
}

// Result is what became of one batch.
type Result struct {
	Messages int
	Deleted  int           // so the others come again
	Took     time.Duration // from the first invocation's begin to the last deletion
	// Err is why the batch failed as a whole, or what could not be deleted; nil when it succeeded, wholly or in part.
	Err error
}

func (c Config) check() (Config, error) {
	c.Region = cmp.Or(c.Region, lambda.DefaultRegion)
	c.BatchSize = cmp.Or(c.BatchSize, DefaultBatchSize)
	c.MaximumConcurrency = cmp.Or(c.MaximumConcurrency, DefaultConcurrency)
	c.Visibility = cmp.Or(c.Visibility, DefaultVisibility)
	if c.OnBatch == nil {
		c.OnBatch = func(Result) {}
	}
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	switch {
	case c.Client == nil || c.Invoker == nil || c.QueueURL == "":
		return c, errors.New("event source mapping needs a client, a queue and a function")
	case c.BatchSize < 1 || c.BatchSize > MaxBatchSize:
		return c, fmt.Errorf("BatchSize %d, must be from 1 to %d", c.BatchSize, MaxBatchSize)
	case c.Window < 0 || c.Window > MaxWindow || c.Window%time.Second != 0:
		return c, fmt.Errorf("MaximumBatchingWindowInSeconds of %s, must be whole seconds from 0s to %s", c.Window, MaxWindow)
	case c.BatchSize > MaxWithoutWindow && c.Window < time.Second:
		return c, fmt.Errorf("BatchSize %d is over %d and so needs MaximumBatchingWindowInSeconds of at least 1",
			c.BatchSize, MaxWithoutWindow)
	case c.MaximumConcurrency < MinConcurrency || c.MaximumConcurrency > MaxConcurrency:
		return c, fmt.Errorf("MaximumConcurrency %d, must be from %d to %d", c.MaximumConcurrency, MinConcurrency, MaxConcurrency)
	}
	return c, nil
}
