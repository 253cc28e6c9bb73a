package resign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// message signs a webhook of the Messages API (Vonage, "Signed webhooks").
func (e *webhook) message(token, secret string, as Signature, now time.Time) (bool, error) {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())
	key := func(*jwt.Token) (any, error) { return []byte(secret), nil }
	if _, err := parser.ParseWithClaims(token, claims, key); err != nil || claims["payload_hash"] != hash(e.body) {
		return false, nil // it is not signed with this secret, and stays as it is
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(e.body), &document); err != nil {
		return false, nil
	}
	document["timestamp"] = now.UTC().Format(time.RFC3339)
	body, err := json.Marshal(document)
	if err != nil {
		return false, fmt.Errorf("write the webhook: %w", err)
	}
	e.body = string(body)
	claims["iat"], claims["payload_hash"] = now.Unix(), hash(e.body)
	fresh, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(as.Secret))
	if err != nil {
		return false, fmt.Errorf("sign the webhook: %w", err)
	}
	e.setHeader("authorization", "Bearer "+fresh)
	return true, nil
}

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
