package dynamostore

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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

// maxSuppressing is how many opt-outs SuppressAll writes at a time: one in each shard. At 5 ms a write that is 12,800 a
// second, three times what a new table takes.
const maxSuppressing = suppressedShards

// SuppressAll implements optout.Store. It writes one mark and adds to the version, without reading: so whatever else is
// known of a number stays, also what is being written at the same time. A write that is repeated because its answer was
// lost adds twice, which is no harm: a version only must not stay the same.
//
// Each number is a write of its own: in a transaction it would cost two units and not one, and no batch call of DynamoDB
// updates what may not be there.
func (s *Store) SuppressAll(ctx context.Context, numbers []sms.Number, m optout.Mark) error {
	m.Out = true
	e, err := update{set: expression.Set(expression.Name("everyone"), expression.Value(itemOfMark(m))).
		Set(expression.Name("out"), expression.Value(true)).
		Add(expression.Name(attrVersion), expression.Value(1))}.build()
	if err != nil {
		return err
	}
	return inParallel(ctx, maxSuppressing, dealt(numbers), func(ctx context.Context, n sms.Number) error {
		return s.retry(ctx, func() error {
			_, err := s.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &s.table, Key: suppressionKey(n).attributes(), UpdateExpression: e.Update(),
				ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
			}, patient)
			return err
		})
	})
}

// patient: many writes at once are throttled now and then, and one that is so at each of its tries would end them all.
func patient(o *dynamodb.Options) { o.RetryMaxAttempts = maxTries }

// dealt yields each number once, shard by shard in turn: one that stays in a shard for long is as slow as one partition,
// and a list that was read from here comes in that order.
func dealt(numbers []sms.Number) iter.Seq[sms.Number] {
	var shards [suppressedShards][]sms.Number
	most := 0
	for _, n := range slices.Compact(slices.Sorted(slices.Values(numbers))) {
		i := suppressedShard(n)
		shards[i] = append(shards[i], n)
		most = max(most, len(shards[i]))
	}
	return func(yield func(sms.Number) bool) {
		for row := range most {
			for _, shard := range shards {
				if row < len(shard) && !yield(shard[row]) {
					return
				}
			}
		}
	}
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
