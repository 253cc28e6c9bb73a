package dynamostore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/sms"
)

// maxLooks is how many calls one page of records may take: more than there are shards, so that a small campaign's are there
// at once. Each evaluates 1 MB at most (DynamoDB, Query), some 3,000 recipients with their receipts.
const maxLooks = messageShards + 8

// recordPlace is where a list of records goes on: in that shard, at the first key that is not before from.
type recordPlace struct {
	shard int
	from  string
}

const (
	// firstKey sorts before every number; behind, at the end of a key, makes one that sorts directly behind it.
	firstKey = "0"
	behind   = "!"
)

// readRecordPlace reads the cursor of a page of records.
func readRecordPlace(after string) (recordPlace, error) {
	if after == "" {
		return recordPlace{from: firstKey}, nil
	}
	words, err := readCursor(after, 2)
	if err != nil {
		return recordPlace{}, err
	}
	shard, err := strconv.Atoi(words[0])
	if err != nil || shard < 0 || shard >= messageShards {
		return recordPlace{}, report.ErrCursor
	}
	return recordPlace{shard: shard, from: words[1]}, nil
}

func (p recordPlace) cursor() string { return cursor(strconv.Itoa(p.shard), p.from) }

// Records implements report.Store: shard by shard, in each by number. A campaign's list is not touched: who is in that state
// is found where the records are.
//
// What is read is paid for, whatever is found: a read unit for 4 KB, some 12 recipients with their receipts, so that a look
// through a million costs 85,000 units, one cent ($0.125 a million units).
func (s *Store) Records(ctx context.Context, id string, state campaign.State, after string, limit int,
) ([]campaign.Message, string, error) {
	at, err := readRecordPlace(after)
	if err != nil {
		return nil, "", err
	}
	var page []campaign.Message
	size := max(2*limit, minFiltered) // a record and its receipt; when those are not enough, as much as a call can
	for range maxLooks {
		found, last, err := s.recordsFrom(ctx, id, state, at, size)
		if err != nil {
			return nil, "", err
		}
		for _, e := range found {
			if len(page) == limit {
				return page, recordPlace{shard: at.shard, from: e.sk()}.cursor(), nil
			}
			item, err := decode[messageItem](attributes(e))
			if err != nil {
				return nil, "", err
			}
			page = append(page, item.message(sms.Number(e.sk())))
		}
		if len(page) == limit && last != "" { // there may be more, and to find out costs another call
			return page, recordPlace{shard: at.shard, from: last + behind}.cursor(), nil
		}
		size = 0
		if at.from = last + behind; last != "" {
			continue
		}
		if at = (recordPlace{shard: at.shard + 1, from: firstKey}); at.shard == messageShards {
			return page, "", nil
		}
	}
	return page, at.cursor(), nil
}

// recordsFrom makes one call; last is the key that it came to, empty at the end of the shard. A size of 0 is all that a call
// can.
func (s *Store) recordsFrom(ctx context.Context, id string, state campaign.State, at recordPlace, size int,
) (found []entry, last string, err error) {
	in, err := query{
		condition: expression.Key(attrPK).Equal(expression.Value(messagePK(id, at.shard))).
			And(expression.Key(attrSK).GreaterThanEqual(expression.Value(at.from))),
		filter: expression.Name("state").Equal(expression.Value(state)),
	}.input(&s.table)
	if err != nil {
		return nil, "", err
	}
	if size > 0 {
		limit := int32(size)
		in.Limit = &limit
	}
	out, err := s.db.Query(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("query records: %w", err)
	}
	for _, item := range out.Items {
		found = append(found, item)
	}
	return found, entry(out.LastEvaluatedKey).sk(), nil
}
