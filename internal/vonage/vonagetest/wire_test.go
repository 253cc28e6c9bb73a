package vonagetest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// params reads a webhook of the SMS API, whatever its format.
func params(t *testing.T, h hook) map[string]string {
	t.Helper()
	values := h.query
	switch kind := h.header.Get("Content-Type"); {
	case h.method == "GET":
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		var err error
		if values, err = url.ParseQuery(h.body); err != nil {
			t.Error(err)
		}
	case kind == "application/json":
		var flat map[string]string
		if err := json.Unmarshal([]byte(h.body), &flat); err != nil {
			t.Errorf("%v: %s", err, h.body)
		}
		return flat
	default:
		t.Errorf("a %s of the type %q", h.method, kind)
	}
	flat := map[string]string{}
	for name := range values {
		flat[name] = values.Get(name)
	}
	return flat
}

func TestSignaturesVerifyInAllFormatsByAllMethods(t *testing.T) {
	const secret = "my_secret_key_for_testing"
	for _, format := range []vonagetest.Format{vonagetest.FormatGET, vonagetest.FormatPOST, vonagetest.FormatJSON} {
		for _, method := range vonage.Methods() {
			t.Run(string(format)+" "+string(method), func(t *testing.T) {
				d := &desk{}
				r := vonagetest.Returns{Delivered: 1, Format: format, Method: string(method), Secret: secret}
				running(t, r, d, func(t *testing.T, fake *vonagetest.Fake) {
					sendTo(t, fake, 3, "client-ref", "a&b=c")
					if err := fake.Reply(number(1), ourNumber, "Größe & Preis = 5 €? 👍"); err != nil {
						t.Error(err)
					}
					settle(t, fake)
				})
				if len(d.hooks()) != 4 {
					t.Fatalf("%d webhooks came", len(d.hooks()))
				}
				for _, h := range d.hooks() {
					p := params(t, h)
					if want := method.Sign(p, secret); p["sig"] != want {
						t.Errorf("signature %s, want %s, of %v", p["sig"], want, p)
					}
					if isGet := format == vonagetest.FormatGET; (h.method == "GET") != isGet || (h.body == "") != isGet || (len(h.query) > 0) != isGet {
						t.Errorf("came as %s with %v and %q", h.method, h.query, h.body)
					}
				}
			})
		}
	}
}

// uuid is one of version 4 (RFC 9562).
var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestWebhooksOfTheSMSAPISayWhatVonagesSay(t *testing.T) {
	d := &desk{}
	r := vonagetest.Returns{OptedOut: 1, Secret: "s", Delay: vonagetest.Curve{Median: 95 * time.Second}}
	running(t, r, d, func(t *testing.T, fake *vonagetest.Fake) { // from 2000-01-01 00:00 UTC on
		post(t, client(fake), form("from", ourNumber))
		if err := fake.Reply("+44 7700 900123", ourNumber, " yes  please"); err != nil {
			t.Error(err)
		}
		settle(t, fake)
	})
	want := []map[string]string{
		{
			"msisdn": "447700900123", "to": ourNumber, "messageId": "0B00000000000001", "text": " yes  please", "type": "text",
			"keyword": "YES", "api-key": "key45678", "message-timestamp": "2000-01-01 00:00:00", "timestamp": "946684800",
		}, {
			"msisdn": "447700900123", "to": ourNumber, "network-code": "23420", "messageId": "0A00000000000001",
			"price": "0.04120000", "status": "failed", "scts": "0001010001", "err-code": "9", "api-key": "key45678",
			"client-ref": "run-1", "message-timestamp": "2000-01-01 00:01:35", "timestamp": "946684895",
		},
	}
	hooks := d.hooks()
	if len(hooks) != len(want) || !strings.HasSuffix(inboundURL, hooks[0].path) || !strings.HasSuffix(receiptsURL, hooks[1].path) {
		t.Fatalf("got %+v", hooks)
	}
	for i, h := range hooks {
		p := params(t, h)
		if !uuid.MatchString(p["nonce"]) || len(p["sig"]) != 32 {
			t.Errorf("nonce %q, sig %q", p["nonce"], p["sig"])
		}
		delete(p, "nonce")
		delete(p, "sig")
		if diff := cmp.Diff(want[i], p); diff != "" {
			t.Errorf("webhook %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestUnsignedWebhooksHaveNothingOfASignature(t *testing.T) {
	for _, messages := range []bool{false, true} {
		d := &desk{}
		running(t, vonagetest.Returns{Delivered: 1, MessagesAPI: messages}, d, func(t *testing.T, fake *vonagetest.Fake) {
			post(t, client(fake), form("client-ref", ""))
			settle(t, fake)
		})
		h := d.hooks()[0]
		for _, word := range []string{"sig", "nonce", `"timestamp":"9`, "client-ref", "client_ref"} {
			if strings.Contains(h.body, word) {
				t.Errorf("%s is in %s", word, h.body)
			}
		}
		if h.header.Get("Authorization") != "" {
			t.Error("there is a token")
		}
	}
}

// verify checks a token as the Messages API's guide tells, and returns its claims.
func verify(t *testing.T, h hook, secret string) map[string]any {
	t.Helper()
	token, _ := strings.CutPrefix(h.header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token is %q", token)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
		t.Errorf("the signature of %s is wrong", token)
	}
	var read [2]map[string]any
	for i := range read {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, &read[i])
		}
		if err != nil {
			t.Errorf("part %d of the token: %v", i, err)
		}
	}
	if diff := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT"}, read[0]); diff != "" {
		t.Error(diff)
	}
	sum := sha256.Sum256([]byte(h.body))
	if got := read[1]["payload_hash"]; got != hex.EncodeToString(sum[:]) {
		t.Errorf("payload_hash %v is not that of the body", got)
	}
	return read[1]
}

func TestWebhooksOfTheMessagesAPISayWhatVonagesSay(t *testing.T) {
	long := strings.Repeat("a", 161)
	status := func(state string, changes map[string]any) map[string]any {
		doc := map[string]any{
			"message_uuid": "0A00000000000001", "to": "447700900123", "from": ourNumber, "timestamp": "2000-01-01T00:00:00Z",
			"status": state, "channel": "sms", "client_ref": "run-1",
			"usage":       map[string]any{"currency": "EUR", "price": "0.08240000"},
			"destination": map[string]any{"network_code": "23420"}, "sms": map[string]any{"count_total": "2"},
		}
		for name, value := range changes {
			doc[name] = value
		}
		return doc
	}
	for _, c := range []struct {
		name    string
		returns vonagetest.Returns
		reply   string
		want    []map[string]any
	}{
		{"delivered", vonagetest.Returns{Delivered: 1}, "", []map[string]any{status("delivered", nil)}},
		{"only submitted", vonagetest.Returns{Buffered: 1}, "", []map[string]any{status("submitted", nil)}},
		{"opted out", vonagetest.Returns{OptedOut: 1}, "", []map[string]any{status("rejected", map[string]any{
			"error": map[string]any{
				"type": "https://developer.vonage.com/api-errors/messages#1240", "title": "1240",
				"detail": "Recipient has opted out", "instance": "0A00000000000001",
			},
		})}},
		{"a reply of two parts in one", vonagetest.Returns{}, long, []map[string]any{{
			"channel": "sms", "to": ourNumber, "from": "447700900123", "timestamp": "2000-01-01T00:00:00Z", "text": long,
			"message_type": "text", "sms": map[string]any{"num_messages": "2", "keyword": strings.ToUpper(long)},
			"usage":  map[string]any{"currency": "EUR", "price": "0.00000000"},
			"origin": map[string]any{"network_code": "23420"},
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{}
			c.returns.MessagesAPI, c.returns.Secret, c.returns.Format = true, "secret", vonagetest.FormatGET
			running(t, c.returns, d, func(t *testing.T, fake *vonagetest.Fake) {
				if c.reply == "" {
					post(t, client(fake), form("from", ourNumber, "text", long))
				} else if err := fake.Reply("447700900123", ourNumber, c.reply); err != nil {
					t.Error(err)
				}
				settle(t, fake)
			})
			hooks := d.hooks()
			if len(hooks) != len(c.want) {
				t.Fatalf("got %d webhooks, want %d", len(hooks), len(c.want))
			}
			for i, h := range hooks {
				var got map[string]any
				if err := json.Unmarshal([]byte(h.body), &got); err != nil || h.method != "POST" || h.header.Get("Content-Type") != "application/json" {
					t.Fatalf("%v: %s %v %s", err, h.method, h.header, h.body)
				}
				if c.reply != "" {
					if id, _ := got["message_uuid"].(string); !uuid.MatchString(id) {
						t.Errorf("the id is %q", id)
					}
					delete(got, "message_uuid")
				}
				if diff := cmp.Diff(c.want[i], got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				claims := verify(t, h, "secret")
				if claims["iss"] != "Vonage" || claims["api_key"] != "key45678" || claims["iat"] != 946684800. || claims["jti"] == "" {
					t.Errorf("the claims are %v", claims)
				}
			}
		})
	}
}
