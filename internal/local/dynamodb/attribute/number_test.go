package attribute_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/internal/local/dynamodb/attribute"
)

func read(t interface{ Fatal(...any) }, text string) (attribute.Value, *big.Rat) {
	var v attribute.Value
	if err := json.Unmarshal(fmt.Appendf(nil, `{"N":%q}`, text), &v); err != nil {
		t.Fatal(err)
	}
	exact, ok := new(big.Rat).SetString(v.Text)
	if !ok {
		t.Fatal(text, "became", v.Text)
	}
	return v, exact
}

// Up to 19 digits on both sides of the point, so that a sum keeps to 38.
var decimal = rapid.StringMatching(`-?[0-9]{1,18}(\.[0-9]{1,18})?`)

func TestNumbersSortAndAddAsNumbersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		textA, textB := decimal.Draw(t, "a"), decimal.Draw(t, "b")
		a, exactA := read(t, textA)
		b, exactB := read(t, textB)
		if given, _ := new(big.Rat).SetString(textA); given.Cmp(exactA) != 0 {
			t.Fatalf("%s was read as %s", textA, a.Text)
		}
		if want, got := exactA.Cmp(exactB), strings.Compare(a.Order(), b.Order()); got != want {
			t.Fatalf("%s and %s sort as %d, want %d", a.Text, b.Text, got, want)
		}
		for subtract, want := range map[bool]*big.Rat{
			false: new(big.Rat).Add(exactA, exactB), true: new(big.Rat).Sub(exactA, exactB),
		} {
			sum, err := attribute.Add(a, b, subtract)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := new(big.Rat).SetString(sum.Text); !ok || got.Cmp(want) != 0 {
				t.Fatalf("%s and %s, subtracted: %v, make %s, want %s", a.Text, b.Text, subtract, sum.Text, want.RatString())
			}
		}
	})
}

func TestAValueReadsAsItWasWritten(t *testing.T) {
	for _, text := range []string{
		`{"S":"<&>\u0000é"}`, `{"N":"-0.001"}`, `{"B":"AP8="}`, `{"B":""}`, `{"BOOL":false}`, `{"NULL":true}`, `{"L":[]}`, `{"M":{}}`,
		`{"L":[{"M":{"a":{"SS":["x","y"]}}},{"NS":["1","2"]},{"BS":["AQ==","Ag=="]}]}`,
	} {
		var v, again attribute.Value
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		written, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil || !attribute.Equal(v, again) {
			t.Errorf("%s was written as %s: %v", text, written, err)
		}
	}
}
