package dynamostore_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/price"
)

func TestPricesAreThoseThatWereSetLast(t *testing.T) {
	s := open(t)
	is := func(want price.Table) {
		t.Helper()
		got, err := s.Prices(t.Context())
		if err != nil || got.Currency() != want.Currency() || !cmp.Equal(got.Prices(), want.Prices()) {
			t.Errorf("%d prices in %q, want %d in %q; %v", len(got.Prices()), got.Currency(), len(want.Prices()), want.Currency(), err)
		}
	}
	set := func(table price.Table) {
		t.Helper()
		if err := s.SetPrices(t.Context(), table); err != nil {
			t.Fatal(err)
		}
		is(table)
	}
	largest := make(map[string]string)
	for i := range price.MaxPrefixes {
		largest[fmt.Sprint(100_000_000_000_000+i)] = "499.99999999"
	}
	is(price.Table{})
	set(prices(t, "EUR", map[string]string{"44": "0.0412", "4477": "0.04125001", "1": "0"}))
	set(prices(t, "GBP", map[string]string{"33": "1"}))
	set(prices(t, "USD", largest)) // it fits into one item
	set(price.Table{})
	set(price.Table{})
}

func prices(t *testing.T, currency string, of map[string]string) price.Table {
	t.Helper()
	table, problems := price.NewTable(currency, of)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return table
}
