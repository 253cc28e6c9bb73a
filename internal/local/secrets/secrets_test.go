package secrets_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"

	"sluice/internal/inprocess"
	"sluice/internal/local/secrets"
)

func client(values map[string]string) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String("http://secrets.local"),
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       &http.Client{Transport: inprocess.Transport(secrets.New(values))},
		RetryMaxAttempts: 1,
	})
}

func TestGetSecretValue(t *testing.T) {
	c := client(map[string]string{"sluice/vonage": `{"key":"k"}`, "a-b": "other"})
	for _, in := range []struct{ name, id, want string }{
		{"by name", "sluice/vonage", `{"key":"k"}`},
		{"by ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice/vonage-AbCdEf", `{"key":"k"}`},
		{"by ARN without its random end", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice/vonage", `{"key":"k"}`},
		{"by a name with a hyphen", "a-b", "other"},
	} {
		t.Run(in.name, func(t *testing.T) {
			out, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &in.id})
			if err != nil {
				t.Fatal(err)
			}
			if *out.SecretString != in.want || out.VersionStages[0] != "AWSCURRENT" || out.CreatedDate.IsZero() {
				t.Errorf("got %q (%v, %v), want %q", *out.SecretString, out.VersionStages, out.CreatedDate, in.want)
			}
			again, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: out.ARN, VersionId: out.VersionId})
			if err != nil || *again.SecretString != in.want {
				t.Errorf("by the ARN and version of the answer: %v", err)
			}
		})
	}
}

func TestAnAbsentSecretIsNotFound(t *testing.T) {
	c := client(map[string]string{"here": "x"})
	for _, in := range []secretsmanager.GetSecretValueInput{
		{SecretId: aws.String("absent")},
		{SecretId: aws.String("arn:aws:secretsmanager:eu-west-1:123456789012:secret:absent-AbCdEf")},
		{SecretId: aws.String("here"), VersionStage: aws.String("AWSPREVIOUS")},
	} {
		_, err := c.GetSecretValue(t.Context(), &in)
		var absent *types.ResourceNotFoundException
		if !errors.As(err, &absent) {
			t.Errorf("%s %s: %v", *in.SecretId, aws.ToString(in.VersionStage), err)
		}
	}
}

func TestAnUnsupportedOperationIsRefusedByName(t *testing.T) {
	_, err := client(nil).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	var api smithy.APIError
	if !errors.As(err, &api) || !strings.Contains(api.ErrorMessage(), "ListSecrets") {
		t.Errorf("got %v", err)
	}
}
