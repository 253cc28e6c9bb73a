package expression

import (
	"errors"
	"fmt"
	"slices"

	"sluice/internal/local/dynamodb/attribute"
)

// Update is a read update expression.
type Update struct {
	actions []action
}

// action changes what is at one path. REMOVE has no source.
type action struct {
	verb   string
	path   path
	source source
}

// source gives the value of an action from the item as it was before the update.
type source func(item attribute.Item) (attribute.Value, error)

var (
	errAbsent = errors.New("the provided expression refers to an attribute that does not exist in the item")
	errKind   = errors.New("an operand in the update expression has an incorrect data type")
	errPath   = errors.New("the document path provided in the update expression is invalid for update")
)

// Names lists the attributes that the update touches.
func (u *Update) Names() []string {
	var names []string
	for _, a := range u.actions {
		names = append(names, a.path[0].name)
	}
	return names
}

// Touched picks from an item what the update touches, for ReturnValues UPDATED_OLD and UPDATED_NEW.
func (u *Update) Touched() Projection {
	paths := []path{}
	for _, a := range u.actions {
		paths = append(paths, a.path)
	}
	return Projection{paths}
}

// Apply returns the item as it is after the update. The item given stays as it is, and is what every operand reads.
func (u *Update) Apply(item attribute.Item) (attribute.Item, error) {
	values := make([]attribute.Value, len(u.actions))
	for i, a := range u.actions {
		if a.source == nil {
			continue
		}
		var err error
		if values[i], err = a.source(item); err != nil {
			return nil, err
		}
	}
	changed := attribute.Value{Kind: attribute.Map, Map: item.Clone()}
	var removals []path
	for i, a := range u.actions {
		remove, err := a.apply(&changed, values[i])
		if err != nil {
			return nil, err
		}
		if remove {
			removals = append(removals, a.path)
		}
	}
	slices.SortFunc(removals, backToFront)
	for _, p := range removals {
		if err := remove(&changed, p); err != nil {
			return nil, err
		}
	}
	return changed.Map, nil
}

// apply makes the change of one action, except removals: those wait, because they move the indexes of lists.
func (a action) apply(item *attribute.Value, v attribute.Value) (remove bool, err error) {
	old, there := a.path.find(item.Map)
	switch a.verb {
	case "REMOVE":
		return true, nil
	case "ADD":
		switch {
		case !there:
		case v.Kind == attribute.Number:
			if v, err = attribute.Add(old, v, false); err != nil {
				return false, err
			}
		case old.Kind != v.Kind:
			return false, errKind
		default:
			v = attribute.Union(old, v)
		}
	case "DELETE":
		if !there {
			return false, nil
		}
		if old.Kind != v.Kind {
			return false, errKind
		}
		if v = attribute.Difference(old, v); len(v.Set) == 0 {
			return true, nil
		}
	}
	*item, err = assign(*item, a.path, v)
	return false, err
}

// assign puts v at the path inside a map or list, all but the last step of which must be there.
func assign(container attribute.Value, p path, v attribute.Value) (attribute.Value, error) {
	if len(p) == 0 {
		return v, nil
	}
	s, rest := p[0], p[1:]
	switch {
	case s.name != "" && container.Kind == attribute.Map:
		child, ok := container.Map[s.name]
		if !ok && len(rest) > 0 {
			return container, errPath
		}
		child, err := assign(child, rest, v)
		container.Map[s.name] = child
		return container, err
	case s.name == "" && container.Kind == attribute.List:
		if s.index >= len(container.List) {
			if len(rest) > 0 {
				return container, errPath
			}
			container.List = append(container.List, v) // Beyond the end means at the end.
			return container, nil
		}
		child, err := assign(container.List[s.index], rest, v)
		container.List[s.index] = child
		return container, err
	}
	return container, errPath
}

// remove takes away what is at the path, if it is there; what it is in must be.
func remove(container *attribute.Value, p path) error {
	s, rest := p[0], p[1:]
	switch {
	case s.name != "" && container.Kind == attribute.Map:
		if len(rest) == 0 {
			delete(container.Map, s.name)
			return nil
		}
		child, ok := container.Map[s.name]
		if !ok {
			return errPath
		}
		err := remove(&child, rest)
		container.Map[s.name] = child
		return err
	case s.name == "" && container.Kind == attribute.List:
		if s.index >= len(container.List) {
			if len(rest) > 0 {
				return errPath
			}
			return nil
		}
		if len(rest) == 0 {
			container.List = slices.Delete(container.List, s.index, s.index+1)
			return nil
		}
		return remove(&container.List[s.index], rest)
	}
	return errPath
}

// backToFront sorts paths so that no removal moves what a later one names.
func backToFront(p, q path) int {
	for i := range min(len(p), len(q)) {
		if p[i].name == "" && q[i].name == "" && p[i].index != q[i].index {
			return q[i].index - p[i].index
		}
	}
	return 0
}

// update reads clauses, each verb at most once.
func (p *parser) update(u *Update) error {
	seen := map[string]bool{}
	for p.peek().kind != end {
		verb := ""
		for _, known := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
			if p.accept(known) {
				verb = known
			}
		}
		if verb == "" {
			return p.syntax()
		}
		if seen[verb] {
			return fmt.Errorf("the %q section can only be used once in an update expression", verb)
		}
		seen[verb] = true
		for {
			a, err := p.action(verb)
			if err != nil {
				return err
			}
			u.actions = append(u.actions, a)
			if !p.accept(",") {
				break
			}
		}
	}
	return checkApart(u.Touched().paths)
}

func (p *parser) action(verb string) (action, error) {
	target, err := p.path()
	if err != nil || verb == "REMOVE" {
		return action{verb: verb, path: target}, err
	}
	if verb == "SET" {
		if err := p.expect("="); err != nil {
			return action{}, err
		}
		from, err := p.sum()
		return action{verb, target, from}, err
	}
	if p.peek().kind != value {
		return action{}, p.syntax()
	}
	v, err := p.scope.value(p.next().text)
	if err == nil && !v.Kind.IsSet() && (verb == "DELETE" || v.Kind != attribute.Number) {
		err = fmt.Errorf("incorrect operand type for operator or function; operator: %s, operand type: %s", verb, v.Kind)
	}
	return action{verb, target, func(attribute.Item) (attribute.Value, error) { return v, nil }}, err
}

// sum reads operand, operand + operand or operand - operand.
func (p *parser) sum() (source, error) {
	left, err := p.setOperand()
	if err != nil {
		return nil, err
	}
	subtract := p.peek().is("-")
	if !subtract && !p.peek().is("+") {
		return left, nil
	}
	p.next()
	right, err := p.setOperand()
	return both(left, right, func(a, b attribute.Value) (attribute.Value, error) {
		return attribute.Add(a, b, subtract)
	}), err
}

func both(left, right source, join func(a, b attribute.Value) (attribute.Value, error)) source {
	return func(item attribute.Item) (attribute.Value, error) {
		a, err := left(item)
		if err != nil {
			return a, err
		}
		b, err := right(item)
		if err != nil {
			return b, err
		}
		return join(a, b)
	}
}

// setOperand reads a value, a path, if_not_exists(path, operand), list_append(operand, operand) or one in parentheses.
func (p *parser) setOperand() (source, error) {
	switch {
	case p.accept("("):
		inside, err := p.sum()
		if err != nil {
			return nil, err
		}
		return inside, p.expect(")")
	case p.callAhead():
		return p.setFunction()
	case p.peek().kind == value:
		v, err := p.scope.value(p.next().text)
		return func(attribute.Item) (attribute.Value, error) { return v, nil }, err
	}
	from, err := p.path()
	return func(item attribute.Item) (attribute.Value, error) {
		v, ok := from.find(item)
		if !ok {
			return v, errAbsent
		}
		return v, nil
	}, err
}

func (p *parser) setFunction() (source, error) {
	name := p.next().text
	if name != "if_not_exists" && name != "list_append" {
		return nil, fmt.Errorf("invalid function name; function: %s", name)
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var from path
	var first source
	var err error
	if name == "if_not_exists" {
		from, err = p.path()
	} else {
		first, err = p.setOperand()
	}
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	second, err := p.setOperand()
	if err != nil {
		return nil, err
	}
	if name == "if_not_exists" {
		first = func(item attribute.Item) (attribute.Value, error) {
			if v, ok := from.find(item); ok {
				return v, nil
			}
			return second(item)
		}
		return first, p.expect(")")
	}
	return both(first, second, func(a, b attribute.Value) (attribute.Value, error) {
		if a.Kind != attribute.List || b.Kind != attribute.List {
			return a, errKind
		}
		return attribute.Value{Kind: attribute.List, List: slices.Concat(a.List, b.List)}, nil
	}), p.expect(")")
}
