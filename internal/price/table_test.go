package price_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/internal/price"
)

func table(t testing.TB, prices map[string]string) price.Table {
	t.Helper()
	made, problems := price.NewTable("EUR", prices)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return made
}

func TestTheLongestPrefixHasThePrice(t *testing.T) {
	prices := table(t, map[string]string{"44": "0.04", "4477": "0.05", "447700900001": "1", "1": "0.01", "336": "0.065"})
	for number, want := range map[string]string{
		"447700900002": "0.0500", "447700900001": "1.0000", "447600900001": "0.0400", "12025550100": "0.0100",
		"33612345678": "0.0650", "33712345678": "none", "4915112345678": "none", "4": "none", "44": "0.0400", "": "none",
	} {
		amount, ok := prices.Of([]byte(number))
		if got := amount.String(); ok && got != want || !ok && want != "none" {
			t.Errorf("%s costs %s (%v), want %s", number, got, ok, want)
		}
	}
	if _, ok := (price.Table{}).Of([]byte("447700900001")); ok || (price.Table{}).IsSet() {
		t.Error("no table has a price")
	}
}

func TestEverythingWrongWithATableIsNamed(t *testing.T) {
	many := make(map[string]string)
	for i := range price.MaxPrefixes + 1 {
		many[fmt.Sprint(10_000+i)] = "1"
	}
	for name, c := range map[string]struct {
		currency string
		prices   map[string]string
		want     string
	}{
		"nothing":          {"", nil, "currency prices"},
		"small letters":    {"eur", map[string]string{"44": "1"}, "currency"},
		"no letters":       {"€€€", map[string]string{"44": "1"}, "currency"},
		"too many":         {"EUR", many, "prices"},
		"bad amounts":      {"EUR", map[string]string{"44": "1,5", "45": "", "46": "1001", "47": "0"}, "prices:44 prices:45 prices:46"},
		"bad prefixes":     {"EUR", map[string]string{"+44": "1", "044": "1", "": "1", "1234567890123456": "1"}, "prices: prices:+44 prices:044 prices:1234567890123456"},
		"all that it can":  {"EURO", map[string]string{"x": "y"}, "currency prices:x"},
		"nothing is wrong": {"GBP", map[string]string{"123456789012345": "0.00000001"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			made, problems := price.NewTable(c.currency, c.prices)
			var wrong []string
			for _, p := range problems {
				at := p.Field
				if strings.HasPrefix(p.Reason, "must be the leading") || p.Prefix != "" {
					at += ":" + p.Prefix
				}
				wrong = append(wrong, at)
			}
			if got := strings.Join(wrong, " "); got != c.want || made.IsSet() != (c.want == "") {
				t.Errorf("wrong are %q, want %q; set: %v", got, c.want, made.IsSet())
			}
		})
	}
}

// The longest match agrees with a search through all prefixes.
func TestTheLongestMatchIsThatOfASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching("[1-3][1-3]{0,9}")
		prices := rapid.MapOfN(number, rapid.Just("1"), 1, 30).Draw(t, "prices")
		i := 0
		for prefix := range prices {
			i++
			prices[prefix] = fmt.Sprint(i)
		}
		made, problems := price.NewTable("EUR", prices)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		to, longest := number.Draw(t, "number"), ""
		for prefix := range prices {
			if strings.HasPrefix(to, prefix) && len(prefix) > len(longest) {
				longest = prefix
			}
		}
		amount, ok := made.Of([]byte(to))
		if ok != (longest != "") || ok && amount.String() != prices[longest]+".0000" {
			t.Fatalf("%s costs %s (%v), want the price of %q", to, amount, ok, longest)
		}
	})
}

func TestLookingUpAPriceAllocatesNothing(t *testing.T) {
	prices, number := table(t, map[string]string{"44": "0.04", "4477": "0.05", "1": "1"}), []byte("447700900001")
	if n := testing.AllocsPerRun(100, func() { prices.Of(number) }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}
