package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var (
	longDigits = regexp.MustCompile(`[0-9]{7,}`)
	// ours are the long numbers that answers hold anyway: limits, and places in a body.
	ours = regexp.MustCompile(`at most (2592000|1000000000)\b`)
)

// Whatever is posted, the answer is a campaign or a client's fault in its proper form, which repeats no number of the
// request.
func FuzzCampaignBody(f *testing.F) {
	f.Add([]byte(tutorial))
	for _, seed := range []string{
		"", "null", "[]", "{}", `{"sender":`, "\ufeff" + tutorial, tutorial + tutorial,
		`{"sender":1,"recipients":"447700900001","message_string":[],"batch_size":"3","delay_period":{},"447700900001":2}`,
		`{"sender":"Shop 24","recipients":["+44 (7700) 900-001",7,null],"message_string":"\u0000\ud83d","batch_size":1e400,"delay_period":-0.5}`,
		`{"Sender":"a","sender":"b","ſender":3,"K":4,"name":"` + strings.Repeat("n", 201) + `","draft":1}`,
		strings.Replace(tutorial, ":3,", `:3.0,"draft":true,"name":"spring","start_at":"2199-01-01T00:00:00+01:00",`, 1),
		strings.Replace(tutorial, ":3,", `:3,"start_at":"0001-01-01T00:00:00Z","name":null,`, 1),
		strings.Replace(tutorial, "Hello", "\xff\xfe", 1), strings.Repeat("[", 10_001), `{"a":` + strings.Repeat("[", 9_000),
	} {
		f.Add([]byte(seed))
	}
	api := newAPI(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		w := do(api, http.MethodPost, "/campaigns", string(body))
		if w.Code == http.StatusCreated {
			return
		}
		if w.Code < 400 || w.Code > 499 || !utf8.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %q", w.Code, w.Body)
		}
		p := problemIn(t, w)
		said := ours.ReplaceAllString(w.Body.String(), "")
		for _, number := range longDigits.FindAllString(said, -1) {
			if strings.Contains(string(body), number) {
				t.Errorf("the answer repeats %s: %s", number, said)
			}
		}
		seen := make(map[string]bool)
		for _, e := range p.Errors {
			if e.Reason == "is not valid" || strings.Contains(e.Reason, "openapi.json") {
				t.Errorf("%s has no reason of its own: %s", e.Field, e.Reason)
			}
			if seen[e.String()] {
				t.Errorf("%s twice", e)
			}
			seen[e.String()] = true
		}
	})
}
