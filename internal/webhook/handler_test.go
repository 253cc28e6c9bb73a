package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
	"sluice/internal/webhook"
)

var (
	errForged     = errors.New("forged")
	errUnreadable = errors.New("unreadable")
	errTooLarge   = errors.New("too large")
	errSecret     = errors.New("no secret")
)

func refusal(err error) int {
	switch {
	case errors.Is(err, errForged):
		return http.StatusUnauthorized
	case errors.Is(err, errUnreadable):
		return http.StatusBadRequest
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge
	default:
		return 0
	}
}

// reader takes the text from the body, or from the query; an error stands for itself.
type reader struct{ err error }

func (s reader) text(r *http.Request) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	if r.Method == http.MethodGet {
		return r.URL.Query().Get("text"), nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1001))
	if err == nil && len(body) > 1000 {
		err = errTooLarge
	}
	return string(body), err
}

func (s reader) Receipt(r *http.Request) (sms.Receipt, error) {
	text, err := s.text(r)
	return sms.Receipt{To: "447700900001", MessageID: text, Status: sms.Delivered}, err
}

func (s reader) Inbound(r *http.Request) (sms.Inbound, error) {
	text, err := s.text(r)
	return sms.Inbound{From: "447700900001", To: "447700900000", MessageID: "1", Text: text}, err
}

type queued struct {
	event returns.Event
	delay time.Duration
}

// queue keeps what it is given.
type queue struct {
	got []queued
	err error
}

func (q *queue) Queue(_ context.Context, delay time.Duration, e returns.Event) error {
	if q.err == nil {
		q.got = append(q.got, queued{e, delay})
	}
	return q.err
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func call(read webhook.Reader, q *queue, r *http.Request) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	w := httptest.NewRecorder()
	webhook.New(read, refusal, q, func() time.Time { return noon }, logger).ServeHTTP(w, r)
	return w, log.String()
}

func TestWhatIsQueuedIsAnswered200WithoutABody(t *testing.T) {
	// Whether a word is a keyword is optout's to say. A yes mostly is an answer to the campaign.
	wait := func(text string) time.Duration {
		if word, _ := optout.Read(text); word != optout.None && word != optout.Yes {
			return 0
		}
		return 5 * time.Second
	}
	if wait("STOP") != 0 || wait("yes") == 0 {
		t.Error("a stop waits, or a yes does not")
	}
	for _, c := range []struct {
		name, method, target, body string
		text                       string
		receipt                    bool
	}{
		{"a receipt by GET", "GET", "/webhooks/vonage/receipts?text=m1", "", "m1", true},
		{"a receipt by POST", "POST", "/webhooks/vonage/receipts", "m2", "m2", true},
		{"an inbound text by GET", "GET", "/webhooks/vonage/inbound?text=Yes%20please!", "", "Yes please!", false},
		{"an inbound text by POST", "POST", "/webhooks/vonage/inbound", "What does it cost?", "What does it cost?", false},
		{"an opt-out", "POST", "/webhooks/vonage/inbound", "STOP", "STOP", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := &queue{}
			w, log := call(reader{}, q, httptest.NewRequest(c.method, c.target, strings.NewReader(c.body)))
			if w.Code != http.StatusOK || w.Body.Len() > 0 || log != "" {
				t.Errorf("answered %d %q, and logged %s", w.Code, w.Body, log)
			}
			want := queued{event: returns.Event{ReceivedAt: noon}}
			if c.receipt {
				want.event.Receipt = &sms.Receipt{To: "447700900001", MessageID: c.text, Status: sms.Delivered}
			} else {
				want.event.Inbound = &sms.Inbound{From: "447700900001", To: "447700900000", MessageID: "1", Text: c.text}
				want.delay = wait(c.text)
			}
			if len(q.got) != 1 || !cmp.Equal(q.got[0].event, want.event) || q.got[0].delay != want.delay {
				t.Errorf("queued %d; not as wanted, or with another delay than %v", len(q.got), want.delay)
			}
		})
	}
}

func TestARefusalSaysNoMoreThanItsStatus(t *testing.T) {
	long := strings.Repeat("zebra", 300)
	for _, c := range []struct {
		name, method, path, body string
		err                      error
		queue                    error
		status                   int
		allow, level             string
	}{
		{"a forged receipt", "POST", webhook.ReceiptsPath, "zebra", errForged, nil, 401, "", "WARN"},
		{"an unreadable text", "GET", webhook.InboundPath, "", errUnreadable, nil, 400, "", "WARN"},
		{"a body that is too large", "POST", webhook.InboundPath, long, nil, nil, 413, "", "WARN"},
		{"a secret that cannot be had", "POST", webhook.ReceiptsPath, "zebra", errSecret, nil, 500, "", "ERROR"},
		{"a queue that takes nothing", "POST", webhook.InboundPath, "zebra", nil, errors.New("full"), 500, "", "ERROR"},
		{"another method", "PUT", webhook.InboundPath, "zebra", nil, nil, 405, "GET, POST", ""},
		{"HEAD, which is no GET", "HEAD", webhook.ReceiptsPath, "", nil, nil, 405, "GET, POST", ""},
		{"another path", "POST", webhook.ReceiptsPath + "/", "zebra", nil, nil, 404, "", ""},
		{"a path that others would clean", "POST", "/webhooks//vonage/inbound", "zebra", nil, nil, 404, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := &queue{err: c.queue}
			w, log := call(reader{c.err}, q, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
			if w.Code != c.status || len(q.got) > 0 || w.Header().Get("Allow") != c.allow {
				t.Errorf("%d, want %d; queued %d; Allow %q", w.Code, c.status, len(q.got), w.Header().Get("Allow"))
			}
			want := fmt.Sprintf(`{"title":"%s","status":%d}`, http.StatusText(c.status), c.status)
			if w.Body.String() != want || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("answered %s %q, want %s", w.Body, w.Header(), want)
			}
			checkLog(t, log, c.level)
		})
	}
}

// checkLog: one line of that level, with what it is about and why; none where the level is empty.
func checkLog(t *testing.T, log, level string) {
	t.Helper()
	if level == "" {
		if log != "" {
			t.Errorf("logged %s", log)
		}
		return
	}
	var line struct{ Level, Kind, Reason, Error string }
	if err := json.Unmarshal([]byte(log), &line); err != nil { // two lines would be no JSON
		t.Fatalf("%v: %s", err, log)
	}
	if line.Level != level || line.Kind == "" || line.Reason+line.Error == "" || strings.Contains(log, "zebra") || strings.Contains(log, "4477") {
		t.Errorf("logged %s", log)
	}
}

func TestAStatusThatIsNoRefusalIsOurFault(t *testing.T) {
	for _, status := range []int{-1, 0, 200, 302, 399, 500} {
		w := httptest.NewRecorder()
		h := webhook.New(reader{errForged}, func(error) int { return status }, &queue{}, time.Now, slog.New(slog.DiscardHandler))
		if h.ServeHTTP(w, httptest.NewRequest("POST", webhook.ReceiptsPath, nil)); w.Code != http.StatusInternalServerError {
			t.Errorf("%d was answered %d", status, w.Code)
		}
	}
}

// Whatever comes, it is queued and answered 200, or not queued and answered with a problem.
func FuzzRequest(f *testing.F) {
	f.Add("POST", webhook.InboundPath, "", "STOP")
	f.Add("GET", webhook.ReceiptsPath, "text=%zz&text=1;2", "")
	f.Add("HEAD", "/webhooks/../", "", "\xff")
	f.Add("", "*", "?", strings.Repeat("x", 1001))
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		q := &queue{}
		w, log := call(reader{}, q, r)
		if w.Code == http.StatusOK {
			if len(q.got) != 1 || log != "" || w.Body.Len() > 0 {
				t.Errorf("%d queued, logged %q, answered %q", len(q.got), log, w.Body)
			}
			return
		}
		if w.Code < 400 || w.Code > 499 || len(q.got) > 0 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("answered %d %q, queued %d", w.Code, w.Body, len(q.got))
		}
	})
}
