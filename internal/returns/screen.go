package returns

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluice/internal/optout"
	"sluice/internal/sms"
)

// Screen is what a sender of campaigns must know before it sends (campaign.Screen). It may be used concurrently.
type Screen struct {
	*optout.List
	store Store
}

// NewScreen returns a screen. now is its clock.
func NewScreen(store Store, now func() time.Time) *Screen {
	return &Screen{List: optout.NewList(store, now), store: store}
}

// Taken returns, of those of the numbers of whose text in this campaign there is a receipt, and which may still arrive or
// has, the parts.
func (s *Screen) Taken(ctx context.Context, campaignID string, numbers []sms.Number) (map[sms.Number][]sms.Part, error) {
	known, err := s.store.Deliveries(ctx, campaignID, numbers)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	taken := make(map[sms.Number][]sms.Part)
	for n, d := range known {
		if d.Fate != Undelivered {
			taken[n] = d.parts()
		}
	}
	return taken, nil
}

// parts are those that a receipt named.
func (d Delivery) parts() []sms.Part {
	var parts []sms.Part
	for _, id := range slices.Sorted(maps.Keys(d.Parts)) {
		parts = append(parts, sms.Part{MessageID: id, Network: d.Parts[id].Network, Price: d.Parts[id].Price})
	}
	return parts
}
