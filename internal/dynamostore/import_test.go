package dynamostore_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

// Each write of the busy table takes this long.
const latency = 5 * time.Millisecond

// busy answers each write after a while, and notes how many are under way. Those that refused picks it does not do.
type busy struct {
	refused func(call int) string // the error that call gets, from 1; "" for none

	mu        sync.Mutex
	calls     int
	atOnce    int // items at this moment
	mostTotal int
	inShard   map[string]int
	mostShard int
}

func (b *busy) RoundTrip(r *http.Request) (*http.Response, error) {
	shards, err := shardsOf(r)
	if err != nil {
		return nil, err
	}
	call := b.note(shards, 1)
	time.Sleep(latency)
	b.note(shards, -1)
	status, body := http.StatusOK, "{}"
	if fault := b.refused; fault != nil && fault(call) != "" {
		status, body = http.StatusBadRequest, fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s"}`, fault(call))
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// note counts items as they begin and as they end, and returns how many calls there were.
func (b *busy) note(shards []string, change int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if change > 0 {
		b.calls++
	}
	for _, shard := range shards {
		b.atOnce += change
		b.inShard[shard] += change
		b.mostTotal, b.mostShard = max(b.mostTotal, b.atOnce), max(b.mostShard, b.inShard[shard])
	}
	return b.calls
}

// shardsOf are the partition keys of what is written, for each item one.
func shardsOf(r *http.Request) ([]string, error) {
	type target struct{ Key map[string]struct{ S string } }
	var in struct {
		target
		TransactItems []struct{ Update target }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	if in.Key != nil {
		return []string{in.Key["pk"].S}, nil
	}
	var shards []string
	for _, item := range in.TransactItems {
		shards = append(shards, item.Update.Key["pk"].S)
	}
	return shards, nil
}

// importInto imports a list in the order in which the store itself lists it, and returns how long that took.
func importInto(t *testing.T, b *busy, n int) (time.Duration, error) {
	t.Helper()
	s, _, _ := metered(t)
	mark := optout.Mark{Out: true, Since: campaigntest.Start, Cause: optout.ByOperator}
	if err := s.SuppressAll(t.Context(), campaigntest.Numbers(n), mark); err != nil {
		t.Fatal(err)
	}
	known, _, err := s.SuppressionsAfter(t.Context(), "", n)
	if err != nil || len(known) != n {
		t.Fatalf("%d are listed: %v", len(known), err)
	}
	var list []sms.Number
	for _, one := range known {
		list = append(list, one.Number)
	}
	b.inShard = make(map[string]int)
	begun := time.Now()
	err = dynamostore.New(client("http://dynamodb.local", b), tableName).SuppressAll(t.Context(), list, mark)
	return time.Since(begun), err
}

// One partition takes 1,000 writes a second, and a list that was exported comes shard by shard.
func TestAnImportIsSpreadOverTheShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 2000
		b := &busy{}
		took, err := importInto(t, b, rows)
		if err != nil {
			t.Fatal(err)
		}
		if b.calls != rows || b.mostTotal > 64 || b.mostShard > 8 || len(b.inShard) != 64 {
			t.Errorf("%d calls, of which %d at once, %d in one of %d shards", b.calls, b.mostTotal, b.mostShard, len(b.inShard))
		}
		if most := 2 * rows / 64 * latency; took > most {
			t.Errorf("it took %s, should at most %s", took, most)
		}
	})
}

func TestAnImportOutlastsThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{refused: func(call int) string {
			if call > 500 && call <= 600 { // more than three tries of each that is under way would bear
				return "ThrottlingException"
			}
			return ""
		}}
		if took, err := importInto(t, b, 1000); err != nil || b.calls != 1100 {
			t.Errorf("%d calls in %s: %v", b.calls, took, err)
		}
	})
}

func TestAnImportStopsAtTheFirstFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{refused: func(call int) string {
			if call == 300 {
				return "AccessDeniedException"
			}
			return ""
		}}
		_, err := importInto(t, b, 1000)
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("it ended with %v", err)
		}
		if b.calls < 300 || b.calls > 300+2*64 {
			t.Errorf("%d calls were made, of which the 300th failed", b.calls)
		}
	})
}
