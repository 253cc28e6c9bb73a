package expression

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// Scope has the placeholders of one request, and remembers which of them its expressions used.
type Scope struct {
	names  map[string]string
	values attribute.Item
	used   map[string]bool
}

// NewScope returns the scope of a request with these ExpressionAttributeNames and ExpressionAttributeValues.
func NewScope(names map[string]string, values attribute.Item) *Scope {
	return &Scope{names, values, map[string]bool{}}
}

// Condition reads a condition or a filter. A nil text is a condition that always holds.
func (s *Scope) Condition(kind string, text *string) (Condition, error) {
	if text == nil {
		return always{}, nil
	}
	var condition Condition
	err := s.parse(kind, *text, func(p *parser) (err error) {
		condition, err = p.or()
		return err
	})
	return condition, err
}

// Update reads an update expression. A nil text changes nothing.
func (s *Scope) Update(text *string) (*Update, error) {
	update := &Update{}
	if text == nil {
		return update, nil
	}
	err := s.parse("UpdateExpression", *text, func(p *parser) error { return p.update(update) })
	return update, err
}

// Projection reads a projection. A nil text projects the whole item.
func (s *Scope) Projection(text *string) (Projection, error) {
	if text == nil {
		return Projection{}, nil
	}
	var paths []path
	err := s.parse("ProjectionExpression", *text, func(p *parser) (err error) {
		paths, err = p.paths()
		return err
	})
	return Projection{paths}, err
}

// Done says which placeholders no expression used, or whose names are none.
func (s *Scope) Done() error {
	for what, placeholders := range map[string][]string{
		"ExpressionAttributeNames":  slices.Sorted(maps.Keys(s.names)),
		"ExpressionAttributeValues": slices.Sorted(maps.Keys(s.values)),
	} {
		sigil := "#"
		if what == "ExpressionAttributeValues" {
			sigil = ":"
		}
		for _, placeholder := range placeholders {
			if len(placeholder) < 2 || !strings.HasPrefix(placeholder, sigil) {
				return fmt.Errorf("%s contains invalid key: Syntax error; key: \"%s\"", what, placeholder)
			}
			if !s.used[placeholder] {
				return fmt.Errorf("value provided in %s unused in expressions: keys: {%s}", what, placeholder)
			}
		}
	}
	return nil
}

func (s *Scope) parse(kind, text string, read func(*parser) error) error {
	p := &parser{scope: s, tokens: lex(text)}
	err := errors.New("the expression can not be empty")
	if p.peek().kind != end {
		err = read(p)
	}
	if err == nil && p.peek().kind != end {
		err = p.syntax()
	}
	if err != nil {
		return fmt.Errorf("invalid %s: %w", kind, err)
	}
	return nil
}

func (s *Scope) name(placeholder string) (string, error) {
	name, ok := s.names[placeholder]
	if !ok {
		return "", fmt.Errorf("an expression attribute name used in the document path is not defined; attribute name: %s",
			placeholder)
	}
	s.used[placeholder] = true
	return name, nil
}

func (s *Scope) value(placeholder string) (attribute.Value, error) {
	v, ok := s.values[placeholder]
	if !ok {
		return v, fmt.Errorf("an expression attribute value used in expression is not defined; attribute value: %s",
			placeholder)
	}
	s.used[placeholder] = true
	return v, nil
}
