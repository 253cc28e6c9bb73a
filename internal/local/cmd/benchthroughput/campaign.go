package main

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/local/process"
)

const (
	// lookEvery is how often the campaign is looked at: that costs processor time too.
	lookEvery = time.Second
	// patience is how long a campaign may take.
	patience = 10 * time.Minute
)

// sendAll sends one campaign to its end.
func sendAll(ctx context.Context, p *process.Platform, list []string, batchSize int) (figures, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := p.Create(ctx, process.Order{Recipients: list, BatchSize: batchSize, Key: "throughput"})
	if err != nil {
		return figures{}, err
	}
	for c.Status == "running" || c.Status == "scheduled" {
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return figures{}, fmt.Errorf("%w, the campaign is %+v", ctx.Err(), c)
		case <-p.Exited():
			return figures{}, fmt.Errorf("the platform ended by itself")
		}
		if c, err = p.Campaign(ctx, c.ID); err != nil {
			return figures{}, err
		}
	}
	if c.Status != "completed" || c.Counts.Accepted != len(list) {
		return figures{}, fmt.Errorf("not all of %d are accepted: %+v", len(list), c)
	}
	cost := p.ProcessorTime("sender")
	ledger, err := p.Ledger(ctx)
	if err != nil {
		return figures{}, err
	}
	return measured(ledger, c.ID, cost), nil
}
