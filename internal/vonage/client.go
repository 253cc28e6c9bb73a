package vonage

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"sluice/internal/sms"
)

// Client sends texts through one of Vonage's APIs. It may be used concurrently.
type Client struct {
	protocol  protocol
	problem   string
	transport http.RoundTripper
	timeout   time.Duration
	freshness freshness
}

// protocol is how one of the APIs is spoken. Its parts being functions, they keep the secrets out of anything that prints
// a Client.
type protocol struct {
	// post makes the one request of an attempt, through the guard, which keeps all that comes of it.
	post func(*guard, sms.Message)
	// classify says what became of it.
	classify func(answer) sms.Outcome
}

// NewClient returns a client for the API that c names. A configuration that cannot work is reported by every Send, as
// sms.Stop.
func NewClient(c Config) *Client {
	c.API = cmp.Or(c.API, SMS)
	c.BaseURL = cmp.Or(c.BaseURL, c.API.url())
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	if c.Transport == nil {
		c.Transport = NewTransport()
	}
	return &Client{
		protocol:  c.protocol(),
		problem:   c.problem(),
		transport: c.Transport,
		timeout:   c.Timeout,
	}
}

func (c Config) protocol() protocol {
	if c.API == Messages {
		return messagesProtocol(c)
	}
	return smsProtocol(c)
}

// Send makes one attempt to send m, with one HTTP request or none, and says what became of it. It returns when the
// answer is there, when Config.Timeout is over or when ctx ends; it never panics, and never sends twice.
//
// Nothing of m, of the credentials or of the provider's own wording is in the Outcome's Code and Reason.
func (c *Client) Send(ctx context.Context, m sms.Message) sms.Outcome {
	if c.problem != "" {
		return misconfigured(c.problem)
	}
	if n, err := sms.ParseNumber(m.To.Digits()); err != nil || n != m.To {
		return sms.Outcome{Verdict: sms.Failed, Code: "number", Reason: "the number " + sms.ErrNumber.Error()}
	}
	c.freshness.renew(c.transport)

	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	g := &guard{ctx: ctx, next: c.transport}
	c.post(g, m)
	return c.protocol.classify(g.answer())
}

// post stops a panic on the way, the SDK's for one: the guard has all that was answered.
func (c *Client) post(g *guard, m sms.Message) {
	defer func() { _ = recover() }()
	c.protocol.post(g, m)
}

// textType is the SMS API's `type` and the Messages API's `encoding_type`.
func textType(text string) string {
	if sms.Measure(text).Encoding == sms.UCS2 {
		return "unicode"
	}
	return "text"
}

// freshness drops idle connections after a silence. The transport's own timer does so too, but a Lambda sandbox that
// was frozen wakes up with its timers late and its connections long dropped by the other side.
type freshness struct {
	mu   sync.Mutex
	last time.Time
}

func (f *freshness) renew(transport http.RoundTripper) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now().Round(0) // by the wall clock: the monotonic one may stand still while frozen
	silence := now.Sub(f.last)
	f.last = now
	if pool, ok := transport.(interface{ CloseIdleConnections() }); ok && silence > idleLimit {
		pool.CloseIdleConnections()
	}
}
