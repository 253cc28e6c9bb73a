package vonage

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"
)

// API is one of the two ways to send a text through Vonage.
type API string

// The APIs.
const (
	// SMS is the SMS API (reference 1.5.1): one answer for each part of a text.
	SMS API = "sms"
	// Messages is the Messages API, v1 (reference 1.20.0), which Vonage recommends to whoever begins anew: one answer for
	// the whole text.
	Messages API = "messages"
)

// name is what the API is called in our reasons; empty for one that is not known.
func (a API) name() string {
	switch a {
	case SMS:
		return "SMS API"
	case Messages:
		return "Messages API"
	default:
		return ""
	}
}

func (a API) url() string {
	if a == Messages {
		return DefaultMessagesURL
	}
	return DefaultBaseURL
}

const (
	// DefaultBaseURL is where the SMS API lives; /json comes behind it.
	DefaultBaseURL = "https://rest.nexmo.com/sms"
	// DefaultMessagesURL is where the Messages API lives; /messages comes behind it. There are hosts api-eu, api-us and
	// api-ap too.
	DefaultMessagesURL = "https://api.nexmo.com/v1"
	// DefaultTimeout limits one request. Vonage names no limit of its own.
	DefaultTimeout = 10 * time.Second

	apiKeyLength = 8 // the SDK refuses any other
)

// Config says how to reach Vonage. Printed or logged, it does not show the secrets.
type Config struct {
	// API is the one to send through; empty means SMS.
	API       API
	APIKey    string
	APISecret string `json:"-"`
	// ApplicationID and PrivateKey (RSA, PEM) sign in at the Messages API in place of the key and the secret, and webhooks
	// then come as the application says. Both or neither; the SMS API has no use for them.
	ApplicationID string
	PrivateKey    string `json:"-"`
	// BaseURL is the address without its /json or /messages; empty means DefaultBaseURL or DefaultMessagesURL.
	BaseURL string
	// Transport is shared by all requests; nil means a new NewTransport.
	Transport http.RoundTripper `json:"-"`
	// Timeout of one request, from the connection to the end of the answer; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Format shows the configuration without its secrets, for every verb.
func (c Config) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "{api %s, key %s, secret %s, application %s, private key %s, url %s, timeout %s}",
		cmp.Or(c.API, SMS), c.APIKey, presence(c.APISecret), c.ApplicationID, presence(c.PrivateKey), c.BaseURL, c.Timeout)
}

func presence(secret string) string {
	if secret == "" {
		return "not set"
	}
	return "set"
}

// LogValue shows what Format shows.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// application says that an application signs in, not the account.
func (c Config) application() bool {
	return c.API == Messages && (c.ApplicationID != "" || c.PrivateKey != "")
}

// problem says why nothing can be sent with this configuration; empty when nothing is seen. Whether the private key is
// good shows when it has to sign.
func (c Config) problem() string {
	if c.API.name() == "" {
		return fmt.Sprintf("the API %q is not known: it must be %s or %s", string(c.API), SMS, Messages)
	}
	if problem := c.credentialsProblem(); problem != "" {
		return problem
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "the address of the " + c.API.name() + " is not an http or https URL"
	}
	return ""
}

func (c Config) credentialsProblem() string {
	if c.application() {
		switch {
		case c.ApplicationID == "":
			return "the application's id is missing"
		case c.PrivateKey == "":
			return "the application's private key is missing"
		}
		return ""
	}
	if n := utf8.RuneCountInString(c.APIKey); n != apiKeyLength {
		return fmt.Sprintf("the API key has %d characters and must have %d", n, apiKeyLength)
	}
	if c.APISecret == "" {
		return "the API secret is missing"
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
