package dynamostore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/internal/returns"
	"sluice/internal/sms"
)

// deliveryItem keeps its parts as a list: ids are the provider's, and not all that it might send can name an attribute.
type deliveryItem struct {
	Fate    returns.Fate  `dynamodbav:"fate"`
	Whole   bool          `dynamodbav:"whole,omitempty"`
	Parts   []receiptItem `dynamodbav:"parts"`
	Version int           `dynamodbav:"v"`
	// Brief, Code and Reason say what the parts do, the last two why it did not arrive: totals are read without the parts.
	Brief  string `dynamodbav:"brief"`
	Code   string `dynamodbav:"code,omitempty"`
	Reason string `dynamodbav:"reason,omitempty"`
}

type receiptItem struct {
	ID      string       `dynamodbav:"id"`
	Status  sms.Delivery `dynamodbav:"s"`
	Code    string       `dynamodbav:"code,omitempty"`
	Reason  string       `dynamodbav:"reason,omitempty"`
	Network string       `dynamodbav:"net,omitempty"`
	Price   string       `dynamodbav:"price,omitempty"`
	At      instant      `dynamodbav:"at"`
}

func (i deliveryItem) delivery(to sms.Number) returns.Delivery {
	d := returns.Delivery{To: to, Fate: i.Fate, Whole: i.Whole, Version: i.Version}
	if len(i.Parts) > 0 {
		d.Parts = make(map[string]returns.Part, len(i.Parts))
	}
	for _, p := range i.Parts {
		d.Parts[p.ID] = returns.Part{
			Status: p.Status, Code: p.Code, Reason: p.Reason, Network: p.Network, Price: p.Price, At: p.At.time(),
		}
	}
	return d
}

// nextOfDelivery is d as its next version.
func nextOfDelivery(d returns.Delivery) deliveryItem {
	i := deliveryItem{Fate: d.Fate, Whole: d.Whole, Version: d.Version + 1, Brief: briefOfReceipts(d)}
	if p, failed := d.Failure(); failed {
		i.Code, i.Reason = p.Code, p.Reason
	}
	for _, id := range slices.Sorted(maps.Keys(d.Parts)) {
		p := d.Parts[id]
		i.Parts = append(i.Parts, receiptItem{
			ID: id, Status: p.Status, Code: p.Code, Reason: p.Reason, Network: p.Network, Price: p.Price, At: at(p.At),
		})
	}
	return i
}

// Deliveries implements returns.Store.
func (s *Store) Deliveries(ctx context.Context, id string, numbers []sms.Number) (map[sms.Number]returns.Delivery, error) {
	keys := make([]key, 0, len(numbers))
	for _, n := range numbers {
		keys = append(keys, deliveryKey(id, n))
	}
	items, err := s.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[sms.Number]returns.Delivery, len(items))
	for _, stored := range items {
		item, err := decode[deliveryItem](stored)
		if err != nil {
			return nil, err
		}
		to := sms.Number(strings.TrimSuffix(entry(stored).sk(), receiptSuffix))
		found[to] = item.delivery(to)
	}
	return found, nil
}

// Fold implements returns.Store.
func (s *Store) Fold(ctx context.Context, id string, deliveries []returns.Delivery, tallies map[time.Time]returns.Tally,
) error {
	if n := len(deliveries) + len(tallies); n > returns.MaxFold {
		return fmt.Errorf("fold %d deliveries and minutes at once: at most %d", n, returns.MaxFold)
	}
	t := s.transaction()
	for _, d := range deliveries {
		t.put(deliveryKey(id, d.To), nextOfDelivery(d), ofVersion(d.Version))
	}
	t.add(perMinute(id, tallies))
	return t.commit(ctx)
}
