package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/pace"
)

var _ pace.Store = (*Store)(nil)

// paceItem is a pace.State. Its instants are epoch microseconds: fine enough for thousands of slots a second, and exact in
// any DynamoDB that keeps numbers as floats.
type paceItem struct {
	TAT        int64     `dynamodbav:"tat"`
	Generation int64     `dynamodbav:"generation"`
	PerSecond  float64   `dynamodbav:"per_second"`
	Headroom   float64   `dynamodbav:"headroom"`
	Refused    float64   `dynamodbav:"refused"`
	Lowered    float64   `dynamodbav:"lowered"`
	Since      int64     `dynamodbav:"since"`
	Halt       int64     `dynamodbav:"halt"`
	Bursts     [][]int64 `dynamodbav:"bursts"` // start, requests, units of each, nanoseconds between them
	Taker0     string    `dynamodbav:"taker0"`
	Taker1     string    `dynamodbav:"taker1"`
	Taker2     string    `dynamodbav:"taker2"`
	Taker3     string    `dynamodbav:"taker3"`
	Taker4     string    `dynamodbav:"taker4"`
	Taker5     string    `dynamodbav:"taker5"`
	Taker6     string    `dynamodbav:"taker6"`
	Taker7     string    `dynamodbav:"taker7"`
}

func (i paceItem) bursts() (bursts [pace.MaxBursts]pace.Burst) {
	for n, b := range i.Bursts[:min(len(i.Bursts), pace.MaxBursts)] {
		if len(b) == 4 {
			bursts[n] = pace.Burst{Start: fromMicros(b[0]), N: int(b[1]), Units: int(b[2]), Every: time.Duration(b[3])}
		}
	}
	return bursts
}

func itemOfBursts(bursts [pace.MaxBursts]pace.Burst) [][]int64 {
	stored := [][]int64{}
	for _, b := range bursts {
		if b.N > 0 {
			stored = append(stored, []int64{toMicros(b.Start), int64(b.N), int64(b.Units), int64(b.Every)})
		}
	}
	return stored
}

func (i paceItem) takers() (takers [pace.Remembered]pace.Taker) {
	for n, stored := range []string{i.Taker0, i.Taker1, i.Taker2, i.Taker3, i.Taker4, i.Taker5, i.Taker6, i.Taker7} {
		takers[n].Group, takers[n].Sender, _ = strings.Cut(stored, takerSeparator)
	}
	return takers
}

const takerSeparator = "/"

func taker(n int) expression.NameBuilder { return expression.Name(fmt.Sprint("taker", n)) }

// push puts a taker in front of the others, forget in place of them.
func push(set expression.UpdateBuilder, by pace.Taker) expression.UpdateBuilder {
	for n := pace.Remembered - 1; n > 0; n-- {
		set = set.Set(taker(n), expression.IfNotExists(taker(n-1), expression.Value("")))
	}
	return set.Set(taker(0), expression.Value(by.Group+takerSeparator+by.Sender))
}

func forget(set expression.UpdateBuilder, by pace.Taker) expression.UpdateBuilder {
	for n := 1; n < pace.Remembered; n++ {
		set = set.Remove(taker(n))
	}
	return set.Set(taker(0), expression.Value(by.Group+takerSeparator+by.Sender))
}

var (
	tat        = expression.Name("tat")
	generation = expression.Name("generation")
)

func stateOf(stored attributes) (pace.State, error) {
	i, err := decode[paceItem](stored)
	return pace.State{
		TAT: fromMicros(i.TAT), Generation: i.Generation, Limit: pace.Limit{PerSecond: i.PerSecond, Headroom: i.Headroom},
		Refused: i.Refused, Lowered: i.Lowered, Since: fromMicros(i.Since), Halt: fromMicros(i.Halt), Takers: i.takers(), Bursts: i.bursts(),
	}, err
}

// Take implements pace.Store: one update where the guess is right, else two.
func (s *Store) Take(ctx context.Context, name string, gen int64, ask pace.Stretch) (pace.State, error) {
	if err := ask.Full(time.Time{}); err != nil {
		return pace.State{}, err
	}
	from, latest, micros := ask.NotBefore.UnixMicro(), int64(math.MaxInt64), ceilMicros(ask.Length)
	if !ask.Latest.IsZero() {
		latest = ask.Latest.UnixMicro()
	}
	busy := move{
		set:    push(expression.Set(tat, expression.Plus(tat, expression.Value(micros))), ask.By),
		onlyIf: tat.Between(expression.Value(from), expression.Value(latest)),
	}
	idle := move{
		set:    forget(expression.Set(tat, expression.Value(from+micros)), ask.By),
		onlyIf: unused(tat).Or(tat.LessThan(expression.Value(from))),
	}
	for try := range maxTries {
		m := idle
		if ask.Busy == (try%2 == 0) {
			m = busy
		}
		state, err := s.movePace(ctx, name, m.set, m.onlyIf.And(inGeneration(gen)))
		if !errors.Is(err, campaign.ErrConflict) {
			return state, err
		}
		if state.Generation != gen {
			return state, pace.ErrChanged
		}
		if err := ask.Full(state.TAT); err != nil {
			return state, err
		}
	}
	return pace.State{}, fmt.Errorf("pace of the %s: still contended after %d tries", pace.Kind(name), maxTries)
}

// TakeAll implements pace.Store: one transaction.
func (s *Store) TakeAll(ctx context.Context, by pace.Taker, start time.Time, wide pace.Part, narrow ...pace.Change,
) (map[string]pace.State, error) {
	from := start.UnixMicro()
	updates := []update{{
		key:       paceKey(wide.Key),
		set:       push(expression.Set(tat, expression.Value(from+ceilMicros(wide.Length))), by),
		condition: unused(tat).Or(tat.LessThanEqual(expression.Value(from))).And(inGeneration(wide.Generation)),
	}}
	keys := []string{wide.Key}
	for _, c := range narrow {
		updates = append(updates, update{
			key: paceKey(c.Key), condition: isAs(c.Before),
			set: expression.Set(tat, expression.Value(toMicros(c.After.TAT))).
				Set(expression.Name("bursts"), expression.Value(itemOfBursts(c.After.Bursts))),
		})
		keys = append(keys, c.Key)
	}
	actions := make([]types.TransactWriteItem, 0, len(updates))
	for _, u := range updates {
		action, err := s.updating(u)
		if err != nil {
			return nil, err
		}
		action.Update.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
		actions = append(actions, action)
	}
	err := s.transact(ctx, actions...)
	var failed *conditionsFailed
	if !errors.As(err, &failed) {
		return nil, err
	}
	inTheWay := make(map[string]pace.State)
	for i, action := range failed.actions {
		if inTheWay[keys[action]], err = stateOf(failed.items[i]); err != nil {
			return nil, fmt.Errorf("pace of the %s: %w", pace.Kind(keys[action]), err)
		}
	}
	return inTheWay, pace.ErrChanged
}

// move is a change of the TAT.
type move struct {
	set    expression.UpdateBuilder
	onlyIf expression.ConditionBuilder
}

// Load implements pace.Store.
func (s *Store) Load(ctx context.Context, name string) (pace.State, error) {
	out, err := s.db.GetItem(ctx, s.readPace(name, true))
	if err != nil {
		return pace.State{}, err
	}
	return stateOf(out.Item)
}

// Swap implements pace.Store.
func (s *Store) Swap(ctx context.Context, name string, before, after pace.State) (pace.State, error) {
	set := expression.Set(tat, expression.Value(toMicros(after.TAT))).
		Set(generation, expression.Value(after.Generation)).
		Set(expression.Name("per_second"), expression.Value(after.Limit.PerSecond)).
		Set(expression.Name("headroom"), expression.Value(after.Limit.Headroom)).
		Set(expression.Name("refused"), expression.Value(after.Refused)).
		Set(expression.Name("lowered"), expression.Value(after.Lowered)).
		Set(expression.Name("since"), expression.Value(toMicros(after.Since))).
		Set(expression.Name("halt"), expression.Value(toMicros(after.Halt))).
		Set(expression.Name("bursts"), expression.Value(itemOfBursts(after.Bursts)))
	state, err := s.movePace(ctx, name, set, isAs(before))
	if errors.Is(err, campaign.ErrConflict) {
		err = pace.ErrChanged
	}
	return state, err
}

// movePace returns the state as it then is; with campaign.ErrConflict, as it was.
func (s *Store) movePace(ctx context.Context, name string, set expression.UpdateBuilder,
	condition expression.ConditionBuilder,
) (pace.State, error) {
	stored, err := s.update(ctx, update{key: paceKey(name), set: set, condition: condition})
	if err != nil && !errors.Is(err, campaign.ErrConflict) {
		return pace.State{}, err
	}
	state, decodeErr := stateOf(stored)
	if decodeErr != nil {
		return pace.State{}, fmt.Errorf("pace of the %s: %w", pace.Kind(name), decodeErr)
	}
	return state, err
}

// Second is the service's time, as its answers tell it: rounded down to the second (RFC 9110, 6.6.1).
func (s *Store) Second(ctx context.Context) (time.Time, error) {
	out, err := s.db.GetItem(ctx, s.readPace("clock", false))
	if err != nil {
		return time.Time{}, err
	}
	second, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok {
		return time.Time{}, errors.New("the answer has no date")
	}
	return second, nil
}

func (s *Store) readPace(name string, consistent bool) *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{TableName: &s.table, Key: paceKey(name).attributes(), ConsistentRead: &consistent}
}

// isAs: generation and TAT are those of a state.
func isAs(s pace.State) expression.ConditionBuilder {
	same := tat.Equal(expression.Value(toMicros(s.TAT)))
	if s.TAT.IsZero() {
		same = same.Or(unused(tat))
	}
	return same.And(inGeneration(s.Generation))
}

func inGeneration(n int64) expression.ConditionBuilder {
	is := generation.Equal(expression.Value(n))
	if n == 0 {
		is = is.Or(unused(generation))
	}
	return is
}

func unused(name expression.NameBuilder) expression.ConditionBuilder {
	return expression.AttributeNotExists(name)
}

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// ceilMicros rounds up: a stretch may be a little longer, never shorter.
func ceilMicros(d time.Duration) int64 {
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}
