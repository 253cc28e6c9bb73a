package vonagetest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxTokenLife is the longest that a token may be valid.
const maxTokenLife = 24 * time.Hour

// claims are those that Vonage asks for.
type claims struct {
	ApplicationID string `json:"application_id"`
	ID            string `json:"jti"`
	Issued        int64  `json:"iat"` // Unix seconds
	Expires       int64  `json:"exp"`
}

// checkToken says what is wrong with an application's token: a JWT (RFC 7519) signed with RS256 (RFC 7518, 3.3).
func (c Config) checkToken(token string, now time.Time) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("%d parts are no JWT", len(parts))
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := decode(parts[0], &header); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if header.Algorithm != "RS256" {
		return fmt.Errorf("algorithm %q is not RS256", header.Algorithm)
	}
	var said claims
	if err := decode(parts[1], &said); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	if err := said.check(c.ApplicationID, now); err != nil {
		return err
	}
	return checkSignature(c.PublicKey, parts[0]+"."+parts[1], parts[2])
}

func (c claims) check(applicationID string, now time.Time) error {
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	switch {
	case c.ApplicationID == "" || c.ApplicationID != applicationID:
		return errors.New("another application")
	case c.ID == "":
		return errors.New("no jti")
	case issued.After(now):
		return errors.New("issued in the future")
	case !expires.After(now):
		return errors.New("expired")
	case expires.Sub(issued) > maxTokenLife:
		return fmt.Errorf("valid for %s, longer than %s", expires.Sub(issued), maxTokenLife)
	}
	return nil
}

func decode(segment string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// checkSignature verifies it against a public key in PEM form; without one, any will do.
func checkSignature(publicKey, signed, signature string) error {
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if publicKey == "" {
		return nil
	}
	block, _ := pem.Decode([]byte(publicKey))
	if block == nil {
		return errors.New("the public key is not PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return errors.New("the public key is not RSA")
	}
	sum := sha256.Sum256([]byte(signed))
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig)
}
