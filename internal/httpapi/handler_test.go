package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"sluice/internal/httpapi"
)

const unknownID = "01K9N0SVCHCAMPA1GN00000000"

func TestWhatNoRouteTakes(t *testing.T) {
	api := newAPI(t)
	for _, row := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/campaign", 404, ""},
		{"GET", "/campaigns/", 404, ""},
		{"GET", "/campaigns//batches", 404, ""},
		{"GET", "/campaigns/../healthz", 404, ""},
		{"GET", "/openapi.yaml", 404, ""},
		{"GET", "/openapi-3.0.json", 404, ""},
		{"POST", "/campaigns/" + unknownID + "/start", 404, ""},
		{"DELETE", "/campaigns", 405, "GET, POST"},
		{"PUT", "/campaigns/" + unknownID, 405, "GET, PATCH"},
		{"GET", "/campaigns/" + unknownID + "/pause", 405, "POST"},
		{"POST", "/healthz", 405, "GET"},
		{"get", "/healthz", 405, "GET"},
	} {
		w := do(api, row.method, row.path, "")
		if w.Code != row.status || w.Header().Get("Allow") != row.allow {
			t.Errorf("%s %s: %d, Allow %q", row.method, row.path, w.Code, w.Header().Get("Allow"))
		}
		problemIn(t, w)
	}
}

// The header chooses nothing: there is one format. Some of these values make negotiators stumble.
func TestWhateverIsAcceptedTheAnswerIsJSON(t *testing.T) {
	api := newAPI(t)
	for _, accept := range []string{"", "*/*", "text/html", "application/cbor", "json", "application/json;q=0", "a;b,c", ";", ",;,", "é"} {
		if w := do(api, "GET", "/campaigns", "", "Accept", accept); w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %s %s", accept, w.Code, w.Header(), w.Body)
		}
		problemIn(t, do(api, "GET", "/campaigns?limit=0", "", "Accept", accept))
	}
}

// Of a list with more bad rows than an answer holds, the fields beside it are named all the same.
func TestManyBadRowsHideNoField(t *testing.T) {
	rows := strings.Repeat(`"x",`, 1999) + `"x"`
	body := `{"recipients":[` + rows + `],"sender":"!","message_string":"","batch_size":0,"delay_period":-1}`
	p := problemIn(t, do(newAPI(t), "POST", "/campaigns", body))
	if len(p.Errors) != 1000 || !strings.Contains(p.Detail, "2004") {
		t.Errorf("%d errors: %s", len(p.Errors), p.Detail)
	}
	var fields []string
	for _, e := range p.Errors[:5] {
		fields = append(fields, fmt.Sprint(e.Field, e.Row))
	}
	if want := []string{"batch_size0", "delay_period0", "message_string0", "sender0", "recipients1"}; !slices.Equal(fields, want) {
		t.Errorf("first of all %q, want %q", fields, want)
	}
	if last := p.Errors[999]; last.Row != 996 {
		t.Errorf("the last is %+v", last)
	}
}

// A problem says where to look in a body that cannot be read.
func TestABodyThatCannotBeReadIsPlaced(t *testing.T) {
	api := newAPI(t)
	for body, want := range map[string]string{
		"{\n  \"sender\": 'Shop'\n}":      "body cannot be read as JSON: look at line 2, column 13",
		"{\n  \"name\": \"Ünï\",, \n}":    "body cannot be read as JSON: look at line 2, column 17",
		"{\n\n\n":                         "body cannot be read as JSON: look at line 4, column 1",
		"{\"sender\":\"a\",\"Sender\":1}": "body has the field Sender twice",
		"{\"4477\":1,\"4477\":1}":         "body has a field twice",
		"{\"sender\":\"\xff\"}":           "body is not UTF-8 throughout",
	} {
		w := do(api, "POST", "/campaigns", body)
		if p := problemIn(t, w); w.Code != http.StatusBadRequest || p.Detail != want {
			t.Errorf("%q: %d %q, want %q", body, w.Code, p.Detail, want)
		}
	}
	if w := do(api, "POST", "/campaigns", "\ufeff"+tutorial); w.Code != http.StatusCreated {
		t.Errorf("with a byte order mark: %d %s", w.Code, w.Body)
	}
}

// A problem with one thing says it in its detail, for those who show nothing else.
func TestTheDetailOfOneProblemIsASentence(t *testing.T) {
	api := newAPI(t)
	for body, want := range map[string]string{
		strings.Replace(tutorial, ":3,", ":0,", 1):              "batch_size must be at least 1",
		strings.Replace(tutorial, ":3,", ":1e10,", 1):           "batch_size must be at most 1000000000",
		strings.Replace(tutorial, `,"batch_size":3`, "", 1):     "batch_size is missing",
		strings.Replace(tutorial, "batch_size", "batch-siz", 1): "2 things are wrong with the request",
		strings.Replace(tutorial, "447700900002", "4477", 1):    "recipients, row 2, is too short for a number in GB",
	} {
		if p := problemIn(t, do(api, "POST", "/campaigns", body)); p.Detail != want {
			t.Errorf("%q, want %q", p.Detail, want)
		}
	}
}

func TestARepeatedRequestNeedNotBeWrittenTheSame(t *testing.T) {
	api := newAPI(t)
	first := do(api, "POST", "/campaigns", tutorial, "Idempotency-Key", "monday")
	spaced := strings.NewReplacer(",", ",\n ", ":3,", ": 3.0,").Replace(strings.Replace(tutorial, "Hello, World", "Hello World", 1))
	if w := do(api, "POST", "/campaigns", spaced, "Idempotency-Key", "monday"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("another text: %d %s", w.Code, w.Body)
	}
	again := strings.Replace(strings.Replace(tutorial, `,"`, ",\n  \"", -1), ":3,", ": 3.0,", 1)
	w := do(api, "POST", "/campaigns", again, "Idempotency-Key", "monday")
	if w.Code != http.StatusOK || !strings.Contains(first.Body.String(), w.Body.String()[:36]) {
		t.Errorf("%d %s, first %s", w.Code, w.Body, first.Body)
	}
}

// One handler serves all requests at once; the document is made on the first of them.
func TestItMayBeUsedConcurrently(t *testing.T) {
	api := newAPI(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, path := range []string{"/openapi.json", "/healthz", "/campaigns"} {
				if w := do(api, "GET", path, ""); w.Code != http.StatusOK {
					t.Errorf("%s: %d", path, w.Code)
				}
			}
			do(api, "POST", "/campaigns", tutorial)
			do(api, "POST", "/campaigns", "{}")
		})
	}
	group.Wait()
}

func TestTheLargestBodyIsTaken(t *testing.T) {
	api := newAPI(t)
	padded := tutorial + strings.Repeat(" ", httpapi.MaxBody-len(tutorial))
	if w := do(api, "POST", "/campaigns", padded); w.Code != http.StatusCreated {
		t.Errorf("%d bytes: %d %s", len(padded), w.Code, w.Body)
	}
	w := do(api, "POST", "/campaigns", padded+" ")
	if p := problemIn(t, w); w.Code != http.StatusRequestEntityTooLarge || p.Detail != "the body has more than 5000000 bytes" {
		t.Errorf("%d bytes: %d %s", len(padded)+1, w.Code, p.Detail)
	}
}
