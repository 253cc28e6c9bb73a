package main

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/local/process"
)

const (
	startBatches = 50
	startSize    = 2
	startDelay   = 2 // seconds
)

// batchStarts is how late the first text of each batch of a campaign arrives, against its planned second; the first
// batch is left out, because it starts at once.
func batchStarts(ctx context.Context, dir string) ([]time.Duration, error) {
	platform, err := process.Start(ctx, process.Config{Dir: dir, Env: map[string]string{"VONAGE_LATENCY": latency.String()}})
	if err != nil {
		return nil, err
	}
	defer platform.Stop()
	list := process.Numbers(startBatches * startSize)
	order := process.Order{Recipients: list, BatchSize: startSize, Delay: startDelay, Key: "starts"}
	c, err := complete(ctx, platform, order, (startBatches-1)*startDelay*time.Second)
	if err != nil {
		return nil, err
	}
	batches, err := platform.Batches(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	ledger, err := platform.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	return late(list, batches, ledger)
}

// late compares the plan with the ledger, which is in order of time.
func late(list []string, batches []process.Batch, ledger []process.Entry) ([]time.Duration, error) {
	batchOf := make(map[string]int, len(list)) // by the recipient
	for i, to := range list {
		batchOf[to] = i/startSize + 1
	}
	first := make(map[int]time.Time)
	for _, e := range ledger {
		if n := batchOf[e.To]; first[n].IsZero() {
			first[n] = e.At
		}
	}
	var found []time.Duration
	for _, b := range batches {
		if first[b.Number].IsZero() {
			return nil, fmt.Errorf("batch %d was not sent", b.Number)
		}
		if b.Number > 1 {
			found = append(found, first[b.Number].Sub(b.DueAt))
		}
	}
	return found, nil
}
