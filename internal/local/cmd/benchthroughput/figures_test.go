package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/process"
)

func at(ref, status string, moments ...time.Duration) []process.Entry {
	var ledger []process.Entry
	for _, m := range moments {
		ledger = append(ledger, process.Entry{At: time.Unix(0, 0).Add(m), ClientRef: ref, Status: status})
	}
	return ledger
}

func TestTheLedgerIsMeasured(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		ledger []process.Entry
		want   figures
	}{
		{"nothing", nil, figures{}},
		{"what others sent and what was refused is left out",
			append(append(at("other", "0", 0), at("mine", "1", 0)...), at("mine", "0", 2*s, 3*s)...),
			figures{messages: 2, took: s, largest: 1}},
		{"the largest second is any second", at("mine", "0", 0, s*9/10, s, s*3/2, s*19/10-1, 4*s),
			figures{messages: 6, took: 4 * s, largest: 4}},
		{"a second does not hold its end", at("mine", "0", 0, s, 2*s), figures{messages: 3, took: 2 * s, largest: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := measured(c.ledger, "mine", 0); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestARowHasItsRateAndItsShareOfTheBareClients(t *testing.T) {
	var out bytes.Buffer
	writeHead(&out)
	bare := figures{messages: 1001, took: time.Second, largest: 1000, cost: 50_050 * time.Microsecond}
	figures{messages: 501, took: 2 * time.Second, largest: 300}.write(&out, "one batch", bare)
	bare.write(&out, "bare client", bare)
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{
		"messages seconds messages/s of bare largest second µs/message",
		"one batch 501 2.00 250 0.25 300 -",
		"bare client 1001 1.00 1000 1.00 1000 50",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		}
	}
}
