package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

// What a process keeps of lists: pages, of which the largest take 600 KB and those of bare numbers 50, and indexes, of which
// that of a million recipients takes some 200 KB.
const (
	maxPages     = 32
	maxPageRoom  = 8 << 20
	maxIndexes   = 8
	maxIndexRoom = 8 << 20
)

type indexItem struct {
	Index []byte `dynamodbav:"index"` // indexOf, gzip; the digests are the names of uploads
}

// sealed is a sealed list: its campaign, and where its recipients stand.
type sealed struct {
	campaign string
	indexed  bool
	index    recipients.Index
}

// Recipients implements campaign.Store. Lists never change, so what was read once is kept.
func (s *Store) Recipients(ctx context.Context, l recipients.List, from, to, until int) ([]recipients.Recipient, error) {
	x, err := s.sealed(ctx, l, max(to, until))
	if err != nil {
		return nil, fmt.Errorf("read the index of the list: %w", err)
	}
	list := make([]recipients.Recipient, 0, max(0, to-from))
	for _, span := range x.index.Locate(from, to) {
		page, err := s.page(ctx, x, span.Leaf)
		if err != nil {
			return nil, fmt.Errorf("read page %d of part %d: %w", span.Leaf.Page, span.Leaf.Part, err)
		}
		if span.To > len(page) {
			return nil, fmt.Errorf("page %d of part %d ends at %d, wanted to %d: %w",
				span.Leaf.Page, span.Leaf.Part, len(page), span.To, campaign.ErrNotFound)
		}
		list = append(list, page[span.From:span.To]...)
	}
	if len(list) < to-from {
		return nil, fmt.Errorf("the list ends at %d, wanted to %d: %w", x.index.Len(), to, campaign.ErrNotFound)
	}
	s.readAhead(ctx, x, to, min(until, to+ahead*(to-from)))
	return list, nil
}

// ahead is how many calls of the same size early the next page is asked for.
const ahead = 2

// readAhead begins to read the page that is wanted next, if it is another one.
func (s *Store) readAhead(ctx context.Context, x sealed, from, to int) {
	for _, span := range x.index.Locate(from, to) {
		k := x.pageKey(span.Leaf)
		if !s.pages.has(k) {
			s.pages.ahead(ctx, k, s.readingPage(x, span.Leaf))
			return
		}
	}
}

func (s *Store) sealed(ctx context.Context, l recipients.List, n int) (sealed, error) {
	x := sealed{campaign: l.Campaign, indexed: l.Indexed}
	if !l.Indexed {
		x.index = recipients.Even(n)
		return x, nil
	}
	var err error
	x.index, err = s.indexes.get(ctx, indexKey(l.Campaign), func(ctx context.Context) (volume[recipients.Index], error) {
		return s.readIndex(ctx, l.Campaign)
	})
	return x, err
}

func (s *Store) readIndex(ctx context.Context, id string) (v volume[recipients.Index], err error) {
	item, err := get[indexItem](ctx, s, indexKey(id))
	if err != nil {
		return v, err
	}
	packed, err := unpack(item.Index)
	if err != nil {
		return v, err
	}
	v.value, err = readIndex(packed)
	v.bytes = len(packed) + len(v.value.Leaves())*leafBytes
	return v, err
}

// What a leaf with its end, a recipient and a value take in memory, about, besides their texts.
const (
	leafBytes      = 80
	recipientBytes = 40
	valueBytes     = 16
)

func (x sealed) pageKey(l recipients.Leaf) key {
	return stack{campaign: x.campaign, part: l.Part, upload: l.Digest}.pageKey(l.Page)
}

// page returns the recipients of a page who are in the list.
func (s *Store) page(ctx context.Context, x sealed, l recipients.Leaf) ([]recipients.Recipient, error) {
	return s.pages.get(ctx, x.pageKey(l), s.readingPage(x, l))
}

func (s *Store) readingPage(x sealed, l recipients.Leaf) reading[[]recipients.Recipient] {
	return func(ctx context.Context) (v volume[[]recipients.Recipient], err error) {
		item, err := get[pageItem](ctx, s, x.pageKey(l))
		if x.indexed && errors.Is(err, campaign.ErrNotFound) {
			return v, errors.New("a page that the index names is not there")
		}
		if err != nil {
			return v, err
		}
		page, err := item.recipients()
		if err != nil {
			return v, err
		}
		v.value = l.Kept(page)
		for _, r := range page {
			v.bytes += recipientBytes + len(r.Number)
			for _, value := range r.Values {
				v.bytes += valueBytes + len(value)
			}
		}
		return v, nil
	}
}
