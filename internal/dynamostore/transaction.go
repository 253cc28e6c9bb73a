package dynamostore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/returns"
)

// transaction collects what is written together, and the first fault in putting it together. Also a single item is written
// so where its writer must know whether it was its own write that took effect: a repeated transaction is recognised by its
// token, a repeated conditional write is a conflict with itself.
type transaction struct {
	store   *Store
	actions []types.TransactWriteItem
	err     error
}

func (s *Store) transaction() *transaction { return &transaction{store: s} }

// commit writes all or nothing; campaign.ErrConflict where a condition is false.
func (t *transaction) commit(ctx context.Context) error {
	if t.err != nil {
		return t.err
	}
	return t.store.transact(ctx, t.actions...)
}

// put writes an item over what is there, if the condition holds. An unset condition always does.
func (t *transaction) put(k key, item any, condition expression.ConditionBuilder) {
	if t.err != nil {
		return
	}
	put := types.Put{TableName: &t.store.table}
	if put.Item, t.err = encode(k, item); t.err != nil {
		return
	}
	if condition.IsSet() {
		e, err := expression.NewBuilder().WithCondition(condition).Build()
		if err != nil {
			t.err = fmt.Errorf("build a condition: %w", err)
			return
		}
		put.ConditionExpression = e.Condition()
		put.ExpressionAttributeNames, put.ExpressionAttributeValues = e.Names(), e.Values()
	}
	t.actions = append(t.actions, types.TransactWriteItem{Put: &put})
}

// putNew writes an item that must not be there yet.
func (t *transaction) putNew(k key, item any) {
	t.put(k, item, expression.AttributeNotExists(expression.Name(attrPK)))
}

// delete takes an item away, if the condition holds.
func (t *transaction) delete(k key, condition expression.ConditionBuilder) {
	if t.err != nil {
		return
	}
	e, err := expression.NewBuilder().WithCondition(condition).Build()
	if err != nil {
		t.err = fmt.Errorf("build a condition: %w", err)
		return
	}
	t.actions = append(t.actions, types.TransactWriteItem{Delete: &types.Delete{
		TableName: &t.store.table, Key: k.attributes(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}})
}

func (t *transaction) update(u update) {
	if t.err != nil {
		return
	}
	var action types.TransactWriteItem
	if action, t.err = t.store.updating(u); t.err == nil {
		t.actions = append(t.actions, action)
	}
}

// add adds to tallies, each in an item of its own; those that come to nothing cost nothing.
func (t *transaction) add(tallies map[key]returns.Tally) {
	for _, k := range slices.SortedFunc(maps.Keys(tallies), key.compare) {
		if tallies[k] != (returns.Tally{}) {
			t.update(update{key: k, set: adding(tallies[k])})
		}
	}
}

// attrVersion is how often an item was written that is only written over what its writer has read.
const attrVersion = "v"

// ofVersion: the item is as its writer has read it; of version 0 it is not there.
func ofVersion(version int) expression.ConditionBuilder {
	if version == 0 {
		return expression.AttributeNotExists(expression.Name(attrPK))
	}
	return expression.Name(attrVersion).Equal(expression.Value(version))
}

// dueKeys are what puts an item into the due index.
type dueKeys struct {
	DueShard string  `dynamodbav:"due_shard,omitempty"`
	DueAt    instant `dynamodbav:"due_at,omitempty"`
}
