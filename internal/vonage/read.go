package vonage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// webhook is one that was read, and not verified: the parameters of the SMS API's, or the body of the Messages API's.
type webhook struct {
	params  map[string]string
	message []byte
}

// messageMark is the member by which webhooks of the Messages API are told.
const messageMark = "message_uuid"

// unreadableWebhook is an ErrUnreadable for a reason that repeats nothing of the webhook.
func unreadableWebhook(reason string) error { return fmt.Errorf("%w: %s", ErrUnreadable, reason) }

// readWebhook reads a request in any of the forms that Vonage has (API settings, "Webhook format"). What could be read in
// two ways is refused: what is verified must be what is used. A query besides a body is unsupported by Vonage too ("Signing
// messages").
func readWebhook(r *http.Request) (webhook, error) {
	body, err := readBody(r)
	if err != nil {
		return webhook{}, err
	}
	switch {
	case len(r.URL.RawQuery) > MaxWebhookSize:
		return webhook{}, ErrTooLarge
	case r.Method == http.MethodGet && len(body) == 0:
		return readForm(r.URL.RawQuery)
	case r.Method == http.MethodPost && r.URL.RawQuery == "":
		return readPost(r.Header.Get("Content-Type"), body)
	}
	return webhook{}, unreadableWebhook("it is neither a GET with a query alone nor a POST with a body alone")
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxWebhookSize+1))
	switch {
	case len(body) > MaxWebhookSize:
		return nil, ErrTooLarge
	case err != nil:
		return nil, unreadableWebhook("its body is cut off")
	}
	return body, nil
}

func readPost(contentType string, body []byte) (webhook, error) {
	media, _, _ := mime.ParseMediaType(contentType) // "" where it is not one; a charset does not matter: see checkParams
	switch {
	case media == "application/x-www-form-urlencoded":
		return readForm(string(body))
	case media == "application/json", contentType == "" && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return readJSON(body)
	}
	return webhook{}, unreadableWebhook("its body is neither a form nor JSON")
}

func readForm(encoded string) (webhook, error) {
	values, err := url.ParseQuery(encoded) // whose errors repeat what they are about
	if err != nil {
		return webhook{}, unreadableWebhook("its parameters are not well encoded")
	}
	params := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) > 1 {
			return webhook{}, unreadableWebhook("a parameter comes more than once")
		}
		params[name] = all[0]
	}
	return webhook{params: params}, checkParams(params)
}

func readJSON(body []byte) (webhook, error) {
	if !utf8.Valid(body) { // package json would mend it
		return webhook{}, errEncoding
	}
	members, err := readMembers(body)
	if err != nil {
		return webhook{}, err
	}
	if _, ok := members[messageMark]; ok {
		return webhook{message: body}, nil
	}
	params := make(map[string]string, len(members))
	for name, value := range members {
		if params[name], err = readScalar(value); err != nil {
			return webhook{}, err
		}
	}
	return webhook{params: params}, checkParams(params)
}

// readMembers reads an object, in which package json would let the last of several members of the same name win.
func readMembers(body []byte) (map[string]json.RawMessage, error) {
	malformed := unreadableWebhook("its body is not a JSON object")
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, malformed
	}
	members := make(map[string]json.RawMessage)
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, malformed
		}
		if _, twice := members[name]; twice {
			return nil, unreadableWebhook("a parameter comes more than once")
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, malformed
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, malformed
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, malformed
	}
	return members, nil
}

// readScalar is a value as text: a string's, a number or a boolean as it is written, and nothing for null.
func readScalar(value json.RawMessage) (string, error) {
	switch value[0] {
	case '{', '[':
		return "", unreadableWebhook("a parameter is neither a text nor a number")
	case '"':
		var s string
		if json.Unmarshal(value, &s) != nil {
			return "", unreadableWebhook("a parameter cannot be read")
		}
		return s, nil
	case 'n':
		return "", nil
	}
	return string(value), nil
}

var errEncoding = unreadableWebhook("it is not UTF-8 text")

// checkParams refuses what is no text.
func checkParams(params map[string]string) error {
	if len(params) == 0 {
		return unreadableWebhook("it has no parameters")
	}
	for name, value := range params {
		if !isText(name) || !isText(value) {
			return errEncoding
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func withoutBlanks(params map[string]string) map[string]string {
	rest := maps.Clone(params)
	maps.DeleteFunc(rest, func(_, value string) bool { return isBlank(value) })
	return rest
}

// isBlank is Java's notion of it (String.trim), whose SDK leaves such values out of what is signed.
func isBlank(s string) bool {
	return strings.TrimFunc(s, func(c rune) bool { return c <= ' ' }) == ""
}

func parseTimestamp(s string) (time.Time, error) {
	seconds, err := strconv.ParseUint(s, 10, 33) // until the year 2242
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: it does not say when it was signed", ErrForged)
	}
	return time.Unix(int64(seconds), 0), nil
}
