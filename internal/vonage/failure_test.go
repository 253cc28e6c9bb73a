package vonage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/sms"
	"sluice/internal/vonage"
)

func TestSendWithoutAnAnswer(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		hang := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		stall := func(r *http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(w.taken[:len(w.taken)/2]), untilDone{r.Context()})
			return answering(200, jsonType(), body)(r)
		}
		failing := func(err error) roundTrip {
			return func(*http.Request) (*http.Response, error) { return nil, err }
		}
		for _, c := range []struct {
			name      string
			transport roundTrip
			verdict   sms.Verdict
			code      string
			took      time.Duration
		}{
			{"no answer in time", hang, sms.Unknown, "timeout", 10 * time.Second},
			{"an answer that stalls", stall, sms.Unknown, "timeout", 10 * time.Second},
			{"an answer that breaks off", answering(200, jsonType(), iotest.ErrReader(io.ErrUnexpectedEOF)), sms.Unknown, "connection lost", 0},
			{"a refusal that breaks off", answering(429, jsonType(), iotest.ErrReader(io.ErrUnexpectedEOF)), sms.Retry, "http 429", 0},
			{"the connection is lost", failing(io.EOF), sms.Unknown, "connection lost", 0},
			{"the connection is reset", failing(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), sms.Unknown, "connection lost", 0},
			{"the connection is refused", failing(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), sms.Retry, "no connection", 0},
			{"the name is not known", failing(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), sms.Retry, "no connection", 0},
			{"the connection takes too long", failing(&net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}), sms.Retry, "timeout", 0},
			{"an endless answer", answering(200, jsonType(), endless{}), sms.Unknown, "http 200", 0},
			{"a panic on the way", func(*http.Request) (*http.Response, error) { panic("on the way") }, sms.Unknown, "connection lost", 0},
		} {
			t.Run(c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					o := send(t, w.client(c.transport))
					if o.Verdict != c.verdict || o.Code != c.code || time.Since(start) != c.took {
						t.Errorf("got %+v after %v, want %s %q after %v", o, time.Since(start), c.verdict, c.code, c.took)
					}
				})
			})
		}
	})
}

func TestSendEndsWithItsContext(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		synctest.Test(t, func(t *testing.T) {
			client := w.client(roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			start := time.Now()
			o := client.Send(ctx, message())
			checkOutcome(t, o)
			if o.Verdict != sms.Unknown || o.Code != "cancelled" || time.Since(start) != 2*time.Second {
				t.Errorf("cancelled while sending: got %+v after %v", o, time.Since(start))
			}
			o = client.Send(ctx, message())
			checkOutcome(t, o)
			if o.Verdict != sms.Retry || o.Code != "cancelled" {
				t.Errorf("cancelled before sending: got %+v", o)
			}
			expired, cancel := context.WithDeadline(t.Context(), start)
			defer cancel()
			o = client.Send(expired, message())
			checkOutcome(t, o)
			if o.Verdict != sms.Retry || o.Code != "timeout" {
				t.Errorf("late before sending: got %+v", o)
			}
		})
	})
}

// unusable is a configuration or a message that cannot work.
type unusable struct {
	name    string
	change  func(*vonage.Config, *sms.Message)
	verdict sms.Verdict
	reason  string
}

func TestSendRefusesWhatCannotWorkWithoutARequest(t *testing.T) {
	const noNumber = "is not a phone number in international form: 7 to 15 digits, with or without a leading +"
	account := []unusable{
		{"a key too short", func(c *vonage.Config, _ *sms.Message) { c.APIKey = "key4567" }, sms.Stop, "the API key has 7 characters and must have 8"},
		{"a key too long", func(c *vonage.Config, _ *sms.Message) { c.APIKey = "key456789" }, sms.Stop, "the API key has 9 characters and must have 8"},
		{"no secret", func(c *vonage.Config, _ *sms.Message) { c.APISecret = "" }, sms.Stop, "the API secret is missing"},
	}
	both := []unusable{
		{"an API that is none", func(c *vonage.Config, _ *sms.Message) { c.API = "mms" }, sms.Stop, `the API "mms" is not known: it must be sms or messages`},
		{"a number too short", func(_ *vonage.Config, m *sms.Message) { m.To = "123456" }, sms.Failed, "the number " + noNumber},
		{"a number with a plus", func(_ *vonage.Config, m *sms.Message) { m.To = "+447700900123" }, sms.Failed, "the number " + noNumber},
		{"no number", func(_ *vonage.Config, m *sms.Message) { m.To = "" }, sms.Failed, "the number " + noNumber},
	}
	own := map[vonage.API][]unusable{
		vonage.SMS: slices.Concat(account, []unusable{
			{"an address without scheme", func(c *vonage.Config, _ *sms.Message) { c.BaseURL = "rest.nexmo.com/sms" }, sms.Stop, "the address of the SMS API is not an http or https URL"},
			{"an address that is none", func(c *vonage.Config, _ *sms.Message) { c.BaseURL = "http://[::1" }, sms.Stop, "the address of the SMS API is not an http or https URL"},
		}),
		vonage.Messages: {
			{"an address without scheme", func(c *vonage.Config, _ *sms.Message) { c.BaseURL = "api.nexmo.com/v1" }, sms.Stop, "the address of the Messages API is not an http or https URL"},
			{"an application without id", func(c *vonage.Config, _ *sms.Message) { c.ApplicationID = "" }, sms.Stop, "the application's id is missing"},
			{"an application without key", func(c *vonage.Config, _ *sms.Message) { c.PrivateKey = "" }, sms.Stop, "the application's private key is missing"},
			{"a key that is none", func(c *vonage.Config, _ *sms.Message) { c.PrivateKey = apiSecret }, sms.Stop, unusableKey},
			{"the public key for the private one", func(c *vonage.Config, _ *sms.Message) { c.PrivateKey = applicationKey().public }, sms.Stop, unusableKey},
			{"half of a key", func(c *vonage.Config, _ *sms.Message) { c.PrivateKey = c.PrivateKey[:len(c.PrivateKey)/2] }, sms.Stop, unusableKey},
		},
	}
	bothWays(t, func(t *testing.T, w way) {
		for _, c := range slices.Concat(both, own[w.API]) {
			t.Run(c.name, func(t *testing.T) { c.check(t, w.config()) })
		}
	})
	for _, c := range account {
		t.Run("messages with "+c.name, func(t *testing.T) {
			c.check(t, vonage.Config{API: vonage.Messages, APIKey: apiKey, APISecret: apiSecret})
		})
	}
}

const unusableKey = "the application's private key cannot sign: it must be an RSA key in PEM form"

func (c unusable) check(t *testing.T, config vonage.Config) {
	m := message()
	config.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was made")
		return nil, errors.New("unexpected")
	})
	c.change(&config, &m)
	client := vonage.NewClient(config)
	for range 2 {
		o := client.Send(t.Context(), m)
		checkOutcome(t, o)
		if o.Verdict != c.verdict || o.Reason != c.reason {
			t.Errorf("got %+v, want %s: %s", o, c.verdict, c.reason)
		}
	}
}

// pool counts how often its idle connections are dropped.
type pool struct {
	roundTrip
	dropped int
}

func (p *pool) CloseIdleConnections() { p.dropped++ }

func TestSendDropsIdleConnectionsAfterASilence(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		synctest.Test(t, func(t *testing.T) {
			p := &pool{roundTrip: answering(429, nil, http.NoBody)}
			client := w.client(p)
			var drops []int
			for _, silence := range []time.Duration{0, time.Second, 30 * time.Second, 31 * time.Second, 0} {
				time.Sleep(silence)
				send(t, client)
				drops = append(drops, p.dropped)
			}
			if diff := cmp.Diff([]int{1, 1, 1, 2, 2}, drops); diff != "" { // the first send of all follows a silence too
				t.Error(diff)
			}
		})
	})
}

func TestConfigAndClientDoNotShowTheSecrets(t *testing.T) {
	config := byMessages.config()
	config.APIKey, config.APISecret = apiKey, apiSecret
	client := vonage.NewClient(config)
	config.Transport = answering(202, jsonType(), http.NoBody)
	used := vonage.NewClient(config)
	send(t, used) // now it has a token
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v", "%x", "%d"} {
		for _, v := range []any{config, &config, []vonage.Config{config}, struct{ C vonage.Config }{config}, client, used} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	config.Transport = nil
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("start", "config", config, "pointer", &config, "in", struct{ C vonage.Config }{config}, "client", client, "used", used)
	}
	for _, secret := range []string{apiSecret, "PRIVATE KEY", "MII", "eyJ"} {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret)} {
			if strings.Contains(out.String(), form) {
				t.Errorf("%s shows:\n%s", secret, &out)
			}
		}
	}
	for want, c := range map[string]vonage.Config{
		"{api sms, key key45678, secret set, application , private key not set, url , timeout 0s}":                                 {APIKey: apiKey, APISecret: apiSecret},
		"{api messages, key , secret not set, application " + applicationID + ", private key set, url http://fake/v1, timeout 0s}": byMessages.config(),
	} {
		if got := fmt.Sprint(c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// untilDone is a body that comes to nothing.
type untilDone struct{ ctx context.Context }

func (b untilDone) Read([]byte) (int, error) { <-b.ctx.Done(); return 0, b.ctx.Err() }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
