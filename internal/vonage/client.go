package vonage

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	sdk "github.com/vonage/vonage-go-sdk"

	"sluice/internal/sms"
)

// Client sends texts through the Vonage SMS API. It may be used concurrently.
type Client struct {
	// newSDK makes the SDK client of one call. Being a function, it keeps the secret out of anything that prints a
	// Client.
	newSDK    func(http.RoundTripper) *sdk.SMSClient
	problem   string
	transport http.RoundTripper
	timeout   time.Duration
	freshness freshness
}

// NewClient returns a client. A configuration that cannot work is reported by every Send, as sms.Stop.
func NewClient(c Config) *Client {
	c.BaseURL = cmp.Or(c.BaseURL, DefaultBaseURL)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	if c.Transport == nil {
		c.Transport = NewTransport()
	}
	return &Client{
		newSDK: func(rt http.RoundTripper) *sdk.SMSClient {
			client := sdk.NewSMSClient(sdk.CreateAuthFromKeySecret(c.APIKey, c.APISecret))
			client.Config.BasePath = c.BaseURL
			client.Config.HTTPClient = &http.Client{Transport: rt}
			return client
		},
		problem:   c.problem(),
		transport: c.Transport,
		timeout:   c.Timeout,
	}
}

// Send makes one attempt to send m, with one HTTP request or none, and says what became of it. It returns when the
// answer is there, when Config.Timeout is over or when ctx ends; it never panics, and never sends twice.
//
// Nothing of m, of the credentials or of the provider's own wording is in the Outcome's Code and Reason.
func (c *Client) Send(ctx context.Context, m sms.Message) sms.Outcome {
	if c.problem != "" {
		return sms.Outcome{Verdict: sms.Stop, Code: "configuration", Reason: c.problem}
	}
	if n, err := sms.ParseNumber(m.To.Digits()); err != nil || n != m.To {
		return sms.Outcome{Verdict: sms.Failed, Code: "number", Reason: "the number " + sms.ErrNumber.Error()}
	}
	c.freshness.renew(c.transport)

	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	g := &guard{ctx: ctx, next: c.transport}
	c.send(g, m)
	return classify(g.answer())
}

// send drives the SDK. What it returns is not used: the guard has all that was answered, also where the SDK panics.
func (c *Client) send(g *guard, m sms.Message) {
	defer func() { _ = recover() }()
	_, _, _ = c.newSDK(g).Send(string(m.From), m.To.Digits(), m.Text, sdk.SMSOpts{
		StatusReportReq: true,
		Type:            textType(m.Text),
		ClientRef:       m.Ref,
	})
}

// textType is the SMS API's `type`: it does not look at the text by itself.
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
