package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// Seal implements campaign.Store.
func (s *Store) Seal(ctx context.Context, before, after campaign.Campaign, x recipients.Index, lookAt time.Time) error {
	pages, err := s.uploaded(ctx, before.ID, x.Leaves())
	if err != nil {
		return err
	}
	set, condition := changing(before, after)
	set = set.Set(expression.Name("recipients"), expression.Value(after.Recipients)).
		Set(expression.Name("duplicates"), expression.Value(after.Duplicates)).
		Set(expression.Name("segments"), expression.Value(after.Segments)).
		Set(expression.Name("indexed"), expression.Value(true))
	t := s.transaction()
	t.putIndex(before.ID, pages)
	t.update(update{
		key: campaignKey(before.ID), set: setDue(set, campaignShard(before.ID), lookAt),
		condition: condition.And(expression.Name("status").Equal(expression.Value(before.Status))).And(uploadedSo(before)),
	})
	return t.commit(ctx)
}

// uploadedSo: no part changed since c was read.
func uploadedSo(c campaign.Campaign) expression.ConditionBuilder {
	if c.Uploads == 0 {
		return expression.AttributeNotExists(expression.Name("uploads"))
	}
	return expression.Name("uploads").Equal(expression.Value(c.Uploads))
}

// uploaded names the uploads that wrote these pages in place of the digests; campaign.ErrConflict where one is gone. That one
// came in place of another meanwhile is seen when the list is sealed (uploadedSo).
func (s *Store) uploaded(ctx context.Context, id string, pages []recipients.Leaf) ([]recipients.Leaf, error) {
	items, err := s.uploads(ctx, id)
	if err != nil {
		return nil, err
	}
	uploads := make(map[int]uploadItem, len(items))
	for _, i := range items {
		uploads[i.Number] = i
	}
	named := make([]recipients.Leaf, 0, len(pages))
	for _, l := range pages {
		i := uploads[l.Part]
		if !i.there() {
			return nil, campaign.ErrConflict
		}
		l.Digest = i.Upload
		named = append(named, l)
	}
	return named, nil
}

// putIndex writes the index of a list.
func (t *transaction) putIndex(id string, pages []recipients.Leaf) {
	packed, err := newPacker().pack(indexOf(pages))
	if err != nil && t.err == nil {
		t.err = err
	}
	t.put(indexKey(id), indexItem{Index: packed}, expression.ConditionBuilder{})
}
