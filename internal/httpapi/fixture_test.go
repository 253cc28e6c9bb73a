package httpapi_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/oklog/ulid/v2"

	"sluice/internal/campaign"
	"sluice/internal/dynamostore"
	"sluice/internal/httpapi"
	"sluice/internal/inprocess"
	local "sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/numberplan"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/pace"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

const key = "test-key"

// noQueue takes deliveries and brings them nowhere: here nobody sends.
type noQueue struct{}

func (noQueue) Enqueue(context.Context, ...campaign.Delivery) error { return nil }
func (noQueue) Waiting(context.Context) (int, error)                { return 0, nil }

// newAPI is the handler over the real store, on a table in this process, with nothing that came back.
func newAPI(t testing.TB) http.Handler {
	t.Helper()
	return newAPIWith(t, newBack())
}

func newAPIWith(t testing.TB, b *back) http.Handler {
	t.Helper()
	server, err := local.New(local.Table{
		Name: "Table", Hash: local.Key{Name: "pk", Kind: attribute.String},
		Range: local.Key{Name: "sk", Kind: attribute.String},
		Indexes: []local.Index{{
			Name: "due", Hash: local.Key{Name: "due_shard", Kind: attribute.String},
			Range: local.Key{Name: "due_at", Kind: attribute.Number}, Projection: local.ProjectKeysOnly,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	store := dynamostore.New(dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://dynamodb.local"), HTTPClient: &http.Client{Transport: inprocess.Transport(server)},
	}), "Table")
	if err := store.AddKey(context.Background(), key, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.table = store
	newID := func(now time.Time) string {
		return ulid.MustNew(ulid.Timestamp(now), ulid.DefaultEntropy()).String()
	}
	log := slog.New(slog.DiscardHandler)
	limit := pace.Limit{PerSecond: 30, Headroom: 0.04}
	shared := pace.New(store, pace.NewClock(time.Now, nil), campaign.MaxChunk)
	pacing := func(campaign.Campaign, int) campaign.Pacer {
		return shared.For(pace.Taker{}, pace.Charge{Key: pace.AccountKey, By: pace.Account, Limit: limit})
	}
	manager := campaign.NewManager(store, noQueue{}, newID, numberplan.New(), pacing, time.Now, log)
	list := optout.NewList(b, time.Now)
	return httpapi.New(httpapi.Config{
		Manager: manager, Limits: pace.NewLimits(store, limit, time.Now), Keys: store, Log: log, Suppressions: list,
		Prices: store, Preflight: &b.forecast,
		Desk: returns.NewDesk(b, oneoff.NewOutbox(b, log), list, newID, time.Now), UnsignedWebhooks: b.unsigned,
		Reports: report.New(manager, records{Store: store, back: b}),
		Tests: oneoff.NewTests(manager, store, oneoff.NewOutbox(b, log), func(_ campaign.Campaign, text string) (sms.Number, error) {
			return sms.ParseNumber(text)
		}, newID, time.Now),
	})
}

// records are the table's, and what came back is not.
type records struct {
	*dynamostore.Store
	back *back
}

func (r records) Deliveries(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]returns.Delivery, error) {
	return r.back.Deliveries(ctx, id, numbers)
}

// do makes a request with the key. Headers come in pairs; they replace those that are there anyway.
func do(api http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// problemIn is an answer that must be a problem in its proper form.
func problemIn(t testing.TB, w *httptest.ResponseRecorder) httpapi.Problem {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d: %v: %s", w.Code, err, w.Body)
	}
	if w.Header().Get("Content-Type") != "application/problem+json" || p.Status != w.Code ||
		p.Title != http.StatusText(w.Code) || p.Detail == "" {
		t.Errorf("not a proper problem: %d %s %s", w.Code, w.Header(), w.Body)
	}
	return p
}

const tutorial = `{"sender":"447700900000","recipients":["447700900001","447700900002"],` +
	`"message_string":"Hello, World!","batch_size":3,"delay_period":3600}`
