package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// Record implements campaign.Store.
func (s *Store) Record(ctx context.Context, id string, messages []campaign.Message) error {
	requests := make([]types.WriteRequest, 0, len(messages))
	for _, m := range messages {
		item, err := encode(messageKey(id, m.To), briefed(m))
		if err != nil {
			return err
		}
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	return s.writeAll(ctx, requests)
}

// RecordAbsent implements campaign.Store.
func (s *Store) RecordAbsent(ctx context.Context, id string, m campaign.Message) (campaign.Message, error) {
	item, err := encode(messageKey(id, m.To), briefed(m))
	if err != nil {
		return m, err
	}
	e, err := expression.NewBuilder().WithCondition(noOutcome(m.Batch)).Build()
	if err != nil {
		return m, fmt.Errorf("build a condition: %w", err)
	}
	err = s.retry(ctx, func() error {
		_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table, Item: item, ConditionExpression: e.Condition(),
			ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		return err
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return m, err
	}
	stored, err := decode[messageItem](failed.Item)
	return stored.message(m.To), err
}

// noOutcome: there is no record, or one that a person took back, and gave to that batch.
func noOutcome(batch int) expression.ConditionBuilder {
	return expression.AttributeNotExists(expression.Name(attrPK)).
		Or(expression.Name("state").Equal(expression.Value(campaign.Retrying)).
			And(expression.Name("b").Equal(expression.Value(batch))))
}

// RecordLate implements campaign.Store. Which of the two it is, settled or not, shows in the batch; it may change between
// the read and the write, which the condition notices.
func (s *Store) RecordLate(ctx context.Context, k campaign.BatchKey, m campaign.Message) error {
	for range maxTries {
		b, err := s.Batch(ctx, k)
		if err != nil {
			return err
		}
		actions, err := s.lateActions(b, m)
		if err != nil {
			return err
		}
		err = s.transact(ctx, actions...)
		var failed *conditionsFailed
		if !errors.As(err, &failed) || slices.Contains(failed.actions, 0) {
			return ignoreConflict(err) // written, or no longer unknown, or a fault
		}
	}
	return fmt.Errorf("late outcome of batch %d: still contended after %d tries", k.Number, maxTries)
}

func ignoreConflict(err error) error {
	if errors.Is(err, campaign.ErrConflict) {
		return nil
	}
	return err
}

func (s *Store) lateActions(b campaign.Batch, m campaign.Message) ([]types.TransactWriteItem, error) {
	item, err := encode(messageKey(b.Campaign, m.To), briefed(m))
	if err != nil {
		return nil, err
	}
	e, err := expression.NewBuilder().WithCondition(
		expression.Name("state").Equal(expression.Value(campaign.Unknown)).
			And(expression.Name("b").Equal(expression.Value(m.Batch))),
	).Build()
	if err != nil {
		return nil, fmt.Errorf("build a condition: %w", err)
	}
	put := types.TransactWriteItem{Put: &types.Put{
		TableName: &s.table, Item: item, ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}
	settled := expression.Name("settled")
	own := batchKey(campaign.BatchKey{Campaign: b.Campaign, Number: b.Number})
	if b.Settled <= m.Index {
		noted, err := s.updating(update{
			key: own, set: expression.Add(expression.Name("late"), expression.Value(1)),
			condition: settled.LessThanEqual(expression.Value(m.Index)),
		})
		return []types.TransactWriteItem{put, noted}, err
	}
	moved := addCounts(expression.UpdateBuilder{}, m.State.Instead(campaign.Unknown))
	batch, err := s.updating(update{key: own, set: moved, condition: settled.GreaterThan(expression.Value(m.Index))})
	if err != nil {
		return nil, err
	}
	whole, err := s.updating(update{
		key: campaignKey(b.Campaign), set: moved, condition: expression.AttributeExists(expression.Name(attrPK)),
	})
	return []types.TransactWriteItem{put, batch, whole}, err
}

// Retry implements campaign.Store.
func (s *Store) Retry(ctx context.Context, before, after campaign.Campaign, lookAt time.Time, b campaign.Batch,
	m campaign.Message,
) error {
	set := expression.
		Set(expression.Name("status"), expression.Value(after.Status)).
		Set(expression.Name("epoch"), expression.Value(after.Epoch)).
		Set(expression.Name("ended_at"), expression.Value(at(after.EndedAt))).
		Set(expression.Name("next_batch"), expression.Value(after.NextBatch)).
		Add(expression.Name("retries"), expression.Value(1))
	set = addCounts(set, campaign.Pending.Instead(m.State))
	c, err := s.updating(update{
		key:       campaignKey(before.ID),
		set:       setDue(set, campaignShard(before.ID), lookAt),
		condition: unmoved(before).And(expression.Name("status").Equal(expression.Value(before.Status))),
	})
	if err != nil {
		return err
	}
	put, err := s.puttingBatch(b)
	if err != nil {
		return err
	}
	message, err := s.updating(update{
		key: messageKey(before.ID, m.To),
		set: expression.Set(expression.Name("state"), expression.Value(campaign.Retrying)).
			Set(expression.Name(attrBrief), expression.Value(briefOf(campaign.Message{State: campaign.Retrying}))).
			Set(expression.Name("b"), expression.Value(b.Number)),
		condition: expression.Name("state").Equal(expression.Value(m.State)).
			And(expression.Name("b").Equal(expression.Value(m.Batch))),
	})
	if err != nil {
		return err
	}
	return s.transact(ctx, c, put, message)
}

// Messages implements campaign.Store.
func (s *Store) Messages(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]campaign.Message, error) {
	keys := make([]key, 0, len(numbers))
	for _, n := range numbers {
		keys = append(keys, messageKey(id, n))
	}
	items, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[sms.Number]campaign.Message, len(items))
	for _, stored := range items {
		item, err := decode[messageItem](stored)
		if err != nil {
			return nil, err
		}
		to := sms.Number(entry(stored).sk())
		found[to] = item.message(to)
	}
	return found, nil
}
