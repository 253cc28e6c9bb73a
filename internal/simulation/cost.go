package simulation

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Prices in dollars, on demand in us-east-1 in September 2026, without a free tier and without what Vonage takes.
const (
	priceSQSRequest  = 0.50 / 1e6     // Amazon SQS pricing: 0.40 for standard queues, and 0.10 for fair ones
	priceInvocation  = 0.20 / 1e6     // AWS Lambda pricing, requests
	priceGBSecond    = 0.0000133334   // AWS Lambda pricing, duration, Arm
	priceWriteUnit   = 0.625 / 1e6    // Amazon DynamoDB pricing, write request units
	priceReadUnit    = 0.125 / 1e6    // Amazon DynamoDB pricing, read request units
	priceHTTPRequest = 1.00 / 1e6     // Amazon API Gateway pricing, HTTP APIs
	priceSecretCall  = 0.05 / 10_000. // AWS Secrets Manager pricing, API calls
)

// Bill is what a run came to.
type Bill struct {
	Write, Read float64 // DynamoDB's request units
	// Calls are those that functions made of DynamoDB, SQS and Secrets Manager; Queue those by which Lambda received
	// messages and deleted them, the empty ones left out.
	Calls, Queue int
	Invocations  int
	GBSeconds    float64
	// SQS are requests as billed, of functions and of Lambda; HTTP those of the HTTP API, Secrets of Secrets Manager.
	SQS, HTTP, Secrets int
}

// Bill sums up what was counted so far.
func (m *Meter) Bill() Bill {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b Bill
	for call, t := range m.calls {
		b.Write, b.Read, b.SQS = b.Write+t.Write, b.Read+t.Read, b.SQS+t.Requests
		if call.By == Platform {
			b.Queue += t.Calls
		} else {
			b.Calls += t.Calls
		}
		if call.Service() == "secretsmanager" {
			b.Secrets += t.Calls
		}
	}
	for _, i := range m.runs {
		b.Invocations, b.GBSeconds, b.HTTP = b.Invocations+i.Count, b.GBSeconds+i.GBSeconds, b.HTTP+i.HTTP
	}
	return b
}

// Dollars is the sum.
func (b Bill) Dollars() float64 {
	return b.DynamoDB() + b.Lambda() + float64(b.SQS)*priceSQSRequest + float64(b.HTTP)*priceHTTPRequest +
		float64(b.Secrets)*priceSecretCall
}

// DynamoDB is its share, in dollars.
func (b Bill) DynamoDB() float64 { return b.Write*priceWriteUnit + b.Read*priceReadUnit }

// Lambda is its share, in dollars.
func (b Bill) Lambda() float64 {
	return float64(b.Invocations)*priceInvocation + b.GBSeconds*priceGBSecond
}

// Detail prints where units, calls and time went, per SMS of n, the dearest first.
func (m *Meter) Detail(w io.Writer, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  by\toperation\titems\tcalls\tWRU/SMS\tof it index\tRRU/SMS\trefused\tempty\t$/M SMS")
	dollars := func(c Charge) float64 {
		t := m.calls[c]
		return (t.Write*priceWriteUnit + t.Read*priceReadUnit + float64(t.Requests)*priceSQSRequest) / float64(n) * 1e6
	}
	for _, c := range slices.SortedFunc(maps.Keys(m.calls), func(a, b Charge) int {
		return cmp.Or(cmp.Compare(dollars(b), dollars(a)), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	}) {
		t := m.calls[c]
		fmt.Fprintf(table, "  %s\t%s\t%s\t%d\t%.4f\t%.4f\t%.4f\t%d\t%d\t%.4f\n", c.By, c.Name(), c.Items, t.Calls,
			t.Write/float64(n), t.Index/float64(n), t.Read/float64(n), t.Refused, t.Empty, dollars(c))
	}
	for _, name := range slices.Sorted(maps.Keys(m.runs)) {
		i := m.runs[name]
		fmt.Fprintf(table, "  %s\t%s\t\t%d\t\t\t\t\t\t%.4f\n", name, "runs of "+(i.Billed/time.Duration(max(1, i.Count))).Round(time.Millisecond).String(),
			i.Count, (i.GBSeconds*priceGBSecond+float64(i.Count)*priceInvocation)/float64(n)*1e6)
	}
	_ = table.Flush() // Its errors are w's, which is a test's output.
}
