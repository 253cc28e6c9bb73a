package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/internal/local/process"
	"sluice/internal/returns"
	"sluice/internal/sqsqueue"
	"sluice/internal/vonage"
	surface "sluice/internal/webhook"
)

// queuer puts into the queue what the webhook would, as fast as the queue takes it: on this machine the recorder keeps up
// with webhooks, and what it can do shows only where it cannot.
type queuer struct {
	platform *process.Platform
	queued   atomic.Int64
}

// perCall is SendMessageBatch's limit.
const perCall = 10

func (q *queuer) tell(ctx context.Context, hooks []webhook, connections int) (figures, error) {
	byDelay, err := read(ctx, hooks)
	if err != nil {
		return figures{}, err
	}
	queue := sqsqueue.NewEvents(queueOf(q.platform), eventsURL(q.platform))
	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connections)
	for delay, events := range byDelay {
		for some := range slices.Chunk(events, perCall) {
			group.Go(func() error {
				err := queue.Later(ctx, delay, some...)
				q.queued.Add(int64(len(some)))
				return err
			})
		}
	}
	err = group.Wait()
	return figures{took: time.Since(start)}, err
}

// collector is a webhook's queue.
type collector map[time.Duration][]returns.Event

func (c collector) Queue(_ context.Context, delay time.Duration, e returns.Event) error {
	c[delay] = append(c[delay], e)
	return nil
}

// read makes events of webhooks with the code of the function.
func read(ctx context.Context, hooks []webhook) (collector, error) {
	events := collector{}
	reader := vonage.NewWebhooks(vonage.WebhookConfig{Unsigned: true})
	handler := surface.New(reader, func(error) int { return http.StatusBadRequest }, events, time.Now, slog.New(slog.DiscardHandler))
	for _, h := range hooks {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.path, bytes.NewReader(h.body))
		if err != nil {
			return nil, fmt.Errorf("read a webhook: %w", err)
		}
		r.Header.Set("Content-Type", "application/json")
		a := answer{header: http.Header{}}
		handler.ServeHTTP(&a, r)
		if a.status != http.StatusOK {
			return nil, fmt.Errorf("a webhook cannot be read: %d", a.status)
		}
	}
	return events, nil
}

// answer is what the webhook's code says.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header               { return a.header }
func (a *answer) WriteHeader(status int)            { a.status = status }
func (a *answer) Write(content []byte) (int, error) { return len(content), nil }
