package vonage

import (
	"errors"
	"sync"
	"time"

	"github.com/vonage/vonage-go-sdk/jwt"
)

const (
	// tokenTTL is how long a token is valid: what Vonage's own SDKs give it.
	tokenTTL = 15 * time.Minute
	// tokenMargin is how long before its end a token is no longer used: its request may take a while, and clocks differ.
	tokenMargin = time.Minute
)

// errPrivateKey stands for whatever is wrong with the key: the cause might quote it.
var errPrivateKey = errors.New("the application's private key cannot sign: it must be an RSA key in PEM form")

// tokens makes the JWTs that an application signs in with (RS256; application_id, iat, exp and a jti of its own). One
// serves until a minute before its end: the SDK's generator reads the key again for each, and with the signature that
// takes many times as long as all the rest of a request here. It may be used concurrently.
type tokens struct {
	generate func() (string, error)

	mu    sync.Mutex
	token string
	made  time.Time
}

func newTokens(applicationID, privateKey string) *tokens {
	generator := jwt.NewGenerator(applicationID, []byte(privateKey))
	generator.TTL = tokenTTL
	return &tokens{generate: generator.GenerateToken} // which keeps its last token, and so is called under mu
}

// get returns a token that is valid for another minute at least. The error is errPrivateKey.
func (t *tokens) get() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now().Round(0) // by the wall clock, as the token itself is: the monotonic one may stand still while frozen
	if age := now.Sub(t.made); t.token != "" && age >= 0 && age < tokenTTL-tokenMargin {
		return t.token, nil
	}
	token, err := t.generate()
	if err != nil {
		return "", errPrivateKey
	}
	t.token, t.made = token, now
	return token, nil
}
