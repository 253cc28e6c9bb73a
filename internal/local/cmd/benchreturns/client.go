package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// client tells webhooks over a few connections, each of which sends the next one when the last one is answered.
type client struct {
	url         string
	connections int
	want        int // status of a good answer
	answered    atomic.Int64

	mu    sync.Mutex
	times []time.Duration
	again int // answers of 429 or 5xx, after which a webhook is sent again
	last  time.Time
}

// figures are what came of it: answer times in no order.
func (c *client) tell(ctx context.Context, hooks []webhook) (figures, error) {
	transport := &http.Transport{MaxConnsPerHost: c.connections, MaxIdleConns: c.connections, MaxIdleConnsPerHost: c.connections}
	defer transport.CloseIdleConnections()
	work := make(chan webhook, len(hooks))
	for _, h := range hooks {
		work <- h
	}
	close(work)
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for range c.connections {
		group.Go(func() error {
			for h := range work {
				if err := c.insist(ctx, transport, h); err != nil {
					return fmt.Errorf("tell a webhook: %w", err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return figures{}, err
	}
	return figures{times: c.times, again: c.again, took: c.last.Sub(start)}, nil
}

// insist sends a webhook until it is taken, as Vonage does, but without its pauses.
func (c *client) insist(ctx context.Context, transport http.RoundTripper, h webhook) error {
	for {
		began := time.Now()
		status, err := c.post(ctx, transport, h)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.times, c.last = append(c.times, time.Since(began)), time.Now()
		repeats := status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
		if repeats {
			c.again++
		}
		c.mu.Unlock()
		if repeats {
			continue
		}
		if status != c.want {
			return fmt.Errorf("answered %d, want %d", status, c.want)
		}
		c.answered.Add(1)
		return nil
	}
}

func (c *client) post(ctx context.Context, transport http.RoundTripper, h webhook) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+h.path, bytes.NewReader(h.body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// bareServer answers everything 200 when it has read it, until it is closed.
func bareServer() (url string, closing func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the bare server: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what cannot be read is answered all the same
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // always ErrServerClosed
	return "http://" + listener.Addr().String(), func() {
		_ = server.Close() // it serves nobody but us
		serving.Wait()
	}, nil
}
