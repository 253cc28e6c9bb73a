package lambda

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// invocation is one event on its way through a process.
type invocation struct {
	id      string
	payload []byte
	answer  chan result // of one; what comes after the first is dropped
}

func newInvocation(payload []byte) *invocation {
	return &invocation{newRequestID(), payload, make(chan result, 1)}
}

func (i *invocation) finish(r result) {
	select {
	case i.answer <- r:
	default:
	}
}

const (
	runtimePath       = "/2018-06-01/runtime/invocation/"
	headerRequestID   = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline    = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN = "Lambda-Runtime-Invoked-Function-Arn"
	headerTrace       = "Lambda-Runtime-Trace-Id"
	trailerErrorType  = "Lambda-Runtime-Function-Error-Type"
	trailerErrorBody  = "Lambda-Runtime-Function-Error-Body"
)

// runtimeAPI serves every process of the pool, each below its own token.
func (p *Pool) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{token}"+runtimePath+"next", p.serveNext)
	mux.HandleFunc("POST /{token}"+runtimePath+"{id}/response", p.serveResponse)
	mux.HandleFunc("POST /{token}"+runtimePath+"{id}/error", p.serveError)
	return mux
}

func (p *Pool) process(r *http.Request) *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.processes[r.PathValue("token")]
}

// serveNext blocks until there is work.
func (p *Pool) serveNext(w http.ResponseWriter, r *http.Request) {
	env := p.process(r)
	if env == nil {
		http.Error(w, "unknown environment", http.StatusForbidden)
		return
	}
	select {
	case inv := <-env.next:
		env.current.Store(inv)
		header := w.Header()
		header.Set(headerRequestID, inv.id)
		header.Set(headerDeadline, strconv.FormatInt(time.Now().Add(p.timeout).UnixMilli(), 10))
		header.Set(headerFunctionARN, functionARN(p.region, p.name))
		header.Set(headerTrace, "Root=1-"+inv.id[:8]+"-"+inv.id[9:13]+inv.id[14:18]+inv.id[19:23]+inv.id[24:36]+";Sampled=0")
		header.Set("Content-Type", "application/json")
		_, _ = w.Write(inv.payload) // a process that is gone is noticed by its exit
	case <-r.Context().Done():
	case <-p.closing:
	}
}

func (p *Pool) serveResponse(w http.ResponseWriter, r *http.Request) {
	inv := p.invocation(w, r)
	if inv == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponse))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		inv.finish(result{err: responseTooLarge(p.name, inv.id)})
		http.Error(w, "response is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		return // the process broke off; its exit says the rest
	}
	inv.finish(p.response(r, inv, body))
	w.WriteHeader(http.StatusAccepted)
}

// response heeds the trailers by which a function that streams its answer says that it failed on the way.
func (p *Pool) response(r *http.Request, inv *invocation, body []byte) result {
	if r.Trailer.Get(trailerErrorType) == "" {
		return result{payload: body}
	}
	report, err := base64.StdEncoding.DecodeString(r.Trailer.Get(trailerErrorBody))
	if err != nil {
		report = nil
	}
	return result{err: reportedError(p.name, inv.id, report)}
}

func (p *Pool) serveError(w http.ResponseWriter, r *http.Request) {
	inv := p.invocation(w, r)
	if inv == nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponse))
	if err != nil {
		return
	}
	inv.finish(result{err: reportedError(p.name, inv.id, body)})
	w.WriteHeader(http.StatusAccepted)
}

// invocation finds the one that r answers; it must be the one that its process is at.
func (p *Pool) invocation(w http.ResponseWriter, r *http.Request) *invocation {
	if env := p.process(r); env != nil {
		if inv := env.current.Load(); inv != nil && inv.id == r.PathValue("id") {
			return inv
		}
	}
	http.Error(w, "invalid request id", http.StatusBadRequest)
	return nil
}
