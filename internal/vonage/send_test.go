package vonage_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/sms"
)

// Outgoing: a message becomes exactly this form.
func TestSendPostsTheFormToTheSMSAPI(t *testing.T) {
	for _, c := range []struct {
		name    string
		message sms.Message
		want    url.Values
	}{
		{
			"a plain text",
			sms.Message{From: "447700900000", To: recipient, Text: "Hello, World!", Ref: "run-1"},
			url.Values{"from": {"447700900000"}, "to": {"447700900123"}, "text": {"Hello, World!"}, "type": {"text"}, "client-ref": {"run-1"}},
		},
		{
			"a text in the extension table is still text",
			sms.Message{From: "Acme", To: recipient, Text: "5€ {off} & more=+%", Ref: "r"},
			url.Values{"from": {"Acme"}, "to": {"447700900123"}, "text": {"5€ {off} & more=+%"}, "type": {"text"}, "client-ref": {"r"}},
		},
		{
			"a text beyond GSM-7 is unicode",
			sms.Message{From: "Acme", To: recipient, Text: "Kommst du? 😀\nJa/Nein", Ref: "r"},
			url.Values{"from": {"Acme"}, "to": {"447700900123"}, "text": {"Kommst du? 😀\nJa/Nein"}, "type": {"unicode"}, "client-ref": {"r"}},
		},
		{
			"no reference, no client-ref",
			sms.Message{From: "My Shop", To: "1234567", Text: "x"},
			url.Values{"from": {"My Shop"}, "to": {"1234567"}, "text": {"x"}, "type": {"text"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want["api_key"], c.want["api_secret"], c.want["status-report-req"] = []string{apiKey}, []string{apiSecret}, []string{"true"}
			calls := 0
			client := bySMS.client(roundTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				body, _ := io.ReadAll(r.Body)
				form, err := url.ParseQuery(string(body))
				if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(c.want, form); diff != "" {
					t.Errorf("form (-want +got):\n%s", diff)
				}
				if r.Method != "POST" || r.URL.String() != "http://fake/sms/json" ||
					r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
					t.Errorf("got %s %s %s", r.Method, r.URL, r.Header)
				}
				for _, h := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
					if _, set := r.Header[h]; set {
						t.Errorf("%s lets net/http send the text twice", h)
					}
				}
				return answering(200, jsonType(), strings.NewReader(`{"messages":[{"status":"0"}]}`))(r)
			}))
			if o := client.Send(t.Context(), c.message); o.Verdict != sms.Accepted || calls != 1 {
				t.Errorf("got %+v after %d requests", o, calls)
			}
		})
	}
}

func refusal(status, text string) string {
	return `{"message-count":"1","messages":[{"to":"447700900123","status":"` + status + `","error-text":"` + text + `"}]}`
}

// Incoming: an answer becomes exactly this outcome.
func TestSendReadsTheAnswerOfTheSMSAPI(t *testing.T) {
	const rate = "the account's or the sender's rate limit was reached"
	part := func(id string) sms.Part { return sms.Part{MessageID: id, Network: "23420", Price: "0.04120000"} }
	const ok = `{"to":"447700900123","message-id":"ID","status":"0","remaining-balance":"37.4","message-price":"0.04120000","network":"23420","client-ref":"r"}`
	one := strings.Replace(ok, "ID", "A1", 1)
	two := strings.Replace(ok, "ID", "A2", 1)

	for _, c := range []reading{
		{"accepted", 200, nil, `{"message-count":"1","messages":[` + one + `]}`, sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{part("A1")}}},
		{"accepted in two parts", 200, nil, `{"message-count":"2","messages":[` + one + `,` + two + `]}`,
			sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{part("A1"), part("A2")}}},
		{"accepted in part, the second throttled", 200, nil,
			`{"message-count":"2","messages":[` + one + `,{"status":"1","error-text":"Throughput Rate Exceeded - please wait [ 702 ] and retry"}]}`,
			sms.Outcome{Verdict: sms.Accepted, Code: "vonage 1", Reason: "1 of 2 parts were refused: " + rate, Parts: []sms.Part{part("A1")}}},
		{"accepted in part, the first refused", 200, nil,
			`{"message-count":"3","messages":[{"status":"1"},{"status":"9"},` + two + `]}`,
			sms.Outcome{Verdict: sms.Accepted, Code: "vonage 9", Reason: "2 of 3 parts were refused: the account has no credit left", Parts: []sms.Part{part("A2")}}},
		{"accepted, with numbers where text is documented", 200, nil,
			`{"message-count":1,"messages":[{"status":0,"message-id":"A1","message-price":0.0412,"network":23420}]}`,
			sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{{MessageID: "A1", Network: "23420", Price: "0.0412"}}}},
		{"accepted, with values of unknown form", 200, nil, `{"messages":[{"status":"0","message-id":"A1","network":null,"message-price":{"x":1}}]}`,
			sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{{MessageID: "A1"}}}},
		{"accepted, under a content type that the SDK refuses", 200, http.Header{"Content-Type": {"text/html"}}, `{"messages":[` + one + `]}`,
			sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{part("A1")}}},
		{"accepted, under HTTP 202", 202, nil, `{"messages":[` + one + `]}`, sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{part("A1")}}},
		{"accepted, though HTTP says 500", 500, nil, `{"messages":[` + one + `]}`, sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{part("A1")}}},

		{"throttled by the sender's rate", 200, nil, refusal("1", "Throughput Rate Exceeded - please wait [ 702 ] and retry"),
			after(702*time.Millisecond, throttled(sms.ByNumber, "vonage 1", rate))},
		{"throttled by the account's window", 200, nil, refusal("1", "Exceeded maximum MT throughput[ MAX [ 30 ] INTERVAL [ 1000 ] COUNT [ 30 ] "+
			"LAST INT-START [ 1617784922564 ] TIME_SINCE_LAST_INTERVAL_START [ 529 ]  ] "),
			after(471*time.Millisecond, throttled(sms.ByAccount, "vonage 1", rate))},
		{"throttled by a window that is over", 200, nil, refusal("1", "INTERVAL [ 1000 ] TIME_SINCE_LAST_INTERVAL_START [ 1200 ]"),
			throttled(sms.ByAccount, "vonage 1", rate)},
		{"throttled without a wait", 200, nil, refusal("1", "Throughput Rate Exceeded - please wait and retry"), throttled(sms.ByNumber, "vonage 1", rate)},
		{"throttled with an absurd wait", 200, nil, refusal("1", "please wait [ 99999999999999999999 ]"),
			after(15*time.Minute, throttled(sms.ByAccount, "vonage 1", rate))},
		{"throttled with the wait in the header", 200, header("Retry-After", "2"), refusal("1", "back off"),
			after(2*time.Second, throttled(sms.ByAccount, "vonage 1", rate))},
		{"both parts throttled", 200, nil, `{"messages":[{"status":"1"},{"status":"10"}]}`,
			throttled(sms.ByAccount, "vonage 1", rate)},
		{"accepted in part, and the number barred meanwhile", 200, nil, `{"messages":[` + one + `,{"status":"7"},{"status":"1"}]}`,
			sms.Outcome{Verdict: sms.Accepted, Code: "vonage 7", Reason: "2 of 3 parts were refused: the number is barred", Barred: true, Parts: []sms.Part{part("A1")}}},
		{"no part accepted, the number barred and the account out of credit", 200, nil, `{"messages":[{"status":"7"},{"status":"9"}]}`,
			sms.Outcome{Verdict: sms.Stop, Code: "vonage 9", Reason: "the account has no credit left", Barred: true}},
		{"no part accepted, and one refused for good", 200, nil, `{"messages":[{"status":"1"},{"status":"12"}]}`,
			outcome(sms.Failed, "vonage 12", "the text is too long")},

		{"status 2", 200, nil, refusal("2", "Missing to param"), outcome(sms.Failed, "vonage 2", "the request lacked a required value")},
		{"status 3", 200, nil, refusal("3", "Invalid 447700900123"), outcome(sms.Failed, "vonage 3", "the request had an invalid value")},
		{"status 4", 200, nil, refusal("4", "Bad Credentials"), outcome(sms.Stop, "vonage 4", "the API key or secret is wrong")},
		{"status 5", 200, nil, refusal("5", "Internal Error"), outcome(sms.Retry, "vonage 5", "the provider had an internal error")},
		{"status 6", 200, nil, refusal("6", "x"), outcome(sms.Failed, "vonage 6", "the number cannot be reached: its prefix or network is not known")},
		{"status 7", 200, nil, refusal("7", "x"), barred("vonage 7", "the number is barred")},
		{"status 8", 200, nil, refusal("8", "x"), outcome(sms.Stop, "vonage 8", "the account is suspended")},
		{"status 9", 200, nil, refusal("9", "Quota Exceeded"), outcome(sms.Stop, "vonage 9", "the account has no credit left")},
		{"status 10", 200, nil, refusal("10", "x"), outcome(sms.Retry, "vonage 10", "the account has too many connections open")},
		{"status 11", 200, nil, refusal("11", "x"), outcome(sms.Stop, "vonage 11", "the account may not use this API")},
		{"status 12", 200, nil, refusal("12", "x"), outcome(sms.Failed, "vonage 12", "the text is too long")},
		{"status 14", 200, nil, refusal("14", "x"), outcome(sms.Stop, "vonage 14", "the request's signature is wrong")},
		{"status 15", 200, nil, refusal("15", "x"), outcome(sms.Stop, "vonage 15", "the sender is not allowed")},
		{"status 17", 200, nil, refusal("17", "x"), outcome(sms.Failed, "vonage 17", "the provider blocked the text")},
		{"status 22", 200, nil, refusal("22", "x"), outcome(sms.Failed, "vonage 22", "the number's network code is not valid")},
		{"status 23", 200, nil, refusal("23", "x"), outcome(sms.Stop, "vonage 23", "the address for delivery receipts is not valid")},
		{"status 29", 200, nil, refusal("29", "x"), outcome(sms.Failed, "vonage 29", "the account is in demo mode and the number is not on its list")},
		{"status 32", 200, nil, refusal("32", "x"), outcome(sms.Stop, "vonage 32", "the request carried both a signature and a secret")},
		{"status 33", 200, nil, refusal("33", "x"), barred("vonage 33", "the number is no longer in use")},
		{"a status that nobody knows", 200, nil, refusal("101", "x"), outcome(sms.Failed, "vonage 101", "the provider refused the text with a status that is not known")},
		{"a number in place of a status", 200, nil, refusal("447700900123", "x"), outcome(sms.Failed, "vonage ?", "the provider refused the text with a status that is not known")},
		{"no status", 200, nil, `{"messages":[{}]}`, outcome(sms.Unknown, "no status", "the provider's answer has no status"+maybe)},

		{"an empty list of messages", 200, nil, `{"messages":[]}`, outcome(sms.Unknown, "http 200", "the provider's answer says nothing of the text"+maybe)},
		{"no list of messages", 200, nil, `{"error-code":"500","error-code-label":"447700900123"}`, outcome(sms.Unknown, "http 200", "the provider's answer says nothing of the text"+maybe)},

		{"HTTP 401 with a body that says throttled", 401, nil, refusal("1", ""), throttled(sms.ByAccount, "vonage 1", rate)},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, bySMS) })
	}
}
