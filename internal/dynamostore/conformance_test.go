//go:build conformance

package dynamostore_test

import (
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
)

// TestStoreOnDynamoDBLocal runs the contracts on Amazon's own DynamoDB Local, at DYNAMODB_ENDPOINT (make conformance).
func TestStoreOnDynamoDBLocal(t *testing.T) {
	endpoint := os.Getenv("DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Fatal("DYNAMODB_ENDPOINT is not set")
	}
	client := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: &endpoint,
	})
	campaigntest.TestStore(t, func(t *testing.T) campaign.Store { return dynamostore.New(client, newTable(t, client)) })
	pacetest.TestStore(t, func(t *testing.T) pace.Store { return dynamostore.New(client, newTable(t, client)) })
}
