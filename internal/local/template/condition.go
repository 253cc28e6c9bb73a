package template

import (
	"errors"
	"fmt"
)

// decide says whether the condition of that name holds.
func (s *scope) decide(name string) (bool, error) {
	if d, ok := s.decided[name]; ok {
		if !d.done {
			return false, fmt.Errorf("condition %s refers to itself", name)
		}
		return d.value, d.err
	}
	expression, ok := s.conditions[name]
	if !ok {
		return false, fmt.Errorf("condition %q does not exist", name)
	}
	d := &decision{}
	s.decided[name] = d
	d.value, d.err = s.holds(expression)
	d.done = true
	return d.value, d.err
}

func (s *scope) holds(expression any) (bool, error) {
	m, _ := expression.(map[string]any)
	if len(m) != 1 {
		return false, errors.New("a condition is one of Condition, Equals, Not, And, Or")
	}
	for name, argument := range m {
		if name == "Condition" {
			other, _ := argument.(string)
			return s.decide(other)
		}
		list, _ := argument.([]any)
		return s.combine(name, list)
	}
	return false, nil
}

func (s *scope) combine(name string, list []any) (bool, error) {
	switch {
	case name == "Fn::Equals" && len(list) == 2:
		return s.equals(list[0], list[1])
	case name == "Fn::Not" && len(list) == 1:
		holds, err := s.holds(list[0])
		return !holds, err
	case (name == "Fn::And" || name == "Fn::Or") && len(list) >= 2:
		return s.fold(list, name == "Fn::And")
	default:
		return false, fmt.Errorf("%s with %d arguments is no condition", name, len(list))
	}
}

func (s *scope) equals(a, b any) (bool, error) {
	left, err := s.text(a)
	if err != nil {
		return false, fmt.Errorf("!Equals: %w", err)
	}
	right, err := s.text(b)
	if err != nil {
		return false, fmt.Errorf("!Equals: %w", err)
	}
	return left == right, nil
}

// fold does not stop early: a mistake in a later part is one whatever the earlier parts say.
func (s *scope) fold(list []any, and bool) (bool, error) {
	result := and
	for _, part := range list {
		holds, err := s.holds(part)
		if err != nil {
			return false, err
		}
		if holds != and {
			result = holds
		}
	}
	return result, nil
}
