package lambdaio

import (
	"bytes"
	"fmt"
	"net/http"
)

// responseWriter holds a response in memory, by the rules of http.ResponseWriter: the first final status counts,
// headers are those of that moment, and the content type is sniffed where none is set.
type responseWriter struct {
	header http.Header
	sent   http.Header // the headers as they were at WriteHeader; nil before it
	status int
	body   bytes.Buffer
}

func newResponseWriter() *responseWriter { return &responseWriter{header: make(http.Header)} }

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid status code %d, must be of 3 digits", status))
	}
	// Informational responses cannot pass a Lambda integration.
	if w.sent != nil || status < 200 {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

func (w *responseWriter) Write(p []byte) (int, error) {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	return w.body.Write(p)
}

// finish fixes what net/http's server would when the handler returns.
func (w *responseWriter) finish() {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	if _, set := w.sent["Content-Type"]; !set && w.body.Len() > 0 && w.sent.Get("Content-Encoding") == "" {
		w.sent.Set("Content-Type", http.DetectContentType(w.body.Bytes()))
	}
}
