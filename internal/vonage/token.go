package vonage

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// claims are what the token of a Messages API webhook says (Vonage, "Signed webhooks").
type claims struct {
	PayloadHash string `json:"payload_hash"`
	APIKey      string `json:"api_key"`
	jwt.RegisteredClaims
}

// verifyMessage verifies a webhook of the Messages API: an Authorization header with a JWT (RFC 7519) that is signed with
// the signature secret, always by HMAC with SHA-256, and that names the body's hash.
func (w *Webhooks) verifyMessage(ctx context.Context, body []byte, authorization string) error {
	if authorization == "" {
		return ErrNoToken
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return fmt.Errorf("%w: its Authorization is no bearer token", ErrForged)
	}
	// The claims come later: with them it would look as if the secret were wrong where the token is too old.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithoutClaimsValidation())
	var signed claims
	err := w.trySecrets(ctx, func(secret string) bool {
		var c claims
		_, err := parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return []byte(secret), nil })
		signed = c
		return err == nil
	})
	if err != nil {
		return err
	}
	return w.checkClaims(signed, body)
}

func (w *Webhooks) checkClaims(c claims, body []byte) error {
	sum := sha256.Sum256(body)
	hash, err := hex.DecodeString(c.PayloadHash)
	switch {
	case err != nil || !hmac.Equal(hash, sum[:]):
		return fmt.Errorf("%w: its payload hash is not that of its body", ErrForged)
	case c.APIKey != "" && w.config.APIKey != "" && c.APIKey != w.config.APIKey:
		return fmt.Errorf("%w: it is of another account", ErrForged)
	case c.IssuedAt == nil:
		return fmt.Errorf("%w: it does not say when it was signed", ErrForged)
	}
	// What it says of its own time beyond that, Vonage's do not.
	validator := jwt.NewValidator(jwt.WithTimeFunc(w.config.Now), jwt.WithLeeway(MaxWebhookAhead))
	if validator.Validate(c.RegisteredClaims) != nil {
		return fmt.Errorf("%w: its token is over or has not begun", ErrForged)
	}
	return w.checkTime(c.IssuedAt.Time)
}
