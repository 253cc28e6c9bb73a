package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sluice/internal/cmd/upload/parts"
	"sluice/internal/local/process"
)

// function is the one that all steps run in.
const function = "api"

// play takes one list through all steps, on a platform of its own.
func (o options) play(ctx context.Context, t *report, l list) error {
	dir, err := os.MkdirTemp("", "sluice-ingest-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is temporary anyway
	path := filepath.Join(dir, "list.csv")
	m, err := l.store(path)
	if err != nil {
		return err
	}
	return o.onPlatform(ctx, func(p *process.Platform) error {
		way := &passage{platform: p, list: l, made: m, parallel: o.parallel, report: t, watch: &stopwatch{next: http.DefaultTransport}}
		return way.all(ctx, path)
	})
}

// passage is one list on its way.
type passage struct {
	platform *process.Platform
	list     list
	made     made
	parallel int
	report   *report
	watch    *stopwatch
	id       string
}

func (r *passage) all(ctx context.Context, path string) error {
	if err := r.create(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"upload", func(ctx context.Context) error { return r.upload(ctx, path) }},
		{"preflight", r.preflight},
		{"launch", r.launch},
	} {
		if err := r.measured(ctx, step.name, step.do); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return r.verify(ctx)
}

// measured makes a row of the report of a step.
func (r *passage) measured(ctx context.Context, name string, do func(context.Context) error) error {
	if err := r.platform.ForgetPeaks(function); err != nil {
		return err
	}
	r.watch.begin()
	began, used := time.Now(), r.platform.ProcessorTime(function)
	if err := do(ctx); err != nil {
		return err
	}
	r.report.row(row{
		step: name, list: r.list, took: time.Since(began), longest: r.watch.end(),
		processor: r.platform.ProcessorTime(function) - used, peak: r.platform.PeakMemory(function),
		limit: r.platform.Variable(function, "GOMEMLIMIT"), memory: r.platform.Variable(function, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
	})
	return nil
}

// Of the campaign that is made: nothing of it is sent while we look.
const (
	startsIn  = 30 * 24 * time.Hour
	batchSize = 1000
	delay     = 60
	bareText  = "The library is open until eight this evening."
	longText  = "Hello {{first_name|there}}, the library of {{town}} is open until eight this evening."
)

func (r *passage) create(ctx context.Context) error {
	text := bareText
	if r.list.personal {
		text = longText
	}
	body, err := json.Marshal(map[string]any{
		"sender": process.Sender, "recipients": []string{}, "message_string": text, "batch_size": batchSize, "delay_period": delay,
		"draft": true, "region": "GB", "start_at": time.Now().Add(startsIn).UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("make a campaign: %w", err)
	}
	var created struct{ ID string }
	if err := r.ask(ctx, http.MethodPost, "/campaigns", body, &created); err != nil {
		return err
	}
	r.id = created.ID
	return nil
}

func (r *passage) upload(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the list: %w", err)
	}
	defer file.Close()
	u := parts.Uploader{
		Client: &parts.Client{Base: r.platform.API, Key: process.APIKey, HTTP: &http.Client{Transport: r.watch},
			OnWait: func(_ time.Duration, reason string) { r.report.remark("a request was made again: " + reason) }},
		Campaign: r.id, First: 1, Parallel: r.parallel,
	}
	got, err := u.Upload(ctx, file)
	if err != nil {
		return err
	}
	if got.Rows != r.made.rows || got.Refused != r.made.bad {
		return fmt.Errorf("%d rows are uploaded and %d refused, %d and %d were made", got.Rows, got.Refused, r.made.rows, r.made.bad)
	}
	return nil
}

func (r *passage) preflight(ctx context.Context) error {
	var found struct {
		Recipients struct{ Rows, Valid, Refused, Duplicate int }
	}
	if err := r.ask(ctx, http.MethodGet, "/campaigns/"+r.id+"/preflight", nil, &found); err != nil {
		return err
	}
	got, m := found.Recipients, r.made
	if got.Rows != m.rows || got.Valid != m.valid() || got.Refused != m.bad || got.Duplicate != m.duplicates {
		return fmt.Errorf("it finds %+v, made were %+v, %d of them valid", got, m, m.valid())
	}
	return nil
}

func (r *passage) launch(ctx context.Context) error {
	return r.ask(ctx, http.MethodPost, "/campaigns/"+r.id+"/launch", nil, nil)
}

// verify: the list that is sealed is the one that was made.
func (r *passage) verify(ctx context.Context) error {
	c, err := r.platform.Campaign(ctx, r.id)
	if err != nil {
		return err
	}
	if c.Recipients != r.made.valid() {
		return fmt.Errorf("the campaign was launched with %d recipients, %d different valid numbers were made", c.Recipients, r.made.valid())
	}
	return nil
}

// ask makes one request, once.
func (r *passage) ask(ctx context.Context, method, path string, body []byte, answer any) error {
	out, err := http.NewRequestWithContext(ctx, method, r.platform.API+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	out.Header.Set("Authorization", "Bearer "+process.APIKey)
	out.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: r.watch}).Do(out)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %d: %.1000s", method, path, resp.StatusCode, content)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// stopwatch notes the longest request, its answer's body included. It may be used concurrently.
type stopwatch struct {
	next http.RoundTripper

	mu      sync.Mutex
	longest time.Duration
}

func (s *stopwatch) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longest = 0
}

func (s *stopwatch) end() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.longest
}

// RoundTrip implements http.RoundTripper.
func (s *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it was read
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longest = max(s.longest, time.Since(began))
	return resp, nil
}
