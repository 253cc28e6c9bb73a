package dynamostore

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"sluice/internal/optout"
	"sluice/internal/sms"
)

// suppressionItem has the mark of optout.Everyone apart, so that an import can write that one and nothing else.
type suppressionItem struct {
	Everyone *markItem  `dynamodbav:"everyone,omitempty"`
	Senders  []markItem `dynamodbav:"senders,omitempty"`
	Out      bool       `dynamodbav:"out"`
	Version  int        `dynamodbav:"v"`
}

type markItem struct {
	Scope    optout.Scope `dynamodbav:"scope,omitempty"`
	Out      bool         `dynamodbav:"out"`
	Since    instant      `dynamodbav:"since"`
	Cause    optout.Cause `dynamodbav:"cause"`
	Campaign string       `dynamodbav:"campaign,omitempty"`
}

func itemOfMark(m optout.Mark) markItem {
	return markItem{Out: m.Out, Since: at(m.Since), Cause: m.Cause, Campaign: m.Campaign}
}

func (i markItem) mark() optout.Mark {
	return optout.Mark{Out: i.Out, Since: i.Since.time(), Cause: i.Cause, Campaign: i.Campaign}
}

func (i suppressionItem) suppression(n sms.Number) optout.Suppression {
	s := optout.Suppression{Number: n, Marks: make(map[optout.Scope]optout.Mark), Version: i.Version}
	if i.Everyone != nil {
		s.Marks[optout.Everyone] = i.Everyone.mark()
	}
	for _, m := range i.Senders {
		s.Marks[m.Scope] = m.mark()
	}
	return s
}

// nextOfSuppression is s as its next version.
func nextOfSuppression(s optout.Suppression) suppressionItem {
	i := suppressionItem{Out: s.Out(), Version: s.Version + 1}
	for _, scope := range slices.Sorted(maps.Keys(s.Marks)) {
		m := itemOfMark(s.Marks[scope])
		if scope == optout.Everyone {
			i.Everyone = &m
			continue
		}
		m.Scope = scope
		i.Senders = append(i.Senders, m)
	}
	return i
}

// Suppressions implements optout.Store. Whoever sends asks for each recipient: that is one read unit of one key.
func (s *Store) Suppressions(ctx context.Context, numbers []sms.Number) (map[sms.Number]optout.Suppression, error) {
	keys := make([]key, 0, len(numbers))
	for _, n := range numbers {
		keys = append(keys, suppressionKey(n))
	}
	items, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[sms.Number]optout.Suppression, len(items))
	for _, stored := range items {
		known, err := suppressionOf(stored)
		if err != nil {
			return nil, err
		}
		found[known.Number] = known
	}
	return found, nil
}

func suppressionOf(stored attributes) (optout.Suppression, error) {
	item, err := decode[suppressionItem](stored)
	return item.suppression(sms.Number(entry(stored).sk())), err
}

// Suppress implements optout.Store.
func (s *Store) Suppress(ctx context.Context, o optout.Suppression) error {
	t := s.transaction()
	t.suppress(o)
	return t.commit(ctx)
}

func (t *transaction) suppress(o optout.Suppression) {
	t.put(suppressionKey(o.Number), nextOfSuppression(o), ofVersion(o.Version))
}

// SuppressAll implements optout.Store. It writes one mark and adds to the version, without reading: so whatever else is
// known of a number stays, also what is being written at the same time.
func (s *Store) SuppressAll(ctx context.Context, numbers []sms.Number, m optout.Mark) error {
	m.Out = true
	keys := make([]key, 0, len(numbers))
	for _, n := range numbers {
		keys = append(keys, suppressionKey(n))
	}
	return inParallel(ctx, distinct(keys), maxActions, func(ctx context.Context, some []key) error {
		t := s.transaction()
		for _, k := range some {
			t.update(update{key: k, set: expression.Set(expression.Name("everyone"), expression.Value(itemOfMark(m))).
				Set(expression.Name("out"), expression.Value(true)).Add(expression.Name(attrVersion), expression.Value(1))})
		}
		return t.commit(ctx)
	})
}

// SuppressionsAfter implements optout.Store: shard by shard, in each by number.
func (s *Store) SuppressionsAfter(ctx context.Context, after string, limit int) ([]optout.Suppression, string, error) {
	last, err := readNumberCursor(after)
	if err != nil {
		return nil, "", err
	}
	var page []optout.Suppression
	for shard := firstShard(last); shard < suppressedShards && len(page) <= limit; shard++ {
		condition := expression.Key(attrPK).Equal(expression.Value(suppressedPK(shard)))
		if last != "" && shard == firstShard(last) {
			condition = condition.And(expression.Key(attrSK).GreaterThan(expression.Value(last.Digits())))
		}
		found, err := s.query(ctx, query{
			condition: condition, filter: expression.Name("out").Equal(expression.Value(true)),
			limit: limit + 1 - len(page), // one more tells whether there is a next page
		})
		if err != nil {
			return nil, "", err
		}
		for _, e := range found {
			known, err := suppressionOf(attributes(e))
			if err != nil {
				return nil, "", err
			}
			page = append(page, known)
		}
	}
	if len(page) <= limit {
		return page, "", nil
	}
	return page[:limit], cursor(page[limit-1].Number.Digits()), nil
}

// firstShard is where the list goes on behind that number; it begins with shard 0.
func firstShard(last sms.Number) uint32 {
	if last == "" {
		return 0
	}
	return suppressedShard(last)
}
