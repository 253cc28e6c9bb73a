package process

import (
	"bytes"
	"sync"
)

// transcript is what the platform has said so far.
type transcript struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	ready chan struct{} // closed when it has said that it is
	was   bool
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buf.Write(p)
	if !w.was && bytes.Contains(w.buf.Bytes(), []byte("ready on ")) {
		w.was = true
		close(w.ready)
	}
	return n, err
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
