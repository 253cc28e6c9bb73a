package local

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// SampleID is the campaign that the files under events/ speak of.
const SampleID = "01K9SAMP1E0000000000000000"

// StoreSample stores that campaign: seven recipients, of which the first batch of three is released and due.
func StoreSample(ctx context.Context, store campaign.Store, now time.Time) error {
	c := campaign.Campaign{
		ID: SampleID, Name: "sample", Sender: "447700900000", Text: "Hello, World!", BatchSize: 3, Delay: time.Hour,
		CreatedAt: now, LaunchedAt: now, Status: campaign.Running, Recipients: 7, NextDue: now, Epoch: 2,
	}
	list := make([]sms.Number, c.Recipients)
	for i := range list {
		list[i] = sms.Number(fmt.Sprintf("44770090000%d", i+1))
	}
	if err := store.Create(ctx, c, list, nil); err != nil {
		return fmt.Errorf("store the sample campaign: %w", err)
	}
	released := c
	released.NextIndex, released.NextBatch, released.NextDue = 3, 1, now.Add(c.Delay)
	first := campaign.Batch{Campaign: c.ID, Number: 1, To: 3, Due: now, LookAt: now.Add(time.Minute)}
	if err := store.Release(ctx, c, released, released.NextDue, []campaign.Batch{first}); err != nil {
		return fmt.Errorf("release the sample campaign's first batch: %w", err)
	}
	return nil
}
