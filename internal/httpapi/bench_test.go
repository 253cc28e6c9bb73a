package httpapi_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/httpapi"
	"sluice/internal/numberplan"
)

// firstNew is what New takes in a process that has not called it yet, as in a function that starts.
var firstNew = sync.OnceValue(func() time.Duration {
	begin := time.Now()
	newHandler()
	return time.Since(begin)
})

func newHandler() {
	log := slog.New(slog.DiscardHandler)
	httpapi.New(httpapi.Config{Manager: campaign.NewManager(nil, nil, nil, numberplan.New(), nil, time.Now, log), Log: log})
}

// BenchmarkNew is about cold starts: the routes, their schemas and the document are made anew in each. The framework was
// chosen on the condition that this takes less than 20 ms.
func BenchmarkNew(b *testing.B) {
	first := firstNew()
	for b.Loop() {
		newHandler()
	}
	b.ReportMetric(float64(first)/float64(time.Millisecond), "first-ms")
}
