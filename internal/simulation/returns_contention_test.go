package simulation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// contention is what the local DynamoDB leaves out: a transaction takes its time, and whoever wants one of its items
// meanwhile is refused (DynamoDB Developer Guide, "Transaction conflict handling in DynamoDB").
type contention struct {
	takes time.Duration
	next  http.Handler

	mu     sync.Mutex
	held   map[string]bool
	counts struct{ transactions, refused int }
}

func (c *contention) over(next http.Handler) http.Handler {
	c.next, c.held = next, make(map[string]bool)
	return c
}

func (c *contention) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		c.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err) // it is in memory
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	items := itemsOf(body)
	reasons, isFree := c.take(items)
	if !isFree {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{ // in memory
			"__type":              "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
			"Message":             "Transaction cancelled",
			"CancellationReasons": reasons,
		})
		return
	}
	time.Sleep(c.takes)
	c.next.ServeHTTP(w, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, item := range items {
		delete(c.held, item)
	}
}

// take holds all items, or tells which of them somebody else holds.
func (c *contention) take(items []string) (reasons []map[string]string, isFree bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isFree = true
	for _, item := range items {
		code := "None"
		if c.held[item] {
			code, isFree = "TransactionConflict", false
		}
		reasons = append(reasons, map[string]string{"Code": code})
	}
	c.counts.transactions++
	if !isFree {
		c.counts.refused++
		return reasons, false
	}
	for _, item := range items {
		c.held[item] = true
	}
	return nil, true
}

// itemsOf are the keys of a transaction's items, in its order.
func itemsOf(body []byte) []string {
	type keyed struct {
		Key, Item struct{ PK, SK struct{ S string } }
	}
	var in struct{ TransactItems []map[string]keyed }
	if err := json.Unmarshal(body, &in); err != nil {
		panic(err) // the SDK has written it
	}
	var items []string
	for _, action := range in.TransactItems {
		for _, k := range action {
			items = append(items, fmt.Sprint(k.Key, k.Item))
		}
	}
	return items
}
