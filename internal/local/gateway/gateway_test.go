package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/local/gateway"
	"sluice/internal/local/lambda"
)

// function is an Invoker of one answer, which keeps the event.
type function struct {
	answer string
	err    error
	event  events.APIGatewayV2HTTPRequest
}

func (f *function) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	if err := json.Unmarshal(payload, &f.event); err != nil {
		return nil, err
	}
	return []byte(f.answer), f.err
}

func newGateway(t *testing.T, routes ...gateway.Route) http.Handler {
	t.Helper()
	g, err := gateway.New(routes, gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheMostSpecificRouteTakesTheRequest(t *testing.T) {
	keys := []string{"ANY /{proxy+}", "GET /campaigns/{id}", "ANY /campaigns/{id}", "GET /campaigns", "POST /campaigns",
		"GET /campaigns/search", "GET /campaigns/{id}/batches", "GET /campaigns/{id}/{rest+}", "GET /"}
	var routes []gateway.Route
	for _, key := range keys {
		method, path, _ := strings.Cut(key, " ")
		routes = append(routes, gateway.Route{Method: method, Path: path, Invoker: &function{answer: key}})
	}
	g := newGateway(t, routes...)
	withDefault := newGateway(t, append(routes, gateway.Route{Path: gateway.Default, Invoker: &function{answer: "$default"}})...)
	tests := []struct{ request, want string }{
		{"GET /", "GET /"},
		{"POST /", ""},
		{"GET /campaigns", "GET /campaigns"},
		{"POST /campaigns", "POST /campaigns"},
		{"PUT /campaigns", "ANY /{proxy+}"},
		{"GET /campaigns/search", "GET /campaigns/search"},
		{"GET /campaigns/7", "GET /campaigns/{id}"},
		{"PATCH /campaigns/7", "ANY /campaigns/{id}"},
		{"GET /campaigns/7/batches", "GET /campaigns/{id}/batches"},
		{"GET /campaigns/7/x/y", "GET /campaigns/{id}/{rest+}"},
		{"GET /campaigns/", "ANY /{proxy+}"},
		{"DELETE /other", "ANY /{proxy+}"},
	}
	for _, tt := range tests {
		t.Run(tt.request, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.request, " ")
			w := do(g, httptest.NewRequest(method, path, nil))
			if tt.want == "" {
				if w.Code != http.StatusNotFound || w.Body.String() != `{"message":"Not Found"}` {
					t.Errorf("answer %d %s, want 404", w.Code, w.Body)
				}
				tt.want = "$default"
				w = do(withDefault, httptest.NewRequest(method, path, nil))
			}
			if got := w.Body.String(); got != tt.want {
				t.Errorf("went to %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	f := &function{}
	for name, routes := range map[string][]gateway.Route{
		"an unknown method":                  {{Method: "get", Path: "/", Invoker: f}},
		"a method with $default":             {{Method: "GET", Path: "$default", Invoker: f}},
		"a path without a slash":             {{Method: "GET", Path: "a", Invoker: f}},
		"half a variable":                    {{Method: "GET", Path: "/a{id}", Invoker: f}},
		"an unclosed variable":               {{Method: "GET", Path: "/{id", Invoker: f}},
		"a nameless variable":                {{Method: "GET", Path: "/{}", Invoker: f}},
		"a greedy variable before the end":   {{Method: "GET", Path: "/{a+}/b", Invoker: f}},
		"a variable that occurs twice":       {{Method: "GET", Path: "/{a}/{a}", Invoker: f}},
		"a route without a function":         {{Method: "GET", Path: "/"}},
		"two routes for the same requests":   {{Method: "GET", Path: "/{a}", Invoker: f}, {Method: "GET", Path: "/{b}", Invoker: f}},
		"more routes than an HTTP API takes": make([]gateway.Route, gateway.MaxRoutes+1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := gateway.New(routes, gateway.Options{}); err == nil {
				t.Error("was accepted")
			}
		})
	}
}

func TestTheEventDescribesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &function{answer: `{}`}
		g := newGateway(t, gateway.Route{Method: "POST", Path: "/campaigns/{id}", Invoker: f})
		r := httptest.NewRequest("POST", "http://api.example.com:8080/campaigns/space%20value?repeat=one&repeat=two&plus=a+b&encoded=a%2Bb&empty=",
			strings.NewReader(`{"a":"λ"}`))
		r.RemoteAddr = "192.0.2.7:4711"
		r.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"curl/8"}, "X-Probe": {"first", "second"},
			"Cookie": {"session=abc; theme=dark", "more=1"}, "Connection": {"close, X-Mine"}, "X-Mine": {"hop"},
			"X-Forwarded-For": {"203.0.113.9"}}
		w := do(g, r)

		want := events.APIGatewayV2HTTPRequest{
			Version: "2.0", RouteKey: "POST /campaigns/{id}", RawPath: "/campaigns/space value",
			RawQueryString: "repeat=one&repeat=two&plus=a+b&encoded=a%2Bb&empty=",
			Cookies:        []string{"session=abc", "theme=dark", "more=1"},
			Headers: map[string]string{"content-type": "application/json", "user-agent": "curl/8", "x-probe": "first,second",
				"content-length": "10", "host": "api.example.com:8080", "x-forwarded-for": "203.0.113.9, 192.0.2.7",
				"x-forwarded-proto": "http", "x-forwarded-port": "8080", "x-amzn-trace-id": f.event.Headers["x-amzn-trace-id"]},
			QueryStringParameters: map[string]string{"repeat": "one,two", "plus": "a b", "encoded": "a+b", "empty": ""},
			PathParameters:        map[string]string{"id": "space value"},
			Body:                  `{"a":"λ"}`,
			RequestContext: events.APIGatewayV2HTTPRequestContext{
				RouteKey: "POST /campaigns/{id}", AccountID: "000000000000", Stage: "$default", APIID: "local",
				RequestID: w.Header().Get("Apigw-Requestid"), DomainName: "api.example.com", DomainPrefix: "api",
				Time: "01/Jan/2000:00:00:00 +0000", TimeEpoch: 946684800000,
				HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/campaigns/space value",
					Protocol: "HTTP/1.1", SourceIP: "192.0.2.7", UserAgent: "curl/8"},
			},
		}
		if diff := cmp.Diff(want, f.event, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		if id := f.event.RequestContext.RequestID; len(id) != 16 {
			t.Errorf("request id %q, want 16 characters", id)
		}
	})
}

// The paths and results are those of published captures of live HTTP APIs.
func TestPathsAreDecodedAsTheServiceDoes(t *testing.T) {
	tests := []struct{ sent, want string }{
		{"/capture/plain", "/capture/plain"},
		{"/capture/space%20value", "/capture/space value"},
		{"/capture/question%3Fvalue", "/capture/question"},
		{"/capture/percent%25done", ""},
		{"/capture/hash%23value", "/capture/hash#value"},
		{"/capture/slash%2Fvalue", "/capture/slash/value"},
		{"/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", "/capture/unicode-λ-世界"},
		{"/capture/literal%252Fvalue", "/capture/literal/value"},
		{"/capture/literal%253Fvalue", "/capture/literal?value"},
		{"/capture/literal%2525value", "/capture/literal%value"},
	}
	for _, tt := range tests {
		t.Run(tt.sent, func(t *testing.T) {
			f := &function{}
			w := do(newGateway(t, gateway.Route{Method: "GET", Path: "/{proxy+}", Invoker: f}), httptest.NewRequest("GET", tt.sent, nil))
			if tt.want == "" {
				if w.Code != http.StatusBadRequest {
					t.Errorf("status %d, want 400", w.Code)
				}
				return
			}
			if f.event.RawPath != tt.want || "/"+f.event.PathParameters["proxy"] != tt.want {
				t.Errorf("rawPath %q, variable %q, want %q", f.event.RawPath, f.event.PathParameters["proxy"], tt.want)
			}
		})
	}
}

func TestBodiesThatAreNotTextAreBase64(t *testing.T) {
	tests := []struct {
		contentType, encoding, body, want string
		isBase64                          bool
	}{
		{"application/json; charset=utf-8", "", `{}`, `{}`, false},
		{"text/csv", "", "a,b", "a,b", false},
		{"application/xml", "", "<a/>", "<a/>", false},
		{"application/x-www-form-urlencoded", "", "a=b", "YT1i", true},
		{"application/x-www-form-urlencoded; charset=UTF-8", "", "a=b", "YT1i", true},
		{"application/octet-stream", "", "a", "YQ==", true},
		{"", "", "a", "YQ==", true},
		{"text/plain", "", "\xff", "/w==", true},
		{"application/octet-stream", "", "", "", false},
		{"text/csv", "gzip", "\x1f\x8b\x08", "H4sI", true},
		{"text/csv", "gzip", "no gzip", "bm8gZ3ppcA==", true},
		{"application/json", "br", "{}", "e30=", true},
		{"text/csv", "gzip", "", "", false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %q", tt.contentType, tt.encoding, tt.body), func(t *testing.T) {
			f := &function{}
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			if tt.encoding != "" {
				r.Header.Set("Content-Encoding", tt.encoding)
			}
			do(newGateway(t, gateway.Route{Method: "POST", Path: "/", Invoker: f}), r)
			if f.event.Body != tt.want || f.event.IsBase64Encoded != tt.isBase64 {
				t.Errorf("body %q, base64 %t, want %q, %t", f.event.Body, f.event.IsBase64Encoded, tt.want, tt.isBase64)
			}
		})
	}
}

func TestResponses(t *testing.T) {
	type response struct {
		Status      int
		ContentType string
		Cookies     []string
		Body        string
	}
	failed := response{500, "application/json", nil, `{"message":"Internal Server Error"}`}
	tests := []struct {
		name, answer string
		want         response
	}{
		{"in full", `{"statusCode":201,"headers":{"content-type":"text/csv"},"cookies":["a=1","b=2"],"body":"x"}`,
			response{201, "text/csv", []string{"a=1", "b=2"}, "x"}},
		{"binary", `{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"/wA=","isBase64Encoded":true}`,
			response{200, "image/png", nil, "\xff\x00"}},
		{"without a content type", `{"statusCode":200,"body":"x"}`, response{200, "text/plain; charset=utf-8", nil, "x"}},
		{"without a body", `{"statusCode":204}`, response{204, "", nil, ""}},
		{"implicit object", `{"ok":true}`, response{200, "application/json", nil, `{"ok":true}`}},
		{"implicit string", `"ok"`, response{200, "application/json", nil, `"ok"`}},
		{"not JSON at all", `ok`, response{200, "application/json", nil, `ok`}},
		{"a status that is no number", `{"statusCode":"many"}`, failed},
		{"a status out of range", `{"statusCode":1000}`, failed},
		{"a body that is not base64", `{"statusCode":200,"body":"*","isBase64Encoded":true}`, failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := do(newGateway(t, gateway.Route{Method: "GET", Path: "/", Invoker: &function{answer: tt.answer}}),
				httptest.NewRequest("GET", "/", nil))
			got := response{w.Code, w.Header().Get("Content-Type"), w.Header()["Set-Cookie"], w.Body.String()}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsOfTheFunction(t *testing.T) {
	tests := []struct {
		name       string
		err        error
		wantStatus int
		wantBody   string
		reported   bool
	}{
		{"a failure", &lambda.FunctionError{Type: "errorString", Message: "secret"}, 500, `{"message":"Internal Server Error"}`, true},
		{"throttling", lambda.ErrThrottled, 503, `{"message":"Service Unavailable"}`, true},
		{"an event that is too large", lambda.ErrTooLarge, 413, `{"message":"Request Entity Too Large"}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var reported []error
			g, err := gateway.New([]gateway.Route{{Method: "GET", Path: "/", Invoker: &function{err: tt.err}}},
				gateway.Options{OnError: func(_ string, err error) { reported = append(reported, err) }})
			if err != nil {
				t.Fatal(err)
			}
			w := do(g, httptest.NewRequest("GET", "/", nil))
			if w.Code != tt.wantStatus || w.Body.String() != tt.wantBody {
				t.Errorf("answer %d %s, want %d %s", w.Code, w.Body, tt.wantStatus, tt.wantBody)
			}
			if got := len(reported) == 1 && errors.Is(reported[0], tt.err); got != tt.reported {
				t.Errorf("reported %v, want it once: %t", reported, tt.reported)
			}
		})
	}
}

func TestAnIntegrationThatTakesLongerThan30SecondsIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		h, err := lambda.NewHandler(t.Context(), lambda.HandlerConfig{Name: "slow", Timeout: time.Minute}, func() {
			time.Sleep(40 * time.Second)
			finished = true
		})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		w := do(newGateway(t, gateway.Route{Method: "GET", Path: "/", Invoker: h}), httptest.NewRequest("GET", "/", nil))
		if w.Code != 503 || w.Body.String() != `{"message":"Service Unavailable"}` || time.Since(start) != gateway.IntegrationTimeout {
			t.Errorf("answer %d %s after %s", w.Code, w.Body, time.Since(start))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !finished {
			t.Error("the function did not go on")
		}
	})
}

func TestBodiesBeyondTheLimitsAreRefused(t *testing.T) {
	echo, err := lambda.NewHandler(t.Context(), lambda.HandlerConfig{Name: "f"}, func(json.RawMessage) {})
	if err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, gateway.Route{Method: "POST", Path: "/", Invoker: echo})
	for _, c := range []struct {
		name, of, encoding string
		size, want         int
	}{
		{"text", "x", "", 5 << 20, 200},
		{"text of a whole event", "x", "", lambda.MaxRequest, 413},
		{"more than an HTTP API takes", "x", "", gateway.MaxBody + 1, 413},
		{"lines, whose ends are two characters in an event", "\n", "", 3_100_000, 200},
		{"signs that only HTML has a meaning for", "<&>", "", 1_700_000, 200},
		{"too many lines", "\n", "", 3_200_000, 413},
		{"what is packed travels as base64, four characters for three bytes", "\x8b", "gzip", 4_700_000, 200},
		{"too much that is packed", "\x8b", "gzip", 4_720_000, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat(c.of, c.size)))
			r.Header.Set("Content-Type", "text/csv")
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			if w := do(g, r); w.Code != c.want {
				t.Errorf("%d bytes: answer %d %s, want %d", c.size, w.Code, w.Body, c.want)
			}
		})
	}
}
