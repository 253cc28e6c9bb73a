package chaos

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

// campaign is what the API says of one.
type campaign struct {
	ID         string
	Status     string
	Recipients int
	EndedAt    time.Time `json:"ended_at"`
	Counts     struct {
		Accepted, Failed, Skipped, Unknown int
		ToSend                             int `json:"to_send"`
	}
	Batches struct{ Total, Released, Done, Left int }
}

func (c campaign) sum() int {
	return c.Counts.Accepted + c.Counts.Failed + c.Counts.Skipped + c.Counts.Unknown + c.Counts.ToSend
}

type batch struct {
	Number, Recipients, Accepted, Failed, Unknown int
	Status                                        string
}

type message struct{ Number, Status string }

// entry is a line of the ledger of the stand-in for Vonage.
type entry struct {
	To        string `json:"to"`
	ClientRef string `json:"client_ref"`
	Status    string `json:"status"`
}

// accepted: status 0 (Vonage SMS API, status codes).
func (e entry) accepted() bool { return e.Status == "0" }

// apiKey is the one that the local platform knows.
const apiKey = "local"

// retryEvery is how soon a request is made again whose function was killed.
const retryEvery = 100 * time.Millisecond

// call makes a request until its answer is none of a killed function, and decodes it. It returns the status.
func call(ctx context.Context, method, url string, body []byte, idempotencyKey string, answer any) (int, error) {
	for {
		status, content, err := once(ctx, method, url, body, idempotencyKey)
		if err == nil && status < http.StatusInternalServerError {
			if status < 300 && answer != nil {
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
	r.Header.Set("Authorization", "Bearer "+apiKey)
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

// create posts the campaign, under an idempotency key, so that it is one campaign however often it takes.
func (p *platform) create(ctx context.Context, list []string, batchSize, delay int) (campaign, error) {
	body, err := json.Marshal(map[string]any{
		"sender": "447700900000", "recipients": list, "message_string": "Hello, World!",
		"batch_size": batchSize, "delay_period": delay,
	})
	if err != nil {
		return campaign{}, fmt.Errorf("make the campaign: %w", err)
	}
	var created campaign
	status, err := call(ctx, http.MethodPost, p.api+"/campaigns", body, "chaos", &created)
	if err == nil && status >= 300 {
		err = fmt.Errorf("the campaign was refused with %d", status)
	}
	return created, err
}

func (p *platform) campaign(ctx context.Context, id string) (campaign, error) {
	var c campaign
	err := get(ctx, p.api+"/campaigns/"+id, &c)
	return c, err
}

// act makes a transition. One that the campaign's status does not allow is none to be made.
func (p *platform) act(ctx context.Context, id, action string) error {
	status, err := call(ctx, http.MethodPost, p.api+"/campaigns/"+id+"/"+action, nil, "", nil)
	if err == nil && status != http.StatusOK && status != http.StatusConflict {
		err = fmt.Errorf("%s: refused with %d", action, status)
	}
	return err
}

func (p *platform) batches(ctx context.Context, id string) ([]batch, error) {
	return pages(ctx, p.api+"/campaigns/"+id+"/batches", func(content json.RawMessage) ([]batch, error) {
		var page struct{ Batches []batch }
		err := json.Unmarshal(content, &page)
		return page.Batches, err
	})
}

func (p *platform) messages(ctx context.Context, id string) ([]message, error) {
	return pages(ctx, p.api+"/campaigns/"+id+"/messages", func(content json.RawMessage) ([]message, error) {
		var page struct{ Messages []message }
		err := json.Unmarshal(content, &page)
		return page.Messages, err
	})
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

func (p *platform) ledger(ctx context.Context) ([]entry, error) {
	var ledger []entry
	err := get(ctx, p.vonage+"/ledger", &ledger)
	return ledger, err
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
