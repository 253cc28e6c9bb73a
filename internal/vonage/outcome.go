package vonage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"sluice/internal/sms"
)

// classifySMS says what became of an attempt with the SMS API. The statuses in the body decide, whatever the HTTP
// status: Vonage refuses with HTTP 200.
func classifySMS(a answer) sms.Outcome {
	if parts := readParts(a.body); len(parts) > 0 {
		return byParts(parts, a)
	}
	return byHTTP(a, SMS)
}

// What a status or a code can mean to us; the Code is still to be set.
func retry(reason string) sms.Outcome  { return sms.Outcome{Verdict: sms.Retry, Reason: reason} }
func failed(reason string) sms.Outcome { return sms.Outcome{Verdict: sms.Failed, Reason: reason} }
func stop(reason string) sms.Outcome   { return sms.Outcome{Verdict: sms.Stop, Reason: reason} }
func barred(reason string) sms.Outcome {
	return sms.Outcome{Verdict: sms.Failed, Reason: reason, Barred: true}
}

// misconfigured is the outcome where no request can be made at all.
func misconfigured(reason string) sms.Outcome {
	return sms.Outcome{Verdict: sms.Stop, Code: "configuration", Reason: reason}
}

const statusThrottled = "1"

// byStatus has the SMS API's status codes (Vonage SMS API reference 1.5.1, x-errors; Java SDK, MessageStatus, which
// names 1, 5 and 10 as the temporary ones).
var byStatus = map[string]sms.Outcome{
	statusThrottled: retry("the account's or the sender's rate limit was reached"),
	"2":             failed("the request lacked a required value"),
	"3":             failed("the request had an invalid value"),
	"4":             stop("the API key or secret is wrong"),
	"5":             retry("the provider had an internal error"),
	"6":             failed("the number cannot be reached: its prefix or network is not known"),
	"7":             barred("the number is barred"),
	"8":             stop("the account is suspended"),
	"9":             stop("the account has no credit left"),
	"10":            retry("the account has too many connections open"),
	"11":            stop("the account may not use this API"),
	"12":            failed("the text is too long"),
	"14":            stop("the request's signature is wrong"),
	"15":            stop("the sender is not allowed"),
	"17":            failed("the provider blocked the text"),
	"22":            failed("the number's network code is not valid"),
	"23":            stop("the address for delivery receipts is not valid"),
	"29":            failed("the account is in demo mode and the number is not on its list"),
	"32":            stop("the request carried both a signature and a secret"),
	"33":            barred("the number is no longer in use"),
}

var otherStatus = failed("the provider refused the text with a status that is not known")

// byParts judges an answer that has one entry for each part of the text.
func byParts(parts []part, a answer) sms.Outcome {
	var accepted []sms.Part
	var refusal sms.Outcome
	for _, p := range parts {
		if p.Status == "0" {
			accepted = append(accepted, sms.Part{MessageID: string(p.MessageID), Network: string(p.Network), Price: string(p.Price)})
			continue
		}
		o := refused(p, a)
		o.Barred = o.Barred || refusal.Barred // the parts have one recipient
		if weight(o) > weight(refusal) {
			refusal = o
		}
		refusal.Barred = o.Barred
	}
	if len(accepted) == 0 {
		return refusal
	}
	o := sms.Outcome{Verdict: sms.Accepted, Parts: accepted, Barred: refusal.Barred}
	if n := len(parts) - len(accepted); n > 0 {
		o.Code = refusal.Code
		o.Reason = fmt.Sprintf("%d of %d parts were refused: %s", n, len(parts), refusal.Reason)
	}
	return o
}

func refused(p part, a answer) sms.Outcome {
	if p.Status == "" {
		return sms.Outcome{Verdict: sms.Unknown, Code: "no status", Reason: "the provider's answer has no status; " + mayBeSent}
	}
	o, ok := byStatus[string(p.Status)]
	if !ok {
		o = otherStatus
	}
	o.Code = "vonage " + shortStatus(string(p.Status))
	if o.Verdict == sms.Retry {
		o.RetryAfter = cmp.Or(waitInText(string(p.ErrorText)), waitInHeader(a.header, a.at))
		if p.Status == statusThrottled {
			o.Throttled = throttle(string(p.ErrorText))
		}
	}
	return o
}

// throttle tells a sender number's limit from the account's: only the first has this text (Vonage's PHP SDK,
// ThrottleException; the account's begins with "Exceeded maximum MT throughput").
func throttle(text string) sms.Throttle {
	if strings.Contains(text, "Throughput Rate Exceeded") {
		return sms.ByNumber
	}
	return sms.ByAccount
}

// weight orders the refusals of one text's parts by how much they forbid; among equals the first one counts.
func weight(o sms.Outcome) int {
	switch o.Verdict {
	case sms.Unknown:
		return 4
	case sms.Stop:
		return 3
	case sms.Failed:
		return 2
	case sms.Retry:
		return 1
	default:
		return 0
	}
}

// shortStatus keeps out of our records whatever else might come in place of a status.
func shortStatus(s string) string {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 1000 {
		return strconv.Itoa(n)
	}
	return "?"
}

// byHTTP judges an attempt whose answer, if there is one, has nothing in its body to go by.
func byHTTP(a answer, api API) sms.Outcome {
	switch {
	case a.status != 0 && a.status/100 != 2:
		return byHTTPStatus(a, api)
	case a.unsent:
		return unsent(a.err)
	default:
		return unreadable(a)
	}
}

// byHTTPStatus judges an answer by its HTTP status. From the SMS API it is a gateway's in front of it: Vonage documents
// none but 200. The Messages API has 401, 402, 404 and 429 of its own, with the same meaning.
func byHTTPStatus(a answer, api API) sms.Outcome {
	o := sms.Outcome{Code: httpCode(a.status)}
	switch status := a.status; {
	case status == http.StatusTooManyRequests:
		o.Verdict, o.Reason = sms.Retry, "the provider takes no more requests at the moment"
		o.RetryAfter, o.Throttled = waitInHeader(a.header, a.at), sms.ByAccount
	case status == http.StatusRequestTimeout: // RFC 9110, 15.5.9: the request did not arrive whole
		o.Verdict, o.Reason = sms.Retry, "the request did not reach the provider whole"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		o.Verdict, o.Reason = sms.Stop, "the provider refused the credentials"
	case status == http.StatusPaymentRequired:
		o.Verdict, o.Reason = sms.Stop, "the account has no credit left"
	case status/100 == 3, status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		o.Verdict, o.Reason = sms.Stop, "the "+api.name()+" is not at the configured address"
	case status/100 == 4:
		o.Verdict, o.Reason = sms.Failed, "the provider refused the request"
	default:
		o.Verdict, o.Reason = sms.Unknown, "the provider failed while it had the text; "+mayBeSent
	}
	return o
}

func httpCode(status int) string { return "http " + strconv.Itoa(status) }

const mayBeSent = "it may have been sent"

func unsent(err error) sms.Outcome {
	o := sms.Outcome{Verdict: sms.Retry, Code: "no connection", Reason: "the provider could not be reached"}
	switch {
	case errors.Is(err, errPrivateKey):
		return misconfigured(errPrivateKey.Error())
	case err == nil: // the SDK found something wrong that we did not
		return sms.Outcome{Verdict: sms.Failed, Code: "request", Reason: "no request could be made of the text"}
	case isTimeout(err):
		o.Code, o.Reason = "timeout", "the provider could not be reached in time"
	case errors.Is(err, context.Canceled):
		o.Code, o.Reason = "cancelled", "the attempt was cancelled before it began"
	}
	return o
}

func unreadable(a answer) sms.Outcome {
	o := sms.Outcome{Verdict: sms.Unknown}
	switch {
	case a.err == nil && a.status != 0:
		o.Code, o.Reason = httpCode(a.status), "the provider's answer says nothing of the text; "+mayBeSent
	case isTimeout(a.err):
		o.Code, o.Reason = "timeout", "the provider did not answer in time; "+mayBeSent
	case errors.Is(a.err, context.Canceled):
		o.Code, o.Reason = "cancelled", "the attempt was cancelled before the provider answered; "+mayBeSent
	default:
		o.Code, o.Reason = "connection lost", "the connection was lost before the provider answered; "+mayBeSent
	}
	return o
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}
