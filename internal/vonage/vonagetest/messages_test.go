package vonagetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/vonage/vonagetest"
)

// text is a request to the Messages API, with changes: a name and its value in JSON, empty to leave it out.
func text(changes ...string) string {
	v := map[string]json.RawMessage{
		"message_type": json.RawMessage(`"text"`), "channel": json.RawMessage(`"sms"`), "from": json.RawMessage(`"Acme"`),
		"to": json.RawMessage(`"447700900123"`), "text": json.RawMessage(`"Hello"`), "client_ref": json.RawMessage(`"run-1"`),
	}
	for i := 0; i < len(changes); i += 2 {
		v[changes[i]] = json.RawMessage(changes[i+1])
		if changes[i+1] == "" {
			delete(v, changes[i])
		}
	}
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func asJSON(s string) string { return fmt.Sprintf("%q", s) }

// said is an answer of the Messages API.
type said struct {
	status    int
	mediaType string
	header    http.Header
	body      string
}

func postMessage(t *testing.T, h http.Handler, body string, header ...string) said {
	t.Helper()
	r, err := http.NewRequest("POST", "http://fake/v1/messages", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(config.APIKey, config.APISecret)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := client(h).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return said{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header, strings.TrimSpace(string(answer))}
}

const accepted1 = `{"message_uuid":"00000000-0000-4000-8000-000000000001"}`

// refusedAs is a problem as Vonage's reference shows it.
func refusedAs(kind, title, detail string) string {
	return fmt.Sprintf(`{"type":"https://developer.vonage.com/api-errors%s","title":%q,"detail":%q,"instance":"bf0ca0bf927b3b52e3cb03217e1a1ddf"}`, kind, title, detail)
}

func refusedFor1(kind, title, detail, param string) string {
	return strings.TrimSuffix(refusedAs(kind, title, detail), "}") + fmt.Sprintf(`,"invalid_parameters":[{"name":%q,"reason":%q}]}`, param, detail)
}

func TestFakeAnswersAsTheMessagesAPIDoes(t *testing.T) {
	const missing, invalid, notJSON = "/messages#1010", "/messages#1020", "The request body did not contain valid JSON"
	badCredentials := refusedAs("#unauthorized", "You did not provide correct credentials.", "Bad Credentials")
	value := func(param, shown string) string {
		return refusedFor1(invalid, "Invalid params", "Invalid value for parameter: "+param, shown)
	}
	for _, c := range []struct {
		name   string
		body   string
		header []string
		status int
		want   string
		ledger string
		kind   string // in the ledger
	}{
		{"accepted", text(), nil, 202, accepted1, "0", "text"},
		{"the encoding is found by default", text("text", `"Ж"`), nil, 202, accepted1, "0", "unicode"},
		{"the encoding is found if asked for", text("text", `"Ж"`, "sms", `{"encoding_type":"auto"}`), nil, 202, accepted1, "0", "unicode"},
		{"the encoding is taken as declared", text("text", `"Ж"`, "sms", `{"encoding_type":"text"}`), nil, 202, accepted1, "0", "text"},
		{"a text of three parts has one id", text("text", asJSON(strings.Repeat("a", 400))), nil, 202, accepted1, "0", "text"},
		{"values that it does not know", text("ttl", "90000", "failover", "[]"), nil, 202, accepted1, "0", "text"},

		{"no credentials", text(), []string{"Authorization", ""}, 401, badCredentials, "4", "text"},
		{"a wrong secret", text(), []string{"Authorization", "Basic a2V5NDU2Nzg6d3Jvbmc="}, 401, badCredentials, "4", "text"},
		{"a token that is none", text(), []string{"Authorization", "Bearer x"}, 401, badCredentials, "4", "text"},

		{"no number", text("to", ""), nil, 422, refusedFor1(missing, "Missing params", "Missing to param", "to"), "2", "text"},
		{"no sender", text("from", ""), nil, 422, refusedFor1(missing, "Missing params", "Missing from param", "from"), "2", "text"},
		{"no text", text("text", ""), nil, 422, refusedFor1(missing, "Missing params", "Missing text param", "text"), "2", "text"},
		{"a number with a plus", text("to", `"+447700900123"`), nil, 422, refusedFor1(invalid, "Invalid params", "to address is not numeric", "to"), "3", "text"},
		{"another type of message", text("message_type", `"image"`), nil, 422, value("message_type", "message_type"), "3", "text"},
		{"no type of message", text("message_type", ""), nil, 422, value("message_type", "message_type"), "3", "text"},
		{"another channel", text("channel", `"whatsapp"`), nil, 422, value("channel", "channel"), "3", "text"},
		{"an encoding that it does not know", text("sms", `{"encoding_type":"binary"}`), nil, 422, value("type", "sms.encoding_type"), "3", "binary"},
		{"a client_ref of 41 characters", text("client_ref", asJSON(strings.Repeat("x", 41))), nil, 422, value("client-ref", "client_ref"), "3", "text"},
		{"half of the JSON", text()[:50], nil, 422, refusedAs(invalid, "Invalid params", notJSON), "3", ""},
		{"two of them", text() + text(), nil, 422, refusedAs(invalid, "Invalid params", notJSON), "3", ""},
		{"a number in place of a text", text("text", "5"), nil, 422, refusedAs(invalid, "Invalid params", notJSON), "3", ""},
		{"a form", form().Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"}, 422, refusedAs(invalid, "Invalid params", notJSON), "3", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := vonagetest.New(config)
			got := postMessage(t, fake, c.body, c.header...)
			if diff := cmp.Diff(c.want, got.body); diff != "" || got.status != c.status {
				t.Errorf("got %d, want %d (-want +got):\n%s", got.status, c.status, diff)
			}
			if want := map[bool]string{true: "application/problem+json", false: "application/json"}[c.status == 401]; got.mediaType != want {
				t.Errorf("got %s, want %s", got.mediaType, want)
			}
			ledger := fake.Ledger()
			if len(ledger) != 1 || ledger[0].Status != c.ledger || ledger[0].API != "messages" || ledger[0].Type != c.kind {
				t.Fatalf("the ledger has %+v", ledger)
			}
			if e := ledger[0]; e.Accepted() && (len(e.MessageIDs) != 1 || !strings.Contains(got.body, e.MessageIDs[0]) || e.ClientRef != "run-1" || e.From != "Acme") {
				t.Errorf("the ledger has %+v", e)
			}
		})
	}
}

func TestBothAPIsShareOneLedgerAndOneRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := config
		limited.Rate = 2
		fake := vonagetest.New(limited)
		post(t, client(fake), form())
		time.Sleep(250 * time.Millisecond)
		if got := postMessage(t, fake, text()); got.status != 202 || got.body == accepted1 {
			t.Errorf("got %d %s, want the second id", got.status, got.body)
		}
		if got := post(t, client(fake), form()); !strings.Contains(got, `"status":"1"`) {
			t.Errorf("got %s, want it throttled", got)
		}
		got := postMessage(t, fake, text())
		if got.status != 429 || got.mediaType != "application/problem+json" || !strings.Contains(got.body, "/api-errors/messages#1000") {
			t.Errorf("got %d %s", got.status, got.body)
		}
		// 750 ms are left: the next whole second, and the very moment.
		for name, want := range map[string]string{"Retry-After": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "946684801000"} {
			if v := got.header.Get(name); v != want {
				t.Errorf("%s is %q, want %s", name, v, want)
			}
		}
		time.Sleep(750 * time.Millisecond)
		if got := postMessage(t, fake, text()); got.status != 202 {
			t.Errorf("in the next window: got %d %s", got.status, got.body)
		}
		if n := len(fake.Ledger()); n != 5 {
			t.Errorf("the ledger has %d requests, want all 5", n)
		}
		if got := fake.Accepted()[vonagetest.Recipient{ClientRef: "run-1", To: "447700900123"}]; got != 3 {
			t.Errorf("%d accepted by both, want 3", got)
		}
	})
}

func TestTheMessagesAPICountsPartsForASender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := config
		limited.SenderRate = 3
		fake := vonagetest.New(limited)
		long := text("text", asJSON(strings.Repeat("a", 300))) // two parts
		for i, c := range []struct {
			body string
			want int
		}{{long, 202}, {long, 429}, {text(), 202}, {text(), 429}, {text("from", `"Other"`), 202}} {
			if got := postMessage(t, fake, c.body); got.status != c.want {
				t.Errorf("request %d: got %d %s, want %d", i, got.status, got.body, c.want)
			}
		}
	})
}

func TestAStatusThatIsInjectedHasItsWordInTheMessagesAPI(t *testing.T) {
	for _, c := range []struct {
		fault  vonagetest.Fault
		status int
		kind   string
	}{
		{vonagetest.Fault{Code: 1}, 429, "/messages#1000"},
		{vonagetest.Fault{Code: 4}, 401, "#unauthorized"},
		{vonagetest.Fault{Code: 5}, 500, "/messages#1030"},
		{vonagetest.Fault{Code: 6}, 422, "/messages#1040"},
		{vonagetest.Fault{Code: 7}, 422, "/messages#1050"},
		{vonagetest.Fault{Code: 8}, 422, "/messages#1060"},
		{vonagetest.Fault{Code: 9}, 402, "#low-balance"},
		{vonagetest.Fault{Code: 10, RetryAfter: 3}, 429, "/messages#1000"},
		{vonagetest.Fault{Code: 11}, 422, "/messages#1080"},
		{vonagetest.Fault{Code: 12}, 422, "/messages#1090"},
		{vonagetest.Fault{Code: 15}, 422, "/messages#1120"},
		{vonagetest.Fault{Code: 17}, 422, "/messages#1282"},
		{vonagetest.Fault{Code: 29}, 422, "/messages#1160"},
		{vonagetest.Fault{Code: 33}, 422, "/messages#1190"},
		{vonagetest.Fault{Code: 101}, 422, "/messages#1040"},
	} {
		fake := vonagetest.New(config)
		c.fault.Kind = vonagetest.FaultStatus
		if err := fake.Inject(c.fault); err != nil {
			t.Fatal(err)
		}
		got := postMessage(t, fake, text())
		if got.status != c.status || !strings.Contains(got.body, `/api-errors`+c.kind+`"`) {
			t.Errorf("status %d: got %d %s, want %d %s", c.fault.Code, got.status, got.body, c.status, c.kind)
		}
		wait := ""
		if c.fault.RetryAfter > 0 {
			wait = fmt.Sprint(c.fault.RetryAfter)
		}
		if v := got.header.Get("Retry-After"); v != wait {
			t.Errorf("status %d: Retry-After is %q, want %q", c.fault.Code, v, wait)
		}
		if e := fake.Ledger()[0]; e.Status != fmt.Sprint(c.fault.Code) || len(e.MessageIDs) != 0 || e.Fault != "status" {
			t.Errorf("status %d: the ledger has %+v", c.fault.Code, e)
		}
	}
}
