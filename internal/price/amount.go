// Package price is what texts cost by the operator's own table: exact decimal amounts, and the price of one segment by the
// leading digits of a number.
package price

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a sum of money in units of 10^-8 of a currency, which it does not know. Vonage names prices with eight decimals
// (SMS API, `message-price`), so nothing is rounded.
//
// A price is at most MaxPrice, and no text has more than MaxSegments segments, so that the sum over MaxTexts texts, 4.9e18,
// is less than an int64 holds (9.2e18).
type Amount int64

// The bounds of what is added up.
const (
	// MaxPrice is the most that one segment may cost.
	MaxPrice = 500 * one
	// MaxSegments is how many segments the longest text has: 3,200 characters of two code units each, 33 to a part.
	MaxSegments = 97
	// MaxTexts is how many texts a sum is of at most: a list of recipients.
	MaxTexts = 1_000_000

	decimals = 8
	one      = Amount(100_000_000)
	// shown is how many decimals an amount is written with at least: prices of texts are fractions of a cent.
	shown = 4
)

// A sum within the bounds does not overflow: this does not compile where it would.
const _ = int64(math.MaxInt64 - MaxTexts*MaxSegments*MaxPrice)

// ErrAmount says what an amount must look like.
var ErrAmount = errors.New("must be a decimal such as 0.0412: digits, and at most 8 of them behind a point")

// ParseAmount reads an amount: digits, and behind a point more, of which those behind the eighth are zeros; no sign,
// exponent, space or leading zero. The
// error is ErrAmount, or says that it is more than MaxPrice.
func ParseAmount(s string) (Amount, error) {
	whole, fraction, pointed := strings.Cut(s, ".")
	if pointed && !digits(fraction) {
		return 0, ErrAmount
	}
	fraction = strings.TrimRight(fraction, "0")
	if !digits(whole) || len(fraction) > decimals || len(whole) > 1 && whole[0] == '0' {
		return 0, ErrAmount
	}
	units, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil || Amount(units) > MaxPrice {
		return 0, fmt.Errorf("must be at most %s", MaxPrice)
	}
	return Amount(units), nil
}

// String has four decimals, or as many more as it takes to say all: 0.0400, 123.4500, 0.04125.
func (a Amount) String() string {
	sign, units := "", uint64(a)
	if a < 0 {
		sign, units = "-", -units
	}
	fraction := fmt.Sprintf("%0*d", decimals, units%uint64(one))
	rest := strings.TrimRight(fraction[shown:], "0")
	return fmt.Sprintf("%s%d.%s%s", sign, units/uint64(one), fraction[:shown], rest)
}

// Times is the price of n segments.
func (a Amount) Times(n int) Amount { return a * Amount(n) }

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
