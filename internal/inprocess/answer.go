package inprocess

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// answer is the http.ResponseWriter: a buffer for one answer.
type answer struct {
	header http.Header // what the handler edits
	sent   http.Header // the copy that WriteHeader fixed
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader fixes status and headers the first time that it is called with a final status.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 || status < http.StatusOK {
		return
	}
	a.status, a.sent = status, a.header.Clone()
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !bodyAllowed(a.status) {
		return 0, http.ErrBodyNotAllowed
	}
	return a.body.Write(p)
}

// Flush makes the answer an http.Flusher, which http.ResponseController asks for.
func (a *answer) Flush() { a.WriteHeader(http.StatusOK) }

func (a *answer) response(r *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	body := a.body.Bytes()
	a.complete(body)
	if r.Method == http.MethodHead {
		body = nil
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.sent,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}
}

// complete adds the headers that net/http's server adds by itself.
func (a *answer) complete(body []byte) {
	if _, set := a.sent["Content-Type"]; !set && len(body) > 0 {
		a.sent.Set("Content-Type", http.DetectContentType(body))
	}
	if a.sent.Get("Content-Length") == "" && bodyAllowed(a.status) {
		a.sent.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if _, set := a.sent["Date"]; !set {
		a.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
