package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/local/lambda"
)

// Quotas of an HTTP API that cannot be raised. What a function can be handed is less: lambda.MaxRequest bytes of event.
const (
	MaxBody            = 10 * 1024 * 1024
	IntegrationTimeout = 30 * time.Second
	MaxRoutes          = 300
)

// Options may be left zero.
type Options struct {
	// OnError is told of each request that ended with a 5xx of the gateway's own, once. It may be called concurrently.
	OnError func(routeKey string, err error)
}

// New returns the HTTP API of these routes, or an error that names a route that the service would refuse or that is not
// supported here.
//
// The handler answers by itself with {"message": …}: 400 to a path that cannot be decoded, 404 where there is no route,
// 413 where body or event is too large, 500 where the function failed, 503 where it was throttled or took longer than
// IntegrationTimeout, in which case it goes on.
func New(routes []Route, options Options) (http.Handler, error) {
	if len(routes) > MaxRoutes {
		return nil, fmt.Errorf("%d routes, the limit is %d", len(routes), MaxRoutes)
	}
	g := &gateway{onError: options.OnError}
	if g.onError == nil {
		g.onError = func(string, error) {}
	}
	for _, r := range routes {
		parsed, err := parseRoute(r)
		if err != nil {
			return nil, err
		}
		g.routes = append(g.routes, parsed)
	}
	if err := sortRoutes(g.routes); err != nil {
		return nil, err
	}
	return g, nil
}

type gateway struct {
	routes  []route
	onError func(string, error)
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, err := decodePath(r.URL.EscapedPath())
	if err != nil {
		answer(w, http.StatusBadRequest)
		return
	}
	route, variables, found := g.find(r.Method, path)
	if !found {
		answer(w, http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		answer(w, bodyStatus(err))
		return
	}
	requestID := newRequestID()
	w.Header().Set("Apigw-Requestid", requestID)
	payload, err := newEvent(r, requestID, route, path, variables, body)
	if err != nil {
		g.fail(w, route, http.StatusInternalServerError, err)
		return
	}
	response, err := invoke(r.Context(), route.invoker, payload)
	switch {
	case r.Context().Err() != nil:
		return // nobody is listening any more
	case err != nil:
		g.fail(w, route, statusOf(err), err)
		return
	}
	if err := write(w, r, response); err != nil {
		g.fail(w, route, http.StatusInternalServerError, err)
	}
}

// find relies on the routes being sorted: the first that matches is the most specific.
func (g *gateway) find(method, path string) (route, map[string]string, bool) {
	for _, r := range g.routes {
		if variables, ok := r.match(method, path); ok {
			return r, variables, true
		}
	}
	return route{}, nil, false
}

func bodyStatus(err error) int {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func invoke(ctx context.Context, function lambda.Invoker, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, IntegrationTimeout)
	defer cancel()
	return function.Invoke(ctx, payload)
}

// statusOf: an error that is not the function's own failure means that it could not be reached in time.
func statusOf(err error) int {
	if _, failed := errors.AsType[*lambda.FunctionError](err); failed {
		return http.StatusInternalServerError
	}
	if errors.Is(err, lambda.ErrTooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusServiceUnavailable
}

func (g *gateway) fail(w http.ResponseWriter, route route, status int, err error) {
	if status >= http.StatusInternalServerError {
		g.onError(route.key, err)
	}
	answer(w, status)
}

// write maps a function's result to the response (payload format 2.0). An error means that nothing was written.
func write(w http.ResponseWriter, r *http.Request, result []byte) error {
	response, err := interpret(result)
	if err != nil {
		return err
	}
	body := []byte(response.Body)
	if response.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(response.Body); err != nil {
			return fmt.Errorf("decode response body: %w", err)
		}
	}
	header := w.Header()
	for name, value := range response.Headers {
		if name = http.CanonicalHeaderKey(name); !perConnection(nil, name) && name != "Content-Length" {
			header.Set(name, value)
		}
	}
	if header.Get("Content-Type") == "" && len(body) > 0 {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	for _, cookie := range response.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	w.WriteHeader(response.StatusCode)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that hangs up, or a status without a body: nothing is left to be done
	}
	return nil
}

// interpret takes a result without a statusCode, JSON or not, as the body of a 200.
func interpret(result []byte) (events.APIGatewayV2HTTPResponse, error) {
	implicit := events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       string(result),
	}
	var probe map[string]json.RawMessage
	if json.Unmarshal(result, &probe) != nil || probe["statusCode"] == nil {
		return implicit, nil
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(result, &response); err != nil {
		return response, fmt.Errorf("read response of the function: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 599 {
		return response, fmt.Errorf("function answered with status %d, must be from 200 to 599", response.StatusCode)
	}
	return response, nil
}

// answer is the gateway's own response.
func answer(w http.ResponseWriter, status int) {
	body := fmt.Sprintf(`{"message":%q}`, http.StatusText(status))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
