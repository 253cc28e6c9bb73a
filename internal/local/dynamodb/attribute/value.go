// Package attribute has the values of a DynamoDB item: their JSON, order, equality, arithmetic and size.
//
// Values are never changed once they are in an item; whoever changes an item makes a new one. That is what makes the
// state before a write free to keep.
package attribute

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind is the type of a value, by its name in the JSON protocol.
type Kind string

// The kinds (API Reference, AttributeValue).
const (
	String    Kind = "S"
	Number    Kind = "N"
	Binary    Kind = "B"
	Bool      Kind = "BOOL"
	Null      Kind = "NULL"
	List      Kind = "L"
	Map       Kind = "M"
	StringSet Kind = "SS"
	NumberSet Kind = "NS"
	BinarySet Kind = "BS"
)

// Value is one attribute value. Which fields count depends on the kind.
type Value struct {
	Kind  Kind
	Text  string   // String; Number in canonical form; Binary as its bytes.
	Truth bool     // Bool.
	List  []Value  // List.
	Map   Item     // Map.
	Set   []string // The sets: sorted, distinct, numbers in canonical form.
}

// Item is an item, or a map in one.
type Item map[string]Value

// OfString returns a string value.
func OfString(s string) Value { return Value{Kind: String, Text: s} }

// OfInt returns a number value.
func OfInt(n int) Value { return Value{Kind: Number, Text: fmt.Sprint(n)} }

// Equal reports whether both are of one kind and equal, lists and maps in depth.
func Equal(a, b Value) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case Bool:
		return a.Truth == b.Truth
	case List:
		return slices.EqualFunc(a.List, b.List, Equal)
	case Map:
		return EqualItems(a.Map, b.Map)
	case StringSet, NumberSet, BinarySet:
		return slices.Equal(a.Set, b.Set)
	default:
		return a.Text == b.Text
	}
}

// EqualItems reports whether both have the same attributes with equal values.
func EqualItems(a, b Item) bool {
	if len(a) != len(b) {
		return false
	}
	for name, value := range a {
		if other, ok := b[name]; !ok || !Equal(value, other) {
			return false
		}
	}
	return true
}

// Ordered reports whether values of the kind have an order: strings, numbers and binaries do.
func (k Kind) Ordered() bool { return k == String || k == Number || k == Binary }

// Order returns a string that sorts among those of its kind as the value does. Only for ordered kinds.
func (v Value) Order() string {
	if v.Kind != Number {
		return v.Text
	}
	n, err := parseNumber(v.Text)
	if err != nil {
		panic("attribute: a number was not checked: " + err.Error()) // Decoding checks every number.
	}
	return n.order()
}

// Add returns a + b, or a - b when subtract is set. Both must be numbers, and so must be the result.
func Add(a, b Value, subtract bool) (Value, error) {
	if a.Kind != Number || b.Kind != Number {
		return Value{}, errors.New("an operand in the update expression has an incorrect data type")
	}
	x, err := parseNumber(a.Text)
	if err != nil {
		return Value{}, err
	}
	y, err := parseNumber(b.Text)
	if err != nil {
		return Value{}, err
	}
	y.negative = y.negative != subtract
	sum, err := x.plus(y)
	return Value{Kind: Number, Text: sum.String()}, err
}

// Union returns the members of both sets, which must be of one kind.
func Union(a, b Value) Value {
	members := slices.Concat(a.Set, b.Set)
	slices.Sort(members)
	return Value{Kind: a.Kind, Set: slices.Compact(members)}
}

// Difference returns the members of a that are not in b. It may be empty, which no stored set is.
func Difference(a, b Value) Value {
	left := slices.DeleteFunc(slices.Clone(a.Set), func(member string) bool { return contains(b.Set, member) })
	return Value{Kind: a.Kind, Set: left}
}

// Has reports whether a set or a list has the member.
func (v Value) Has(member Value) bool {
	switch {
	case v.Kind == List:
		return slices.ContainsFunc(v.List, func(element Value) bool { return Equal(element, member) })
	case v.Kind == StringSet && member.Kind == String,
		v.Kind == NumberSet && member.Kind == Number,
		v.Kind == BinarySet && member.Kind == Binary:
		return contains(v.Set, member.Text)
	}
	return false
}

func contains(sorted []string, member string) bool {
	_, found := slices.BinarySearch(sorted, member)
	return found
}

// IsSet reports whether the kind is one of the sets.
func (k Kind) IsSet() bool { return k == StringSet || k == NumberSet || k == BinarySet }

// Clone copies lists and maps in depth.
func (v Value) Clone() Value {
	v.List = slices.Clone(v.List)
	for i := range v.List {
		v.List[i] = v.List[i].Clone()
	}
	v.Map = v.Map.Clone()
	return v
}

// Clone copies the item in depth.
func (it Item) Clone() Item {
	if it == nil {
		return nil
	}
	clone := make(Item, len(it))
	for name, value := range it {
		clone[name] = value.Clone()
	}
	return clone
}

// Length is what the function size of an expression returns; false for kinds that have none.
func (v Value) Length() (int, bool) {
	switch v.Kind {
	case String:
		return utf8.RuneCountInString(v.Text), true
	case Binary:
		return len(v.Text), true
	case List:
		return len(v.List), true
	case Map:
		return len(v.Map), true
	case StringSet, NumberSet, BinarySet:
		return len(v.Set), true
	}
	return 0, false
}

// Overhead of lists and maps, and of each of their elements (Developer Guide, "DynamoDB item sizes and formats").
const (
	documentOverhead = 3
	elementOverhead  = 1
)

// Size is what the item takes, in bytes, as limits and prices count it.
func (it Item) Size() int {
	size := 0
	for name, value := range it {
		size += len(name) + value.size()
	}
	return size
}

func (v Value) size() int {
	size := 0
	switch v.Kind {
	case Number:
		return numberSize(v.Text)
	case Bool, Null:
		return 1
	case List:
		size = documentOverhead
		for _, element := range v.List {
			size += elementOverhead + element.size()
		}
	case Map:
		size = documentOverhead + elementOverhead*len(v.Map) + v.Map.Size()
	case NumberSet:
		for _, member := range v.Set {
			size += numberSize(member)
		}
	case StringSet, BinarySet:
		for _, member := range v.Set {
			size += len(member)
		}
	default:
		return len(v.Text)
	}
	return size
}

func numberSize(text string) int {
	n, err := parseNumber(text)
	if err != nil {
		panic("attribute: a number was not checked: " + err.Error()) // Decoding checks every number.
	}
	return n.size()
}

// HasPrefix reports whether a string or binary starts with another of its kind.
func (v Value) HasPrefix(prefix Value) bool {
	return v.Kind == prefix.Kind && (v.Kind == String || v.Kind == Binary) &&
		strings.HasPrefix(v.Text, prefix.Text)
}
