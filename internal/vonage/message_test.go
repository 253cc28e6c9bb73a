package vonage_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// Webhooks of the Messages API, version 1, by its reference 1.20.
const (
	statusJSON = `{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"14845552121","from":"16105553939","timestamp":` +
		`"2020-07-17T02:34:35Z","status":"delivered","client_ref":"my-ref","channel":"sms","usage":{"currency":"EUR","price":"0.0333"},` +
		`"destination":{"network_code":"310004"},"sms":{"count_total":"2"}}`
	rejectedJSON = `{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"14845552121","from":"Acme","timestamp":` +
		`"2020-07-17T02:34:35.201Z","status":"rejected","error":{"type":"https://developer.vonage.com/api-errors/messages#1240",` +
		`"title":"1240","detail":"14845552121 has opted out","instance":"bf0ca0bf927b3b52e3cb03217e1a1ddf"},"channel":"sms"}`
	messageInboundJSON = `{"channel":"sms","message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"16105553939","from":"14845552121",` +
		`"timestamp":"2020-07-01T15:53:25+0000","text":"Hello, é&=","message_type":"text","sms":{"num_messages":"2","keyword":"HELLO"},` +
		`"usage":{"currency":"EUR","price":"0.0333"},"origin":{"network_code":"310004"}}`
)

const messageID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"

func messageReceiptOf() sms.Receipt {
	return sms.Receipt{
		Ref: "my-ref", To: "14845552121", From: "16105553939", MessageID: messageID, Status: sms.Delivered, Whole: true,
		Network: "310004", Price: "0.0333", At: time.Date(2020, 7, 17, 2, 34, 35, 0, time.UTC),
	}
}

func rejectedOf() sms.Receipt {
	return sms.Receipt{
		To: "14845552121", From: "Acme", MessageID: messageID, Status: sms.Rejected, Whole: true, OptedOut: true,
		Code: "vonage receipt 1240", Reason: "the recipient has opted out",
		At: time.Date(2020, 7, 17, 2, 34, 35, 201_000_000, time.UTC),
	}
}

func messageInboundOf() sms.Inbound {
	in := inboundOf()
	in.MessageID = messageID
	return in
}

func TestMessagesAPIStatusesAreReceipts(t *testing.T) {
	change := func(f func(*sms.Receipt)) sms.Receipt { r := messageReceiptOf(); f(&r); return r }
	status := func(word string, d sms.Delivery, code, reason string) (string, sms.Receipt) {
		return strings.Replace(statusJSON, `"delivered"`, `"`+word+`"`, 1),
			change(func(r *sms.Receipt) { r.Status, r.Code, r.Reason = d, code, reason })
	}
	failed := func(problem, code, reason string) (string, sms.Receipt) {
		return strings.Replace(statusJSON, `"delivered"`, `"rejected","error":`+problem, 1),
			change(func(r *sms.Receipt) { r.Status, r.Code, r.Reason = sms.Rejected, code, reason })
	}
	const unexplained = "it was not delivered, and the provider does not say why"
	type sample struct {
		body string
		want sms.Receipt
	}
	of := func(body string, want sms.Receipt) sample { return sample{body, want} }
	for name, c := range map[string]sample{
		"delivered":                 {statusJSON, messageReceiptOf()},
		"opted out":                 {rejectedJSON, rejectedOf()},
		"submitted":                 of(status("submitted", sms.DeliveryAccepted, "", "")),
		"read":                      of(status("read", sms.Delivered, "", "")),
		"rejected":                  of(status("rejected", sms.Rejected, "vonage receipt rejected", unexplained)),
		"undeliverable":             of(status("undeliverable", sms.Undeliverable, "vonage receipt failed", unexplained)),
		"a status to come":          of(status("pondered", sms.DeliveryUnknown, "", "")),
		"a code in the title":       of(failed(`{"title":1190}`, "vonage receipt 1190", "the number is not in use any more")),
		"a code in the type":        of(failed(`{"type":"https://x/y#1460","title":"Daily message limit exceeded"}`, "vonage receipt 1460", "the day's limit of the sender's campaign was reached")),
		"a code in the type only":   of(failed(`{"type":"https://x/y#1330"}`, "vonage receipt 1330", "the provider does not know why")),
		"a code nobody knows":       of(failed(`{"title":"1999"}`, "vonage receipt 1999", "error 1999")),
		"no code":                   of(failed(`{"type":"about:blank","title":"14845552121"}`, "vonage receipt ?", "error ?")),
		"no error":                  of(failed(`null`, "vonage receipt rejected", unexplained)),
		"numbers in place of texts": {strings.NewReplacer(`"0.0333"`, "0.0333", `"310004"`, "310004").Replace(statusJSON), messageReceiptOf()},
		"without what may be missing": {`{"message_uuid":"` + messageID + `","to":"14845552121","from":"16105553939","status":"delivered"}`,
			change(func(r *sms.Receipt) { r.Ref, r.Network, r.Price, r.At = "", "", "", hookTime })},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := hooks().Receipt(signedMessage(c.body)); err != nil || got != c.want {
				t.Errorf("got %#v (%v)", got, err)
			}
			if got, err := unsignedHooks().Receipt(post("", c.body)); err != nil || got != c.want {
				t.Errorf("unsigned: got %#v (%v)", got, err)
			}
			_, err := hooks().Inbound(signedMessage(c.body))
			checkRefusal(t, "Inbound", err, vonage.ErrUnreadable)
		})
	}
}

func TestMessagesAPITextsComeInWhole(t *testing.T) {
	picture := messageInboundOf()
	picture.Text = ""
	for name, c := range map[string]struct {
		body string
		want sms.Inbound
	}{
		"a text":            {messageInboundJSON, messageInboundOf()},
		"without its kind":  {strings.Replace(messageInboundJSON, `,"message_type":"text"`, "", 1), messageInboundOf()},
		"a picture":         {strings.Replace(messageInboundJSON, `"message_type":"text"`, `"message_type":"image"`, 1), picture},
		"a text of nothing": {strings.Replace(messageInboundJSON, `"Hello, é&="`, `null`, 1), picture},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := hooks().Inbound(signedMessage(c.body)); err != nil || got != c.want {
				t.Errorf("got %#v (%v)", got, err)
			}
			_, err := hooks().Receipt(signedMessage(c.body))
			checkRefusal(t, "Receipt", err, vonage.ErrUnreadable)
		})
	}
}

func TestMessagesAPIWebhooksThatSayTooLittleAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no number":        `{"message_uuid":"` + messageID + `","status":"delivered","to":"Acme","from":"Acme"}`,
		"an empty id":      `{"message_uuid":"","status":"delivered","to":"14845552121","from":"14845552121"}`,
		"an id of no kind": `{"message_uuid":{},"status":"delivered","to":"14845552121","from":"14845552121"}`,
		"version 0.1":      `{"message_uuid":"` + messageID + `","to":{"type":"sms","number":"14845552121"},"from":{"type":"sms","number":"16105553939"}}`,
		"no sender":        `{"message_uuid":"` + messageID + `","from":"14845552121","text":"Hello","to":""}`,
		"a NUL":            `{"message_uuid":"` + messageID + `","from":"14845552121","text":"Hello\u0000","to":"16105553939"}`,
		"another error":    `{"message_uuid":"` + messageID + `","status":"failed","to":"14845552121","from":"16105553939","error":[]}`,
		"twice":            `{"message_uuid":"` + messageID + `",` + statusJSON[1:],
	} {
		t.Run(name, func(t *testing.T) { refused(t, hooks(), signedMessage(body), vonage.ErrUnreadable) })
	}
}

func TestTokensThatDoNotFitAreRefused(t *testing.T) {
	claims := func(pairs ...any) jwt.MapClaims {
		c := claimsOf(statusJSON)
		for i := 0; i < len(pairs); i += 2 {
			c[pairs[i].(string)] = pairs[i+1]
			if pairs[i+1] == nil {
				delete(c, pairs[i].(string))
			}
		}
		return c
	}
	claimed := func(pairs ...any) *http.Request { return bearer(token(claims(pairs...), signatureSecret), statusJSON) }
	by := func(m jwt.SigningMethod, key any) *http.Request {
		s, err := jwt.NewWithClaims(m, claims()).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return bearer(s, statusJSON)
	}
	hash := claims()["payload_hash"].(string)
	good := token(claims(), signatureSecret)
	parts := strings.Split(good, ".")
	seconds := func(d time.Duration) int64 { return hookTime.Add(d).Unix() }
	authorized := func(value string) *http.Request {
		r := post("application/json", statusJSON)
		r.Header.Set("Authorization", value)
		return r
	}
	for name, r := range map[string]*http.Request{
		"another body":        bearer(good, strings.Replace(statusJSON, "14845552121", "14845552122", 1)),
		"a body with a space": bearer(good, statusJSON+" "),
		"another's hash":      claimed("payload_hash", strings.Repeat("0", 64)),
		"half of the hash":    claimed("payload_hash", hash[:32]),
		"no hash":             claimed("payload_hash", nil),
		"an empty hash":       claimed("payload_hash", ""),
		"a hash of no digits": claimed("payload_hash", strings.Repeat("x", 64)),
		"a hash of no kind":   claimed("payload_hash", 1),
		"another account":     claimed("api_key", "key00000"),
		"no time":             claimed("iat", nil),
		"a time of no kind":   claimed("iat", "now"),
		"too old":             claimed("iat", seconds(-vonage.MaxWebhookAge-time.Second)),
		"too far ahead":       claimed("iat", seconds(vonage.MaxWebhookAhead+time.Second)),
		"at the end of time":  claimed("iat", 1e300),
		"over":                claimed("exp", seconds(-vonage.MaxWebhookAhead-time.Second)),
		"not begun":           claimed("nbf", seconds(vonage.MaxWebhookAhead+time.Second)),
		"another secret":      bearer(token(claims(), "another"), statusJSON),
		"no secret":           bearer(token(claims(), ""), statusJSON),
		"HS384":               by(jwt.SigningMethodHS384, []byte(signatureSecret)),
		"HS512":               by(jwt.SigningMethodHS512, []byte(signatureSecret)),
		"none":                by(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"no signature":        bearer(parts[0]+"."+parts[1]+".", statusJSON),
		"half of a signature": bearer(good[:len(good)-20], statusJSON),
		"two parts":           bearer(parts[0]+"."+parts[1], statusJSON),
		"four parts":          bearer(good+".x", statusJSON),
		"an empty token":      bearer("", statusJSON),
		"no token":            authorized("Bearer"),
		"another scheme":      authorized("Basic " + good),
		"no scheme":           authorized(good),
		"padding":             bearer(good+"=", statusJSON),
		"exchanged claims":    bearer(parts[0]+"."+strings.Split(token(claims("api_key", nil), "x"), ".")[1]+"."+parts[2], statusJSON),
	} {
		t.Run(name, func(t *testing.T) { refused(t, hooksOf(apiKey), r, vonage.ErrForged) })
	}
	t.Run("any letter changed", func(t *testing.T) {
		for i := range good {
			other := byte('A')
			if good[i] == other {
				other = 'B'
			}
			refused(t, hooksOf(apiKey), bearer(good[:i]+string(other)+good[i+1:], statusJSON), vonage.ErrForged)
		}
	})
	t.Run("unsigned", func(t *testing.T) {
		refused(t, hooks(), post("application/json", statusJSON), vonage.ErrUnsigned)
	})
	t.Run("signed as by the SMS API", func(t *testing.T) {
		p := sign(with(aReceipt, "message_uuid", messageID))
		refused(t, hooks(), postJSON(p), vonage.ErrUnsigned)
	})
}

func hooksOf(apiKey string) *vonage.Webhooks {
	c := hookConfig(vonage.HMACSHA256, signatureSecret)
	c.APIKey = apiKey
	return vonage.NewWebhooks(c)
}

func TestTokensThatFitAreTaken(t *testing.T) {
	claims := func(name string, value any) string {
		c := claimsOf(statusJSON)
		c[name] = value
		if value == nil {
			delete(c, name)
		}
		return token(c, signatureSecret)
	}
	hash := claimsOf(statusJSON)["payload_hash"].(string)
	scheme := bearer(claims("jti", "x"), statusJSON)
	scheme.Header.Set("Authorization", strings.Replace(scheme.Header.Get("Authorization"), "Bearer", "bearer", 1))
	for name, r := range map[string]*http.Request{
		"as Vonage signs":        signedMessage(statusJSON),
		"no account":             bearer(claims("api_key", nil), statusJSON),
		"a hash in capitals":     bearer(claims("payload_hash", strings.ToUpper(hash)), statusJSON),
		"as old as may be":       bearer(claims("iat", hookTime.Add(-vonage.MaxWebhookAge).Unix()), statusJSON),
		"as far ahead as may be": bearer(claims("iat", hookTime.Add(vonage.MaxWebhookAhead).Unix()), statusJSON),
		"not over":               bearer(claims("exp", hookTime.Add(time.Hour).Unix()), statusJSON),
		"the scheme in small":    scheme,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := hooksOf(apiKey).Receipt(r); err != nil || got != messageReceiptOf() {
				t.Errorf("got %v (%v)", got, err)
			}
		})
	}
	t.Run("whatever the SMS API's method", func(t *testing.T) {
		w := vonage.NewWebhooks(hookConfig("", signatureSecret))
		if _, err := w.Receipt(signedMessage(statusJSON)); err != nil {
			t.Error(err)
		}
	})
}

// The token is of Vonage's Python SDK (jwt/tests). It is of no body, so it must fail by that, and by its signature with
// another secret.
func TestTokensAreSignedAsVonagePublishes(t *testing.T) {
	const (
		token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9." +
			"88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM"
		secret = "qwertyuiopasdfghjklzxcvbnm123456"
	)
	for key, want := range map[string]string{secret: "payload hash", secret[1:]: "signature is wrong"} {
		_, err := vonage.NewWebhooks(hookConfig("", key)).Receipt(bearer(token, statusJSON))
		checkRefusal(t, "Receipt", err, vonage.ErrForged)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want its %s", err, want)
		}
	}
}
