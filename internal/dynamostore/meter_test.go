package dynamostore_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
)

// meter adds up the units that the table says it was asked for. It may be used concurrently.
type meter struct {
	next        http.RoundTripper
	mu          sync.Mutex
	write, read float64
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	in["ReturnConsumedCapacity"] = "TOTAL"
	asked, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(asked)), int64(len(asked))
	resp, err := m.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, m.note(r.Header.Get("X-Amz-Target"), answer)
}

func (m *meter) note(operation string, answer []byte) error {
	var out struct{ ConsumedCapacity json.RawMessage }
	if err := json.Unmarshal(answer, &out); err != nil {
		return err
	}
	type capacity struct{ CapacityUnits float64 }
	var all []capacity
	if !bytes.HasPrefix(out.ConsumedCapacity, []byte("[")) {
		out.ConsumedCapacity = fmt.Appendf(nil, "[%s]", out.ConsumedCapacity)
	}
	if err := json.Unmarshal(out.ConsumedCapacity, &all); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range all {
		if strings.Contains(operation, "Get") || strings.HasSuffix(operation, "Query") {
			m.read += c.CapacityUnits
		} else {
			m.write += c.CapacityUnits
		}
	}
	return nil
}

// metered opens a store over a new table in this process, whose units are counted.
func metered(t *testing.T) (*dynamostore.Store, *dynamodb.Client, *meter) {
	t.Helper()
	m := &meter{next: inprocess.Transport(embedded(t))}
	table := client("http://dynamodb.local", m)
	return dynamostore.New(table, tableName), table, m
}
