package vonage

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// part is the SMS API's word on one part of a text (reference 1.5.1, schema Message and ErrorMessage).
type part struct {
	MessageID scalar `json:"message-id"`
	Status    scalar `json:"status"`
	Network   scalar `json:"network"`
	Price     scalar `json:"message-price"`
	ErrorText scalar `json:"error-text"`
}

// scalar reads a string or a number as text: the API documents strings for all of its values, and a number in place
// of one must not make an accepted text look lost.
type scalar string

func (s *scalar) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		return json.Unmarshal(data, (*string)(s))
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		*s = scalar(data)
	}
	return nil // null, and what has no business here, stays empty
}

// readParts reads the parts out of an answer's body; nil when it names none.
func readParts(body []byte) []part {
	var reply struct {
		Messages []part `json:"messages"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return nil
	}
	return reply.Messages
}

// The two texts of a throttled answer that name a wait, both in milliseconds. The second tells of a fixed window, whose
// rest is the wait.
var (
	pleaseWait = regexp.MustCompile(`please wait \[\s*(\d+)\s*\]`)
	window     = regexp.MustCompile(`INTERVAL \[\s*(\d+)\s*\].*TIME_SINCE_LAST_INTERVAL_START \[\s*(\d+)\s*\]`)
)

// maxWait is the longest wait that is taken from an answer: a slip there must not halt an account for days.
const maxWait = 15 * time.Minute

// waitInText is the wait that an error text names, 0 if none.
func waitInText(text string) time.Duration {
	if m := pleaseWait.FindStringSubmatch(text); m != nil {
		return limitWait(milliseconds(m[1]))
	}
	if m := window.FindStringSubmatch(text); m != nil {
		return limitWait(milliseconds(m[1]) - milliseconds(m[2]))
	}
	return 0
}

// waitInHeader is the wait that Retry-After names, in seconds or as a date (RFC 9110, 10.2.3); 0 if none.
func waitInHeader(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return limitWait(time.Duration(min(seconds, int(maxWait/time.Second))) * time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return limitWait(at.Sub(now))
	}
	return 0
}

// resetInHeader is the wait until X-RateLimit-Reset, 0 if none: a Unix time, which the Messages API (1.20.0) shows in
// milliseconds. Anything that is not one of this century is not taken for a time.
func resetInHeader(h http.Header, now time.Time) time.Duration {
	const begin, end = 946_684_800, 4_102_444_800 // 2000 and 2100, in seconds
	n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	switch {
	case err != nil:
		return 0
	case n >= begin && n < end:
		return limitWait(time.Unix(n, 0).Sub(now))
	case n >= begin*1000 && n < end*1000:
		return limitWait(time.UnixMilli(n).Sub(now))
	default:
		return 0
	}
}

// milliseconds reads a number of milliseconds, a day's at most, so that no sum overflows.
func milliseconds(digits string) time.Duration {
	const most = 24 * time.Hour
	n, err := strconv.Atoi(digits)
	if err != nil || n > int(most/time.Millisecond) {
		return most
	}
	return time.Duration(n) * time.Millisecond
}

func limitWait(d time.Duration) time.Duration { return min(max(d, 0), maxWait) }
