package dynamostore

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// Store is a campaign.Store, a returns.Store, a report.Store and a pace.Store. It may be used concurrently.
type Store struct {
	db      *dynamodb.Client
	table   string
	pages   *shelf[[]recipients.Recipient]
	indexes *shelf[recipients.Index]
}

// New returns a store over the named table.
func New(db *dynamodb.Client, table string) *Store {
	return &Store{
		db: db, table: table, pages: newShelf[[]recipients.Recipient](maxPages, maxPageRoom),
		indexes: newShelf[recipients.Index](maxIndexes, maxIndexRoom),
	}
}

var _ campaign.Store = (*Store)(nil)

// get reads one item, as it is after every write that was answered. ErrNotFound.
func get[T any](ctx context.Context, s *Store, k key) (T, error) {
	var none T
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: k.attributes(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return none, err
	}
	if out.Item == nil {
		return none, campaign.ErrNotFound
	}
	return decode[T](out.Item)
}

// update is one update of one item, under a condition if there is one.
type update struct {
	key       key
	set       expression.UpdateBuilder
	condition expression.ConditionBuilder
}

func (u update) build() (expression.Expression, error) {
	builder := expression.NewBuilder().WithUpdate(u.set)
	if u.condition.IsSet() {
		builder = builder.WithCondition(u.condition)
	}
	e, err := builder.Build()
	if err != nil {
		return e, fmt.Errorf("build an update: %w", err)
	}
	return e, nil
}

// update writes one item and returns it as it then is. Where the condition fails, it returns the item as it was
// (nil if there was none) and ErrConflict.
func (s *Store) update(ctx context.Context, u update) (attributes, error) {
	e, err := u.build()
	if err != nil {
		return nil, err
	}
	var item attributes
	err = s.retry(ctx, func() error {
		out, err := s.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table, Key: u.key.attributes(), UpdateExpression: e.Update(),
			ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			ReturnValues:                        types.ReturnValueAllNew,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		var failed *types.ConditionalCheckFailedException
		switch {
		case errors.As(err, &failed):
			item = failed.Item
			return campaign.ErrConflict
		case err != nil:
			return err
		}
		item = out.Attributes
		return nil
	})
	return item, err
}

func (s *Store) updating(u update) (types.TransactWriteItem, error) {
	e, err := u.build()
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table, Key: u.key.attributes(), UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, nil
}

// putting makes an item that must not exist yet.
func (s *Store) putting(item attributes) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.table, Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"),
	}}
}

// conditionsFailed tells which actions of a transaction had a false condition, and the items as they were, where an action
// asks for that. It is a campaign.ErrConflict.
type conditionsFailed struct {
	actions []int
	items   []attributes
}

func (e *conditionsFailed) Error() string {
	return fmt.Sprintf("condition of action %v is false", e.actions)
}

func (e *conditionsFailed) Is(target error) bool { return target == campaign.ErrConflict }

// transact writes all or nothing.
func (s *Store) transact(ctx context.Context, actions ...types.TransactWriteItem) error {
	if len(actions) == 0 {
		return nil
	}
	token := crand.Text() // one for all tries: the second of two that took effect is none
	return s.retry(ctx, func() error {
		_, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			TransactItems: actions, ClientRequestToken: &token,
		})
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) {
			return err
		}
		var failed conditionsFailed
		for i, r := range cancelled.CancellationReasons {
			if aws.ToString(r.Code) == "ConditionalCheckFailed" {
				failed.actions, failed.items = append(failed.actions, i), append(failed.items, r.Item)
			}
		}
		if len(failed.actions) > 0 {
			return &failed
		}
		return err
	})
}

const (
	maxTries  = 8
	firstWait = 10 * time.Millisecond
)

// retry repeats what lost against a concurrent transaction: the SDK retries throttling and faults, but not these.
func (s *Store) retry(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || try == maxTries || !isContention(err) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// isContention recognises a transaction that was cancelled only because another was at work on an item, or because of
// throughput. No action of it had a false condition: transact sorts those out before.
func isContention(err error) bool {
	var (
		cancelled  *types.TransactionCanceledException
		conflict   *types.TransactionConflictException
		inProgress *types.TransactionInProgressException
	)
	if errors.As(err, &conflict) || errors.As(err, &inProgress) {
		return true
	}
	if !errors.As(err, &cancelled) {
		return false
	}
	for _, r := range cancelled.CancellationReasons {
		switch aws.ToString(r.Code) {
		case "None", "", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		default:
			return false
		}
	}
	return true
}

// pause waits a random part of a doubling time, so that those who collided do not meet again.
func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(rand.N(firstWait << try))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
