package dynamostore_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
)

// contended is a table on which a write takes a while, and of two transactions that want one item at the same time the second is
// cancelled. It may be used concurrently.
type contended struct {
	next http.RoundTripper

	mu        sync.Mutex
	busy      map[string]bool
	conflicts int
}

func (c *contended) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "TransactWriteItems") {
		return c.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		TransactItems []struct {
			Update struct{ Key map[string]struct{ S string } }
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	var keys []string
	for _, i := range in.TransactItems {
		if pk := i.Update.Key["pk"].S; pk != "" {
			keys = append(keys, pk)
		}
	}
	if !c.take(keys) {
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(
			`{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[` +
				`{"Code":"None"},{"Code":"TransactionConflict"}]}`))}, nil
	}
	defer c.leave(keys)
	time.Sleep(latency)
	return c.next.RoundTrip(r)
}

func (c *contended) take(keys []string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		if c.busy[k] {
			c.conflicts++
			return false
		}
	}
	for _, k := range keys {
		c.busy[k] = true
	}
	return true
}

func (c *contended) leave(keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		delete(c.busy, k)
	}
}

// All parts change the one campaign.
func TestFortyPartsAtOnceGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &contended{next: inprocess.Transport(embedded(t)), busy: make(map[string]bool)}
		s := dynamostore.New(client("http://dynamodb.local", table), tableName)
		aDraft(t, s)
		begun := time.Now()
		var wait sync.WaitGroup
		for n := range 40 {
			wait.Go(func() {
				if _, err := s.PutPart(t.Context(), campaignID, aPart(n, "one", 1)); err != nil {
					t.Errorf("part %d: %v", n, err)
				}
			})
		}
		wait.Wait()
		t.Logf("%d conflicts, %s", table.conflicts, time.Since(begun))
		if table.conflicts == 0 {
			t.Error("there was no conflict")
		}
	})
}
