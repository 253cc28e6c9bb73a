package vonagetest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/vonage/vonagetest"
)

const application = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"

type values map[string]any

// sign makes a token as RFC 7515 says.
func sign(t *testing.T, key *rsa.PrivateKey, header, claims values) string {
	t.Helper()
	segment := func(v values) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := segment(header) + "." + segment(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newKey(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

func TestFakeTakesOnlyTheTokensOfItsApplication(t *testing.T) {
	key, public := newKey(t)
	other, otherPublic := newKey(t)
	for _, c := range []struct {
		name           string
		key            *rsa.PrivateKey
		header, claims values // changes; nil as a value leaves it out
		config         func(*vonagetest.Config)
		want           int
	}{
		{name: "good", key: key, want: 202},
		{name: "with more claims", key: key, claims: values{"acl": values{}, "sub": "x"}, want: 202},
		{name: "about to expire", key: key, claims: values{"exp": 946684801}, want: 202},
		{name: "expired", key: key, claims: values{"exp": 946684800}, want: 401},
		{name: "without end", key: key, claims: values{"exp": nil}, want: 401},
		{name: "valid for a day", key: key, claims: values{"exp": 946684800 + 86400}, want: 202},
		{name: "valid for longer than a day", key: key, claims: values{"exp": 946684800 + 86401}, want: 401},
		{name: "issued in the future", key: key, claims: values{"iat": 946684801}, want: 401},
		{name: "without a jti", key: key, claims: values{"jti": nil}, want: 401},
		{name: "of another application", key: key, claims: values{"application_id": "x"}, want: 401},
		{name: "of no application", key: key, claims: values{"application_id": nil}, want: 401},
		{name: "signed by another key", key: other, want: 401},
		{name: "signed in another way", key: key, header: values{"alg": "HS256"}, want: 401},
		{name: "said not to be signed", key: key, header: values{"alg": "none"}, want: 401},
		{name: "where another key is known", key: key, config: func(c *vonagetest.Config) { c.PublicKey = otherPublic }, want: 401},
		{name: "where the key is none", key: key, config: func(c *vonagetest.Config) { c.PublicKey = "x" }, want: 401},
		{name: "where no key is known", key: other, config: func(c *vonagetest.Config) { c.PublicKey = "" }, want: 202},
		{name: "where no application is known", key: key, claims: values{"application_id": ""}, config: func(c *vonagetest.Config) { c.ApplicationID = "" }, want: 401},
		{name: "where the account has neither key nor secret", key: other, config: func(c *vonagetest.Config) { c.APIKey, c.APISecret = "", "" }, want: 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				header := values{"alg": "RS256", "typ": "JWT"}
				claims := values{"application_id": application, "iat": time.Now().Unix(), "exp": time.Now().Add(15 * time.Minute).Unix(), "jti": "1"}
				change(header, c.header)
				change(claims, c.claims)
				settings := config
				settings.ApplicationID, settings.PublicKey = application, public
				if c.config != nil {
					c.config(&settings)
				}
				got := postMessage(t, vonagetest.New(settings), text(), "Authorization", "Bearer "+sign(t, c.key, header, claims))
				if got.status != c.want {
					t.Errorf("got %d %s, want %d", got.status, got.body, c.want)
				}
			})
		})
	}
}

func change(v, changes values) {
	for name, value := range changes {
		v[name] = value
		if value == nil {
			delete(v, name)
		}
	}
}

func TestFakeRefusesATokenThatWasTouched(t *testing.T) {
	key, public := newKey(t)
	settings := config
	settings.ApplicationID, settings.PublicKey = application, public
	token := sign(t, key, values{"alg": "RS256"}, values{"application_id": application, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "1"})
	for name, touched := range map[string]string{
		"nothing": "", "cut short": token[:len(token)-4], "one part more": token + ".x", "not base64": "!" + token[1:], "not JSON": "eA.eA.eA",
	} {
		if got := postMessage(t, vonagetest.New(settings), text(), "Authorization", "Bearer "+touched); got.status != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	if got := postMessage(t, vonagetest.New(settings), text(), "Authorization", "Bearer "+token); got.status != http.StatusAccepted {
		t.Errorf("untouched: got %d %s", got.status, got.body)
	}
}
