package local

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// SampleID is the campaign that the files under events/ speak of, SampleDraft the one that is not launched yet, and SampleText
// the text outside of campaigns.
const (
	SampleID    = "01K9SAMP1E0000000000000000"
	SampleDraft = "01K9SAMP1EDRAFT00000000000"
	SampleText  = "A7QY5T2M0K3C8V6B9N4PDXW1ZRA"
)

// SampleStore keeps what they speak of.
type SampleStore interface {
	campaign.Store
	SaveOneOff(ctx context.Context, t oneoff.Text) error
}

// StoreSample stores that campaign, with seven recipients, of which the first batch of three is released and due; the draft,
// whose list has one part; and that text, which answers the first recipient and waits to be sent.
func StoreSample(ctx context.Context, store SampleStore, now time.Time) error {
	c := campaign.Campaign{
		ID: SampleID, Name: "sample", Sender: "447700900000", Text: "Hello, World!", BatchSize: 3, Delay: time.Hour,
		CreatedAt: now, LaunchedAt: now, Status: campaign.Running, Recipients: 7, Segments: 1, NextDue: now, Epoch: 2,
	}
	list := make([]sms.Number, c.Recipients)
	for i := range list {
		list[i] = sms.Number(fmt.Sprintf("44770090000%d", i+1))
	}
	if err := store.Create(ctx, c, recipients.UploadOf(list), nil); err != nil {
		return fmt.Errorf("store the sample campaign: %w", err)
	}
	released := c
	released.NextIndex, released.NextBatch, released.NextDue = 3, 1, now.Add(c.Delay)
	first := campaign.Batch{Campaign: c.ID, Number: 1, To: 3, Due: now, LookAt: now.Add(time.Minute)}
	if err := store.Release(ctx, c, released, released.NextDue, []campaign.Batch{first}); err != nil {
		return fmt.Errorf("release the sample campaign's first batch: %w", err)
	}
	if err := storeDraft(ctx, store, list[:2], now); err != nil {
		return fmt.Errorf("store the sample draft: %w", err)
	}
	answer := oneoff.Text{ // without a LookAt: the dispatcher leaves it to the event that names it
		ID: SampleText, Kind: oneoff.Answer, From: c.Sender, To: list[0], Body: "Thank you! We are open until six.",
		Campaign: c.ID, State: campaign.Pending, CreatedAt: now,
	}
	if err := store.SaveOneOff(ctx, answer); err != nil {
		return fmt.Errorf("store the sample text: %w", err)
	}
	return nil
}

// storeDraft stores a campaign whose text has a variable, with a part of those numbers and of a row that is none.
func storeDraft(ctx context.Context, store SampleStore, list []sms.Number, now time.Time) error {
	u := recipients.UploadOf(list)
	u.Refused = []recipients.Refusal{{At: 3, Number: "07700 90000", Reason: "is too short for a number in GB"}}
	u.Part.Number, u.Part.Digest, u.Part.StoredAt, u.Part.Refused, u.Part.RefusedPages = 1, "sample", now, 1, 1
	c := campaign.Campaign{
		ID: SampleDraft, Name: "draft", Sender: "447700900000", Text: "Hello, {{first_name|there}}!", BatchSize: 3, Delay: time.Hour,
		Region: "GB", CreatedAt: now, Status: campaign.Draft, Segments: 1, Epoch: 1,
	}
	if err := store.Create(ctx, c, recipients.Upload{}, nil); err != nil {
		return err
	}
	_, err := store.PutPart(ctx, c.ID, u)
	return err
}
