package dynamostore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
)

// fragmentsLife is how long the parts of a long text are kept: longer than the provider repeats any of them.
const fragmentsLife = 3 * 24 * time.Hour

type fragmentsItem struct {
	Key        string         `dynamodbav:"key"`
	Total      int            `dynamodbav:"total"`
	First      string         `dynamodbav:"first"`
	ReceivedAt instant        `dynamodbav:"received_at"`
	Parts      []fragmentItem `dynamodbav:"parts"`
	Done       bool           `dynamodbav:"done,omitempty"`
	Version    int            `dynamodbav:"v"`
	ExpiresAt  int64          `dynamodbav:"expires_at"` // epoch seconds, as TTL wants it
}

type fragmentItem struct {
	Number int    `dynamodbav:"n"`
	ID     string `dynamodbav:"id"`
	Text   string `dynamodbav:"text"`
}

func (i fragmentsItem) fragments() returns.Fragments {
	f := returns.Fragments{
		Key: i.Key, Total: i.Total, First: i.First, ReceivedAt: i.ReceivedAt.time(), Done: i.Done, Version: i.Version,
	}
	if len(i.Parts) > 0 {
		f.Parts = make(map[int]returns.Fragment, len(i.Parts))
	}
	for _, p := range i.Parts {
		f.Parts[p.Number] = returns.Fragment{MessageID: p.ID, Text: p.Text}
	}
	return f
}

// nextOfFragments is f as its next version.
func nextOfFragments(f returns.Fragments) fragmentsItem {
	i := fragmentsItem{
		Key: f.Key, Total: f.Total, First: f.First, ReceivedAt: at(f.ReceivedAt), Done: f.Done, Version: f.Version + 1,
		ExpiresAt: f.ReceivedAt.Add(fragmentsLife).Unix(),
	}
	for _, n := range slices.Sorted(maps.Keys(f.Parts)) {
		i.Parts = append(i.Parts, fragmentItem{Number: n, ID: f.Parts[n].MessageID, Text: f.Parts[n].Text})
	}
	return i
}

// Fragments implements returns.Store.
func (s *Store) Fragments(ctx context.Context, name string) (returns.Fragments, error) {
	item, err := get[fragmentsItem](ctx, s, fragmentsKey(name))
	if errors.Is(err, campaign.ErrNotFound) {
		return returns.Fragments{Key: name}, nil
	}
	return item.fragments(), err
}
