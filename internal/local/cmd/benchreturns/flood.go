package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/internal/local/process"
)

// result is what came of one setting.
type result struct {
	setting setting
	told    told
	figures figures // of the flood
	samples []sample
	// delivered and replied are when the last of these was counted.
	delivered, replied time.Duration
	// processor is what an event cost, by function; "" is the platform itself.
	processor map[string]time.Duration
}

// flood sends the campaigns, tells what came back to them and waits until that is recorded. With the template's settings it
// tells by webhooks, and prints all that it measures; with others, into the queue.
func (o options) flood(ctx context.Context, p *process.Platform, s setting) (result, error) {
	campaigns, texts, err := send(ctx, p, o.receipts)
	if err != nil {
		return result{}, fmt.Errorf("send: %w", err)
	}
	r := result{setting: s}
	if r.told, err = tell(texts, o.replies, o.stops, time.Now()); err != nil {
		return r, err
	}
	look := &lookout{platform: p, queue: queueOf(p), campaigns: campaigns}
	if s == (setting{}) {
		err = o.byWebhooks(ctx, &r, look)
	} else {
		q := &queuer{platform: p}
		look.answered = q.queued.Load
		err = r.watch(ctx, look, func(ctx context.Context) (figures, error) { return q.tell(ctx, r.told.hooks, o.connections) })
	}
	if err != nil {
		return r, err
	}
	return r, r.verify(ctx, p, campaigns, len(texts))
}

func (o options) byWebhooks(ctx context.Context, r *result, look *lookout) error {
	writeAnswerHead(os.Stdout, r.told)
	if err := o.probe(ctx, look.platform, r.told.hooks); err != nil {
		return err
	}
	alone := min(o.probing/aloneShare, len(r.told.hooks)/2)
	if err := o.row(ctx, "the webhook, one at a time", look.platform.API, http.StatusOK, 1, r.told.hooks[:alone]); err != nil {
		return err
	}
	c := &client{url: look.platform.API, connections: o.connections, want: http.StatusOK}
	look.answered = func() int64 { return int64(alone) + c.answered.Load() }
	err := r.watch(ctx, look, func(ctx context.Context) (figures, error) { return c.tell(ctx, r.told.hooks[alone:]) })
	if err != nil {
		return err
	}
	r.figures.write(os.Stdout, fmt.Sprintf("the webhook, %d at a time", o.connections))
	r.writeBacklog(os.Stdout)
	return nil
}

// probe measures the machine's part: a server that only answers, and the function where it refuses, without looking at a
// signature or a queue.
func (o options) probe(ctx context.Context, p *process.Platform, hooks []webhook) error {
	url, closing, err := bareServer()
	if err != nil {
		return err
	}
	defer closing()
	some := make([]webhook, o.probing)
	for i := range some {
		some[i] = hooks[i%len(hooks)]
	}
	unsigned := make([]webhook, o.probing)
	for i := range unsigned {
		unsigned[i] = webhook{receiptsPath, []byte(`{"messageId":"0A00000000000001"}`)}
	}
	alone := o.probing / aloneShare
	for _, probe := range []struct {
		name, url string
		want      int
		hooks     []webhook
	}{
		{"a bare HTTP server", url, http.StatusOK, some},
		{"the function that refuses", p.API, http.StatusUnauthorized, unsigned},
	} {
		if err := o.row(ctx, probe.name+", one at a time", probe.url, probe.want, 1, probe.hooks[:alone]); err != nil {
			return err
		}
		name := fmt.Sprintf("%s, %d at a time", probe.name, o.connections)
		if err := o.row(ctx, name, probe.url, probe.want, o.connections, probe.hooks); err != nil {
			return err
		}
	}
	return nil
}

func (o options) row(ctx context.Context, name, url string, want, connections int, hooks []webhook) error {
	c := &client{url: url, connections: connections, want: want}
	f, err := c.tell(ctx, hooks)
	if err == nil {
		f.write(os.Stdout, name)
	}
	return err
}

// watch looks on while somebody tells, until everything is recorded.
func (r *result) watch(ctx context.Context, look *lookout, tell func(context.Context) (figures, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	costs, before := processorTimes(look.platform), int(look.answered())
	look.start = time.Now()
	telling, inTime := errgroup.WithContext(ctx)
	telling.Go(func() error {
		var err error
		r.figures, err = tell(inTime)
		return err
	})
	telling.Go(func() error {
		var err error
		r.samples, err = look.until(inTime, r.told)
		return err
	})
	if err := telling.Wait(); err != nil {
		return err
	}
	r.delivered, r.replied = moments(r.samples, r.told)
	r.processor = map[string]time.Duration{}
	for function, after := range processorTimes(look.platform) {
		r.processor[function] = (after - costs[function]) / time.Duration(len(r.told.hooks)-before)
	}
	return nil
}

func processorTimes(p *process.Platform) map[string]time.Duration {
	return map[string]time.Duration{
		"": process.ProcessorTime(p.PID()), "webhook": p.ProcessorTime("webhook"), "recorder": p.ProcessorTime("recorder"),
	}
}
