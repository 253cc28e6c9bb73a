package dynamostore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/returns"
)

type tallyItem struct {
	Delivered   int `dynamodbav:"delivered"`
	Undelivered int `dynamodbav:"undelivered"`
	Replied     int `dynamodbav:"replied"`
	Open        int `dynamodbav:"open"`
	Answered    int `dynamodbav:"answered"`
	Closed      int `dynamodbav:"closed"`
	OptedOut    int `dynamodbav:"opted_out"`
}

// adding is the update that adds what is not zero.
func adding(t returns.Tally) expression.UpdateBuilder {
	var set expression.UpdateBuilder
	for _, field := range []struct {
		name string
		by   int
	}{
		{"delivered", t.Delivered}, {"undelivered", t.Undelivered}, {"replied", t.Replied}, {"open", t.Open},
		{"answered", t.Answered}, {"closed", t.Closed}, {"opted_out", t.OptedOut},
	} {
		if field.by != 0 {
			set = set.Add(expression.Name(field.name), expression.Value(field.by))
		}
	}
	return set
}

// total is what adds a tally to a campaign's total, in one shard of it.
func total(id string, t returns.Tally) map[key]returns.Tally {
	return map[key]returns.Tally{totalKey(id, rand.N(totalShards)): t}
}

// perMinute is what adds tallies to their minutes, and all of them to the total.
func perMinute(id string, tallies map[time.Time]returns.Tally) map[key]returns.Tally {
	var sum returns.Tally
	shard := rand.N(minuteShards)
	all := make(map[key]returns.Tally)
	for minute, t := range tallies {
		k := minuteKey(id, minute, shard)
		all[k], sum = all[k].Plus(t), sum.Plus(t)
	}
	all[totalKey(id, rand.N(totalShards))] = sum
	return all
}

// Total implements returns.Store.
func (s *Store) Total(ctx context.Context, id string) (returns.Tally, error) {
	var sum returns.Tally
	found, err := s.query(ctx, query{
		limit: totalShards,
		condition: expression.Key(attrPK).Equal(expression.Value(campaignPrefix + id)).
			And(expression.KeyBeginsWith(expression.Key(attrSK), totalPrefix)),
	})
	if err != nil {
		return sum, err
	}
	for _, e := range found {
		item, err := decode[tallyItem](attributes(e))
		if err != nil {
			return sum, err
		}
		sum = sum.Plus(returns.Tally(item))
	}
	return sum, nil
}

// Minutes implements returns.Store. The shards of a minute lie together, so a minute is whole where another one follows, or
// where as many shards were found as the minutes could have.
func (s *Store) Minutes(ctx context.Context, id string, from time.Time, limit int) ([]returns.Minute, error) {
	found, err := s.query(ctx, query{
		limit: limit * minuteShards,
		condition: expression.Key(attrPK).Equal(expression.Value(campaignPrefix + id)).
			And(expression.Key(attrSK).Between(expression.Value(minuteSK(from)), expression.Value(minutePrefix+"~"))),
	})
	if err != nil {
		return nil, err
	}
	var minutes []returns.Minute
	for _, e := range found {
		at, err := minuteOf(e.sk())
		if err != nil {
			return nil, err
		}
		item, err := decode[tallyItem](attributes(e))
		if err != nil {
			return nil, err
		}
		if last := len(minutes) - 1; last < 0 || !minutes[last].At.Equal(at) {
			minutes = append(minutes, returns.Minute{At: at})
		}
		m := &minutes[len(minutes)-1]
		m.Tally = m.Tally.Plus(returns.Tally(item))
	}
	return minutes[:min(len(minutes), limit)], nil
}

func minuteOf(sk string) (time.Time, error) {
	written, _, _ := strings.Cut(strings.TrimPrefix(sk, minutePrefix), "#")
	at, err := time.Parse(minuteFormat, written)
	if err != nil {
		return at, fmt.Errorf("read a minute's key: %w", err)
	}
	return at, nil
}
