package vonage_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/inprocess"
	"sluice/internal/sms"
	"sluice/internal/vonage"
)

// Outgoing: a message becomes exactly this JSON.
func TestSendPostsJSONToTheMessagesAPI(t *testing.T) {
	for _, c := range []struct {
		name    string
		message sms.Message
		want    string
	}{
		{
			"a plain text",
			sms.Message{From: "447700900000", To: recipient, Text: "Hello, World!", Ref: "run-1"},
			`{"message_type":"text","channel":"sms","to":"447700900123","from":"447700900000","text":"Hello, World!","client_ref":"run-1","sms":{"encoding_type":"text"}}`,
		},
		{
			"a text in the extension table is still text",
			sms.Message{From: "Acme", To: recipient, Text: "5€ {off} <&> \"+%\\", Ref: "r"},
			`{"message_type":"text","channel":"sms","to":"447700900123","from":"Acme","text":"5€ {off} <&> \"+%\\","client_ref":"r","sms":{"encoding_type":"text"}}`,
		},
		{
			"a text beyond GSM-7 is unicode",
			sms.Message{From: "Acme", To: recipient, Text: "Kommst du? 😀\nJa/Nein", Ref: "r"},
			`{"message_type":"text","channel":"sms","to":"447700900123","from":"Acme","text":"Kommst du? 😀\nJa/Nein","client_ref":"r","sms":{"encoding_type":"unicode"}}`,
		},
		{
			"no reference, no client_ref",
			sms.Message{From: "My Shop", To: "1234567", Text: "x"},
			`{"message_type":"text","channel":"sms","to":"1234567","from":"My Shop","text":"x","sms":{"encoding_type":"text"}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			client := byMessages.client(roundTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				body, _ := io.ReadAll(r.Body)
				if diff := cmp.Diff(parsed(t, []byte(c.want)), parsed(t, body)); diff != "" {
					t.Errorf("body (-want +got):\n%s", diff)
				}
				if r.Method != "POST" || r.URL.String() != "http://fake/v1/messages" || r.ContentLength != int64(len(body)) {
					t.Errorf("got %s %s, %d bytes", r.Method, r.URL, r.ContentLength)
				}
				r.Header.Del("Authorization") // has tests of its own
				want := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
				if diff := cmp.Diff(want, r.Header); diff != "" { // an Idempotency-Key would let net/http send the text twice
					t.Errorf("header (-want +got):\n%s", diff)
				}
				return answering(202, jsonType(), strings.NewReader(byMessages.taken))(r)
			}))
			if o := client.Send(t.Context(), c.message); o.Verdict != sms.Accepted || calls != 1 {
				t.Errorf("got %+v after %d requests", o, calls)
			}
		})
	}
}

func parsed(t *testing.T, data []byte) (value map[string]any) {
	t.Helper()
	if err := json.Unmarshal(data, &value); err != nil {
		t.Errorf("%v: %s", err, data)
	}
	return value
}

// gate keeps the Authorization of each request.
type gate struct {
	mu   sync.Mutex
	seen []string
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.seen = append(g.seen, r.Header.Get("Authorization"))
	g.mu.Unlock()
	return answering(202, jsonType(), strings.NewReader(byMessages.taken))(r)
}

func (g *gate) last() string { return g.seen[len(g.seen)-1] }

func TestSendSignsInWithKeyAndSecretWhereThereIsNoApplication(t *testing.T) {
	var g gate
	send(t, vonage.NewClient(vonage.Config{API: vonage.Messages, APIKey: apiKey, APISecret: apiSecret, Transport: &g}))
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte(apiKey+":"+apiSecret)); g.last() != want {
		t.Errorf("got %s, want %s", g.last(), want)
	}
}

func TestSendGoesToVonageByDefault(t *testing.T) {
	for api, want := range map[vonage.API]string{
		"": "https://rest.nexmo.com/sms/json", vonage.SMS: "https://rest.nexmo.com/sms/json", vonage.Messages: "https://api.nexmo.com/v1/messages",
	} {
		var got string
		send(t, vonage.NewClient(vonage.Config{API: api, APIKey: apiKey, APISecret: apiSecret, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r.URL.String()
			return answering(429, nil, http.NoBody)(r)
		})}))
		if got != want {
			t.Errorf("%q: got %s, want %s", api, got, want)
		}
	}
}

// claimed reads a token's claims.
func claimed(t *testing.T, authorization string) (claims struct {
	ApplicationID string `json:"application_id"`
	ID            string `json:"jti"`
	Issued        int64  `json:"iat"`
	Expires       int64  `json:"exp"`
}) {
	t.Helper()
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		t.Fatalf("%q is no token", authorization)
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(data, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestATokenServesUntilAMinuteBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		client := byMessages.client(&g)
		start, tokens, ids := time.Now(), map[string]bool{}, map[string]bool{}
		for _, c := range []struct {
			at   time.Duration
			made time.Duration
		}{
			{0, 0}, {time.Second, 0}, {14*time.Minute - 1, 0}, {14 * time.Minute, 14 * time.Minute},
			{27 * time.Minute, 14 * time.Minute}, {3 * time.Hour, 3 * time.Hour}, {3*time.Hour + time.Minute, 3 * time.Hour},
		} {
			time.Sleep(time.Until(start.Add(c.at)))
			send(t, client)
			claims := claimed(t, g.last())
			made := start.Add(c.made)
			if claims.ApplicationID != applicationID || claims.ID == "" || claims.Issued != made.Unix() || claims.Expires != made.Add(15*time.Minute).Unix() {
				t.Errorf("after %v: got %+v, want one made after %v", c.at, claims, c.made)
			}
			tokens[g.last()], ids[claims.ID] = true, true
		}
		if len(tokens) != 3 || len(ids) != 3 {
			t.Errorf("%d tokens with %d ids, want 3 of each", len(tokens), len(ids))
		}
	})
}

func TestManySendersShareAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		client := byMessages.client(&g)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { client.Send(t.Context(), message()) })
		}
		all.Wait()
		for _, authorization := range g.seen {
			if authorization != g.last() {
				t.Fatal("there are several tokens")
			}
		}
	})
}

// The wait is virtual: a run of hours needs several tokens, and the fake checks each by the bubble's clock.
func TestTheFakeTakesTheTokensOfARunOfHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake()
		client := byMessages.client(inprocess.Transport(fake))
		for range 50 {
			if o := send(t, client); o.Verdict != sms.Accepted {
				t.Fatalf("got %+v", o)
			}
			time.Sleep(4*time.Minute + 59*time.Second)
		}
	})
}
