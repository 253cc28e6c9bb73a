package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// vonageKey is the content of the secret.
type vonageKey struct {
	APIKey    string `json:"api_key"`
	APISecret string `json:"api_secret"`
	// SignatureSecret is what Vonage signs its webhooks with, PreviousSignatureSecret what it did until lately.
	SignatureSecret         string `json:"signature_secret"`
	PreviousSignatureSecret string `json:"previous_signature_secret"`
	// ApplicationID and PrivateKey (PEM) sign in at the Messages API, if they are there.
	ApplicationID string `json:"application_id"`
	PrivateKey    string `json:"private_key"`
}

// credentials reads the Vonage key once, when the function starts.
func credentials(ctx context.Context, client *secretsmanager.Client, name string) (vonageKey, error) {
	var key vonageKey
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return key, fmt.Errorf("read secret %s: %w", name, err)
	}
	// The decoder's own error may quote the secret.
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &key) != nil || key.APIKey == "" || key.APISecret == "" {
		return key, errors.New("secret " + name + ` must be JSON of the form {"api_key": "…", "api_secret": "…"}`)
	}
	return key, nil
}
