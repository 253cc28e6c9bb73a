package lambdaio

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// payloadFormat is the only event format that HTTP reads.
const payloadFormat = "2.0"

// HTTPFunc is what lambda.Start takes for a function behind an HTTP API.
type HTTPFunc func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// HTTP serves HTTP API events (payload format 2.0) with h.
//
// The request has the invocation's context, so its deadline and lambdacontext too. The response is buffered whole:
// Lambda takes at most 6 MB. A panic in h becomes a 500 problem (RFC 9457) and one record in log with the request id
// and the stack. The function returns an error only for an event of another format.
//
// It may be called concurrently if h may.
func HTTP(h http.Handler, log *slog.Logger) HTTPFunc {
	return func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if event.Version != payloadFormat {
			return events.APIGatewayV2HTTPResponse{},
				fmt.Errorf("event has payload format %q, only HTTP API payload format %q is understood", event.Version, payloadFormat)
		}
		r, err := request(ctx, event)
		if err != nil {
			return problem(http.StatusBadRequest, event.RequestContext.RequestID).response(), nil
		}
		return serve(h, r, event.RequestContext.RequestID, log).response(), nil
	}
}

// serve calls h and returns what it wrote, or a 500 problem when it panicked: what it had written until then is
// dropped, which a buffered response allows and a half-written one would not.
func serve(h http.Handler, r *http.Request, requestID string, log *slog.Logger) (w *responseWriter) {
	w = newResponseWriter()
	defer func() {
		if v := recover(); v != nil {
			attrs := append(panicAttrs(v), slog.String("request_id", requestID))
			log.LogAttrs(r.Context(), slog.LevelError, "handler panicked", attrs...)
			w = problem(http.StatusInternalServerError, requestID)
		}
	}()
	h.ServeHTTP(w, r)
	return w
}

func request(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body, err := requestBody(event)
	if err != nil {
		return nil, err
	}
	target := &url.URL{Path: event.RawPath, RawQuery: event.RawQueryString}
	if target.Path == "" {
		target.Path = "/"
	}
	r := &http.Request{
		Method:        event.RequestContext.HTTP.Method,
		URL:           target,
		RequestURI:    target.RequestURI(),
		Header:        requestHeader(event),
		Host:          host(event),
		RemoteAddr:    net.JoinHostPort(event.RequestContext.HTTP.SourceIP, "0"),
		Body:          http.NoBody,
		ContentLength: int64(len(body)),
	}
	r.Proto, r.ProtoMajor, r.ProtoMinor = protocol(event.RequestContext.HTTP.Protocol)
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return r.WithContext(ctx), nil
}

func requestBody(event events.APIGatewayV2HTTPRequest) ([]byte, error) {
	if !event.IsBase64Encoded {
		return []byte(event.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(event.Body)
	if err != nil {
		return nil, fmt.Errorf("decode request body: %w", err)
	}
	return body, nil
}

// requestHeader leaves Host out, as net/http's server does.
func requestHeader(event events.APIGatewayV2HTTPRequest) http.Header {
	header := make(http.Header, len(event.Headers)+1)
	for name, value := range event.Headers {
		header.Set(name, value)
	}
	header.Del("Host")
	if len(event.Cookies) > 0 {
		header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	return header
}

func host(event events.APIGatewayV2HTTPRequest) string {
	for name, value := range event.Headers {
		if strings.EqualFold(name, "host") {
			return value
		}
	}
	return event.RequestContext.DomainName
}

func protocol(s string) (proto string, major, minor int) {
	if major, minor, ok := http.ParseHTTPVersion(s); ok {
		return s, major, minor
	}
	return "HTTP/1.1", 1, 1
}

func problem(status int, requestID string) *responseWriter {
	// Marshalling strings and an int cannot fail.
	body, _ := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, "request id: " + requestID})
	w := newResponseWriter()
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	w.body.Write(body)
	return w
}

func (w *responseWriter) response() events.APIGatewayV2HTTPResponse {
	w.finish()
	response := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: make(map[string]string, len(w.sent))}
	for name, values := range w.sent {
		if name == "Set-Cookie" {
			response.Cookies = values
			continue
		}
		response.Headers[name] = strings.Join(values, ",")
	}
	if body := w.body.Bytes(); utf8.Valid(body) {
		response.Body = string(body)
	} else {
		response.Body, response.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return response
}
