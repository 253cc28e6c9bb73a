package inprocess

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
)

// clientAddr is what handlers see as the address of every client.
const clientAddr = "127.0.0.1:1"

// Transport returns a RoundTripper that hands every request to h, whatever its host. It may be used concurrently as
// far as h may.
//
// RoundTrip returns the error of the request's context as soon as that ends, while the handler may still be running;
// the handler's own context ends then too, as it does when a client hangs up. The handler sees none of the values in
// the caller's context. An httptrace.ClientTrace there is told of GetConn, WroteRequest and GotFirstResponseByte.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	traceGetConn(ctx, r.URL.Host)
	body, err := readBody(r)
	if err != nil {
		return nil, fmt.Errorf("reading the request body: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	call := &call{answer: answer{header: http.Header{}}, done: make(chan struct{})}
	incoming, hangUp := serverRequest(r, body)
	traceWroteRequest(ctx)
	go call.serve(t.handler, incoming, hangUp)

	select {
	case <-call.done:
	case <-ctx.Done():
		hangUp()
		return nil, ctx.Err()
	}
	if call.aborted {
		return nil, io.EOF
	}
	traceFirstByte(ctx)
	return call.answer.response(r), nil
}

// call is one run of the handler. Its fields belong to the handler's goroutine until done is closed.
type call struct {
	answer  answer
	aborted bool
	done    chan struct{}
}

func (c *call) serve(h http.Handler, r *http.Request, hangUp context.CancelFunc) {
	defer hangUp() // as net/http does when the handler returns
	defer close(c.done)
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			c.aborted = true
		} else if v != nil {
			panic(v)
		}
	}()
	h.ServeHTTP(&c.answer, r)
}

// readBody takes the whole body before the handler runs: a caller that gave up may rewind and send it again while the
// handler is still reading.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// serverRequest is r as a server would have parsed it. Its context ends with hangUp.
func serverRequest(r *http.Request, body []byte) (in *http.Request, hangUp context.CancelFunc) {
	ctx, hangUp := context.WithCancel(context.Background())
	in = r.Clone(ctx)
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if in.URL.Path == "" {
		in.URL.Path = "/"
	}
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = clientAddr
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.Body, in.GetBody, in.Response = io.NopCloser(bytes.NewReader(body)), nil, nil
	in.ContentLength, in.TransferEncoding = int64(len(body)), nil
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if len(body) > 0 {
		in.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return in, hangUp
}

func traceGetConn(ctx context.Context, host string) {
	if t := httptrace.ContextClientTrace(ctx); t != nil && t.GetConn != nil {
		t.GetConn(host)
	}
}

func traceWroteRequest(ctx context.Context) {
	if t := httptrace.ContextClientTrace(ctx); t != nil && t.WroteRequest != nil {
		t.WroteRequest(httptrace.WroteRequestInfo{})
	}
}

func traceFirstByte(ctx context.Context) {
	if t := httptrace.ContextClientTrace(ctx); t != nil && t.GotFirstResponseByte != nil {
		t.GotFirstResponseByte()
	}
}
