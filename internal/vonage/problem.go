package vonage

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"sluice/internal/sms"
)

// classifyMessages says what became of an attempt with the Messages API: a text that was taken has an id, one that was
// not has a problem (RFC 9457), which counts in a refusal or an internal error and nowhere else. A gateway's word (502,
// 504; RFC 9110, 15.6.3 and 15.6.5) is that it knows nothing of the text, whatever its body looks like.
func classifyMessages(a answer) sms.Outcome {
	if id := readUUID(a.body); id != "" && a.status/100 == 2 {
		return sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{{MessageID: id}}}
	}
	o := byHTTP(a, Messages)
	if code, ok := readProblem(a.body); ok {
		o = byProblem(a.status, code, o)
	}
	if o.Verdict == sms.Retry {
		o.RetryAfter = cmp.Or(waitInHeader(a.header, a.at), resetInHeader(a.header, a.at))
	}
	return o
}

// readUUID reads the id of a text that was taken; empty where the body names none.
func readUUID(body []byte) string {
	var reply struct {
		UUID scalar `json:"message_uuid"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return ""
	}
	return string(reply.UUID)
}

// The code stands at the end of a problem's type (https://developer.vonage.com/api-errors/messages#1120), and in some
// answers it is the title.
var (
	codeInType = regexp.MustCompile(`#(\d{4})$`)
	codeOnly   = regexp.MustCompile(`^\d{4}$`)
)

// readProblem reads a problem of Vonage's own, whose code may be empty; false for any other body.
func readProblem(body []byte) (code string, ok bool) {
	var problem struct {
		Type  scalar `json:"type"`
		Title scalar `json:"title"`
	}
	if json.Unmarshal(body, &problem) != nil || !strings.Contains(string(problem.Type), "/api-errors") {
		return "", false
	}
	if m := codeInType.FindStringSubmatch(string(problem.Type)); m != nil {
		return m[1], true
	}
	return codeOnly.FindString(string(problem.Title)), true
}

// byCode has the Messages API's codes that a request can meet (reference 1.20.0, x-errors). What the SMS API has a status
// for is treated as that; the others of the reference are for receipts.
var byCode = map[string]sms.Outcome{
	"1000": {Verdict: sms.Retry, Reason: byStatus[statusThrottled].Reason, Throttled: sms.ByAccount},
	"1010": byStatus["2"],
	"1020": byStatus["3"],
	"1030": byStatus["5"],
	"1040": byStatus["6"],
	"1050": byStatus["7"],
	"1060": byStatus["8"],
	"1070": byStatus["9"],
	"1080": byStatus["11"],
	"1090": byStatus["12"],
	"1120": byStatus["15"],
	"1140": stop("the account may not use what the request asks for"),
	"1160": byStatus["29"],
	"1170": failed("the number is not valid"),
	"1190": byStatus["33"],
	"1240": barred("the recipient has opted out at the provider"),
	"1282": byStatus["17"],
	"1420": byStatus["15"],
	"1430": failed("the number is not valid"),
	"1450": byStatus["3"],
}

var otherCode = failed("the provider refused the text with a code that is not known")

// byProblem judges a problem, given what its HTTP status alone would mean.
func byProblem(status int, code string, o sms.Outcome) sms.Outcome {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if known, ok := byCode[code]; ok {
			o = known
		} else if code != "" {
			o = otherCode
		}
	case http.StatusInternalServerError, http.StatusServiceUnavailable:
		o = byStatus["5"]
	}
	o.Code = "messages " + code
	if code == "" {
		o.Code = httpCode(status)
	}
	return o
}
