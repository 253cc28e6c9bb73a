package vonage_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// reading is an answer, and the outcome that it is to become.
type reading struct {
	name   string
	status int
	header http.Header // nil means JSON and nothing else
	body   string
	want   sms.Outcome
}

func (c reading) check(t *testing.T, w way) {
	synctest.Test(t, func(t *testing.T) { // for the dates: a bubble begins with the year 2000
		if c.header == nil {
			c.header = jsonType()
		}
		got := send(t, w.client(answering(c.status, c.header, strings.NewReader(c.body))))
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("outcome (-want +got):\n%s", diff)
		}
	})
}

const (
	page  = "<html><body>447700900123 s3cret-Zq9x</body></html>"
	maybe = "; it may have been sent"
)

func outcome(v sms.Verdict, code, reason string) sms.Outcome {
	return sms.Outcome{Verdict: v, Code: code, Reason: reason}
}

func throttled(by sms.Throttle, code, reason string) sms.Outcome {
	return sms.Outcome{Verdict: sms.Retry, Code: code, Reason: reason, Throttled: by}
}

func after(d time.Duration, o sms.Outcome) sms.Outcome { o.RetryAfter = d; return o }

func barred(code, reason string) sms.Outcome {
	return sms.Outcome{Verdict: sms.Failed, Code: code, Reason: reason, Barred: true}
}

func jsonType() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// with is jsonType and one header more.
func header(name, value string) http.Header {
	h := jsonType()
	h.Set(name, value)
	return h
}

// What HTTP alone tells means the same by both ways, whatever web page or other API's answer comes with it.
func TestSendReadsTheHTTPStatus(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		name := map[vonage.API]string{vonage.SMS: "SMS API", vonage.Messages: "Messages API"}[w.API]
		for _, c := range []reading{
			{"HTTP 429", 429, header("Retry-After", "3"), page, after(3*time.Second, throttled(sms.ByAccount, "http 429", "the provider takes no more requests at the moment"))},
			{"HTTP 429 until a date", 429, header("Retry-After", "Sat, 01 Jan 2000 00:00:07 GMT"), "", after(7*time.Second, throttled(sms.ByAccount, "http 429", "the provider takes no more requests at the moment"))},
			{"HTTP 429 until a date that is past", 429, header("Retry-After", "Fri, 31 Dec 1999 00:00:07 GMT"), "", throttled(sms.ByAccount, "http 429", "the provider takes no more requests at the moment")},
			{"HTTP 429 for years", 429, header("Retry-After", "999999999999"), "", after(15*time.Minute, throttled(sms.ByAccount, "http 429", "the provider takes no more requests at the moment"))},
			{"HTTP 429 without a wait", 429, nil, "", throttled(sms.ByAccount, "http 429", "the provider takes no more requests at the moment")},
			{"HTTP 408", 408, nil, "", outcome(sms.Retry, "http 408", "the request did not reach the provider whole")},
			{"HTTP 401", 401, nil, "Invalid API token", outcome(sms.Stop, "http 401", "the provider refused the credentials")},
			{"HTTP 402", 402, nil, "", outcome(sms.Stop, "http 402", "the account has no credit left")},
			{"HTTP 403", 403, nil, page, outcome(sms.Stop, "http 403", "the provider refused the credentials")},
			{"HTTP 404", 404, nil, page, outcome(sms.Stop, "http 404", "the "+name+" is not at the configured address")},
			{"HTTP 307 is not followed", 307, header("Location", "http://fake/sms/json"), "", outcome(sms.Stop, "http 307", "the "+name+" is not at the configured address")},
			{"HTTP 400", 400, nil, page, outcome(sms.Failed, "http 400", "the provider refused the request")},
			{"HTTP 422", 422, nil, `{"title":"x","detail":"447700900123"}`, outcome(sms.Failed, "http 422", "the provider refused the request")},
			{"HTTP 500", 500, nil, page, outcome(sms.Unknown, "http 500", "the provider failed while it had the text"+maybe)},
			{"HTTP 502", 502, nil, page, outcome(sms.Unknown, "http 502", "the provider failed while it had the text"+maybe)},
			{"HTTP 503", 503, header("Retry-After", "5"), page, outcome(sms.Unknown, "http 503", "the provider failed while it had the text"+maybe)},
			{"HTTP 504", 504, nil, page, outcome(sms.Unknown, "http 504", "the provider failed while it had the text"+maybe)},
			{"HTTP 503 in the JSON of another", 503, nil, `{"type":"about:blank","title":"Service Unavailable"}`, outcome(sms.Unknown, "http 503", "the provider failed while it had the text"+maybe)},
			{"an empty body", 200, nil, ``, outcome(sms.Unknown, "http 200", "the provider's answer says nothing of the text"+maybe)},
			{"null", 202, nil, `null`, outcome(sms.Unknown, "http 202", "the provider's answer says nothing of the text"+maybe)},
			{"a list", 200, nil, `[]`, outcome(sms.Unknown, "http 200", "the provider's answer says nothing of the text"+maybe)},
			{"a web page", 200, http.Header{"Content-Type": {"text/html"}}, page, outcome(sms.Unknown, "http 200", "the provider's answer says nothing of the text"+maybe)},
			{"half of the JSON", 202, nil, w.taken[:len(w.taken)-1], outcome(sms.Unknown, "http 202", "the provider's answer says nothing of the text"+maybe)},
		} {
			t.Run(c.name, func(t *testing.T) { c.check(t, w) })
		}
	})
}
