package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"math"
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
func (s *Store) Take(ctx context.Context, name string, notBefore, before time.Time, cost time.Duration) (time.Time, error) {
	micros := ceilMicros(cost)
	from, latest := notBefore.UnixMicro(), int64(math.MaxInt64)
	if !before.IsZero() {
		latest = before.UnixMicro() - micros
	}
	if from > latest {
		return time.Time{}, pace.FullError{Free: notBefore}
	}
	for range maxTries {
		end, err := s.moveTAT(ctx, name, expression.Plus(tat, expression.Value(micros)),
			tat.Between(expression.Value(from), expression.Value(latest)))
		if err == nil {
			return time.UnixMicro(end - micros), nil
		}
		if !errors.Is(err, campaign.ErrConflict) {
			return time.Time{}, err
		}
		if free := max(end, from); free > latest { // end is where it stands
			return time.Time{}, pace.FullError{Free: time.UnixMicro(free)}
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

// moveTAT returns the TAT as it then is, also where the condition fails: 0 if there is none.
func (s *Store) moveTAT(ctx context.Context, name string, to expression.OperandBuilder, condition expression.ConditionBuilder,
) (int64, error) {
	stored, err := s.update(ctx, update{key: paceKey(name), set: expression.Set(tat, to), condition: condition})
	if stored == nil || err != nil && !errors.Is(err, campaign.ErrConflict) {
		return 0, err
	}
	n, ok := stored["tat"].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("pace %s: no tat in the answer", name)
	}
	end, parseErr := strconv.ParseInt(n.Value, 10, 64)
	if parseErr != nil {
		return 0, fmt.Errorf("pace %s: %w", name, parseErr)
	}
	return end, err
}

// ceilMicros rounds up: a stretch may be a little longer, never shorter.
func ceilMicros(d time.Duration) int64 {
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}
