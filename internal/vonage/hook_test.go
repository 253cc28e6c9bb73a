package vonage_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sluice/internal/vonage"
)

// What the tests of webhooks share: a secret, a clock, and webhooks as Vonage writes them.

const signatureSecret = "s1gnature-Kx7"

// hookTime is when the webhooks of these tests are signed and come in, if nothing else is said.
var hookTime = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

type params = map[string]string

func always(secrets ...string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return secrets, nil }
}

func hookConfig(m vonage.Method, secrets ...string) vonage.WebhookConfig {
	return vonage.WebhookConfig{Method: m, Secrets: always(secrets...), Now: func() time.Time { return hookTime }}
}

func hooks() *vonage.Webhooks {
	return vonage.NewWebhooks(hookConfig(vonage.HMACSHA256, signatureSecret))
}

func unsignedHooks() *vonage.Webhooks {
	return vonage.NewWebhooks(vonage.WebhookConfig{Unsigned: true, Now: func() time.Time { return hookTime }})
}

// with returns p with other values for some names, and without those whose new value is "-".
func with(p params, pairs ...string) params {
	p = maps.Clone(p)
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "-" {
			delete(p, pairs[i])
		}
	}
	return p
}

// sign adds what Vonage adds to a webhook that it signs.
func sign(p params, pairs ...string) params {
	p = with(with(p, "timestamp", "1772355600", "nonce", "929d6744-bd28-42c8-b6cf-31d5b4f43732"), pairs...)
	return with(p, "sig", vonage.HMACSHA256.Sign(p, signatureSecret))
}

func encode(p params) string {
	values := url.Values{}
	for name, value := range p {
		values.Set(name, value)
	}
	return values.Encode()
}

func get(query string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/webhooks", nil)
	r.URL.RawQuery = query
	return r
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func postJSON(p params) *http.Request {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return post("application/json", string(body))
}

// wires are the forms in which Vonage sends the SMS API's webhooks.
var wires = map[string]func(params) *http.Request{
	"GET": func(p params) *http.Request { return get(encode(p)) },
	"POST form": func(p params) *http.Request {
		return post("application/x-www-form-urlencoded; charset=UTF-8", encode(p))
	},
	"POST JSON": postJSON,
}

// claimsOf are those of a token for body.
func claimsOf(body string) jwt.MapClaims {
	sum := sha256.Sum256([]byte(body))
	return jwt.MapClaims{
		"iat": hookTime.Unix(), "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", "iss": "Vonage", "api_key": apiKey,
		"application_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "payload_hash": hex.EncodeToString(sum[:]),
	}
}

func token(claims jwt.MapClaims, secret string) string {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		panic(err)
	}
	return signed
}

func bearer(token, body string) *http.Request {
	r := post("application/json", body)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// signedMessage is a webhook of the Messages API as Vonage sends it.
func signedMessage(body string) *http.Request {
	return bearer(token(claimsOf(body), signatureSecret), body)
}

// again makes requests of which the body can be read, all alike.
func again(t testing.TB, r *http.Request) func() *http.Request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return func() *http.Request {
		c := r.Clone(t.Context())
		c.Body = io.NopCloser(strings.NewReader(string(body)))
		return c
	}
}

// refused fails unless both readers refuse r in this way.
func refused(t *testing.T, w *vonage.Webhooks, r *http.Request, want error) {
	t.Helper()
	request := again(t, r)
	_, err := w.Receipt(request())
	checkRefusal(t, "Receipt", err, want)
	_, err = w.Inbound(request())
	checkRefusal(t, "Inbound", err, want)
}

// private is in the webhooks of these tests and must not be in an error.
var private = []string{signatureSecret, "14845552121", "16105553939", "447700900", "Hello", "STOP", "0000F9DB", "my-ref", "2020-07"}

func checkRefusal(t *testing.T, who string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", who, err, want)
		return
	}
	for _, s := range private {
		if strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error tells %q: %v", who, s, err)
		}
	}
}
