package dynamostore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/returns"
)

// openList is the part of the due index that has the open replies of one campaign, or of all in several shards.
type openList struct {
	campaign string
	all      bool
}

func (l openList) shards() []string {
	if !l.all {
		return []string{openShard(l.campaign)}
	}
	shards := make([]string, 0, dueShards)
	for i := range dueShards {
		shards = append(shards, fmt.Sprintf("%s%d", openPrefix, i))
	}
	return shards
}

// shard is where a reply of the list stands, key what stands there.
func (l openList) shard(p place) string {
	if l.all {
		return openShardOfAll(p.id)
	}
	return openShard(l.campaign)
}

func (l openList) key(p place) key {
	if l.all {
		return replyEntryKey(p)
	}
	return replyKey(p.id)
}

// read is the place of a reply that was found in the list. Its campaign is known only where that makes a difference.
func (l openList) read(e entry) (place, error) {
	if l.all {
		return e.place()
	}
	due, err := decode[dueKeys](attributes(e))
	return place{at: due.DueAt, id: strings.TrimPrefix(e.pk(), replyPrefix), campaign: l.campaign}, err
}

// OpenReplies implements returns.Store.
func (s *Store) OpenReplies(ctx context.Context, campaignID, after string, limit int) ([]returns.Reply, string, error) {
	last, err := readPlaceCursor(after)
	if err != nil {
		return nil, "", err
	}
	list := openList{campaign: campaignID, all: campaignID == returns.All}
	var page []returns.Reply
	for len(page) <= limit { // one more tells whether there is a next page
		wanted := limit + 1 - len(page)
		places, err := s.openPlaces(ctx, list, last, wanted)
		if err != nil {
			return nil, "", err
		}
		open, err := s.stillOpen(ctx, places)
		if err != nil {
			return nil, "", err
		}
		page = append(page, open...)
		if len(places) < wanted {
			break
		}
		last = &places[len(places)-1]
	}
	if len(page) <= limit {
		return page, "", nil
	}
	return page[:limit], placeOf(page[limit-1]).cursor(), nil
}

// stillOpen reads the replies in these places, and leaves out those of which the index does not know yet that they are
// open no more.
func (s *Store) stillOpen(ctx context.Context, places []place) ([]returns.Reply, error) {
	ids := make([]string, 0, len(places))
	for _, p := range places {
		ids = append(ids, p.id)
	}
	replies, err := s.repliesOf(ctx, ids)
	return slices.DeleteFunc(replies, func(r returns.Reply) bool { return r.Status != returns.Open }), err
}

// openPlaces finds the first places behind the last one, at most limit. Of several shards, replies of the same instant
// come shard by shard: so the last place tells of each shard how far it was read.
func (s *Store) openPlaces(ctx context.Context, list openList, last *place, limit int) ([]place, error) {
	var places []place
	passed := last != nil // the shards before the last place's have nothing more of its instant
	for _, shard := range list.shards() {
		q := query{
			index: aws.String(indexDue), limit: limit,
			condition: expression.Key(attrDueShard).Equal(expression.Value(shard)),
		}
		switch dueAt := expression.Key(attrDueAt); {
		case last == nil:
		case shard == list.shard(*last):
			q.start, passed = list.key(*last).attributes(), false
			q.start[attrDueShard], q.start[attrDueAt] = text(shard), number(int64(last.at))
		case passed:
			q.condition = q.condition.And(dueAt.GreaterThan(expression.Value(last.at)))
		default:
			q.condition = q.condition.And(dueAt.GreaterThanEqual(expression.Value(last.at)))
		}
		found, err := s.query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			p, err := list.read(e)
			if err != nil {
				return nil, err
			}
			places = append(places, p)
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	return places[:min(len(places), limit)], nil
}
