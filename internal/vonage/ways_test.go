package vonage_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// way is one of the APIs, with what a test has to know to mean the same by both.
type way struct {
	vonage.API
	base  string // path of its address
	path  string // and of its requests
	taken string // the body of an answer that took the text
}

var (
	bySMS = way{vonage.SMS, "/sms", "/sms/json", `{"message-count":"1","messages":[{"to":"447700900123","message-id":"0A0000000123ABCD1","status":"0",` +
		`"remaining-balance":"3.14159265","message-price":"0.03330000","network":"23420","client-ref":"run-1"}]}`}
	byMessages = way{vonage.Messages, "/v1", "/v1/messages", `{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}`}
)

// bothWays runs a test for each.
func bothWays(t *testing.T, test func(*testing.T, way)) {
	for _, w := range []way{bySMS, byMessages} {
		t.Run(string(w.API), func(t *testing.T) { test(t, w) })
	}
}

// config has the account's credentials for the SMS API, an application's for the Messages API.
func (w way) config() vonage.Config {
	c := vonage.Config{API: w.API, BaseURL: "http://fake" + w.base}
	if w.API == vonage.SMS {
		c.APIKey, c.APISecret = apiKey, apiSecret
	} else {
		c.ApplicationID, c.PrivateKey = applicationID, applicationKey().private
	}
	return c
}

func (w way) client(rt http.RoundTripper) *vonage.Client {
	c := w.config()
	c.Transport = rt
	return vonage.NewClient(c)
}

func (w way) socketClient(server *httptest.Server, rt http.RoundTripper) *vonage.Client {
	c := w.config()
	c.BaseURL, c.Transport = server.URL+w.base, rt
	return vonage.NewClient(c)
}

// newFake takes the credentials of both ways, and any number of requests.
func newFake() *vonagetest.Fake { return fakeWith(vonagetest.Config{Rate: -1}) }

func fakeWith(c vonagetest.Config) *vonagetest.Fake {
	c.APIKey, c.APISecret, c.ApplicationID, c.PublicKey = apiKey, apiSecret, applicationID, applicationKey().public
	return vonagetest.New(c)
}

// keyPair is in PEM form.
type keyPair struct{ private, public string }

var applicationKey = sync.OnceValue(newKeyPair)

func newKeyPair() keyPair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return keyPair{
		private: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		public:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}
}
