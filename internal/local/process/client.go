package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// APIKey is the one that the local platform knows.
const APIKey = "local"

// retryEvery is how soon a request is made again whose function was killed.
const retryEvery = 100 * time.Millisecond

// call makes a request until its answer is none of a killed function, and decodes it. It returns the status.
func call(ctx context.Context, method, url string, body []byte, idempotencyKey string, answer any) (int, error) {
	for {
		status, content, err := once(ctx, method, url, body, idempotencyKey)
		if err == nil && status < http.StatusInternalServerError {
			if status < http.StatusMultipleChoices && answer != nil {
				if err := json.Unmarshal(content, answer); err != nil {
					return 0, fmt.Errorf("%s %s: read the answer: %w", method, url, err)
				}
			}
			return status, nil
		}
		if !sleep(ctx, retryEvery) {
			return 0, errors.Join(fmt.Errorf("%s %s: %w, the last answer was %d", method, url, ctx.Err(), status), err)
		}
	}
}

func once(ctx context.Context, method, url string, body []byte, idempotencyKey string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+APIKey)
	r.Header.Set("Content-Type", "application/json")
	if idempotencyKey != "" {
		r.Header.Set("Idempotency-Key", idempotencyKey)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, content, err
}

// get wants 200.
func get(ctx context.Context, url string, answer any) error {
	status, err := call(ctx, http.MethodGet, url, nil, "", answer)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: %d, want 200", url, status)
	}
	return err
}

// pages reads a list to its end.
func pages[T any](ctx context.Context, url string, read func(json.RawMessage) ([]T, error)) ([]T, error) {
	var all []T
	for after := "0"; after != ""; {
		var content json.RawMessage
		if err := get(ctx, url+"?limit=1000&after="+after, &content); err != nil {
			return nil, err
		}
		page, err := read(content)
		if err != nil {
			return nil, fmt.Errorf("GET %s: %w", url, err)
		}
		var cursor struct{ Next string }
		if err := json.Unmarshal(content, &cursor); err != nil {
			return nil, fmt.Errorf("GET %s: %w", url, err)
		}
		all, after = slices.Concat(all, page), cursor.Next
	}
	return all, nil
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
