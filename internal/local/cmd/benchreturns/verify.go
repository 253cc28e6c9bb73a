package main

import (
	"context"
	"fmt"

	"sluice/internal/local/process"
)

// verify holds the counters to what was told, the rows to the counters, and the confirmations to the opt-outs.
func (r *result) verify(ctx context.Context, p *process.Platform, campaigns []string, texts int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := counted(ctx, p, campaigns)
	if err != nil {
		return err
	}
	want := process.Returns{Delivered: r.told.delivered, OptedOut: r.told.optedOut}
	want.Replies.Total, want.Replies.Open = r.told.open, r.told.open
	if got != want {
		return fmt.Errorf("events were lost or counted twice: counted %+v, told %+v", got, want)
	}
	delivered := 0
	for _, id := range campaigns {
		rows, err := p.Messages(ctx, id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Delivery.Status == "delivered" {
				delivered++
			}
		}
	}
	if delivered != r.told.delivered {
		return fmt.Errorf("%d rows are delivered, the counters say %d", delivered, got.Delivered)
	}
	return r.confirmed(ctx, p, texts)
}

// confirmed waits for a text to each who opted out.
func (r *result) confirmed(ctx context.Context, p *process.Platform, texts int) error {
	for {
		ledger, err := p.Ledger(ctx)
		if err != nil {
			return err
		}
		sent := make(map[string]int)
		for _, e := range ledger[min(texts, len(ledger)):] {
			if e.Accepted() {
				sent[e.To]++
			}
			if sent[e.To] > 1 {
				return fmt.Errorf("an opt-out was confirmed %d times", sent[e.To])
			}
		}
		if len(sent) == r.told.optedOut {
			return nil
		}
		if err := wait(ctx, p, lookEvery); err != nil {
			return fmt.Errorf("%d of %d opt-outs are confirmed: %w", len(sent), r.told.optedOut, err)
		}
	}
}
