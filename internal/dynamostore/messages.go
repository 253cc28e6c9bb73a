package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// Record implements campaign.Store.
func (s *Store) Record(ctx context.Context, id string, messages []campaign.Message) error {
	requests := make([]types.WriteRequest, 0, len(messages))
	for _, m := range messages {
		item, err := encode(messageKey(id, m.To), itemOfMessage(m))
		if err != nil {
			return err
		}
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	return s.writeAll(ctx, requests)
}

// RecordAbsent implements campaign.Store.
func (s *Store) RecordAbsent(ctx context.Context, id string, m campaign.Message) (campaign.Message, error) {
	item, err := encode(messageKey(id, m.To), itemOfMessage(m))
	if err != nil {
		return m, err
	}
	err = s.retry(ctx, func() error {
		_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"),
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
