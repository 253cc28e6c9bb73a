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
	maxIdleConns = 128 // requests that may be out at once without new connections; 2, net/http's default, made 562 for 600
	// idleLimit is how long a connection is trusted while nothing is sent on it. A connection that the other side has
	// dropped meanwhile costs an Unknown.
	idleLimit   = 30 * time.Second
	dialTimeout = 5 * time.Second
)

// NewTransport returns a transport for one Client or several: HTTP/1.1, kept alive, enough idle connections for every
// sender of a process. It never sends a request a second time once any of it was written.
func NewTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		MaxIdleConns:        maxIdleConns,
		MaxIdleConnsPerHost: maxIdleConns,
		IdleConnTimeout:     idleLimit,
		DisableCompression:  true,
		Protocols:           protocols,
	}
}
