package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

var _ returns.Store = (*Store)(nil)

type replyItem struct {
	ID         string         `dynamodbav:"id"`
	Campaign   string         `dynamodbav:"campaign,omitempty"`
	Batch      int            `dynamodbav:"batch,omitempty"`
	From       sms.Number     `dynamodbav:"sent_from"`
	To         sms.Sender     `dynamodbav:"sent_to"`
	Text       string         `dynamodbav:"text"`
	Missing    bool           `dynamodbav:"missing,omitempty"`
	Keyword    optout.Keyword `dynamodbav:"keyword,omitempty"`
	Status     returns.Status `dynamodbav:"status"`
	ReceivedAt instant        `dynamodbav:"received_at"`
	At         instant        `dynamodbav:"at,omitempty"`
	OneOff     string         `dynamodbav:"one_off,omitempty"`
	AnsweredAt instant        `dynamodbav:"answered_at,omitempty"`
	ClosedAt   instant        `dynamodbav:"closed_at,omitempty"`
	Version    int            `dynamodbav:"v"`
	dueKeys
}

func (i replyItem) reply() returns.Reply {
	return returns.Reply{
		ID: i.ID, Campaign: i.Campaign, Batch: i.Batch, From: i.From, To: i.To, Text: i.Text, Missing: i.Missing,
		Keyword: i.Keyword, Status: i.Status, ReceivedAt: i.ReceivedAt.time(), At: i.At.time(), OneOff: i.OneOff,
		AnsweredAt: i.AnsweredAt.time(), ClosedAt: i.ClosedAt.time(), Version: i.Version,
	}
}

// nextOfReply is r as its next version.
func nextOfReply(r returns.Reply) replyItem {
	i := replyItem{
		ID: r.ID, Campaign: r.Campaign, Batch: r.Batch, From: r.From, To: r.To, Text: r.Text, Missing: r.Missing,
		Keyword: r.Keyword, Status: r.Status, ReceivedAt: at(r.ReceivedAt), At: at(r.At), OneOff: r.OneOff,
		AnsweredAt: at(r.AnsweredAt), ClosedAt: at(r.ClosedAt), Version: r.Version + 1,
	}
	if r.Status == returns.Open {
		i.dueKeys = dueKeys{DueShard: openShard(r.Campaign), DueAt: at(r.ReceivedAt)}
	}
	return i
}

// Reply implements returns.Store.
func (s *Store) Reply(ctx context.Context, id string) (returns.Reply, error) {
	item, err := get[replyItem](ctx, s, replyKey(id))
	return item.reply(), err
}

// Keep implements returns.Store.
func (s *Store) Keep(ctx context.Context, r returns.Reception) error {
	t := s.transaction()
	if r.Reply != nil {
		t.put(replyKey(r.Reply.ID), nextOfReply(*r.Reply), ofVersion(0))
		t.list(*r.Reply)
	}
	if r.Suppression != nil {
		t.suppress(*r.Suppression)
	}
	if r.OneOff != nil {
		t.put(oneOffKey(r.OneOff.ID), nextOfText(*r.OneOff), ofVersion(0))
	}
	if r.Fragments != nil {
		t.put(fragmentsKey(r.Fragments.Key), nextOfFragments(*r.Fragments), ofVersion(r.Fragments.Version))
	}
	if r.Campaign != "" {
		t.add(perMinute(r.Campaign, map[time.Time]returns.Tally{r.Minute: r.Tally}))
	}
	return t.commit(ctx)
}

// list writes the entry that lists a reply. The reply itself, in the same transaction, has the condition.
func (t *transaction) list(r returns.Reply) {
	var due dueKeys
	if r.Status == returns.Open {
		due = dueKeys{DueShard: openShardOfAll(r.ID), DueAt: at(r.ReceivedAt)}
	}
	t.put(replyEntryKey(placeOf(r)), due, expression.ConditionBuilder{})
}

// Move implements returns.Store. What the reply's place follows from, its campaign and when it was received, never changes.
func (s *Store) Move(ctx context.Context, before, after returns.Reply, text *oneoff.Text, tally returns.Tally) error {
	after.Version = before.Version
	t := s.transaction()
	t.put(replyKey(before.ID), nextOfReply(after), ofVersion(before.Version))
	if (before.Status == returns.Open) != (after.Status == returns.Open) {
		t.list(after)
	}
	if text != nil {
		t.put(oneOffKey(text.ID), nextOfText(*text), ofVersion(text.Version))
	}
	if before.Campaign != "" {
		t.add(total(before.Campaign, tally))
	}
	return t.commit(ctx)
}

// Replies implements returns.Store.
func (s *Store) Replies(ctx context.Context, campaignID, after string, limit int) ([]returns.Reply, string, error) {
	last, err := readPlaceCursor(after)
	if err != nil {
		return nil, "", err
	}
	condition := expression.Key(attrPK).Equal(expression.Value(repliesPrefix + orNone(campaignID)))
	if last != nil {
		condition = condition.And(expression.Key(attrSK).LessThan(expression.Value(last.sk())))
	}
	found, err := s.query(ctx, query{condition: condition, limit: limit + 1, descending: true}) // one more tells of a next page
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		p, err := found[limit-1].place()
		if err != nil {
			return nil, "", err
		}
		next = p.cursor()
	}
	page, err := s.listed(ctx, found)
	return page, next, err
}

// place is where the reply stands whose entry this is.
func (e entry) place() (place, error) { return readPlace(e.pk(), e.sk()) }

// listed reads the replies that entries list, in their order.
func (s *Store) listed(ctx context.Context, entries []entry) ([]returns.Reply, error) {
	ids := make([]string, 0, len(entries))
	for _, e := range entries {
		p, err := e.place()
		if err != nil {
			return nil, err
		}
		ids = append(ids, p.id)
	}
	return s.repliesOf(ctx, ids)
}

// repliesOf reads replies, in the order of their ids here. One that is not there is left out.
func (s *Store) repliesOf(ctx context.Context, ids []string) ([]returns.Reply, error) {
	keys := make([]key, 0, len(ids))
	for _, id := range ids {
		keys = append(keys, replyKey(id))
	}
	items, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]returns.Reply, len(items))
	for _, stored := range items {
		item, err := decode[replyItem](stored)
		if err != nil {
			return nil, err
		}
		byID[item.ID] = item.reply()
	}
	var replies []returns.Reply
	for _, id := range ids {
		if r, ok := byID[id]; ok {
			replies = append(replies, r)
		}
	}
	return replies, nil
}
