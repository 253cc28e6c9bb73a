package dynamostore_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	local "sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/optout"
	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
	"sluice/internal/report/reporttest"
	"sluice/internal/returns/returnstest"
	"sluice/internal/sms"
)

const tableName = "Table"

// open returns a store over a new table as template.yaml describes it: in this process, or, where
// SLUICE_DYNAMODB_ENDPOINT names one, on Amazon's DynamoDB Local (make conformance).
func open(t *testing.T) *dynamostore.Store {
	t.Helper()
	if endpoint := os.Getenv("SLUICE_DYNAMODB_ENDPOINT"); endpoint != "" {
		live := client(endpoint, http.DefaultTransport)
		return dynamostore.New(live, newTable(t, live))
	}
	return dynamostore.New(client("http://dynamodb.local", inprocess.Transport(embedded(t))), tableName)
}

// embedded is DynamoDB in this process, with one table.
func embedded(t testing.TB) http.Handler {
	t.Helper()
	server, err := local.New(local.Table{
		Name: tableName, Hash: local.Key{Name: "pk", Kind: attribute.String},
		Range: local.Key{Name: "sk", Kind: attribute.String},
		Indexes: []local.Index{{
			Name: "due", Hash: local.Key{Name: "due_shard", Kind: attribute.String},
			Range: local.Key{Name: "due_at", Kind: attribute.Number}, Projection: local.ProjectKeysOnly,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func client(endpoint string, transport http.RoundTripper) *dynamodb.Client {
	return dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
	})
}

func TestStore(t *testing.T) {
	campaigntest.TestStore(t, func(t *testing.T) campaign.Store { return open(t) })
}

func TestPace(t *testing.T) {
	pacetest.TestStore(t, func(t *testing.T) pace.Store { return open(t) })
}

func TestStoreOfReturns(t *testing.T) {
	returnstest.TestStore(t, func(t *testing.T) returnstest.Store { return open(t) })
}

func TestStoreOfReports(t *testing.T) {
	reporttest.TestStore(t, func(t *testing.T) reporttest.Store { return open(t) })
}

// inShortPages is a table that answers with so few items at a time that every list has more than one page, as a large one
// has more than 1 MB (API reference, Query: Limit).
type inShortPages struct{ next http.RoundTripper }

const shortPage = 7

func (p inShortPages) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
		return p.next.RoundTrip(r)
	}
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	if _, ok := in["Limit"]; !ok {
		in["Limit"] = shortPage
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	short := r.Clone(r.Context())
	short.Body, short.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return p.next.RoundTrip(short)
}

func openInShortPages(t *testing.T) *dynamostore.Store {
	return dynamostore.New(client("http://dynamodb.local", inShortPages{inprocess.Transport(embedded(t))}), tableName)
}

func TestStoreOfReportsInShortPages(t *testing.T) {
	reporttest.TestStore(t, func(t *testing.T) reporttest.Store { return openInShortPages(t) })
}

func TestAllSuppressionsInShortPages(t *testing.T) {
	s := openInShortPages(t)
	want := make(map[sms.Number]int)
	for _, n := range campaigntest.Numbers(3 * shortPage * 64) { // 64 shards
		want[n] = 1
	}
	mark := optout.Mark{Out: true, Since: campaigntest.Start, Cause: optout.ByOperator}
	if err := s.SuppressAll(t.Context(), slices.Collect(maps.Keys(want)), mark); err != nil {
		t.Fatal(err)
	}
	found := make(map[sms.Number]int)
	err := s.AllSuppressions(t.Context(), func(page []optout.Suppression) {
		for _, known := range page {
			found[known.Number]++
		}
	})
	if err != nil || !maps.Equal(found, want) {
		t.Errorf("%d opt-outs are found, want each of %d once; %v", len(found), len(want), err)
	}
}

func TestAKeyIsKnownByWhatWasGivenOut(t *testing.T) {
	s := open(t)
	if err := s.AddKey(t.Context(), "given out", "ops", campaigntest.Start); err != nil {
		t.Fatal(err)
	}
	if name, err := s.KeyName(t.Context(), "given out"); err != nil || name != "ops" {
		t.Errorf("the key is %q, %v", name, err)
	}
	if _, err := s.KeyName(t.Context(), "another"); err == nil {
		t.Error("another key is known")
	}
}
