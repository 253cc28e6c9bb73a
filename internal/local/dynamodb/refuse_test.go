package dynamodb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
)

func TestWhatIsNotSupportedIsRefusedByName(t *testing.T) {
	onlyHere(t, "the real one supports it")
	f := open(t)
	_, err := f.client.ListTables(f.ctx, &awsdynamodb.ListTablesInput{})
	wantCode(t, err, "UnknownOperationException", "ListTables")
	_, err = f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: table, Item: key("a", "1"),
		Expected: map[string]types.ExpectedAttributeValue{"a": {}}})
	wantCode(t, err, "SerializationException", "Expected")
	_, err = f.client.PutItem(f.ctx, &awsdynamodb.PutItemInput{TableName: aws.String("other"), Item: key("a", "1")})
	var absent *types.ResourceNotFoundException
	if !errors.As(err, &absent) {
		t.Errorf("an unknown table: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	hash := dynamodb.Key{Name: "pk", Kind: attribute.String}
	for _, c := range []struct {
		name, words string
		tables      []dynamodb.Table
	}{
		{"one name twice", "twice", []dynamodb.Table{{Name: "table", Hash: hash}, {Name: "table", Hash: hash}}},
		{"a short name", "name", []dynamodb.Table{{Name: "t", Hash: hash}}},
		{"a table without a key", "partition key", []dynamodb.Table{{Name: "table"}}},
		{"a key of a kind that has no order", "BOOL", []dynamodb.Table{
			{Name: "table", Hash: dynamodb.Key{Name: "pk", Kind: attribute.Bool}}}},
		{"a key of two kinds", "kind", []dynamodb.Table{{Name: "table", Hash: hash, Indexes: []dynamodb.Index{
			{Name: "index", Hash: dynamodb.Key{Name: "pk", Kind: attribute.Number}, Projection: dynamodb.ProjectAll}}}}},
		{"an index without a projection", "projection", []dynamodb.Table{{Name: "table", Hash: hash, Indexes: []dynamodb.Index{
			{Name: "index", Hash: hash}}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := dynamodb.New(c.tables...); err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("got %v, want an error about %s", err, c.words)
			}
		})
	}
}
