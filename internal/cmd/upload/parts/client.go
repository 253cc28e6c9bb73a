package parts

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sluice/internal/recipientfile"
)

const (
	// maxTries is how often a request is made until it is given up, about two minutes after the first time.
	maxTries = 12
	// shortestWait and longestWait are the pauses between two tries, which double.
	shortestWait = 500 * time.Millisecond
	longestWait  = 15 * time.Second
	// patience is how long an answer may take: an HTTP API gives up after 30 s.
	patience = time.Minute
	// maxAnswer is more than a Lambda function can answer.
	maxAnswer = 8 << 20
)

// Client calls the API. It may be used concurrently.
type Client struct {
	// Base is the API's URL without a slash at the end, Key the API key.
	Base, Key string
	HTTP      *http.Client
	// OnWait is told why a request is made again, and when; nil for nobody. It may be called concurrently.
	OnWait func(wait time.Duration, reason string)

	reached atomic.Bool // it has answered once
}

// RefusedError is an answer of 4xx: what the API says is wrong.
type RefusedError struct {
	Status int
	// Detail is a sentence. Faults are all that it lists, if it lists more.
	Detail string
	Faults []string
}

func (e *RefusedError) Error() string {
	lines := append([]string{fmt.Sprintf("the API refused it (%d): %s", e.Status, e.Detail)}, e.Faults...)
	return strings.Join(lines, "\n  ")
}

// call makes a request until it is answered with anything but 429 and 5xx, and decodes the answer if it is a success.
func (c *Client) call(ctx context.Context, r request, answer any) error {
	for try := 1; ; try++ {
		wait, err := c.once(ctx, r, answer)
		var fleeting *fleetingError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &fleeting):
			return err
		case !c.reached.Load():
			return fmt.Errorf("nothing answers at %s: %w", c.Base, err)
		case try == maxTries:
			return fmt.Errorf("gave up after %d tries: %w", try, err)
		}
		if err := c.pause(ctx, max(wait, backoff(try)), err.Error()); err != nil {
			return err
		}
	}
}

type request struct {
	method, path string
	query        url.Values
	body         []byte
	isPacked     bool
}

// fleetingError may be gone when the request is made again.
type fleetingError struct{ error }

func (e *fleetingError) Unwrap() error { return e.error }

// once makes a request. With a fleetingError comes how long the API wants to be left alone.
func (c *Client) once(ctx context.Context, r request, answer any) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := http.NewRequestWithContext(ctx, r.method, c.Base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, fmt.Errorf("make a request: %w", err)
	}
	out.URL.RawQuery = r.query.Encode()
	out.Header.Set("Authorization", "Bearer "+c.Key)
	if r.body != nil {
		out.Header.Set("Content-Type", recipientfile.CSV)
	}
	if r.isPacked {
		out.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := c.HTTP.Do(out)
	if err != nil {
		return 0, &fleetingError{bare(err)}
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, &fleetingError{fmt.Errorf("read the answer: %w", err)}
	}
	c.reached.Store(true)
	return c.judge(resp, content, answer)
}

func (c *Client) judge(resp *http.Response, content []byte, answer any) (time.Duration, error) {
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // else our own pause is long enough
		return min(time.Duration(seconds)*time.Second, patience), &fleetingError{
			fmt.Errorf("the API answered %d %s", status, strings.ToLower(http.StatusText(status))),
		}
	case status >= http.StatusBadRequest:
		return 0, refusal(status, content)
	case status >= http.StatusMultipleChoices:
		return 0, fmt.Errorf("%s answered %d, to look elsewhere: is that the API's address?", c.Base, status)
	case answer == nil:
		return 0, nil
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return 0, fmt.Errorf("the answer is none of this API's (is %s its address?): %w", c.Base, err)
	}
	return 0, nil
}

// refusal reads a problem (RFC 9457), or API Gateway's own form of one.
func refusal(status int, content []byte) *RefusedError {
	var problem struct {
		Detail, Message string
		Errors          []struct {
			Field, Reason string
			Row           int
		}
	}
	_ = json.Unmarshal(content, &problem) // else there is nothing to say but the status
	e := &RefusedError{Status: status, Detail: cmp.Or(problem.Detail, problem.Message, strings.ToLower(http.StatusText(status)))}
	if len(problem.Errors) == 1 {
		return e // the detail says it
	}
	for _, f := range problem.Errors {
		where := f.Field
		if f.Row > 0 {
			where = fmt.Sprintf("%s, row %d", where, f.Row)
		}
		e.Faults = append(e.Faults, where+" "+f.Reason)
	}
	return e
}

// bare is an error without the request's address in front.
func bare(err error) error {
	if wrapped, is := errors.AsType[*url.Error](err); is {
		return wrapped.Err
	}
	return err
}

// backoff is the pause after so many tries: twice the last one, and some of it at random, so that uploads that failed
// together do not come back together.
func backoff(tries int) time.Duration {
	most := min(shortestWait<<(tries-1), longestWait)
	return most/2 + rand.N(most/2)
}

func (c *Client) pause(ctx context.Context, wait time.Duration, reason string) error {
	if c.OnWait != nil {
		c.OnWait(wait, reason)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
