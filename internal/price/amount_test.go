package price_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"sluice/internal/price"
)

func TestAmountsAreReadStrictlyAndWrittenPlainly(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0.0000", "0.04": "0.0400", "0.0412": "0.0412", "0.04120000": "0.0412", "0.04125": "0.04125",
		"0.00000001": "0.00000001", "12": "12.0000", "499.99999999": "499.99999999", "500": "500.0000", "0.0300000000": "0.0300", "0.1": "0.1000",
	} {
		if got, err := price.ParseAmount(text); err != nil || got.String() != want {
			t.Errorf("%q is %s, want %s; %v", text, got, want, err)
		}
	}
	for _, text := range []string{
		"", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1e3", "1,5", "00.5", "01", "0x1", "1_000", "0.123456789", "1.2.3", "NaN", "٤",
	} {
		if got, err := price.ParseAmount(text); !errors.Is(err, price.ErrAmount) {
			t.Errorf("%q is read as %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"500.00000001", "501", "99999999999999999999999999"} {
		if got, err := price.ParseAmount(text); err == nil || errors.Is(err, price.ErrAmount) {
			t.Errorf("%q is read as %s, %v", text, got, err)
		}
	}
}

func TestAmountsBelowZeroAreWritten(t *testing.T) {
	if got := price.Amount(-4_125_000).String(); got != "-0.04125" {
		t.Errorf("it is %s", got)
	}
}

// The largest sum there is does not overflow, and sums are as exact as the decimals of big.Rat.
func TestSumsAreExact(t *testing.T) {
	if sum := price.MaxPrice.Times(price.MaxSegments) * price.MaxTexts; sum.String() != "48500000000.0000" {
		t.Errorf("the largest sum is %s", sum)
	}
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(0, int64(price.MaxPrice)), 1, 100).Draw(t, "prices")
		sum, exact := price.Amount(0), new(big.Rat)
		for _, units := range amounts {
			n := rapid.IntRange(1, price.MaxSegments).Draw(t, "segments")
			read, err := price.ParseAmount(price.Amount(units).String())
			if err != nil || read != price.Amount(units) {
				t.Fatalf("%d is written as %s and read as %d, %v", units, price.Amount(units), read, err)
			}
			sum += read.Times(n)
			exact.Add(exact, new(big.Rat).Mul(big.NewRat(units, 100_000_000), big.NewRat(int64(n), 1)))
		}
		if got, ok := new(big.Rat).SetString(sum.String()); !ok || got.Cmp(exact) != 0 {
			t.Fatalf("the sum is %s, want %s", sum, exact.FloatString(8))
		}
	})
}
