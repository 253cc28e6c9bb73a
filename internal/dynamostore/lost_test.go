package dynamostore_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/optout"
	"sluice/internal/returns"
)

// lossy loses the answer of every write at the first try: it took effect, and its caller does not know. It may be used
// concurrently.
type lossy struct {
	next http.RoundTripper
	lost sync.Map // by the name that the SDK gives to all tries of a call
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if _, again := l.lost.LoadOrStore(r.Header.Get("Amz-Sdk-Invocation-Id"), true); err != nil || again {
		return resp, err
	}
	_ = resp.Body.Close()
	return nil, errors.New("connection reset by peer")
}

// The SDK repeats what got no answer. A conflict would then be one with itself: a text would look as if somebody else had
// claimed it, and nobody would send it.
func TestAWriteWhoseAnswerWasLostIsDoneOnce(t *testing.T) {
	suppressed := *stopReply().Suppression
	opened := plainReply()
	stored := *opened.Reply
	stored.Version = 1
	closed := stored
	closed.Status = returns.Closed
	claimed := *stopReply().OneOff
	claimed.Version = 1
	start := campaigntest.Start
	writes := map[string]func(ctx context.Context, s *dynamostore.Store) error{
		"Keep":       func(ctx context.Context, s *dynamostore.Store) error { return s.Keep(ctx, opened) },
		"SaveOneOff": func(ctx context.Context, s *dynamostore.Store) error { return s.SaveOneOff(ctx, claimed) },
		"Suppress":   func(ctx context.Context, s *dynamostore.Store) error { return s.Suppress(ctx, suppressed) },
		"SuppressAll": func(ctx context.Context, s *dynamostore.Store) error {
			return s.SuppressAll(ctx, campaigntest.Numbers(3), optout.Mark{Since: start})
		},
		"Move": func(ctx context.Context, s *dynamostore.Store) error {
			return s.Move(ctx, stored, closed, nil, returns.Tally{Open: -1, Closed: 1})
		},
		"Fold": func(ctx context.Context, s *dynamostore.Store) error {
			return s.Fold(ctx, campaignID, []returns.Delivery{{To: "447700900001"}}, map[time.Time]returns.Tally{start: {Open: 1}})
		},
	}
	before := map[string]returns.Reception{"Move": opened, "SaveOneOff": {OneOff: stopReply().OneOff}}
	total := map[string]returns.Tally{"Keep": opened.Tally, "Move": {Replied: 1, Closed: 1}, "Fold": {Open: 1}}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := inprocess.Transport(embedded(t))
				healthy := dynamostore.New(client("http://dynamodb.local", table), tableName)
				if err := healthy.Keep(t.Context(), before[name]); err != nil {
					t.Fatal(err)
				}
				s := dynamostore.New(client("http://dynamodb.local", &lossy{next: table}), tableName)
				if err := write(t.Context(), s); err != nil {
					t.Error(err)
				}
				if got, err := healthy.Total(t.Context(), campaignID); err != nil || got != total[name] {
					t.Errorf("the total is %+v, %v; want %+v", got, err, total[name])
				}
			})
		})
	}
}
