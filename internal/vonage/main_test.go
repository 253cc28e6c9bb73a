package vonage_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// What the tests send. None of the secret ones may be seen anywhere but in the request.
const (
	apiKey        = "key45678"
	apiSecret     = "s3cret-Zq9x"
	applicationID = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
	recipient     = sms.Number("447700900123")
	words         = "Will you come on Friday? Answer YES."
)

// secrets has the beginnings of all keys and tokens too.
var secrets = []string{apiSecret, recipient.Digits(), "7700900", "Friday", "1617784922564", "PRIVATE KEY", "MII", "eyJ"}

// TestMain captures the log of the whole package, of net/http too, and fails if it holds a secret.
func TestMain(m *testing.M) {
	var logged lockedBuffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil))) // takes package log over as well
	code := m.Run()
	if leak := leaked(logged.String()); leak != "" {
		fmt.Printf("FAIL: %q reached the log:\n%s", leak, logged.String())
		code = 1
	}
	os.Exit(code)
}

func leaked(s string) string {
	for _, secret := range secrets {
		if strings.Contains(s, secret) {
			return secret
		}
	}
	return ""
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func message() sms.Message {
	return sms.Message{From: "Acme", To: recipient, Text: words, Ref: "01J00000000000000000000000"}
}

// send sends message and fails if the outcome tells a secret.
func send(t *testing.T, c *vonage.Client) sms.Outcome {
	t.Helper()
	o := c.Send(t.Context(), message())
	checkOutcome(t, o)
	return o
}

func checkOutcome(t *testing.T, o sms.Outcome) {
	t.Helper()
	if leak := leaked(o.Code + " " + o.Reason); leak != "" {
		t.Errorf("the outcome tells %q: %+v", leak, o)
	}
	if o.Verdict != sms.Accepted && (o.Code == "" || o.Reason == "") {
		t.Errorf("an outcome without code or reason: %+v", o)
	}
	if o.RetryAfter != 0 && o.Verdict != sms.Retry {
		t.Errorf("a wait goes only with retry: %+v", o)
	}
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering gives the same answer to everything.
func answering(status int, header http.Header, body io.Reader) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Header: header, Body: io.NopCloser(body), Request: r,
		}, nil
	}
}
