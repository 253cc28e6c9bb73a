package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// maxSums is how many shards are added up at the same time: of each, one answer of 1 MB is in memory.
const maxSums = 8

// sumItem is as much of a record, or of a delivery, as totals need.
type sumItem struct {
	SK, State, Brief, Code, Reason, Fate wireText

	Parts struct{ L []struct{ M sumPart } }
}

// sumPart is a part of a text, in a record or in a delivery.
type sumPart struct {
	ID, Net, Price, Code, Reason wireText

	S wireNumber
}

func (i sumItem) isDelivery() bool { return i.Fate.S != "" }

func (i sumItem) row() report.Row {
	r := report.Row{Message: campaign.Message{State: campaign.State(i.State.S), Code: i.Code.S, Reason: i.Reason.S}}
	if len(i.Parts.L) > 0 {
		r.Message.Parts = make([]sms.Part, len(i.Parts.L))
	}
	for k, p := range i.Parts.L {
		r.Message.Parts[k] = sms.Part{Network: p.M.Net.S, Price: p.M.Price.S}
	}
	return r
}

func (i sumItem) delivery() *returns.Delivery {
	d := returns.Delivery{Fate: returns.Fate(i.Fate.S), Parts: make(map[string]returns.Part, len(i.Parts.L))}
	for _, p := range i.Parts.L {
		status, _ := strconv.Atoi(p.M.S.N) // this package wrote it
		d.Parts[p.M.ID.S] = returns.Part{
			Status: sms.Delivery(status), Code: p.M.Code.S, Reason: p.M.Reason.S, Network: p.M.Net.S, Price: p.M.Price.S,
		}
	}
	return &d
}

// Sum implements report.Store: all shards, some at a time, by reads that may be a second behind.
//
// A million records with their receipts are some 400 MB: 50,000 read units, less than a cent ($0.125 a million units). What
// takes time is to send what is read, and to read it here. So of each record only its brief is asked for, and of the
// receipts those of what did not arrive. A shard where that does not tell enough is read with all receipts: where the
// provider names no price when it takes a text (Messages API), only they do. And records of former versions have no briefs.
func (s *Store) Sum(ctx context.Context, id string) (report.Sum, error) {
	var (
		mu  sync.Mutex
		all report.Sum
	)
	err := inParallel(ctx, maxSums, upTo(messageShards), func(ctx context.Context, shard int) error {
		var sum report.Sum
		err := errBrief
		for _, r := range []summing{&briefs{}, &briefs{receipts: true}, &whole{}} {
			if errors.Is(err, errBrief) {
				sum, err = s.sumShard(ctx, messagePK(id, shard), r)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all.Merge(sum)
		return err
	})
	return all, err
}

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// summing is a way to read a shard: what it asks for of each item, and how it adds items up, in the order of their keys.
type summing interface {
	asks(expression.Builder) expression.Builder
	take(sum *report.Sum, i sumItem) error
	end(sum *report.Sum)
}

// sumShard adds up one shard.
func (s *Store) sumShard(ctx context.Context, pk string, r summing) (report.Sum, error) {
	var sum report.Sum
	e, err := r.asks(expression.NewBuilder().WithKeyCondition(expression.Key(attrPK).Equal(expression.Value(pk)))).Build()
	if err != nil {
		return sum, fmt.Errorf("build a query: %w", err)
	}
	in := &dynamodb.QueryInput{
		TableName: &s.table, KeyConditionExpression: e.KeyCondition(), FilterExpression: e.Filter(),
		ProjectionExpression: e.Projection(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}
	for {
		page, err := readAs[sumItem](ctx, s.db, in)
		if err != nil {
			return sum, fmt.Errorf("query records: %w", err)
		}
		for _, item := range page.Items {
			if err := r.take(&sum, item); err != nil {
				return sum, err
			}
		}
		if in.ExclusiveStartKey = page.start(); in.ExclusiveStartKey == nil {
			r.end(&sum)
			return sum, nil
		}
	}
}

func projection(first string, others ...string) expression.ProjectionBuilder {
	names := expression.NamesList(expression.Name(first))
	for _, other := range others {
		names = names.AddNames(expression.Name(other))
	}
	return names
}

// pairs adds up rows, a delivery with the record that it stands directly behind.
type pairs struct {
	number string      // of open
	open   *report.Row // whose delivery may come next
}

func (p *pairs) record(sum *report.Sum, number string, r report.Row) {
	p.end(sum)
	p.open, p.number = &r, number
}

func (p *pairs) delivery(sum *report.Sum, key string, r report.Row) {
	if p.open != nil && p.number == strings.TrimSuffix(key, receiptSuffix) {
		r.Message, p.open = p.open.Message, nil
	}
	sum.Add(r)
}

func (p *pairs) end(sum *report.Sum) {
	if p.open != nil {
		sum.Add(*p.open)
		p.open = nil
	}
}

// briefs reads no more than briefs, with all receipts or only with those of what did not arrive.
type briefs struct {
	pairs
	receipts bool
}

func (b *briefs) asks(e expression.Builder) expression.Builder {
	if b.receipts {
		return e.WithProjection(projection(attrSK, attrBrief, "code", "reason", "fate"))
	}
	return e.WithProjection(projection(attrBrief, "code", "reason", "fate")).
		WithFilter(expression.AttributeExists(expression.Name("state")).
			Or(expression.Name("fate").Equal(expression.Value(returns.Undelivered))))
}

func (b *briefs) take(sum *report.Sum, i sumItem) error {
	read := i.recordOf
	if i.isDelivery() {
		read = i.deliveryOf
	}
	row, err := read()
	switch {
	case err != nil:
		return err
	case b.receipts && i.isDelivery():
		b.delivery(sum, i.SK.S, row)
	case b.receipts:
		b.record(sum, i.SK.S, row)
	case needsReceipts(row):
		return errBrief
	default:
		sum.Add(row)
	}
	return nil
}

// needsReceipts: what the text cost, or in which network it went, is not in its record.
func needsReceipts(r report.Row) bool {
	_, priced := r.Price()
	return r.Message.State == campaign.Accepted && (!priced || r.Network() == "")
}

// whole reads records and receipts as they are.
type whole struct{ pairs }

func (*whole) asks(e expression.Builder) expression.Builder {
	return e.WithProjection(projection(attrSK, "state", "code", "reason", "fate", "parts"))
}

func (w *whole) take(sum *report.Sum, i sumItem) error {
	if i.isDelivery() {
		w.delivery(sum, i.SK.S, report.Row{Delivery: i.delivery()})
	} else {
		w.record(sum, i.SK.S, i.row())
	}
	return nil
}
