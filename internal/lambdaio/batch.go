package lambdaio

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// BatchFunc is what lambda.Start takes for a function fed by an SQS queue with ReportBatchItemFailures.
type BatchFunc func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// errPanicked stands for a record whose delivery panicked.
var errPanicked = errors.New("panicked")

// Batch delivers the messages of an SQS event one after the other, each on its own: one that fails, by an error or a
// panic, is reported in BatchItemFailures, so that only it comes again, and is logged once with its id, receive count
// and error, never its body. Messages that are still waiting when the context ends are reported too, undelivered.
//
// The function itself never returns an error, which would bring the whole batch back. The event source mapping must
// have ReportBatchItemFailures, or failures are lost (Lambda Developer Guide, "Handling errors for an SQS event
// source").
func Batch(deliver func(ctx context.Context, messageID, body string) error, log *slog.Logger) BatchFunc {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, message := range event.Records {
			if deliverOne(ctx, deliver, message, log) != nil {
				response.BatchItemFailures = append(response.BatchItemFailures,
					events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			}
		}
		return response, nil
	}
}

// Each delivers the messages of an SQS event all at once, each on a goroutine of its own, for those that mostly wait: the
// rest is as in Batch. It returns when the last delivery has, and Lambda deletes none of the messages before. deliver is
// called concurrently.
func Each(deliver func(ctx context.Context, messageID, body string) error, log *slog.Logger) BatchFunc {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		errs := make([]error, len(event.Records))
		var all sync.WaitGroup
		for i, message := range event.Records {
			all.Go(func() { errs[i] = deliverOne(ctx, deliver, message, log) })
		}
		all.Wait()
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for i, message := range event.Records {
			if errs[i] != nil {
				response.BatchItemFailures = append(response.BatchItemFailures,
					events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			}
		}
		return response, nil
	}
}

// deliverOne delivers a message while there is time, turns a panic into an error, and logs either.
func deliverOne(ctx context.Context, deliver func(ctx context.Context, messageID, body string) error,
	message events.SQSMessage, log *slog.Logger) (err error) {
	var attrs []slog.Attr
	defer func() {
		if v := recover(); v != nil {
			attrs, err = panicAttrs(v), errPanicked
		}
		if err != nil {
			logFailure(ctx, log, message, err, attrs)
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	return deliver(ctx, message.MessageId, message.Body)
}

// Together hands all messages of an SQS event over at once, and takes an error, or nil, for each: the rest is as in Batch.
// Where the whole call panics, every message is reported.
func Together(take func(ctx context.Context, bodies []string) []error, log *slog.Logger) BatchFunc {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		bodies := make([]string, len(event.Records))
		for i, message := range event.Records {
			bodies[i] = message.Body
		}
		errs, attrs := takeAll(ctx, take, bodies)
		for i, message := range event.Records {
			if errs[i] == nil {
				continue
			}
			logFailure(ctx, log, message, errs[i], attrs)
			response.BatchItemFailures = append(response.BatchItemFailures,
				events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
		return response, nil
	}
}

func takeAll(ctx context.Context, take func(context.Context, []string) []error, bodies []string) (errs []error, attrs []slog.Attr) {
	defer func() {
		if v := recover(); v != nil {
			errs, attrs = make([]error, len(bodies)), panicAttrs(v)
			for i := range errs {
				errs[i] = errPanicked
			}
		}
	}()
	return take(ctx, bodies), nil
}

func logFailure(ctx context.Context, log *slog.Logger, message events.SQSMessage, err error, attrs []slog.Attr) {
	attrs = append([]slog.Attr{
		slog.String("message_id", message.MessageId),
		slog.String("receive_count", message.Attributes["ApproximateReceiveCount"]),
		slog.String("error", err.Error()),
	}, attrs...)
	log.LogAttrs(ctx, slog.LevelError, "message failed", attrs...)
}
