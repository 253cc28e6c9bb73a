package vonage

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxAnswer is more than any answer of the SMS API: a text has at most some twenty parts of about 250 bytes.
const maxAnswer = 1 << 20

// errHeard ends the SDK's part, if it had one. It would read the answer a second time, take refusals for success, follow
// redirects, and panic where there are no messages.
var errHeard = errors.New("the answer has been heard")

// answer is everything that is known of one attempt, for classify.
type answer struct {
	// unsent: no connection was had to write on, so that nothing can have reached the provider.
	unsent bool
	err    error // why there is no answer, or only some of it
	status int   // of HTTP; 0 without an answer
	header http.Header
	body   []byte
	at     time.Time // when the answer, or its absence, was certain
}

// guard is the http.RoundTripper of one attempt, below the SDK where that makes the request.
type guard struct {
	ctx  context.Context
	next http.RoundTripper

	// onWire turns true when there is a connection to write on. It is watched that early because a request that is
	// given up while it is being written may still go out whole. net/http's goroutines set it.
	onWire atomic.Bool
	got    answer // written and read by the goroutine that calls Send
}

// RoundTrip hands the request on under the guard's context and keeps what came back. It always returns an error.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.ctx.Err(); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		g.got = answer{err: err}
		return nil, err
	}
	g.onWire.Store(true) // until the transport says that it is still looking for a connection
	resp, err := g.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(g.ctx, g.trace())))
	if err != nil {
		g.got = answer{err: err}
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	// The body is read later: as deep as here, below the SDK, the goroutine's stack would have to grow for it each time.
	g.got = answer{err: err, status: resp.StatusCode, header: resp.Header, body: body}
	return nil, errHeard
}

// trace follows the connection. When net/http finds an idle connection dead before anything went out on it, it looks
// for another one (GetConn again) and nothing has been sent yet.
func (g *guard) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { g.onWire.Store(false) },
		GotConn:      func(httptrace.GotConnInfo) { g.onWire.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { g.onWire.Store(true) },
	}
}

func (g *guard) answer() answer {
	a := g.got
	a.unsent = a.status == 0 && (!g.onWire.Load() || isDialError(a.err))
	a.at = time.Now()
	return a
}

// isDialError recognises a failed connection whatever transport it came through.
func isDialError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
