package vonagetest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"
)

const methodMD5Hash = "md5hash"

// newMAC is what a method of the SMS API hashes with. md5hash is no HMAC: the secret is written behind the parameters.
func newMAC(method, secret string) (hash.Hash, error) {
	switch method {
	case methodMD5Hash:
		return md5.New(), nil
	case "md5":
		return hmac.New(md5.New, []byte(secret)), nil
	case "sha1":
		return hmac.New(sha1.New, []byte(secret)), nil
	case "sha256":
		return hmac.New(sha256.New, []byte(secret)), nil
	case "sha512":
		return hmac.New(sha512.New, []byte(secret)), nil
	}
	return nil, fmt.Errorf("signature method %q is not known", method)
}

// signature is that of the SMS API (Vonage, "Signing messages"). It shares no code with what verifies it: a mistake
// there must not be made up for here.
func (r Returns) signature(params map[string]string) string {
	mac, err := newMAC(r.method(), r.Secret)
	if err != nil {
		panic(err) // Check has seen the method
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := strings.ReplaceAll(strings.ReplaceAll(params[name], "&", "_"), "=", "_")
		fmt.Fprintf(mac, "&%s=%s", name, value)
	}
	if r.method() == methodMD5Hash {
		mac.Write([]byte(r.Secret))
		return hex.EncodeToString(mac.Sum(nil))
	}
	return fmt.Sprintf("%X", mac.Sum(nil))
}

// webhookClaims of the JWT that the Messages API signs its webhooks with (Vonage, "Signed webhooks"). It never expires.
type webhookClaims struct {
	IssuedAt    int64  `json:"iat"`
	ID          string `json:"jti"`
	Issuer      string `json:"iss"`
	PayloadHash string `json:"payload_hash"`
	APIKey      string `json:"api_key"`
}

// token is a JWT (RFC 7519) by HS256, whatever the account's signature method.
func (r Returns) token(apiKey, id string, at time.Time, body []byte) (string, error) {
	sum := sha256.Sum256(body)
	payload, err := json.Marshal(webhookClaims{at.Unix(), id, "Vonage", hex.EncodeToString(sum[:]), apiKey})
	if err != nil {
		return "", fmt.Errorf("write the claims: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(payload)
	mac := hmac.New(sha256.New, []byte(r.Secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil)), nil
}
