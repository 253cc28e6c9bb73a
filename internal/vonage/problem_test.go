package vonage_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluice/internal/sms"
)

func problem(kind string) string {
	return fmt.Sprintf(`{"type":"https://developer.vonage.com/api-errors%s","title":"Of 447700900123","detail":"%s","instance":"bf0ca0bf"}`, kind, apiSecret)
}

// Incoming: an answer becomes exactly this outcome.
func TestSendReadsTheAnswerOfTheMessagesAPI(t *testing.T) {
	const (
		rate   = "the account's or the sender's rate limit was reached"
		busy   = "the provider takes no more requests at the moment"
		broken = "the provider had an internal error"
		silent = "the provider's answer says nothing of the text" + maybe
	)
	problemType := http.Header{"Content-Type": {"application/problem+json"}}
	taken := func(id string) sms.Outcome {
		return sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{{MessageID: id}}}
	}
	for _, c := range []reading{
		{"accepted", 202, nil, `{"message_uuid":"aaaa-1"}`, taken("aaaa-1")},
		{"accepted, with a workflow", 202, nil, `{"message_uuid":"aaaa-1","workflow_id":"w"}`, taken("aaaa-1")},
		{"accepted, under HTTP 200", 200, nil, `{"message_uuid":"aaaa-1"}`, taken("aaaa-1")},
		{"accepted, under another content type", 202, http.Header{"Content-Type": {"text/html"}}, `{"message_uuid":"aaaa-1"}`, taken("aaaa-1")},
		{"accepted, with a number for an id", 202, nil, `{"message_uuid":17}`, taken("17")},
		{"taken without an id", 202, nil, `{}`, outcome(sms.Unknown, "http 202", silent)},
		{"taken with an empty id", 202, nil, `{"message_uuid":""}`, outcome(sms.Unknown, "http 202", silent)},
		{"taken with an id of unknown form", 202, nil, `{"message_uuid":{"x":1}}`, outcome(sms.Unknown, "http 202", silent)},
		{"the SMS API's answer", 200, nil, bySMS.taken, outcome(sms.Unknown, "http 200", silent)},
		{"an id under HTTP 500 proves nothing", 500, nil, `{"message_uuid":"aaaa-1"}`, outcome(sms.Unknown, "http 500", "the provider failed while it had the text"+maybe)},

		{"401", 401, problemType, problem("#unauthorized"), outcome(sms.Stop, "http 401", "the provider refused the credentials")},
		{"402", 402, problemType, problem("#low-balance"), outcome(sms.Stop, "http 402", "the account has no credit left")},
		{"403", 403, problemType, problem("#unprovisioned"), outcome(sms.Stop, "http 403", "the provider refused the credentials")},
		{"404", 404, problemType, problem("#not-found"), outcome(sms.Stop, "http 404", "the Messages API is not at the configured address")},
		{"401 with a code for this recipient alone", 401, problemType, problem("/messages#1050"), outcome(sms.Stop, "messages 1050", "the provider refused the credentials")},

		{"429", 429, header("Retry-After", "15"), problem("/messages#1000"), after(15*time.Second, throttled(sms.ByAccount, "messages 1000", busy))},
		{"429 in general terms", 429, header("Retry-After", "1"), problem("#throttled"), after(time.Second, throttled(sms.ByAccount, "http 429", busy))},
		{"429 of which a code would fail the text", 429, nil, problem("/messages#1430"), throttled(sms.ByAccount, "messages 1430", busy)},
		{"429 until a Unix time in milliseconds", 429, header("X-RateLimit-Reset", "946684801250"), problem("/messages#1000"), after(1250*time.Millisecond, throttled(sms.ByAccount, "messages 1000", busy))},
		{"429 until a Unix time in seconds", 429, header("X-RateLimit-Reset", "946684803"), "", after(3*time.Second, throttled(sms.ByAccount, "http 429", busy))},
		{"429 until long ago", 429, header("X-RateLimit-Reset", "946684800000"), "", throttled(sms.ByAccount, "http 429", busy)},
		{"429 until next year", 429, header("X-RateLimit-Reset", "978307200000"), "", after(15*time.Minute, throttled(sms.ByAccount, "http 429", busy))},
		{"429 until something that is no time", 429, header("X-RateLimit-Reset", "15"), "", throttled(sms.ByAccount, "http 429", busy)},
		{"429 until something that is no number", 429, header("X-RateLimit-Reset", "soon"), "", throttled(sms.ByAccount, "http 429", busy)},
		{"429 until a number beyond all", 429, header("X-RateLimit-Reset", "99999999999999999999"), "", throttled(sms.ByAccount, "http 429", busy)},
		{"429 with both: Retry-After needs no clock", 429, http.Header{"Retry-After": {"2"}, "X-Ratelimit-Reset": {"946684809000"}}, "", after(2*time.Second, throttled(sms.ByAccount, "http 429", busy))},

		{"code 1000", 422, header("Retry-After", "2"), problem("/messages#1000"), after(2*time.Second, throttled(sms.ByAccount, "messages 1000", rate))},
		{"code 1010", 422, nil, problem("/messages#1010"), outcome(sms.Failed, "messages 1010", "the request lacked a required value")},
		{"code 1020", 422, nil, problem("/messages#1020"), outcome(sms.Failed, "messages 1020", "the request had an invalid value")},
		{"code 1030", 422, nil, problem("/messages#1030"), outcome(sms.Retry, "messages 1030", broken)},
		{"code 1040", 422, nil, problem("/messages#1040"), outcome(sms.Failed, "messages 1040", "the number cannot be reached: its prefix or network is not known")},
		{"code 1050", 422, nil, problem("/messages#1050"), barred("messages 1050", "the number is barred")},
		{"code 1060", 422, nil, problem("/messages#1060"), outcome(sms.Stop, "messages 1060", "the account is suspended")},
		{"code 1070", 422, nil, problem("/messages#1070"), outcome(sms.Stop, "messages 1070", "the account has no credit left")},
		{"code 1080", 422, nil, problem("/messages#1080"), outcome(sms.Stop, "messages 1080", "the account may not use this API")},
		{"code 1090", 422, nil, problem("/messages#1090"), outcome(sms.Failed, "messages 1090", "the text is too long")},
		{"code 1120", 422, nil, problem("/messages#1120"), outcome(sms.Stop, "messages 1120", "the sender is not allowed")},
		{"code 1140", 422, nil, problem("/messages#1140"), outcome(sms.Stop, "messages 1140", "the account may not use what the request asks for")},
		{"code 1160", 422, nil, problem("/messages#1160"), outcome(sms.Failed, "messages 1160", "the account is in demo mode and the number is not on its list")},
		{"code 1170", 422, nil, problem("/messages#1170"), outcome(sms.Failed, "messages 1170", "the number is not valid")},
		{"code 1190", 422, nil, problem("/messages#1190"), barred("messages 1190", "the number is no longer in use")},
		{"code 1240", 422, nil, problem("/messages#1240"), barred("messages 1240", "the recipient has opted out at the provider")},
		{"code 1282", 422, nil, problem("/messages#1282"), outcome(sms.Failed, "messages 1282", "the provider blocked the text")},
		{"code 1420", 422, nil, problem("/messages#1420"), outcome(sms.Stop, "messages 1420", "the sender is not allowed")},
		{"code 1430", 422, nil, problem("/messages#1430"), outcome(sms.Failed, "messages 1430", "the number is not valid")},
		{"code 1450", 422, nil, problem("/messages#1450"), outcome(sms.Failed, "messages 1450", "the request had an invalid value")},
		{"a code that nobody knows", 422, nil, problem("/messages#9999"), outcome(sms.Failed, "messages 9999", "the provider refused the text with a code that is not known")},
		{"a code under HTTP 400", 400, nil, problem("/messages#1240"), barred("messages 1240", "the recipient has opted out at the provider")},
		{"the code in the title", 422, nil, `{"type":"https://developer.vonage.com/api-errors/messages#rejected","title":"1240"}`, barred("messages 1240", "the recipient has opted out at the provider")},
		{"the code in the title, as a number", 422, nil, `{"type":"https://developer.vonage.com/api-errors","title":1070}`, outcome(sms.Stop, "messages 1070", "the account has no credit left")},
		{"the older address of the errors", 422, nil, strings.Replace(problem("/messages#1120"), "vonage.com", "nexmo.com", 1), outcome(sms.Stop, "messages 1120", "the sender is not allowed")},
		{"a code under another content type", 422, http.Header{"Content-Type": {"text/plain"}}, problem("/messages#1050"), barred("messages 1050", "the number is barred")},
		{"a number in place of a code", 422, nil, problem("/messages#447700900123"), outcome(sms.Failed, "http 422", "the provider refused the request")},
		{"no code", 422, nil, problem("#invalid-json"), outcome(sms.Failed, "http 422", "the provider refused the request")},
		{"a problem of another", 422, nil, `{"type":"https://example.com/errors#1070","title":"1070"}`, outcome(sms.Failed, "http 422", "the provider refused the request")},
		{"a problem that breaks off", 422, nil, problem("/messages#1240")[:60], outcome(sms.Failed, "http 422", "the provider refused the request")},
		{"a problem that is huge", 422, nil, problem("/messages#1240") + strings.Repeat(" ", 2<<20), barred("messages 1240", "the recipient has opted out at the provider")},
		{"a problem that goes on beyond all", 422, nil, `{"x":"` + strings.Repeat("x", 2<<20) + `",` + problem("/messages#1240")[1:], outcome(sms.Failed, "http 422", "the provider refused the request")},
		{"a problem of unknown form", 422, nil, `{"type":["x"],"title":{"y":1}}`, outcome(sms.Failed, "http 422", "the provider refused the request")},

		{"500 with a problem", 500, problemType, problem("/messages#1030"), outcome(sms.Retry, "messages 1030", broken)},
		{"500 with a problem in general terms", 500, problemType, problem("#internal-error"), outcome(sms.Retry, "http 500", broken)},
		{"503 with a problem and a wait", 503, header("Retry-After", "5"), problem(""), after(5*time.Second, outcome(sms.Retry, "http 503", broken))},
		{"500 with a problem that breaks off", 500, problemType, problem("/messages#1030")[:60], outcome(sms.Unknown, "http 500", "the provider failed while it had the text"+maybe)},
		{"502, whatever its problem", 502, problemType, problem("/messages#1030"), outcome(sms.Unknown, "messages 1030", "the provider failed while it had the text"+maybe)},
		{"504, whatever its problem", 504, problemType, problem("#timeout"), outcome(sms.Unknown, "http 504", "the provider failed while it had the text"+maybe)},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, byMessages) })
	}
}
