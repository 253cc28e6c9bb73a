package vonage

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"
)

const (
	// DefaultBaseURL is where the SMS API lives; the SDK adds /json.
	DefaultBaseURL = "https://rest.nexmo.com/sms"
	// DefaultTimeout limits one request. Vonage names no limit of its own.
	DefaultTimeout = 10 * time.Second

	apiKeyLength = 8 // the SDK refuses any other
)

// Config says how to reach the SMS API. Printed or logged, it does not show the secret.
type Config struct {
	APIKey    string
	APISecret string `json:"-"`
	// BaseURL is the address without its /json; empty means DefaultBaseURL.
	BaseURL string
	// Transport is shared by all requests; nil means a new NewTransport.
	Transport http.RoundTripper `json:"-"`
	// Timeout of one request, from the connection to the end of the answer; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Format shows the configuration without its secret, for every verb.
func (c Config) Format(state fmt.State, _ rune) {
	secret := "not set"
	if c.APISecret != "" {
		secret = "set"
	}
	fmt.Fprintf(state, "{key %s, secret %s, url %s, timeout %s}", c.APIKey, secret, c.BaseURL, c.Timeout)
}

// LogValue shows what Format shows.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// problem says why nothing can be sent with this configuration; empty when all is well.
func (c Config) problem() string {
	if n := utf8.RuneCountInString(c.APIKey); n != apiKeyLength {
		return fmt.Sprintf("the API key has %d characters and must have %d", n, apiKeyLength)
	}
	if c.APISecret == "" {
		return "the API secret is missing"
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "the address of the SMS API is not an http or https URL"
	}
	return ""
}

const (
	// maxConns is how many requests of a process can be out at once: 1,000 a second that take 0.9 s each. What Lambda gives
	// a process is 1,024 file descriptors (Lambda Developer Guide, "Lambda quotas"), of which some go elsewhere. All may
	// stay open: with 128, 10,400 requests, 800 at a time, opened 8,864 connections.
	maxConns = 900
	// idleLimit is how long a connection is trusted while nothing is sent on it. A connection that the other side has
	// dropped meanwhile costs an Unknown.
	idleLimit   = 30 * time.Second
	dialTimeout = 5 * time.Second
)

// NewTransport returns a transport for one Client or several: HTTP/1.1, kept alive, with up to 900 connections. A request
// beyond these waits for one, within its own time. It never sends a request a second time once any of it was written.
func NewTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		MaxConnsPerHost:     maxConns,
		MaxIdleConns:        maxConns,
		MaxIdleConnsPerHost: maxConns,
		IdleConnTimeout:     idleLimit,
		DisableCompression:  true,
		Protocols:           protocols,
	}
}
