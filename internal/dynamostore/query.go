package dynamostore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// entry is an item that was found, at least its key.
type entry attributes

func (e entry) pk() string { return e.text(attrPK) }
func (e entry) sk() string { return e.text(attrSK) }

func (e entry) text(name string) string {
	if v, ok := e[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func (e entry) campaignID() string { return strings.TrimPrefix(e.pk(), campaignPrefix) }

func (e entry) batchNumber() (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(e.sk(), batchPrefix))
	if err != nil {
		return 0, fmt.Errorf("read a batch number: %w", err)
	}
	return n, nil
}

type query struct {
	index      *string
	condition  expression.KeyConditionBuilder
	filter     expression.ConditionBuilder // it may be missing
	start      attributes                  // the keys that it starts behind; nil for the beginning
	limit      int
	descending bool
}

// minFiltered is how many items a call evaluates at least where there is a filter: few of them may pass it.
const minFiltered = 100

func (q query) input(table *string) (*dynamodb.QueryInput, error) {
	builder := expression.NewBuilder().WithKeyCondition(q.condition)
	if q.filter.IsSet() {
		builder = builder.WithFilter(q.filter)
	}
	e, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("build a query: %w", err)
	}
	return &dynamodb.QueryInput{
		TableName: table, IndexName: q.index, KeyConditionExpression: e.KeyCondition(), FilterExpression: e.Filter(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(), ExclusiveStartKey: q.start,
		ScanIndexForward: aws.Bool(!q.descending), ConsistentRead: aws.Bool(q.index == nil),
	}, nil
}

// query finds at most limit items, page by page.
func (s *Store) query(ctx context.Context, q query) ([]entry, error) {
	in, err := q.input(&s.table)
	if err != nil {
		return nil, err
	}
	var found []entry
	for len(found) < q.limit {
		size := q.limit - len(found)
		if q.filter.IsSet() {
			size = max(size, minFiltered)
		}
		in.Limit = aws.Int32(int32(size))
		out, err := s.db.Query(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, item := range out.Items {
			found = append(found, item)
		}
		if len(out.LastEvaluatedKey) == 0 {
			break
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	return found[:max(0, min(len(found), q.limit))], nil
}

// getAll reads the items with these keys, those that exist, each once, in no order.
func (s *Store) getAll(ctx context.Context, keys []key) ([]attributes, error) {
	var found []attributes
	keys = distinct(keys)
	for len(keys) > 0 {
		n := min(len(keys), maxBatchGet)
		want := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
		for _, k := range keys[:n] {
			want.Keys = append(want.Keys, k.attributes())
		}
		keys = keys[n:]
		items, err := s.getBatch(ctx, want)
		if err != nil {
			return nil, err
		}
		found = append(found, items...)
	}
	return found, nil
}

// distinct leaves one of each: DynamoDB refuses keys that come twice.
func distinct(keys []key) []key {
	keys = slices.SortedFunc(slices.Values(keys), key.compare)
	return slices.Compact(keys)
}

func (k key) compare(o key) int {
	return cmp.Or(strings.Compare(k.pk, o.pk), strings.Compare(k.sk, o.sk))
}

func (s *Store) getBatch(ctx context.Context, want types.KeysAndAttributes) ([]attributes, error) {
	var found []attributes
	for try := 1; ; try++ {
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table: want},
		})
		if err != nil {
			return nil, err
		}
		found = append(found, out.Responses[s.table]...)
		left, ok := out.UnprocessedKeys[s.table]
		if !ok || len(left.Keys) == 0 {
			return found, nil
		}
		if try == maxTries {
			return nil, fmt.Errorf("%d of %d items unread after %d tries", len(left.Keys), len(want.Keys), try)
		}
		want = left
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
	}
}

// maxWrites is how many calls writeAll makes at a time.
const maxWrites = 8

// writeAll writes without conditions, in parallel calls of 25. After an error some may be written.
func (s *Store) writeAll(ctx context.Context, requests []types.WriteRequest) error {
	return inParallel(ctx, maxWrites, slices.Chunk(requests, maxBatchWrite), s.writeBatch)
}

func (s *Store) writeBatch(ctx context.Context, requests []types.WriteRequest) error {
	for try := 1; len(requests) > 0; try++ {
		out, err := s.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{s.table: requests},
		})
		if err != nil {
			return err
		}
		left := out.UnprocessedItems[s.table]
		if len(left) > 0 && try == maxTries {
			return fmt.Errorf("%d of %d items unwritten after %d tries", len(left), len(requests), try)
		}
		requests = left
		if len(left) > 0 {
			if err := pause(ctx, try); err != nil {
				return err
			}
		}
	}
	return nil
}
