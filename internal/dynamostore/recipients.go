package dynamostore

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// pageSize is how many recipients an item holds: some 5 KB when packed, so that a write unit carries 200 of them.
const pageSize = 1000

type pageItem struct {
	Numbers []byte `dynamodbav:"numbers"` // one a line, gzip
}

// Recipients implements campaign.Store. Lists never change, so what was read once is kept.
func (s *Store) Recipients(ctx context.Context, id string, from, to int) ([]sms.Number, error) {
	list := make([]sms.Number, 0, to-from)
	for page := from / pageSize; page*pageSize < to; page++ {
		numbers, err := s.page(ctx, id, page)
		if err != nil {
			return nil, fmt.Errorf("read page %d of the list: %w", page, err)
		}
		first := max(from-page*pageSize, 0)
		last := min(to-page*pageSize, pageSize)
		if last > len(numbers) {
			return nil, fmt.Errorf("page %d of the list ends at %d, wanted to %d: %w",
				page, len(numbers), last, campaign.ErrNotFound)
		}
		list = append(list, numbers[first:last]...)
	}
	return list, nil
}

func (s *Store) page(ctx context.Context, id string, page int) ([]sms.Number, error) {
	k := pageKey(id, page)
	if numbers, ok := s.pages.get(k); ok {
		return numbers, nil
	}
	item, err := get[pageItem](ctx, s, k)
	if err != nil {
		return nil, err
	}
	numbers, err := unpack(item.Numbers)
	if err != nil {
		return nil, err
	}
	s.pages.put(k, numbers)
	return numbers, nil
}

func (s *Store) writePages(ctx context.Context, id string, list []sms.Number) error {
	var requests []types.WriteRequest
	page := 0
	for part := range slices.Chunk(list, pageSize) {
		packed, err := pack(part)
		if err != nil {
			return err
		}
		item, err := encode(pageKey(id, page), pageItem{Numbers: packed})
		if err != nil {
			return err
		}
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
		page++
	}
	if err := s.writeAll(ctx, requests); err != nil {
		return fmt.Errorf("store the recipients: %w", err)
	}
	return nil
}

func (s *Store) deletePages(ctx context.Context, id string, recipients int) error {
	var requests []types.WriteRequest
	for page := 0; page*pageSize < recipients; page++ {
		requests = append(requests, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: pageKey(id, page).attributes()}})
	}
	if err := s.writeAll(ctx, requests); err != nil {
		return fmt.Errorf("delete the recipients of a campaign that was not made: %w", err)
	}
	return nil
}

func pack(list []sms.Number) ([]byte, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for _, n := range list {
		if _, err := io.WriteString(w, n.Digits()+"\n"); err != nil {
			return nil, fmt.Errorf("pack recipients: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack recipients: %w", err)
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte) ([]sms.Number, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack recipients: %w", err)
	}
	lines, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack recipients: %w", err)
	}
	list := make([]sms.Number, 0, pageSize)
	for line := range strings.Lines(string(lines)) {
		list = append(list, sms.Number(strings.TrimSuffix(line, "\n")))
	}
	return list, nil
}

// pageCache keeps the pages that were read last: a sender reads each page once and not once a chunk.
type pageCache struct {
	mu    sync.Mutex
	pages map[key][]sms.Number
	order []key // oldest first
}

const maxPages = 32

func newPageCache() *pageCache { return &pageCache{pages: make(map[key][]sms.Number)} }

func (c *pageCache) get(k key) ([]sms.Number, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	numbers, ok := c.pages[k]
	return numbers, ok
}

func (c *pageCache) put(k key, numbers []sms.Number) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.pages[k]; !ok {
		c.order = append(c.order, k)
	}
	c.pages[k] = numbers
	if len(c.order) > maxPages {
		delete(c.pages, c.order[0])
		c.order = c.order[1:]
	}
}
