package scheduler

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"sluice/internal/local/lambda"
)

// MinEvery is the shortest rate (EventBridge Scheduler User Guide, "Schedule types").
const MinEvery = time.Minute

// Schedule is a rate schedule.
type Schedule struct {
	Name  string
	Every time.Duration // whole minutes
	First time.Duration // from Run to the first tick; 0 is Every
	// Input is the event. Nil is the notification that the service sends by itself.
	Input  json.RawMessage
	Region string // in the notification; "" is lambda.DefaultRegion
}

func (s Schedule) check() error {
	switch {
	case s.Every < MinEvery || s.Every%time.Minute != 0:
		return fmt.Errorf("schedule %s: rate of %s, must be whole minutes from %s", s.Name, s.Every, MinEvery)
	case s.First < 0:
		return fmt.Errorf("schedule %s: first tick after %s, must not be negative", s.Name, s.First)
	case s.Input != nil && !json.Valid(s.Input):
		return fmt.Errorf("schedule %s: input is not JSON", s.Name)
	}
	return nil
}

// Run invokes function at each tick until ctx ends; then it gives up the running invocations and returns nil. An
// invocation does not wait for the one before: whether both may run is up to the function's concurrency.
//
// Each failed invocation is told to onError, which may be nil and may be called concurrently. The error that Run
// returns is about the schedule itself.
func Run(ctx context.Context, schedule Schedule, function lambda.Invoker, onError func(error)) error {
	if err := schedule.check(); err != nil {
		return err
	}
	if schedule.First == 0 {
		schedule.First = schedule.Every
	}
	if onError == nil {
		onError = func(error) {}
	}
	var running sync.WaitGroup
	defer running.Wait()
	next := time.Now().Add(schedule.First)
	timer := time.NewTimer(schedule.First)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		due := next
		running.Go(func() {
			if err := invoke(ctx, schedule, due, function); err != nil && ctx.Err() == nil {
				onError(err)
			}
		})
		// From the planned time, so that a late tick does not move those after it. Ticks that were slept through are
		// left out.
		for now := time.Now(); !next.After(now); {
			next = next.Add(schedule.Every)
		}
		timer.Reset(time.Until(next))
	}
}

func invoke(ctx context.Context, schedule Schedule, due time.Time, function lambda.Invoker) error {
	payload, err := schedule.event(due)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", schedule.Name, err)
	}
	if _, err := function.Invoke(ctx, payload); err != nil {
		return fmt.Errorf("schedule %s: %w", schedule.Name, err)
	}
	return nil
}

// event is the input, or the notification that the service sends where there is none. Its detail is a string.
func (s Schedule) event(due time.Time) ([]byte, error) {
	if s.Input != nil {
		return s.Input, nil
	}
	region := s.Region
	if region == "" {
		region = lambda.DefaultRegion
	}
	event, err := json.Marshal(map[string]any{
		"version":     "0",
		"id":          rand.Text(),
		"detail-type": "Scheduled Event",
		"source":      "aws.scheduler",
		"account":     lambda.Account,
		"time":        due.UTC().Format(time.RFC3339),
		"region":      region,
		"resources":   []string{"arn:aws:scheduler:" + region + ":" + lambda.Account + ":schedule/default/" + s.Name},
		"detail":      "{}",
	})
	if err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	return event, nil
}
