package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/pace"
)

var _ pace.Store = (*Store)(nil)

// tat is the theoretical arrival time, in epoch microseconds: fine enough for thousands of slots a second, and exact in
// any DynamoDB that keeps numbers as floats.
var tat = expression.Name("tat")

// Take implements pace.Store: one update while the key is busy, two when it was idle.
func (s *Store) Take(ctx context.Context, name string, now time.Time, cost time.Duration) (time.Time, error) {
	micros := ceilMicros(cost)
	from := now.UnixMicro()
	for range maxTries {
		end, err := s.moveTAT(ctx, name, expression.Plus(tat, expression.Value(micros)),
			tat.GreaterThanEqual(expression.Value(from)))
		if err == nil {
			return time.UnixMicro(end - micros), nil
		}
		if !errors.Is(err, campaign.ErrConflict) {
			return time.Time{}, err
		}
		idle := expression.AttributeNotExists(tat).Or(tat.LessThan(expression.Value(from)))
		_, err = s.moveTAT(ctx, name, expression.Value(from+micros), idle)
		if err == nil {
			return time.UnixMicro(from), nil
		}
		if !errors.Is(err, campaign.ErrConflict) {
			return time.Time{}, err
		}
	}
	return time.Time{}, fmt.Errorf("pace %s: still contended after %d tries", name, maxTries)
}

func (s *Store) moveTAT(ctx context.Context, name string, to expression.OperandBuilder, condition expression.ConditionBuilder,
) (int64, error) {
	stored, err := s.update(ctx, update{key: paceKey(name), set: expression.Set(tat, to), condition: condition})
	if err != nil {
		return 0, err
	}
	n, ok := stored["tat"].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("pace %s: no tat in the answer", name)
	}
	end, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("pace %s: %w", name, err)
	}
	return end, nil
}

// ceilMicros rounds up: a stretch may be a little longer, never shorter.
func ceilMicros(d time.Duration) int64 {
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}
