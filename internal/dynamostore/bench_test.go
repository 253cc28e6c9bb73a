package dynamostore_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// BenchmarkAMillion stores, seals and reads a million recipients in ten parts, on the table in this process. The heap is that
// of everything, the table included.
func BenchmarkAMillion(b *testing.B) {
	for name, values := range map[string]bool{"bare": false, "two values": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				million(b, values)
			}
		})
	}
}

func million(b *testing.B, values bool) {
	const parts, chunk = 10, 100
	m := &meter{next: inprocess.Transport(embedded(b))}
	s := dynamostore.New(client("http://dynamodb.local", m), tableName)
	c := aDraft(b, s)
	peak := highest(b)
	begun := time.Now()
	for n := range parts {
		if _, err := s.PutPart(b.Context(), campaignID, tenth(n, values)); err != nil {
			b.Fatal(err)
		}
	}
	stored := time.Now()
	c.Uploads = parts
	after := seal(b, s, c)
	sealed := time.Now()
	for from := 0; from < after.Recipients; from += chunk {
		if _, err := s.Recipients(b.Context(), after.List(), from, min(from+chunk, after.Recipients), after.Recipients); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(stored.Sub(begun).Seconds(), "s-stored")
	b.ReportMetric(sealed.Sub(stored).Seconds(), "s-sealed")
	b.ReportMetric(time.Since(sealed).Seconds(), "s-read")
	b.ReportMetric(m.write/recipients.MaxList, "WU/recipient")
	b.ReportMetric(m.read/recipients.MaxList, "RU/recipient")
	b.ReportMetric(peak(), "MB-heap")
}

// tenth is a part of 100,000.
func tenth(n int, values bool) recipients.Upload {
	u := aPart(n, "content", recipients.MaxList/10)
	for p, page := range u.Pages {
		for i := range page.Entries {
			at := n*recipients.MaxList/10 + p*recipients.PageRows + i
			to := sms.Number(fmt.Sprintf("447%09d", at*7919%1_000_000_007%1_000_000_000))
			page.Entries[i].Number, page.Recipients[i].Number = to, to
			if values {
				page.Recipients[i].Values = []string{fmt.Sprint("Given name ", at%2003), fmt.Sprintf("%08X", uint32(at*2654435761))}
			}
		}
	}
	return u
}

// highest samples the heap from now on, until the benchmark asks how high it was, in megabytes.
func highest(b *testing.B) func() float64 {
	runtime.GC()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var top uint64
		for tick := time.Tick(10 * time.Millisecond); ; {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			top = max(top, now.HeapAlloc)
			select {
			case <-tick:
			case <-stop:
				most <- top
				return
			}
		}
	}()
	return func() float64 {
		close(stop)
		return float64(<-most) / (1 << 20)
	}
}
