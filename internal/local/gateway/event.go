package gateway

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/local/lambda"
)

const (
	payloadFormat = "2.0"
	apiID         = "local"
	timeFormat    = "02/Jan/2006:15:04:05 -0700"
)

// decodePath decodes twice, as the service does: see the package comment.
func decodePath(escaped string) (string, error) {
	once, err := url.PathUnescape(escaped)
	if err != nil {
		return "", fmt.Errorf("decode path: %w", err)
	}
	once, _, _ = strings.Cut(once, "?")
	twice, err := url.PathUnescape(once)
	if err != nil {
		return "", fmt.Errorf("decode path again: %w", err)
	}
	return twice, nil
}

// newEvent describes a request to the function of a route.
func newEvent(r *http.Request, requestID string, route route, path string, variables map[string]string,
	body []byte) ([]byte, error) {
	now := time.Now().UTC()
	domain := hostname(r.Host)
	prefix, _, _ := strings.Cut(domain, ".")
	ip := hostname(r.RemoteAddr)
	event := events.APIGatewayV2HTTPRequest{
		Version:               payloadFormat,
		RouteKey:              route.key,
		RawPath:               path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               requestHeaders(r, ip, len(body), now),
		QueryStringParameters: queryParameters(r.URL.RawQuery),
		PathParameters:        variables,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey:     route.key,
			AccountID:    lambda.Account,
			Stage:        Default,
			RequestID:    requestID,
			APIID:        apiID,
			DomainName:   domain,
			DomainPrefix: prefix,
			Time:         now.Format(timeFormat),
			TimeEpoch:    now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: ip, UserAgent: r.UserAgent(),
			},
		},
	}
	event.Body, event.IsBase64Encoded = eventBody(r.Header, body)
	return marshal(event)
}

// marshal writes <, > and & as they are, as the service does: escaped they take six bytes of what an event may have.
func marshal(event events.APIGatewayV2HTTPRequest) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(event); err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// hopByHop are the headers that belong to one connection (RFC 9110, section 7.6.1).
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te",
	"Trailer", "Transfer-Encoding", "Upgrade"}

// perConnection tells whether a header is meant for the next hop only.
func perConnection(header http.Header, name string) bool {
	if slices.Contains(hopByHop, name) {
		return true
	}
	for _, field := range header["Connection"] {
		for token := range strings.SplitSeq(field, ",") {
			if textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(token)) == name {
				return true
			}
		}
	}
	return false
}

func requestHeaders(r *http.Request, ip string, length int, now time.Time) map[string]string {
	headers := make(map[string]string, len(r.Header)+6)
	for name, values := range r.Header {
		if name != "Cookie" && !perConnection(r.Header, name) {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	headers["host"] = r.Host
	headers["content-length"] = strconv.Itoa(length)
	headers["x-amzn-trace-id"] = newTraceID(now)
	headers["x-forwarded-for"] = ip
	if before := r.Header.Values("X-Forwarded-For"); len(before) > 0 {
		headers["x-forwarded-for"] = strings.Join(append(slices.Clone(before), ip), ", ")
	}
	headers["x-forwarded-proto"], headers["x-forwarded-port"] = "http", port(r.Host, "80")
	if r.TLS != nil {
		headers["x-forwarded-proto"], headers["x-forwarded-port"] = "https", port(r.Host, "443")
	}
	return headers
}

func cookies(header http.Header) []string {
	var all []string
	for _, field := range header["Cookie"] {
		for cookie := range strings.SplitSeq(field, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				all = append(all, cookie)
			}
		}
	}
	return all
}

func queryParameters(raw string) map[string]string {
	// What cannot be decoded is left out; rawQueryString has it.
	query, _ := url.ParseQuery(raw)
	parameters := make(map[string]string, len(query))
	for name, values := range query {
		parameters[name] = strings.Join(values, ",")
	}
	return parameters
}

func eventBody(header http.Header, body []byte) (text string, isBase64 bool) {
	if len(body) == 0 {
		return "", false
	}
	isEncoded := header.Get("Content-Encoding") != ""
	if isText(header.Get("Content-Type")) && !isEncoded && utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	default:
		return strings.HasPrefix(media, "text/")
	}
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

func port(hostport, otherwise string) string {
	if _, port, err := net.SplitHostPort(hostport); err == nil {
		return port
	}
	return otherwise
}

// newRequestID makes an id of the form that the service uses, like "ATfSmjLgPHcESJw=".
func newRequestID() string {
	var b [11]byte
	rand.Read(b[:]) // never fails (crypto/rand, Read)
	return base64.StdEncoding.EncodeToString(b[:])
}

// newTraceID follows the X-Ray Developer Guide, "Tracing header".
func newTraceID(now time.Time) string {
	var b [12]byte
	rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x", now.Unix(), b)
}
