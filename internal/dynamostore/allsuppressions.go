package dynamostore

import (
	"context"
	"iter"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/optout"
)

// maxReading is how many shards AllSuppressions reads at a time. Each is read in pages of 1 MB, which is some 7,000 opt-outs.
const maxReading = 8

// AllSuppressions implements optout.Store. An opt-out takes some 130 bytes, so that a read unit, which is 8 KB where the
// latest seconds may be missed, is 60 of them.
func (s *Store) AllSuppressions(ctx context.Context, visit func([]optout.Suppression)) error {
	var turn sync.Mutex
	return inParallel(ctx, maxReading, shards(suppressedShards), func(ctx context.Context, shard uint32) error {
		q := query{
			condition: expression.Key(attrPK).Equal(expression.Value(suppressedPK(shard))),
			filter:    expression.Name("out").Equal(expression.Value(true)),
		}
		return s.eachPage(ctx, q, func(items []attributes) error {
			page := make([]optout.Suppression, 0, len(items))
			for _, item := range items {
				known, err := suppressionOf(item)
				if err != nil {
					return err
				}
				page = append(page, known)
			}
			turn.Lock()
			defer turn.Unlock()
			visit(page)
			return nil
		})
	})
}

func shards(n uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for shard := range n {
			if !yield(shard) {
				return
			}
		}
	}
}

// eachPage reads all that a query finds, as it was some seconds ago, in pages as large as they come.
func (s *Store) eachPage(ctx context.Context, q query, visit func([]attributes) error) error {
	in, err := q.input(&s.table)
	if err != nil {
		return err
	}
	in.ConsistentRead = aws.Bool(false)
	for pages := dynamodb.NewQueryPaginator(s.db, in); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if err := visit(out.Items); err != nil {
			return err
		}
	}
	return nil
}
