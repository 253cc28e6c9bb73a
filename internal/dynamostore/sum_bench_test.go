package dynamostore_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// fill stores n accepted texts that have arrived, with prices or without.
func fill(b *testing.B, s *dynamostore.Store, id, price string, n int) {
	b.Helper()
	const some = 90
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for from := 0; from < n; from += some {
		var messages []campaign.Message
		var deliveries []returns.Delivery
		for i := from; i < min(n, from+some); i++ {
			to, part := sms.Number(fmt.Sprintf("4477%08d", i)), fmt.Sprintf("0A000000%08X", i)
			network := fmt.Sprint(23410 + i%12)
			messages = append(messages, campaign.Message{
				To: to, Index: i, Batch: i/500 + 1, State: campaign.Accepted, At: at,
				Parts: []sms.Part{{MessageID: part, Network: network, Price: price}},
			})
			deliveries = append(deliveries, returns.Delivery{To: to, Fate: returns.Arrived, Parts: map[string]returns.Part{
				part: {Status: sms.Delivered, Network: network, Price: "0.03330000", At: at},
			}})
		}
		if err := s.Record(b.Context(), id, messages); err != nil {
			b.Fatal(err)
		}
		if err := s.Fold(b.Context(), id, deliveries, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// The totals of a campaign of 100,000 whose texts have all arrived, on the embedded table, which takes most of the time.
func BenchmarkTotals(b *testing.B) {
	const n, id = 100_000, "01K9SAMP1E0000000000000000"
	for name, price := range map[string]string{"priced when sent": "0.03330000", "priced by receipts": ""} {
		b.Run(name, func(b *testing.B) {
			s := dynamostore.New(client("http://dynamodb.local", inprocess.Transport(embedded(b))), tableName)
			fill(b, s, id, price, n)
			b.ResetTimer()
			for b.Loop() {
				if _, err := s.Sum(b.Context(), id); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1_000_000/n, "s/million")
		})
	}
}
