package dynamostore

import (
	"context"
	"errors"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

type keyItem struct {
	Campaign    string `dynamodbav:"campaign"`
	Fingerprint string `dynamodbav:"fingerprint"`
	ExpiresAt   int64  `dynamodbav:"expires_at"` // epoch seconds, as TTL wants it
}

// newCampaignItem is a campaign in the due index, if it runs.
type newCampaignItem struct {
	campaignItem
	dueKeys
}

// Create implements campaign.Store. Pages of a campaign that then is not made are taken away again, as far as possible;
// nothing refers to those that stay.
func (s *Store) Create(ctx context.Context, c campaign.Campaign, u recipients.Upload, key *campaign.IdempotencyKey) error {
	list := stack{campaign: c.ID, part: u.Part.Number}
	if c.Status == campaign.Draft {
		list.upload = newUpload()
	}
	if err := s.writePages(ctx, list, u); err != nil {
		return err
	}
	err := s.creation(c, u.Part, list, key).commit(ctx)
	var failed *conditionsFailed
	if !errors.As(err, &failed) {
		return err
	}
	switch _, err := s.Campaign(ctx, c.ID); {
	case err == nil:
		return nil // an earlier try took effect and its answer was lost
	case !errors.Is(err, campaign.ErrNotFound):
		return err // nobody knows: the pages may be a running campaign's
	}
	s.deletePages(ctx, list, len(u.Part.Pages), u.Part.RefusedPages)
	if key != nil {
		return campaign.ErrKeyTaken
	}
	return campaign.ErrConflict
}

// creation makes the campaign, what finds it, and its list: a draft has a part, if anybody came with it, and what was launched
// at once an index, if its pages are uneven.
func (s *Store) creation(c campaign.Campaign, p recipients.Part, list stack, key *campaign.IdempotencyKey) *transaction {
	t := s.transaction()
	item := newCampaignItem{campaignItem: itemOfCampaign(c)}
	if c.Status == campaign.Running {
		item.dueKeys = dueKeys{DueShard: campaignShard(c.ID), DueAt: at(c.NextDue)}
	}
	t.putNew(campaignKey(c.ID), item)
	t.putNew(listKey(c.ID), struct{}{})
	t.putNew(senderKey(c.Sender, c.ID), struct{}{})
	switch {
	case c.Status == campaign.Draft && p.Accepted > 0:
		t.putNew(partKey(c.ID, p.Number), itemOfPart(p, list.upload))
	case c.Indexed:
		t.putIndex(c.ID, p.Index().Leaves())
	}
	if key != nil {
		t.putNew(idempotencyKey(key.Key), keyItem{
			Campaign: key.Campaign, Fingerprint: key.Fingerprint, ExpiresAt: key.ExpiresAt.Unix(),
		})
	}
	return t
}

// CreatedWith implements campaign.Store.
func (s *Store) CreatedWith(ctx context.Context, chosen string) (campaign.IdempotencyKey, error) {
	k, err := get[keyItem](ctx, s, idempotencyKey(chosen))
	if err != nil {
		return campaign.IdempotencyKey{}, err
	}
	return campaign.IdempotencyKey{
		Key: chosen, Fingerprint: k.Fingerprint, Campaign: k.Campaign, ExpiresAt: time.Unix(k.ExpiresAt, 0),
	}, nil
}
