package attribute

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Bounds of a number (Developer Guide, "Supported data types", Number): 38 significant digits, and magnitudes from 1E-130
// to 9.99…E+125. The exponents are those of 0.d × 10^n.
const (
	maxDigits   = 38
	maxExponent = 126
	minExponent = -129
)

// number is 0.digits × 10^exponent, its digits without zeros at either end. Zero has no digits.
type number struct {
	negative bool
	digits   string
	exponent int
}

var errNumber = errors.New("the parameter cannot be converted to a numeric value")

// parseNumber reads a decimal number with an optional fraction and exponent.
func parseNumber(text string) (number, error) {
	rest := strings.TrimSpace(text)
	mantissa, power, hasPower := strings.Cut(strings.ToLower(rest), "e")
	exponent := 0
	if hasPower {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil {
			return number{}, fmt.Errorf("%w: %s", errNumber, text)
		}
	}
	n := number{negative: strings.HasPrefix(mantissa, "-")}
	if n.negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	if all == "" || strings.Trim(all, "0123456789") != "" {
		return number{}, fmt.Errorf("%w: %s", errNumber, text)
	}
	significant := strings.TrimLeft(all, "0")
	n.exponent = exponent + len(whole) - (len(all) - len(significant))
	n.digits = strings.TrimRight(significant, "0")
	return n.bounded()
}

func (n number) bounded() (number, error) {
	switch {
	case n.digits == "":
		return number{}, nil
	case len(n.digits) > maxDigits:
		return number{}, fmt.Errorf("attempting to store more than %d significant digits in a Number", maxDigits)
	case n.exponent > maxExponent:
		return number{}, errors.New("number overflow. Attempting to store a number with magnitude larger than supported range")
	case n.exponent < minExponent:
		return number{}, errors.New("number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	return n, nil
}

// String writes all digits, without an exponent.
func (n number) String() string {
	var text string
	switch {
	case n.digits == "":
		return "0"
	case n.exponent <= 0:
		text = "0." + strings.Repeat("0", -n.exponent) + n.digits
	case n.exponent >= len(n.digits):
		text = n.digits + strings.Repeat("0", n.exponent-len(n.digits))
	default:
		text = n.digits[:n.exponent] + "." + n.digits[n.exponent:]
	}
	if n.negative {
		return "-" + text
	}
	return text
}

// order is a string that sorts as the number does: the sign, then exponent and digits, mirrored for negative numbers.
func (n number) order() string {
	const negative, zero, positive = '\x00', '\x01', '\x02'
	if n.digits == "" {
		return string([]byte{zero})
	}
	code := append([]byte{positive, byte((n.exponent + 256) >> 8), byte(n.exponent + 256)}, n.digits...)
	if n.negative {
		code[0] = negative
		for i := range code[1:] {
			code[1+i] = ^code[1+i]
		}
		code = append(code, 0xFF) // A longer negative number is the smaller one.
	}
	return string(code)
}

// plus adds exactly; the sum must be in bounds.
func (n number) plus(m number) (number, error) {
	scale := min(n.scale(), m.scale())
	sum := new(big.Int).Add(n.unscaled(scale), m.unscaled(scale))
	return parseNumber(sum.String() + "e" + strconv.Itoa(scale))
}

func (n number) scale() int { return n.exponent - len(n.digits) }

// unscaled is the number as a multiple of 10^scale.
func (n number) unscaled(scale int) *big.Int {
	whole := new(big.Int)
	if n.digits != "" {
		whole.SetString(n.digits+strings.Repeat("0", n.scale()-scale), 10)
	}
	if n.negative {
		whole.Neg(whole)
	}
	return whole
}

// size approximates what a number takes: a byte for two digits, and one for the rest (Developer Guide, "Item sizes").
func (n number) size() int {
	size := (len(n.digits)+1)/2 + 1
	if n.negative {
		size++
	}
	return size
}
