package inprocess_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/inprocess"
)

// seen is what a handler can tell of a request.
type seen struct {
	Method, URI, Path, Query, Host, Body, Custom, ContentLength, User string
	Length                                                            int64
	HasRemote                                                         bool
}

func observe(r *http.Request) seen {
	body, _ := io.ReadAll(r.Body)
	user, _, _ := r.BasicAuth()
	return seen{
		Method: r.Method, URI: r.RequestURI, Path: r.URL.Path, Query: r.URL.RawQuery, Host: r.Host, Body: string(body),
		Custom: r.Header.Get("X-Custom"), ContentLength: r.Header.Get("Content-Length"), User: user,
		Length: r.ContentLength, HasRemote: r.RemoteAddr != "" && r.URL.Host == "" && r.URL.Scheme == "",
	}
}

// A handler cannot tell this transport from a real connection, nor can the client tell the answers apart.
func TestTransportLooksLikeARealConnection(t *testing.T) {
	var last seen
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = observe(r)
		switch r.URL.Path {
		case "/created":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			w.Header().Set("X-Too-Late", "yes")
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, `{}`)
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/silent":
		default:
			fmt.Fprint(w, "<html>hello")
			http.NewResponseController(w).Flush()
		}
	})
	server := httptest.NewServer(handler)
	defer server.Close()

	for _, c := range []struct{ name, method, path, body string }{
		{"a form is posted", "POST", "/created?a=1&b=%20", "x=y"},
		{"the path is escaped", "GET", "/a%2Fb/c%20d", ""},
		{"there is no path", "GET", "", ""},
		{"the answer has no body", "DELETE", "/nothing", ""},
		{"the handler writes nothing", "PUT", "/silent", "z"},
		{"only the head is asked for", "HEAD", "/", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := func(rt http.RoundTripper) (seen, map[string]any) {
				req, err := http.NewRequest(c.method, server.URL+c.path, strings.NewReader(c.body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Custom", "kept")
				req.SetBasicAuth("me", "secret")
				resp, err := (&http.Client{Transport: rt}).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				return last, map[string]any{
					"status": resp.Status, "code": resp.StatusCode, "body": string(body),
					"type": resp.Header.Get("Content-Type"), "late": resp.Header.Get("X-Too-Late"),
					"length": resp.Header.Get("Content-Length"), "dated": resp.Header.Get("Date") != "",
				}
			}
			wantSeen, wantAnswer := call(server.Client().Transport)
			gotSeen, gotAnswer := call(inprocess.Transport(handler))
			if c.body == "" { // net/http says "Content-Length: 0" for some methods; nobody reads it
				wantSeen.ContentLength = ""
			}
			if c.method == "HEAD" || wantAnswer["length"] == "" {
				delete(wantAnswer, "length")
				delete(gotAnswer, "length")
			}
			if diff := cmp.Diff(wantSeen, gotSeen); diff != "" {
				t.Errorf("the handler sees another request (-socket +in process):\n%s", diff)
			}
			if diff := cmp.Diff(wantAnswer, gotAnswer); diff != "" {
				t.Errorf("the client sees another answer (-socket +in process):\n%s", diff)
			}
		})
	}
}

func TestTransportGivesUpWithTheCallersContextAndTellsTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handlerEnded := make(chan time.Time, 1)
		client := http.Client{Transport: inprocess.Transport(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				time.Sleep(time.Minute)
				fmt.Fprint(w, "nobody reads this")
				handlerEnded <- time.Now()
			}))}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "POST", "http://fake/", strings.NewReader("body"))
		start := time.Now()
		_, err := client.Do(req)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("gave up with %v after %v, want the deadline after 3s", err, time.Since(start))
		}
		if ended := (<-handlerEnded).Sub(start); ended != 63*time.Second {
			t.Errorf("the handler ended after %v, want a minute after it was told", ended)
		}
	})
}

func TestTransportDoesNotCallTheHandlerWhenTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wrote := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { wrote = true },
	})
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://fake/", nil)
	_, err := inprocess.Transport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the handler was called")
	})).RoundTrip(req)
	if !errors.Is(err, context.Canceled) || wrote {
		t.Errorf("got %v, written %v; want context canceled and nothing written", err, wrote)
	}
}

func TestTransportDropsTheConnectionOnAbort(t *testing.T) {
	client := http.Client{Transport: inprocess.Transport(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "half of an ans")
			panic(http.ErrAbortHandler)
		}))}
	_, err := client.Get("http://fake/")
	if !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
}

func TestTransportTellsTheCallersTraceAndHidesItFromTheHandler(t *testing.T) {
	var events []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn:              func(host string) { events = append(events, "get "+host) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { events = append(events, "wrote") },
		GotFirstResponseByte: func() { events = append(events, "answer") },
	})
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://fake/", nil)
	resp, err := inprocess.Transport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if httptrace.ContextClientTrace(r.Context()) != nil {
			t.Error("the handler would trace its own calls into its caller")
		}
		events = append(events, "handled")
	})).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if diff := cmp.Diff([]string{"get fake", "wrote", "handled", "answer"}, events); diff != "" {
		t.Error(diff)
	}
}

func TestTransportServesManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := http.Client{Transport: inprocess.Transport(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Second)
				io.Copy(w, r.Body)
			}))}
		start := time.Now()
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				want := fmt.Sprint("body ", i)
				resp, err := client.Post("http://fake/", "text/plain", strings.NewReader(want))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, _ := io.ReadAll(resp.Body); string(got) != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("200 calls at once took %v, want 1s", took)
		}
	})
}
