package dynamostore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
)

// Campaign implements campaign.Store.
func (s *Store) Campaign(ctx context.Context, id string) (campaign.Campaign, error) {
	item, err := get[campaignItem](ctx, s, campaignKey(id))
	return item.campaign(), err
}

// Campaigns implements campaign.Store.
func (s *Store) Campaigns(ctx context.Context, after string, limit int) ([]campaign.Campaign, error) {
	condition := expression.Key(attrPK).Equal(expression.Value(campaignsPK))
	if after != "" {
		condition = condition.And(expression.Key(attrSK).LessThan(expression.Value(after)))
	}
	entries, err := s.query(ctx, query{condition: condition, limit: limit, descending: true})
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	keys := make([]key, 0, len(entries))
	for _, e := range entries {
		keys = append(keys, campaignKey(e.sk()))
	}
	items, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	campaigns := make([]campaign.Campaign, 0, len(items))
	for _, stored := range items {
		item, err := decode[campaignItem](stored)
		if err != nil {
			return nil, err
		}
		campaigns = append(campaigns, item.campaign())
	}
	slices.SortFunc(campaigns, func(a, b campaign.Campaign) int { return cmp.Compare(b.ID, a.ID) })
	return campaigns, nil
}

// Change implements campaign.Store.
func (s *Store) Change(ctx context.Context, before, after campaign.Campaign, lookAt time.Time) error {
	set, condition := changing(before, after)
	_, err := s.update(ctx, update{
		key: campaignKey(before.ID), set: setDue(set, campaignShard(before.ID), lookAt), condition: condition,
	})
	return err
}

// changing is what a change of status writes, and under which condition.
func changing(before, after campaign.Campaign) (expression.UpdateBuilder, expression.ConditionBuilder) {
	set := expression.
		Set(expression.Name("status"), expression.Value(after.Status)).
		Set(expression.Name("epoch"), expression.Value(after.Epoch)).
		Set(expression.Name("requeue"), expression.Value(after.Requeue)).
		Set(expression.Name("reason"), expression.Value(after.Reason)).
		Set(expression.Name("launched_at"), expression.Value(at(after.LaunchedAt))).
		Set(expression.Name("ended_at"), expression.Value(at(after.EndedAt)))
	if before.Status == campaign.Paused && after.Status == campaign.Running { // the brake begins anew
		for _, name := range []string{"window_sent", "window_failed", "earlier_sent", "earlier_failed"} {
			set = set.Set(expression.Name(name), expression.Value(0))
		}
	}
	condition := expression.Name("epoch").Equal(expression.Value(before.Epoch))
	if !after.NextDue.Equal(before.NextDue) { // a pause or a cancel need not know of the plan, and does not wait for it
		set = set.Set(expression.Name("next_due"), expression.Value(at(after.NextDue)))
		condition = unmoved(before)
	}
	return set, condition
}

// Recall implements campaign.Store.
func (s *Store) Recall(ctx context.Context, before, after campaign.Campaign, lookAt time.Time, batches []campaign.Batch,
	now time.Time,
) error {
	set := expression.
		Set(expression.Name("next_index"), expression.Value(after.NextIndex)).
		Set(expression.Name("next_batch"), expression.Value(after.NextBatch)).
		Set(expression.Name("next_due"), expression.Value(at(after.NextDue))).
		Set(expression.Name("epoch"), expression.Value(after.Epoch)).
		Set(expression.Name("batch_size"), expression.Value(after.BatchSize)).
		Set(expression.Name("delay_ms"), expression.Value(after.Delay.Milliseconds())).
		Set(expression.Name("max_rate"), expression.Value(after.MaxRate)).
		Set(expression.Name("paced_index"), expression.Value(after.Paced.Index)).
		Set(expression.Name("paced_batches"), expression.Value(after.Paced.Batches)).
		Set(expression.Name("paced_due"), expression.Value(at(after.Paced.LastDue)))
	cursor, err := s.updating(update{
		key: campaignKey(before.ID), set: setDue(set, campaignShard(before.ID), lookAt), condition: unmoved(before),
	})
	if err != nil {
		return err
	}
	actions := []types.TransactWriteItem{cursor}
	for _, b := range batches {
		untouched, err := s.deletingUntouched(b, now)
		if err != nil {
			return err
		}
		actions = append(actions, untouched)
	}
	return s.transact(ctx, actions...)
}

func (s *Store) deletingUntouched(b campaign.Batch, now time.Time) (types.TransactWriteItem, error) {
	e, err := expression.NewBuilder().WithCondition(
		expression.Name("done").Equal(expression.Value(false)).
			And(expression.Name("claimed").Equal(expression.Value(b.From))).
			And(expression.Name("settled").Equal(expression.Value(b.From))).
			And(expression.AttributeNotExists(expression.Name("counted"))).
			And(unheld(now)),
	).Build()
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("build a condition: %w", err)
	}
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &s.table, Key: batchKey(campaign.BatchKey{Campaign: b.Campaign, Number: b.Number}).attributes(),
		ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, nil
}

// unmoved: the campaign is in the epoch and its cursor stands where they were read.
func unmoved(c campaign.Campaign) expression.ConditionBuilder {
	return expression.Name("epoch").Equal(expression.Value(c.Epoch)).
		And(expression.Name("next_index").Equal(expression.Value(c.NextIndex))).
		And(expression.Name("next_batch").Equal(expression.Value(c.NextBatch)))
}

// runningIn: the campaign runs, in the epoch in which it was read.
func runningIn(epoch int) expression.ConditionBuilder {
	return expression.Name("status").Equal(expression.Value(campaign.Running)).
		And(expression.Name("epoch").Equal(expression.Value(epoch)))
}

// Release implements campaign.Store.
func (s *Store) Release(ctx context.Context, before, after campaign.Campaign, lookAt time.Time, batches []campaign.Batch,
) error {
	set := expression.
		Set(expression.Name("next_index"), expression.Value(after.NextIndex)).
		Set(expression.Name("next_batch"), expression.Value(after.NextBatch)).
		Set(expression.Name("next_due"), expression.Value(at(after.NextDue)))
	cursor, err := s.updating(update{
		key: campaignKey(before.ID), set: setDue(set, campaignShard(before.ID), lookAt),
		condition: unmoved(before).And(runningIn(before.Epoch)),
	})
	if err != nil {
		return err
	}
	actions := []types.TransactWriteItem{cursor}
	for _, b := range batches {
		put, err := s.puttingBatch(b)
		if err != nil {
			return err
		}
		actions = append(actions, put)
	}
	return s.transact(ctx, actions...)
}

func (s *Store) puttingBatch(b campaign.Batch) (types.TransactWriteItem, error) {
	item, err := encode(batchKey(campaign.BatchKey{Campaign: b.Campaign, Number: b.Number}), itemOfBatch(b))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	if !b.LookAt.IsZero() {
		item[attrDueShard] = text(batchShard(b.Campaign))
	}
	return s.putting(item), nil
}

// Complete implements campaign.Store.
func (s *Store) Complete(ctx context.Context, id string, when time.Time) error {
	set := expression.
		Set(expression.Name("status"), expression.Value(campaign.Completed)).
		Set(expression.Name("ended_at"), expression.Value(at(when))).
		Add(expression.Name("epoch"), expression.Value(1))
	live := expression.Name("status").In(expression.Value(campaign.Running), expression.Value(campaign.Paused))
	drained := expression.Name("next_index").Equal(expression.Name("recipients")).
		And(expression.Name("batches_done").Equal(expression.Name("next_batch")))
	_, err := s.update(ctx, update{
		key: campaignKey(id), set: setDue(set, "", time.Time{}), condition: live.And(drained),
	})
	return err
}

// Look implements campaign.Store.
func (s *Store) Look(ctx context.Context, c campaign.Campaign, when time.Time) error {
	_, err := s.update(ctx, update{
		key: campaignKey(c.ID), set: setDue(expression.UpdateBuilder{}, campaignShard(c.ID), when),
		condition: runningIn(c.Epoch),
	})
	return err
}

// Requeued implements campaign.Store.
func (s *Store) Requeued(ctx context.Context, c campaign.Campaign) error {
	_, err := s.update(ctx, update{
		key:       campaignKey(c.ID),
		set:       expression.Set(expression.Name("requeue"), expression.Value(false)),
		condition: runningIn(c.Epoch),
	})
	return err
}

// setDue puts an item into the due index, or takes it out.
func setDue(set expression.UpdateBuilder, shard string, when time.Time) expression.UpdateBuilder {
	if when.IsZero() {
		return set.Remove(expression.Name(attrDueShard)).Remove(expression.Name(attrDueAt))
	}
	return set.Set(expression.Name(attrDueShard), expression.Value(shard)).
		Set(expression.Name(attrDueAt), expression.Value(at(when)))
}

// DueCampaigns implements campaign.Store.
func (s *Store) DueCampaigns(ctx context.Context, by time.Time) ([]string, error) {
	found, err := s.due(ctx, "CAMPAIGN#", dueShards, by)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(found))
	for _, e := range found {
		ids = append(ids, e.campaignID())
	}
	return ids, nil
}

// maxDue bounds what one tick looks at in each shard; what is left is the next one's.
const maxDue = 1000

func (s *Store) due(ctx context.Context, kind string, shards int, by time.Time) ([]entry, error) {
	var found []entry
	for shard := range shards {
		entries, err := s.query(ctx, query{
			index: aws.String(indexDue), limit: maxDue,
			condition: expression.Key(attrDueShard).Equal(expression.Value(fmt.Sprintf("%s%d", kind, shard))).
				And(expression.Key(attrDueAt).LessThanEqual(expression.Value(at(by)))),
		})
		if err != nil {
			return nil, fmt.Errorf("query the due index: %w", err)
		}
		found = append(found, entries...)
	}
	return found, nil
}
