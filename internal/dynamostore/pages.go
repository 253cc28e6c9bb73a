package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// pageItem is a page of recipients, in two attributes: whoever looks for duplicates needs no values.
type pageItem struct {
	Numbers []byte `dynamodbav:"numbers"`          // linesOf, gzip
	Values  []byte `dynamodbav:"values,omitempty"` // valuesOf, gzip
}

const attrNumbers = "numbers"

type refusedItem struct {
	Rows []byte `dynamodbav:"rows"` // refusalsOf, gzip
}

// writePages stores all pages of an upload. After an error some may be stored.
func (s *Store) writePages(ctx context.Context, to stack, u recipients.Upload) error {
	requests, err := pagesOf(to, u)
	if err != nil {
		return err
	}
	if err := s.writeAll(ctx, requests); err != nil {
		return fmt.Errorf("store the pages of a part: %w", err)
	}
	return nil
}

func pagesOf(to stack, u recipients.Upload) ([]types.WriteRequest, error) {
	var requests []types.WriteRequest
	p := newPacker()
	for n, page := range u.Pages {
		item, err := p.page(page)
		if err != nil {
			return nil, err
		}
		put, err := putting(to.pageKey(n), item)
		if err != nil {
			return nil, err
		}
		requests = append(requests, put)
	}
	n := 0
	for rows := range slices.Chunk(u.Refused, recipients.PageRows) {
		packed, err := p.pack(refusalsOf(rows))
		if err != nil {
			return nil, err
		}
		put, err := putting(to.refusedKey(n), refusedItem{Rows: packed})
		if err != nil {
			return nil, err
		}
		requests = append(requests, put)
		n++
	}
	return requests, nil
}

func (p packer) page(page recipients.Page) (item pageItem, err error) {
	if item.Numbers, err = p.pack(linesOf(page.Entries)); err != nil {
		return item, err
	}
	if values := valuesOf(page.Recipients); values != nil {
		item.Values, err = p.pack(values)
	}
	return item, err
}

func putting(k key, item any) (types.WriteRequest, error) {
	encoded, err := encode(k, item)
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: encoded}}, err
}

// deletePages takes the pages of an upload away, as far as possible: nothing refers to those that stay, and they cost their
// storage.
func (s *Store) deletePages(ctx context.Context, of stack, pages, refused int) {
	var requests []types.WriteRequest
	remove := func(k key) {
		requests = append(requests, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: k.attributes()}})
	}
	for n := range pages {
		remove(of.pageKey(n))
	}
	for n := range refused {
		remove(of.refusedKey(n))
	}
	_ = s.writeAll(ctx, requests)
}

func (i pageItem) entries() ([]recipients.Entry, error) {
	lines, err := unpack(i.Numbers)
	if err != nil {
		return nil, err
	}
	return entriesOf(lines)
}

func (i pageItem) recipients() ([]recipients.Recipient, error) {
	entries, err := i.entries()
	if err != nil {
		return nil, err
	}
	page := make([]recipients.Recipient, len(entries))
	for n, e := range entries {
		page[n].Number = e.Number
	}
	if i.Values == nil {
		return page, nil
	}
	values, err := unpack(i.Values)
	if err != nil {
		return nil, err
	}
	return page, readValues(values, page)
}

// How Entries reads: so many pages in a call, so many calls at a time, whose pages are kept until each has its turn.
const (
	pagesInCall = 25
	callsAtOnce = 4
)

// Entries implements recipients.Store.
func (s *Store) Entries(ctx context.Context, id string, p recipients.Part,
	visit func(page int, entries []recipients.Entry) error,
) error {
	of, err := s.stackOf(ctx, id, p)
	if err != nil {
		return err
	}
	for window := range slices.Chunk(numbered(len(of.Pages)), pagesInCall*callsAtOnce) {
		pages, err := s.entries(ctx, of.stack(id), window)
		if err != nil {
			return err
		}
		for i, n := range window {
			if len(pages[i]) != of.Pages[n] {
				return fmt.Errorf("page %d of part %d has %d rows, should have %d", n, p.Number, len(pages[i]), of.Pages[n])
			}
			if err := visit(n, pages[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func numbered(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// entries reads pages that follow one another.
func (s *Store) entries(ctx context.Context, of stack, window []int) ([][]recipients.Entry, error) {
	pages := make([][]recipients.Entry, len(window))
	err := inParallel(ctx, callsAtOnce, slices.Chunk(window, pagesInCall), func(ctx context.Context, some []int) error {
		keys := make([]key, 0, len(some))
		for _, n := range some {
			keys = append(keys, of.pageKey(n))
		}
		found, err := s.pagesUnder(ctx, keys)
		if err != nil {
			return err
		}
		for i, k := range keys {
			item, ok := found[k]
			if !ok {
				return recipients.ErrChanged
			}
			if pages[some[i]-window[0]], err = item.entries(); err != nil {
				return err
			}
		}
		return nil
	})
	return pages, err
}

// pagesUnder reads pages without their values.
func (s *Store) pagesUnder(ctx context.Context, keys []key) (map[key]pageItem, error) {
	e, err := expression.NewBuilder().WithProjection(expression.NamesList(
		expression.Name(attrPK), expression.Name(attrSK), expression.Name(attrNumbers),
	)).Build()
	if err != nil {
		return nil, fmt.Errorf("build a projection: %w", err)
	}
	want := types.KeysAndAttributes{
		ConsistentRead: aws.Bool(true), ProjectionExpression: e.Projection(), ExpressionAttributeNames: e.Names(),
	}
	for _, k := range keys {
		want.Keys = append(want.Keys, k.attributes())
	}
	items, err := s.getBatch(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	found := make(map[key]pageItem, len(items))
	for _, stored := range items {
		item, err := decode[pageItem](stored)
		if err != nil {
			return nil, err
		}
		found[key{entry(stored).pk(), entry(stored).sk()}] = item
	}
	return found, nil
}

// PageOf implements recipients.Store.
func (s *Store) PageOf(ctx context.Context, id string, p recipients.Part, page int) ([]recipients.Recipient, error) {
	of, err := s.stackOf(ctx, id, p)
	if err != nil {
		return nil, err
	}
	item, err := get[pageItem](ctx, s, of.stack(id).pageKey(page))
	if err != nil {
		return nil, s.missing(err, page, len(of.Pages))
	}
	return item.recipients()
}

// Refusals implements recipients.Store.
func (s *Store) Refusals(ctx context.Context, id string, p recipients.Part, page int) ([]recipients.Refusal, error) {
	of, err := s.stackOf(ctx, id, p)
	if err != nil {
		return nil, err
	}
	item, err := get[refusedItem](ctx, s, of.stack(id).refusedKey(page))
	if err != nil {
		return nil, s.missing(err, page, of.RefusedPages)
	}
	rows, err := unpack(item.Rows)
	if err != nil {
		return nil, err
	}
	return readRefusals(rows)
}

// missing says what it means that a page is not there: the part has none of that number, or was replaced meanwhile.
func (s *Store) missing(err error, page, pages int) error {
	switch {
	case !errors.Is(err, campaign.ErrNotFound):
		return err
	case page < pages:
		return recipients.ErrChanged
	default:
		return recipients.ErrNotFound
	}
}
