package dynamostore_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

const summed = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

// recordSome stores three records and a receipt of a text that did not arrive, and returns what they come to.
func recordSome(t *testing.T, s *dynamostore.Store) report.Totals {
	t.Helper()
	messages := []campaign.Message{
		{To: "447700900001", Batch: 1, State: campaign.Accepted, At: campaigntest.Start,
			Parts: []sms.Part{{MessageID: "a", Network: "23410", Price: "0.03330000"}, {MessageID: "b", Price: "0.03330000"}}},
		{To: "447700900002", Batch: 1, State: campaign.Failed, Code: "vonage 6", Reason: "no", At: campaigntest.Start},
		{To: "447700900003", Batch: 1, State: campaign.Retrying, At: campaigntest.Start},
	}
	if err := s.Record(t.Context(), summed, messages); err != nil {
		t.Fatal(err)
	}
	d := returns.Delivery{To: "447700900001", Fate: returns.Undelivered, Parts: map[string]returns.Part{
		"a": {Status: sms.Delivered, Price: "0.0111", At: campaigntest.Start},
		"b": {Status: sms.Expired, Code: "vonage receipt 1", Reason: "away", At: campaigntest.Start},
	}}
	if err := s.Fold(t.Context(), summed, []returns.Delivery{d}, nil); err != nil {
		t.Fatal(err)
	}
	var want report.Sum
	want.Add(report.Row{Message: messages[0], Delivery: &d})
	want.Add(report.Row{Message: messages[1]})
	return totalsOf(want)
}

func totalsOf(s report.Sum) report.Totals { return s.Totals(campaign.Campaign{}, returns.Tally{}) }

// Records of a former version have no brief, and its deliveries no reason of their own.
func TestASumNeedsNoBriefs(t *testing.T) {
	table := client("http://dynamodb.local", inprocess.Transport(embedded(t)))
	s := dynamostore.New(table, tableName)
	want := recordSome(t, s)
	for _, sk := range []string{"447700900001", "447700900002", "447700900003", "447700900001#RECEIPT"} {
		for shard := range 16 {
			pk := fmt.Sprintf("MESSAGE#%s#%d", summed, shard)
			remove := "REMOVE brief"
			if strings.HasSuffix(sk, "#RECEIPT") {
				remove = "REMOVE brief, code, reason"
			}
			_, err := table.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String(tableName), UpdateExpression: &remove, ConditionExpression: aws.String("attribute_exists(pk)"),
				Key: map[string]types.AttributeValue{
					"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk},
				},
			})
			if none := (*types.ConditionalCheckFailedException)(nil); err != nil && !errors.As(err, &none) {
				t.Fatal(err)
			}
		}
	}
	got, err := s.Sum(t.Context(), summed)
	if diff := cmp.Diff(want, totalsOf(got)); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
}

// disturbed answers some queries itself.
type disturbed struct {
	http.Handler
	queries atomic.Int64
	answer  func(n int64, w http.ResponseWriter) bool
}

func (d *disturbed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	isQuery := strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query")
	if !isQuery || !d.answer(d.queries.Add(1), w) {
		d.Handler.ServeHTTP(w, r)
	}
}

func fault(w http.ResponseWriter, status int, body string) bool {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, body)
	return true
}

// Answers are read without the SDK, but faults are its matter.
func TestASumKnowsFaults(t *testing.T) {
	const away = `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}`
	for _, c := range []struct {
		name   string
		answer func(n int64, w http.ResponseWriter) bool
		fails  bool
	}{
		{"one that passes is tried again", func(n int64, w http.ResponseWriter) bool { return n <= 2 && fault(w, 500, "{}") }, false},
		{"one that stays is known by its kind", func(_ int64, w http.ResponseWriter) bool { return fault(w, 400, away) }, true},
		{"half an answer is none", func(n int64, w http.ResponseWriter) bool { return fault(w, 200, `{"Items":[{"brief":{"S":"acc`) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &disturbed{Handler: embedded(t), answer: func(int64, http.ResponseWriter) bool { return false }}
			s := dynamostore.New(client("http://dynamodb.local", inprocess.Transport(d)), tableName)
			want := recordSome(t, s)
			d.answer = c.answer
			got, err := s.Sum(t.Context(), summed)
			var missing *types.ResourceNotFoundException
			switch {
			case !c.fails && (err != nil || !cmp.Equal(want, totalsOf(got))):
				t.Errorf("%v: %s", err, cmp.Diff(want, totalsOf(got)))
			case c.fails && err == nil:
				t.Error("no error")
			case strings.Contains(c.name, "kind") && !errors.As(err, &missing):
				t.Errorf("the error is %v", err)
			}
		})
	}
}
