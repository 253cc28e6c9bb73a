package expression

import (
	"errors"
	"fmt"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// KeyCondition selects a stretch of one partition.
type KeyCondition struct {
	// Hash is the value of the partition key.
	Hash attribute.Value
	// Range are the values that the condition on the sort key names, to be checked against its type.
	Range []attribute.Value
	// below and above tell for the order of a sort key whether it is before or behind the stretch.
	below, above func(order string) bool
}

// Below reports whether a sort key with this order (attribute.Value.Order) comes before the stretch.
func (k KeyCondition) Below(order string) bool { return k.below(order) }

// Above reports whether a sort key with this order comes behind the stretch.
func (k KeyCondition) Above(order string) bool { return k.above(order) }

// KeyCondition reads a key condition for the keys of a table or index; rangeKey is empty where there is none.
func (s *Scope) KeyCondition(text *string, hashKey, rangeKey string) (KeyCondition, error) {
	never := func(string) bool { return false }
	key := KeyCondition{below: never, above: never}
	if text == nil {
		return key, errors.New("either the KeyConditions or KeyConditionExpression parameter must be specified in the request")
	}
	condition, err := s.Condition("KeyConditionExpression", text)
	if err != nil {
		return key, err
	}
	parts := []Condition{condition}
	if both, ok := condition.(and); ok {
		parts = []Condition{both.left, both.right}
	}
	hashes := 0
	for _, part := range parts {
		name, operator, values, ok := simple(part)
		switch {
		case !ok:
			return key, fmt.Errorf("invalid KeyConditionExpression: Invalid operator or operand used in it")
		case name == hashKey && operator == "=":
			key.Hash = values[0]
			hashes++
		case name == hashKey:
			return key, errors.New("query key condition not supported")
		case name == rangeKey && key.Range == nil:
			key.Range = values
			key.bound(operator, values)
		default:
			return key, fmt.Errorf("query condition missed key schema element or names it twice: %s", name)
		}
	}
	if hashes != 1 {
		return key, fmt.Errorf("query condition missed key schema element: %s", hashKey)
	}
	return key, nil
}

// simple takes apart a comparison of one attribute with placeholders, of those kinds that a key allows.
func simple(c Condition) (name, operator string, values []attribute.Value, ok bool) {
	var left operand
	var right []operand
	switch c := c.(type) {
	case comparison:
		left, operator, right = c.left, c.operator, []operand{c.right}
		if _, turned := c.left.(constant); turned {
			left, right = c.right, []operand{c.left}
			operator = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
		}
	case between:
		left, operator, right = c.operand, "BETWEEN", []operand{c.low, c.high}
	case test:
		left, operator, right = c.left, c.name, []operand{c.right}
	default:
		return "", "", nil, false
	}
	at, isPath := left.(path)
	if !isPath || len(at) != 1 || operator == "" || operator == "<>" || operator == "contains" || operator == "attribute_type" {
		return "", "", nil, false
	}
	for _, o := range right {
		v, isConstant := o.(constant)
		if !isConstant || !v.Kind.Ordered() {
			return "", "", nil, false
		}
		values = append(values, v.Value)
	}
	return at[0].name, operator, values, true
}

func (k *KeyCondition) bound(operator string, values []attribute.Value) {
	low := values[0].Order()
	high := values[len(values)-1].Order()
	less := func(order string) bool { return order < low }
	more := func(order string) bool { return order > high }
	switch operator {
	case "=", "BETWEEN":
		k.below, k.above = less, more
	case "<":
		k.above = func(order string) bool { return order >= low }
	case "<=":
		k.above = more
	case ">":
		k.below = func(order string) bool { return order <= low }
	case ">=":
		k.below = less
	case "begins_with":
		k.below = less
		k.above = func(order string) bool { return order > low && !strings.HasPrefix(order, low) }
	}
}
