package dynamostore

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/campaign"
	"sluice/internal/returns"
)

// Resolve implements returns.Store. It leaves Late alone: that tells a batch's holder to count anew what it took over, and
// here only what was counted already is changed, whoever holds the batch.
func (s *Store) Resolve(ctx context.Context, id string, m campaign.Message) error {
	const message, batch = 0, 1 // the places of the actions
	moved := addCounts(expression.UpdateBuilder{}, m.State.Instead(campaign.Unknown))
	t := s.transaction()
	t.put(messageKey(id, m.To), briefed(m), expression.Name("state").Equal(expression.Value(campaign.Unknown)).
		And(expression.Name("b").Equal(expression.Value(m.Batch))))
	t.update(update{
		key: batchKey(campaign.BatchKey{Campaign: id, Number: m.Batch}), set: moved, condition: hasCounted(m.Index),
	})
	t.update(update{key: campaignKey(id), set: moved, condition: expression.AttributeExists(expression.Name(attrPK))})
	err := t.commit(ctx)
	var failed *conditionsFailed
	switch {
	case !errors.As(err, &failed):
		return err
	case slices.Contains(failed.actions, message):
		return nil // somebody else knew better
	case slices.Contains(failed.actions, batch):
		return returns.ErrUnsettled
	default:
		return err
	}
}

// hasCounted: the outcome of that index is in the batch's counts.
func hasCounted(index int) expression.ConditionBuilder {
	return expression.Name("settled").GreaterThan(expression.Value(index)).
		Or(expression.Name("counted").Contains(index))
}
