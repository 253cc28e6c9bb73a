package local

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"sluice/internal/local/gateway"
	"sluice/internal/local/lambda"
	"sluice/internal/local/poller"
	"sluice/internal/local/scheduler"
	"sluice/internal/local/template"
)

// Watcher is told of what goes wrong between the parts. It may be called concurrently.
type Watcher func(part string, err error)

// Platform wires functions to what triggers them: it is the HTTP API, and Run feeds queues and schedules.
type Platform struct {
	api     http.Handler
	drivers []func(context.Context) error
}

// Config is what a platform is made of.
type Config struct {
	Template *template.Template
	// Functions are by name, one for each of the template's.
	Functions map[string]lambda.Invoker
	// SQS reaches the Cloud's queues, which are under SQSURL.
	SQS    *awssqs.Client
	SQSURL string
	// FirstTick is when schedules fire first; 0 is after their whole rate.
	FirstTick time.Duration
	Watcher   Watcher
}

// New wires everything that the template declares.
func New(c Config) (*Platform, error) {
	p := &Platform{}
	var routes []gateway.Route
	for _, f := range c.Template.Functions {
		invoker, ok := c.Functions[f.Name]
		if !ok {
			return nil, fmt.Errorf("function %s of the template is not there", f.Name)
		}
		for _, r := range f.Routes {
			routes = append(routes, gateway.Route{Method: r.Method, Path: r.Path, Invoker: invoker})
		}
		if f.Queue != nil {
			source, err := c.source(f, invoker)
			if err != nil {
				return nil, err
			}
			p.drivers = append(p.drivers, source.Run)
		}
		for _, s := range f.Schedules {
			p.drivers = append(p.drivers, c.schedule(f.Name, s, invoker))
		}
	}
	api, err := gateway.New(routes, gateway.Options{OnError: c.Watcher})
	if err != nil {
		return nil, fmt.Errorf("make the HTTP API: %w", err)
	}
	p.api = api
	return p, nil
}

// ServeHTTP implements http.Handler: the HTTP API.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.api.ServeHTTP(w, r) }

// Run feeds the functions from queues and schedules until ctx ends.
func (p *Platform) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, drive := range p.drivers {
		group.Go(func() error { return drive(ctx) })
	}
	return group.Wait()
}

func (c Config) source(f template.Function, invoker lambda.Invoker) (*poller.Poller, error) {
	for _, q := range c.Template.Queues {
		if q.LogicalID != f.Queue.QueueLogicalID {
			continue
		}
		source, err := poller.New(poller.Config{
			Client: c.SQS, QueueURL: QueueURL(c.SQSURL, q.Name),
			QueueARN: "arn:aws:sqs:" + lambda.DefaultRegion + ":" + lambda.Account + ":" + q.Name,
			Invoker:  invoker, BatchSize: f.Queue.BatchSize, Window: f.Queue.Window,
			MaximumConcurrency:      f.Queue.MaximumConcurrency,
			ReportBatchItemFailures: f.Queue.ReportBatchItemFailures, Visibility: q.VisibilityTimeout,
			OnBatch: func(r poller.Result) {
				if r.Err != nil {
					c.Watcher(q.Name, r.Err)
				}
			},
			OnError: func(err error) { c.Watcher(q.Name, err) },
		})
		if err != nil {
			return nil, fmt.Errorf("feed %s from %s: %w", f.Name, q.Name, err)
		}
		return source, nil
	}
	return nil, fmt.Errorf("queue %s of function %s is not in the template", f.Queue.QueueLogicalID, f.Name)
}

func (c Config) schedule(function string, s template.Schedule, invoker lambda.Invoker) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := scheduler.Schedule{Name: function, Every: s.Every, First: c.FirstTick}
		if s.Input != "" {
			tick.Input = json.RawMessage(s.Input)
		}
		return scheduler.Run(ctx, tick, invoker, func(err error) { c.Watcher("schedule of "+function, err) })
	}
}
