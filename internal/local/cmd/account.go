package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// The stand-in's own account.
const (
	fakeKey    = "local123"
	fakeSecret = "local-secret"
	// fakeSignature is not for sending: it signs webhooks. The files under events/webhook are signed with it.
	fakeSignature   = "local-signature-secret"
	fakeApplication = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
)

// account is one at Vonage, in the form of the secret that the functions read.
type account struct {
	APIKey    string `json:"api_key"`
	APISecret string `json:"api_secret"`
	// SignatureSecret is what webhooks are signed with; it may be empty where Vonage itself sends.
	SignatureSecret string `json:"signature_secret"`
	// ApplicationID and PrivateKey (PEM) sign in at the Messages API; they may be empty.
	ApplicationID string `json:"application_id,omitempty"`
	PrivateKey    string `json:"private_key,omitempty"`
}

func (a account) check() error {
	if a.APIKey == "" || a.APISecret == "" {
		return errors.New("VONAGE=real needs VONAGE_API_KEY and VONAGE_API_SECRET in the environment")
	}
	if (a.ApplicationID == "") != (a.PrivateKey == "") {
		return errors.New("VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY go together: set both, or neither")
	}
	return nil
}

func (a account) secret() (string, error) {
	content, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("make the secret: %w", err)
	}
	return string(content), nil
}

// apply makes an application for the stand-in's account, as the Messages API has one, and returns its public key (PEM).
func (a *account) apply() (publicKey string, err error) {
	const bits = 2048 // Vonage's own
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return "", fmt.Errorf("make the application's key: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("write the application's private key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("write the application's public key: %w", err)
	}
	a.ApplicationID, a.PrivateKey = fakeApplication, inPEM("PRIVATE KEY", private)
	return inPEM("PUBLIC KEY", public), nil
}

func inPEM(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}
