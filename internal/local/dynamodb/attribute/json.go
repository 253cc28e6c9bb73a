package attribute

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// maxDepth is how deep lists and maps may be nested (Developer Guide, "Constraints", Nested attribute depth).
const maxDepth = 32

// ErrValue marks a value that DynamoDB would refuse, as against JSON that cannot be read.
var ErrValue = errors.New("one or more parameter values were invalid")

// wire is the JSON form: an object with exactly one member, named by the kind.
type wire struct {
	S    *string   `json:"S,omitempty"`
	N    *string   `json:"N,omitempty"`
	B    *[]byte   `json:"B,omitempty"`
	BOOL *bool     `json:"BOOL,omitempty"`
	NULL *bool     `json:"NULL,omitempty"`
	L    *[]Value  `json:"L,omitempty"`
	M    *Item     `json:"M,omitempty"`
	SS   *[]string `json:"SS,omitempty"`
	NS   *[]string `json:"NS,omitempty"`
	BS   *[][]byte `json:"BS,omitempty"`
}

// MarshalJSON writes the value as the protocol has it.
func (v Value) MarshalJSON() ([]byte, error) {
	var w wire
	switch v.Kind {
	case String:
		w.S = &v.Text
	case Number:
		w.N = &v.Text
	case Binary:
		raw := []byte(v.Text)
		w.B = &raw
	case Bool:
		w.BOOL = &v.Truth
	case Null:
		yes := true
		w.NULL = &yes
	case List:
		list := append([]Value{}, v.List...)
		w.L = &list
	case Map:
		members := v.Map
		if members == nil {
			members = Item{}
		}
		w.M = &members
	case StringSet:
		w.SS = &v.Set
	case NumberSet:
		w.NS = &v.Set
	case BinarySet:
		raw := make([][]byte, len(v.Set))
		for i, member := range v.Set {
			raw[i] = []byte(member)
		}
		w.BS = &raw
	default:
		return nil, fmt.Errorf("write an attribute value of kind %q", v.Kind)
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads and checks a value. What DynamoDB would refuse is an ErrValue.
func (v *Value) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	read, members, err := w.value()
	if err != nil {
		return err
	}
	if members != 1 {
		return fmt.Errorf("%w: Supplied AttributeValue has %d datatypes set, must contain exactly one of the supported "+
			"datatypes", ErrValue, members)
	}
	if read.depth() > maxDepth {
		return fmt.Errorf("%w: Nesting Levels have exceeded supported limits: at most %d", ErrValue, maxDepth)
	}
	*v = read
	return nil
}

// value reads the one member that is there, and counts them.
func (w wire) value() (v Value, members int, err error) {
	take := func(there bool, read func()) {
		if there {
			members++
			read()
		}
	}
	take(w.S != nil, func() { v = Value{Kind: String, Text: *w.S} })
	take(w.N != nil, func() {
		v = Value{Kind: Number}
		v.Text, err = canonical(*w.N)
	})
	take(w.B != nil, func() { v = Value{Kind: Binary, Text: string(*w.B)} })
	take(w.BOOL != nil, func() { v = Value{Kind: Bool, Truth: *w.BOOL} })
	take(w.NULL != nil, func() {
		v = Value{Kind: Null}
		if !*w.NULL {
			err = fmt.Errorf("%w: Null attribute value types must have the value of true", ErrValue)
		}
	})
	take(w.L != nil, func() { v = Value{Kind: List, List: *w.L} })
	take(w.M != nil, func() { v = Value{Kind: Map, Map: *w.M} })
	take(w.SS != nil, func() { v, err = set(StringSet, *w.SS) })
	take(w.NS != nil, func() {
		numbers := slices.Clone(*w.NS)
		for i := range numbers {
			if numbers[i], err = canonical(numbers[i]); err != nil {
				return
			}
		}
		v, err = set(NumberSet, numbers)
	})
	take(w.BS != nil, func() {
		var raw []string
		for _, member := range *w.BS {
			raw = append(raw, string(member))
		}
		v, err = set(BinarySet, raw)
	})
	return v, members, err
}

func canonical(text string) (string, error) {
	n, err := parseNumber(text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrValue, err)
	}
	return n.String(), nil
}

func set(kind Kind, members []string) (Value, error) {
	if len(members) == 0 {
		return Value{}, fmt.Errorf("%w: An %s set may not be empty", ErrValue, kind)
	}
	sorted := slices.Sorted(slices.Values(members))
	if distinct := slices.Compact(slices.Clone(sorted)); len(distinct) != len(members) {
		return Value{}, fmt.Errorf("%w: Input collection of kind %s contains duplicates", ErrValue, kind)
	}
	return Value{Kind: kind, Set: sorted}, nil
}

func (v Value) depth() int {
	deepest := -1
	for _, element := range v.List {
		deepest = max(deepest, element.depth())
	}
	for _, element := range v.Map {
		deepest = max(deepest, element.depth())
	}
	return deepest + 1
}
