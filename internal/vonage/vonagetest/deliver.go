package vonagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// How webhooks are sent again (Vonage support article 360028543292): where the answer is 429 or 5xx, or does not come
// (article 226572227), after 5 seconds first, doubling to 15 minutes, for a day.
const (
	FirstRetry = 5 * time.Second
	LastRetry  = 15 * time.Minute
	RetryFor   = 24 * time.Hour
)

// WebhookTimeout is how long Vonage waits for a webhook's answer (article 226572227).
const WebhookTimeout = 15 * time.Second

// maxAnswer is how much is read of what a webhook answers.
const maxAnswer = 64 << 10

// deliver makes one attempt.
func (r *returns) deliver(ctx context.Context, client *http.Client, w *webhook) {
	r.mu.Lock()
	if w.attempts == 0 {
		w.first = time.Now()
	}
	w.attempts++
	r.mu.Unlock()

	answer := r.post(ctx, client, w)

	r.mu.Lock()
	defer r.mu.Unlock()
	w.answer = answer
	r.underWay--
	w.before.attempted()
	w.before = nil
	r.conclude(w)
	r.nudge()
}

// conclude decides whether the webhook is to be sent again.
func (r *returns) conclude(w *webhook) {
	switch again := w.answer == 0 || w.answer == http.StatusTooManyRequests || w.answer >= 500; {
	case w.answer >= 200 && w.answer < 300:
		w.outcome = Taken
	case !again:
		w.outcome = Refused
	default:
		w.due = time.Now().Add(backOff(w.attempts))
		if w.due.Sub(w.first) > RetryFor {
			w.outcome = GivenUp
		} else if w.life == r.life {
			r.push(w)
		}
	}
}

// backOff is the wait after so many attempts.
func backOff(attempts int) time.Duration {
	wait := FirstRetry
	for ; attempts > 1 && wait < LastRetry; attempts-- {
		wait *= 2
	}
	return min(wait, LastRetry)
}

// post returns the status of the answer; 0 if none came.
func (r *returns) post(ctx context.Context, client *http.Client, w *webhook) int {
	ctx, cancel := context.WithTimeout(ctx, WebhookTimeout)
	defer cancel()
	req, err := r.request(w)
	if err != nil {
		panic(fmt.Sprintf("vonagetest: a webhook that cannot be written: %v", err)) // Check has seen the address
	}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // so that the connection can be used again
	return resp.StatusCode
}

// request is the same each time that the webhook is sent again, with the time and the signature of the first.
func (r *returns) request(w *webhook) (*http.Request, error) {
	address := r.ReceiptsURL
	if _, ok := w.event.(inbound); ok {
		address = r.InboundURL
	}
	nonce := randomUUID(w.of("nonce "+w.name, w.part, w.copy))
	if r.MessagesAPI {
		return r.messagesRequest(address, w.event.document(), nonce, w.first)
	}
	return r.smsRequest(address, r.params(w.event, nonce, w.first))
}

// pushed is how the SMS API writes when it began to send a webhook, in UTC.
const pushed = "2006-01-02 15:04:05"

// params are the event's with those of the account and, if it is signed, those of the signature.
func (r *returns) params(e event, nonce string, at time.Time) map[string]string {
	params := e.form()
	params["api-key"], params["message-timestamp"] = r.apiKey, at.UTC().Format(pushed)
	if r.Secret != "" {
		params["timestamp"], params["nonce"] = strconv.FormatInt(at.Unix(), 10), nonce
		params["sig"] = r.signature(params)
	}
	return params
}

func (r *returns) smsRequest(address string, params map[string]string) (*http.Request, error) {
	values := url.Values{}
	for name, value := range params {
		values.Set(name, value)
	}
	switch r.format() {
	case FormatGET:
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err == nil {
			req.URL.RawQuery = values.Encode()
		}
		return req, err
	case FormatPOST:
		return posting(address, "application/x-www-form-urlencoded; charset=UTF-8", []byte(values.Encode()))
	default:
		body, err := json.Marshal(params)
		if err != nil {
			return nil, fmt.Errorf("write the parameters: %w", err)
		}
		return posting(address, "application/json", body)
	}
}

func (r *returns) messagesRequest(address string, document any, id string, at time.Time) (*http.Request, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	req, err := posting(address, "application/json", body)
	if err != nil || r.Secret == "" {
		return req, err
	}
	token, err := r.token(r.apiKey, id, at, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return req, nil
}

func posting(address, contentType string, body []byte) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	return req, nil
}
