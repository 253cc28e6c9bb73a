package oneoff

import (
	"context"
	"log/slog"
)

// Outbox hands texts over to the couriers. It may be used concurrently.
type Outbox struct {
	queue Queue
	log   *slog.Logger
}

// NewOutbox returns an outbox in front of that queue.
func NewOutbox(queue Queue, log *slog.Logger) Outbox { return Outbox{queue: queue, log: log} }

// Post queues texts that have just been stored. Where that fails, the dispatcher finds them by their time, and whoever had
// them stored need not know.
func (o Outbox) Post(ctx context.Context, texts ...Text) {
	for _, t := range texts {
		if err := o.queue.EnqueueOneOff(ctx, t.ID, 0); err != nil {
			o.log.WarnContext(ctx, "text left to the dispatcher", "text", t.ID, "error", err)
		}
	}
}
