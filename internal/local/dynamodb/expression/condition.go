package expression

import (
	"slices"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// Condition holds for an item or does not. An attribute that is absent, or of another kind than what it is compared with,
// makes a comparison false (and <> true), never an error.
type Condition interface {
	Holds(item attribute.Item) bool
}

type always struct{}

func (always) Holds(attribute.Item) bool { return true }

type and struct{ left, right Condition }

func (c and) Holds(item attribute.Item) bool { return c.left.Holds(item) && c.right.Holds(item) }

type or struct{ left, right Condition }

func (c or) Holds(item attribute.Item) bool { return c.left.Holds(item) || c.right.Holds(item) }

type not struct{ operand Condition }

func (c not) Holds(item attribute.Item) bool { return !c.operand.Holds(item) }

// operand is a path, a placeholder's value or size(path). It is absent where the item lacks it.
type operand interface {
	of(item attribute.Item) (attribute.Value, bool)
}

func (p path) of(item attribute.Item) (attribute.Value, bool) { return p.find(item) }

type constant struct{ attribute.Value }

func (c constant) of(attribute.Item) (attribute.Value, bool) { return c.Value, true }

type size struct{ operand }

func (s size) of(item attribute.Item) (attribute.Value, bool) {
	v, ok := s.operand.of(item)
	if !ok {
		return v, false
	}
	n, ok := v.Length()
	return attribute.OfInt(n), ok
}

// comparison is one of = <> < <= > >=.
type comparison struct {
	operator    string
	left, right operand
}

func (c comparison) Holds(item attribute.Item) bool {
	left, ok := c.left.of(item)
	right, also := c.right.of(item)
	if !ok || !also {
		return c.operator == "<>"
	}
	switch c.operator {
	case "=":
		return attribute.Equal(left, right)
	case "<>":
		return !attribute.Equal(left, right)
	}
	if left.Kind != right.Kind || !left.Kind.Ordered() {
		return false
	}
	order := strings.Compare(left.Order(), right.Order())
	switch c.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

type between struct{ operand, low, high operand }

func (c between) Holds(item attribute.Item) bool {
	return comparison{">=", c.operand, c.low}.Holds(item) && comparison{"<=", c.operand, c.high}.Holds(item)
}

type in struct {
	operand operand
	list    []operand
}

func (c in) Holds(item attribute.Item) bool {
	return slices.ContainsFunc(c.list, func(o operand) bool { return comparison{"=", c.operand, o}.Holds(item) })
}

// exists is attribute_exists and, negated, attribute_not_exists.
type exists struct{ operand operand }

func (c exists) Holds(item attribute.Item) bool {
	_, ok := c.operand.of(item)
	return ok
}

// test is a function of two operands that both have to be there.
type test struct {
	name        string
	left, right operand
}

func (c test) Holds(item attribute.Item) bool {
	left, ok := c.left.of(item)
	right, also := c.right.of(item)
	if !ok || !also {
		return false
	}
	switch c.name {
	case "begins_with":
		return left.HasPrefix(right)
	case "attribute_type":
		return right.Kind == attribute.String && string(left.Kind) == right.Text
	default: // contains
		if left.Kind == attribute.String || left.Kind == attribute.Binary {
			return left.Kind == right.Kind && strings.Contains(left.Text, right.Text)
		}
		return left.Has(right)
	}
}
