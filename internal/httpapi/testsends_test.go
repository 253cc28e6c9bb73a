package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

type testSent struct {
	ID, Number, Status, Text, Reason, Code, Delivery string
	Segments                                         int
	At                                               time.Time
}

// draftOf is a draft of that text, without recipients.
func draftOf(text string) string {
	body := strings.Replace(tutorial, "Hello, World!", text, 1)
	return strings.Replace(body, `"recipients":["447700900001","447700900002"]`, `"draft":true`, 1)
}

func TestATestIsSentAndLookedAt(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	body := draftOf("Hello {{first_name}}, " + strings.Repeat("good day ", 20))
	made := decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", body).Body.Bytes()).ID
	path := "/campaigns/" + made
	w := do(api, "POST", path+"/test", `{"to":["+447700900007","447700900008"],"vars":{"first_name":"Ada"}}`)
	tests := decoded[struct{ Tests []testSent }](t, w.Body.Bytes()).Tests
	if w.Code != 202 || len(tests) != 2 || len(b.queued) != 2 {
		t.Fatalf("%d %s; %d queued", w.Code, w.Body, len(b.queued))
	}
	for i, got := range tests {
		if got.Number != fmt.Sprint(447700900007+i) || got.Status != "pending" || !strings.HasPrefix(got.Text, "Hello Ada, good day") ||
			got.Segments != 2 || len(got.ID) != 27 || b.queued[i] != got.ID {
			t.Errorf("%+v", got)
		}
	}
	stored, err := b.singles().OneOff(t.Context(), tests[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	stored.State, stored.Code, stored.Reason, stored.SentAt, stored.Delivery = campaign.Failed, "vonage 6", "no", nine, sms.Expired
	if err := b.singles().SaveOneOff(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	w = do(api, "GET", path+"/tests/"+tests[0].ID, "")
	if got := decoded[testSent](t, w.Body.Bytes()); w.Code != 200 || got.Status != "failed" || got.Code != "vonage 6" || got.Reason != "no" ||
		got.Delivery != "undelivered" || !got.At.Equal(nine) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	other := decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", tutorial).Body.Bytes()).ID
	for _, of := range []string{
		"/campaigns/" + other + "/tests/" + tests[0].ID, path + "/tests/T0000000000000000000000000Z", path + "/tests/x",
		path + "/tests/" + strings.Repeat("T", 3000), path + "/tests/" + strings.ToLower(tests[0].ID),
	} {
		if w := do(api, "GET", of, ""); w.Code != 404 || problemIn(t, w).Detail != "there is no such test of this campaign" {
			t.Errorf("%.120s: %d %s", of, w.Code, w.Body)
		}
	}
}

func TestBadTestsAreRefused(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	body := draftOf("Hello {{first_name}}")
	path := "/campaigns/" + decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", body).Body.Bytes()).ID + "/test"
	six := strings.TrimSuffix(strings.Repeat(`"447700900001",`, 6), ",")
	for body, want := range map[string]string{
		`{"to":[` + six + `],"vars":{"first_name":"Ada"}}`:                                  "to must have at most 5 rows",
		`{"to":[],"vars":{"first_name":"Ada"}}`:                                             "to must not be empty",
		`{"vars":{"first_name":"Ada"}}`:                                                     "to is missing",
		`{"to":"447700900001","vars":{"first_name":"Ada"}}`:                                 "to must be a list",
		`{"to":["zebra"],"vars":{"first_name":"Ada"}}`:                                      "to, row 1, " + sms.ErrNumber.Error(),
		`{"to":["447700900001"]}`:                                                           "vars.first_name is missing: the text has no default for it",
		`{"to":["447700900001"],"vars":{"first_name":7}}`:                                   "vars.first_name must be a string",
		`{"to":["447700900001"],"vars":{"first_name":"\u0000"}}`:                            "vars has a value that is too long, or not free of control characters and of U+FFFD, which stands for lost ones",
		`{"to":["447700900001"],"vars":{"first_name":"Ada","447700900009":"x"}}`:            "vars has a variable that does not stand in the text",
		`{"to":["447700900001"],"vars":{"first_name":"Ada"},"text":"Something else"}`:       "text is not a known field",
		`{"to":["447700900001"],"vars":{"first_name":"` + strings.Repeat("x", 4000) + `"}}`: "vars has a value that is too long, or not free of control characters and of U+FFFD, which stands for lost ones",
	} {
		w := do(api, "POST", path, body)
		if p := problemIn(t, w); w.Code != 422 || p.Detail != want {
			t.Errorf("%.90s: %d %q, want %q", body, w.Code, p.Detail, want)
		}
	}
	if w := do(api, "POST", "/campaigns/"+unknownID+"/test", `{"to":["447700900001"]}`); w.Code != 404 {
		t.Errorf("of an unknown campaign: %d", w.Code)
	}
	if w := do(api, "POST", path, "{"); w.Code != 400 {
		t.Errorf("half a body: %d", w.Code)
	}
	if len(b.queued) > 0 {
		t.Errorf("%d queued", len(b.queued))
	}
}

func TestARepeatedRequestSendsNoSecondTest(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := "/campaigns/" + decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", tutorial).Body.Bytes()).ID + "/test"
	const body = `{"to":["447700900001"]}`
	first := do(api, "POST", path, body, "Idempotency-Key", "monday")
	again := do(api, "POST", path, body, "Idempotency-Key", "monday")
	if first.Code != 202 || again.Code != 202 || first.Body.String() != again.Body.String() {
		t.Errorf("%d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	if w := do(api, "POST", path, `{"to":["447700900002"]}`, "Idempotency-Key", "monday"); w.Code != 422 ||
		!strings.Contains(problemIn(t, w).Detail, "Idempotency-Key") {
		t.Errorf("another request with the key: %d %s", w.Code, w.Body)
	}
	if w := do(api, "POST", path, body, "Idempotency-Key", "tuesday"); w.Code != 202 || w.Body.String() == first.Body.String() {
		t.Errorf("with another key: %d %s", w.Code, w.Body)
	}
}
