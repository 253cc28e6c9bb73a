package lambdaio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/lambdaio"
)

func newLog() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewJSONHandler(&out, nil)), &out
}

// records reads what was logged.
func records(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for decoder := json.NewDecoder(out); ; {
		var record map[string]any
		if err := decoder.Decode(&record); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, record)
	}
}

func event(change func(*events.APIGatewayV2HTTPRequest)) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: "/", Headers: map[string]string{"host": "api.example.com"}}
	e.RequestContext.RequestID = "request-1"
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "GET", Protocol: "HTTP/1.1", SourceIP: "192.0.2.1"}
	if change != nil {
		change(&e)
	}
	return e
}

func TestTheRequestIsWhatAServerWouldHavePassed(t *testing.T) {
	type key struct{}
	var got *http.Request
	var body []byte
	serve := lambdaio.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}), slog.New(slog.DiscardHandler))
	e := event(func(e *events.APIGatewayV2HTTPRequest) {
		e.RawPath = "/suppressions/+44 7%41"
		e.RawQueryString = "a=1&a=%20+"
		e.Headers["x-a"] = "1,2"
		e.Headers["content-length"] = "3"
		e.Cookies = []string{"a=1", "b=2"}
		e.Body, e.IsBase64Encoded = "/wBh", true
		e.RequestContext.HTTP.Method = "PUT"
		e.RequestContext.HTTP.Protocol = "HTTP/2.0"
		e.RequestContext.HTTP.SourceIP = "2001:db8::1"
	})
	if _, err := serve(context.WithValue(t.Context(), key{}, "value"), e); err != nil {
		t.Fatal(err)
	}
	type view struct {
		Method, Path, Escaped, RawQuery, Host, RemoteAddr, RequestURI, Proto, Body string
		Header                                                                     http.Header
		Length                                                                     int64
		Context                                                                    any
	}
	want := view{Method: "PUT", Path: "/suppressions/+44 7%41", Escaped: "/suppressions/+44%207%2541", RawQuery: "a=1&a=%20+", Host: "api.example.com",
		RemoteAddr: "[2001:db8::1]:0", RequestURI: "/suppressions/+44%207%2541?a=1&a=%20+", Proto: "HTTP/2.0", Body: "\xff\x00a", Length: 3, Context: "value",
		Header: http.Header{"X-A": {"1,2"}, "Content-Length": {"3"}, "Cookie": {"a=1; b=2"}}}
	view2 := view{got.Method, got.URL.Path, got.URL.EscapedPath(), got.URL.RawQuery, got.Host, got.RemoteAddr, got.RequestURI, got.Proto, string(body), got.Header,
		got.ContentLength, got.Context().Value(key{})}
	if diff := cmp.Diff(want, view2); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestAPathWithEncodedCharactersReachesItsPattern(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /suppressions/{number}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("number"))
	})
	response, err := lambdaio.HTTP(mux, slog.New(slog.DiscardHandler))(t.Context(), event(func(e *events.APIGatewayV2HTTPRequest) {
		e.RawPath = "/suppressions/+44 λ"
	}))
	if err != nil || response.Body != "+44 λ" {
		t.Errorf("response %+v, %v", response, err)
	}
}

func TestResponses(t *testing.T) {
	tests := []struct {
		name   string
		handle http.HandlerFunc
		want   events.APIGatewayV2HTTPResponse
	}{
		{"nothing written is an empty 200", func(http.ResponseWriter, *http.Request) {},
			events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{}}},
		{"the content type is sniffed as a server would", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
			events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "text/html; charset=utf-8"}, Body: "<html>"}},
		{"cookies stay apart, other headers are joined", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
			w.Header()["Vary"] = []string{"Accept", "Cookie"}
			w.WriteHeader(http.StatusAccepted)
		}, events.APIGatewayV2HTTPResponse{StatusCode: 202, Headers: map[string]string{"Vary": "Accept,Cookie"}, Cookies: []string{"a=1", "b=2"}}},
		{"only the first status and the headers before it count", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "1")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 418, Headers: map[string]string{}}},
		{"a body that is not text is base64", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte{0xff, 0})
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "image/png"}, Body: "/wA=", IsBase64Encoded: true}},
		{"a status without a body refuses one", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			if _, err := w.Write([]byte("x")); err != http.ErrBodyNotAllowed {
				panic(err)
			}
		}, events.APIGatewayV2HTTPResponse{StatusCode: 204, Headers: map[string]string{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := lambdaio.HTTP(tt.handle, slog.New(slog.DiscardHandler))(t.Context(), event(nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPanicIsAProblemAndOneRecord(t *testing.T) {
	for name, tt := range map[string]struct {
		panics func()
		logged string
	}{
		"of the program": {func() { panic("text of +447700900123") }, "string"},
		"of the runtime": {func() { _ = strings.Fields("")[len(os.Args)] }, "index out of range"},
		"for a status":   {nil, "string"},
	} {
		t.Run(name, func(t *testing.T) {
			log, out := newLog()
			response, err := lambdaio.HTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Half", "done")
				if tt.panics == nil {
					w.WriteHeader(42)
				}
				_, _ = io.WriteString(w, "half")
				tt.panics()
			}), log)(t.Context(), event(func(e *events.APIGatewayV2HTTPRequest) { e.Body = "text of +447700900123" }))
			if err != nil {
				t.Fatal(err)
			}
			want := events.APIGatewayV2HTTPResponse{StatusCode: 500, Headers: map[string]string{"Content-Type": "application/problem+json"},
				Body: `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"request id: request-1"}`}
			if diff := cmp.Diff(want, response); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
			if strings.Contains(out.String(), "447700900123") {
				t.Errorf("the log has the number: %s", out)
			}
			logged := records(t, out)
			if len(logged) != 1 || logged[0]["request_id"] != "request-1" || !strings.Contains(logged[0]["panic"].(string), tt.logged) ||
				!strings.Contains(logged[0]["stack"].(string), "http_test.go") {
				t.Errorf("logged %v", logged)
			}
		})
	}
}

func TestAnEventOfAnotherFormatIsAnError(t *testing.T) {
	serve := lambdaio.HTTP(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if _, err := serve(t.Context(), event(func(e *events.APIGatewayV2HTTPRequest) { e.Version = "1.0" })); err == nil {
		t.Error("format 1.0 was accepted")
	}
}

func TestABodyThatIsNotBase64IsABadRequest(t *testing.T) {
	serve := lambdaio.HTTP(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	response, err := serve(t.Context(), event(func(e *events.APIGatewayV2HTTPRequest) { e.Body, e.IsBase64Encoded = "*", true }))
	if err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("response %+v, %v", response, err)
	}
}

func FuzzHTTP(f *testing.F) {
	f.Add([]byte(`{"version":"2.0","rawPath":"/a b","rawQueryString":"a=%zz","headers":{"host":"h"},"requestContext":{"http":{"method":"GET"}}}`))
	f.Add([]byte(`{"version":"2.0","rawPath":"//","headers":{"A b":"\n"},"cookies":[""],"body":"*","isBase64Encoded":true}`))
	mux := http.NewServeMux()
	mux.HandleFunc("/a/{id}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	serve := lambdaio.HTTP(mux, slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e events.APIGatewayV2HTTPRequest
		if json.Unmarshal(data, &e) != nil || e.Version != "2.0" {
			return
		}
		response, err := serve(t.Context(), e)
		if err != nil || response.StatusCode < 200 || response.StatusCode == 500 {
			t.Errorf("response %+v, %v", response, err)
		}
	})
}
