// Package resign signs webhooks anew. The files under events/webhook say when they were signed, and what was signed days
// ago nobody takes.
package resign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/internal/vonage"
)

// Signature is how an account's webhooks are signed.
type Signature struct {
	// Method is that of the SMS API. The Messages API's is always the same.
	Method vonage.Method
	Secret string
}

// Event takes an event of the HTTP API, payload format 2.0. Where it holds a webhook that is signed with the secret, by
// whichever method, it returns the event as Vonage would send it at that moment, signed as it should be, and true.
// Otherwise (forged, not signed, no webhook) it returns the event as it is, and false.
func Event(event []byte, secret string, as Signature, now time.Time) ([]byte, bool, error) {
	e, err := read(event)
	if err != nil {
		return event, false, nil // whoever gets it will say so
	}
	var again bool
	if token, ok := strings.CutPrefix(e.header("authorization"), "Bearer "); ok {
		again, err = e.message(token, secret, as, now)
	} else {
		again, err = e.params(secret, as, now)
	}
	if err != nil || !again {
		return event, false, err
	}
	e.setHeader("content-length", strconv.Itoa(len(e.body)))
	fresh, err := e.write()
	return fresh, err == nil, err
}

// webhook is the event, whatever else is in it, and its body in the clear.
type webhook struct {
	all  map[string]any
	body string
}

func read(event []byte) (*webhook, error) {
	e := &webhook{}
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.UseNumber()
	if err := decoder.Decode(&e.all); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	body, _ := e.all["body"].(string)
	if e.inBase64() {
		decoded, err := fromBase64(body)
		if err != nil {
			return nil, fmt.Errorf("read the event's body: %w", err)
		}
		body = decoded
	}
	e.body = body
	return e, nil
}

func (e *webhook) write() ([]byte, error) {
	if _, has := e.all["body"]; has {
		e.all["body"] = e.body
		if e.inBase64() {
			e.all["body"] = toBase64(e.body)
		}
	}
	event, err := json.Marshal(e.all)
	if err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	return event, nil
}

func (e *webhook) inBase64() bool {
	is, _ := e.all["isBase64Encoded"].(bool)
	return is
}

func (e *webhook) header(name string) string {
	headers, _ := e.all["headers"].(map[string]any)
	value, _ := headers[name].(string)
	return value
}

// setHeader changes a header that is there.
func (e *webhook) setHeader(name, value string) {
	if e.header(name) != "" {
		e.all["headers"].(map[string]any)[name] = value
	}
}
