package report

import (
	"maps"
	"slices"

	"sluice/internal/campaign"
	"sluice/internal/price"
	"sluice/internal/returns"
)

// Row is what became of the text to one recipient.
type Row struct {
	Message campaign.Message
	// Delivery is what the receipts say; nil while there is none.
	Delivery *returns.Delivery
}

// Segments is how many parts the provider took, as far as it named them. By the Messages API a whole text is one.
func (r Row) Segments() int { return len(r.Message.Parts) }

// Network is the MCC-MNC of the recipient's operator: as the provider named it when it took the text, or else in a receipt;
// empty where it did not.
func (r Row) Network() string {
	for _, p := range r.Message.Parts {
		if p.Network != "" {
			return p.Network
		}
	}
	for _, p := range r.receipts() {
		if p.Network != "" {
			return p.Network
		}
	}
	return ""
}

// Price is what the text cost, all parts of it: as the provider said when it took the text, or else in its receipts; false
// where it said nothing.
func (r Row) Price() (price.Amount, bool) {
	var prices []string
	for _, p := range r.Message.Parts {
		prices = append(prices, p.Price)
	}
	if sum, known := added(prices); known {
		return sum, true
	}
	prices = prices[:0]
	for _, p := range r.receipts() {
		prices = append(prices, p.Price)
	}
	return added(prices)
}

// added is the sum of those prices that are prices, false where none is.
func added(prices []string) (price.Amount, bool) {
	var sum price.Amount
	known := false
	for _, s := range prices {
		if one, err := price.ParseAmount(s); err == nil {
			sum, known = sum+one, true
		}
	}
	return sum, known
}

// receipts are the parts that receipts told of, in the order of their ids.
func (r Row) receipts() []returns.Part {
	if r.Delivery == nil {
		return nil
	}
	parts := make([]returns.Part, 0, len(r.Delivery.Parts))
	for _, id := range slices.Sorted(maps.Keys(r.Delivery.Parts)) {
		parts = append(parts, r.Delivery.Parts[id])
	}
	return parts
}
