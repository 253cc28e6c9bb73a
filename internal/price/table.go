package price

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The bounds of a Table.
const (
	// MaxPrefixes is how many prices a table may have: some 35 bytes each, so that all of them fit into one item (400 KB).
	MaxPrefixes = 5000
	// MaxPrefix is how many digits a number has at most (ITU-T E.164).
	MaxPrefix = 15
)

// Store keeps the operator's table. It may be called concurrently.
type Store interface {
	// Prices returns the table; the zero Table where there is none.
	Prices(ctx context.Context) (Table, error)
	// SetPrices stores a table in place of the one before; of the zero Table, none.
	SetPrices(ctx context.Context, t Table) error
}

// Table has the price of one segment by the number's leading digits. It is immutable, and may be used concurrently. The zero
// Table is none.
type Table struct {
	currency string
	prices   map[string]Amount
	lengths  []int // of the prefixes, the longest first
}

// Problem is one thing that is wrong with a table. Prefix is empty where it concerns the whole.
type Problem struct {
	Field, Prefix, Reason string
}

// NewTable makes a table of prices as somebody wrote them, or says everything that is wrong with it, in the order of the
// prefixes. The currency is a code of ISO 4217, of which only the form is looked at: it is the operator's word, and nothing is
// converted.
func NewTable(currency string, prices map[string]string) (Table, []Problem) {
	var problems []Problem
	if len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		problems = append(problems, Problem{Field: "currency", Reason: "must be a code of three capital letters, such as EUR (ISO 4217)"})
	}
	if n := len(prices); n == 0 || n > MaxPrefixes {
		return Table{}, append(problems, Problem{
			Field: "prices", Reason: fmt.Sprintf("has %d prices: must have 1 to %d", n, MaxPrefixes),
		})
	}
	t := Table{currency: currency, prices: make(map[string]Amount, len(prices))}
	for _, prefix := range slices.Sorted(maps.Keys(prices)) {
		amount, err := ParseAmount(prices[prefix])
		switch {
		case !digits(prefix) || prefix[0] == '0' || len(prefix) > MaxPrefix:
			problems = append(problems, Problem{Field: "prices", Prefix: prefix, Reason: fmt.Sprintf(
				"must be the leading digits of numbers in international form, without a +: 1 to %d, the first of them not 0", MaxPrefix)})
		case err != nil:
			problems = append(problems, Problem{Field: "prices", Prefix: prefix, Reason: err.Error()})
		}
		t.prices[prefix] = amount
		if !slices.Contains(t.lengths, len(prefix)) {
			t.lengths = append(t.lengths, len(prefix))
		}
	}
	if len(problems) > 0 {
		return Table{}, problems
	}
	slices.SortFunc(t.lengths, func(x, y int) int { return y - x })
	return t, nil
}

// IsSet says whether there is a table.
func (t Table) IsSet() bool { return len(t.prices) > 0 }

// Currency is the code of all prices.
func (t Table) Currency() string { return t.currency }

// Prices are all of them, as text, by prefix.
func (t Table) Prices() map[string]string {
	all := make(map[string]string, len(t.prices))
	for prefix, amount := range t.prices {
		all[prefix] = amount.String()
	}
	return all
}

// Of is the price of one segment to a number, given by its digits: that of the longest prefix. It allocates nothing.
func (t Table) Of(number []byte) (Amount, bool) {
	for _, n := range t.lengths {
		if n > len(number) {
			continue
		}
		if amount, ok := t.prices[string(number[:n])]; ok {
			return amount, true
		}
	}
	return 0, false
}
