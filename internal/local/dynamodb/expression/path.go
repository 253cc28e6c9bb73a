package expression

import (
	"fmt"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// step is one element of a document path: a name, or an index where the name is empty.
type step struct {
	name  string
	index int
}

// path is a document path; its first step is the name of an attribute.
type path []step

func (p path) String() string {
	var text []string
	for _, s := range p {
		if s.name == "" {
			text = append(text, fmt.Sprintf("[%d]", s.index))
		} else {
			text = append(text, s.name)
		}
	}
	return "[" + strings.Join(text, ", ") + "]"
}

// find returns what is at the path of the item, if there is anything.
func (p path) find(item attribute.Item) (attribute.Value, bool) {
	at := attribute.Value{Kind: attribute.Map, Map: item}
	for _, s := range p {
		var ok bool
		switch {
		case s.name != "" && at.Kind == attribute.Map:
			at, ok = at.Map[s.name]
		case s.name == "" && at.Kind == attribute.List && s.index < len(at.List):
			at, ok = at.List[s.index], true
		}
		if !ok {
			return attribute.Value{}, false
		}
	}
	return at, true
}

// overlaps reports whether one path leads through the other.
func (p path) overlaps(q path) bool {
	for i := range min(len(p), len(q)) {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// checkApart refuses paths of which one leads through another.
func checkApart(paths []path) error {
	for i, p := range paths {
		for _, q := range paths[:i] {
			if p.overlaps(q) {
				return fmt.Errorf("two document paths overlap with each other; must remove or rewrite one of these paths; "+
					"path one: %v, path two: %v", q, p)
			}
		}
	}
	return nil
}

// Projection picks attributes of an item, or parts of them. The zero value picks all.
type Projection struct{ paths []path }

// Apply returns a new item with what the projection picks; indexes of lists close up.
func (p Projection) Apply(item attribute.Item) attribute.Item {
	if p.paths == nil {
		return item
	}
	return pick(attribute.Value{Kind: attribute.Map, Map: item}, p.paths).Map
}

// pick keeps of a map or list what the paths, which are apart, lead to.
func pick(from attribute.Value, paths []path) attribute.Value {
	kept := attribute.Value{Kind: from.Kind}
	byStep := map[step][]path{}
	for _, p := range paths {
		byStep[p[0]] = append(byStep[p[0]], p[1:])
	}
	keep := func(s step, found attribute.Value) (attribute.Value, bool) {
		rest, wanted := byStep[s]
		switch {
		case !wanted:
			return found, false
		case len(rest[0]) == 0:
			return found, true
		case found.Kind != attribute.Map && found.Kind != attribute.List:
			return found, false
		}
		part := pick(found, rest)
		return part, len(part.Map)+len(part.List) > 0
	}
	if from.Kind == attribute.Map {
		kept.Map = attribute.Item{}
		for name, found := range from.Map {
			if part, ok := keep(step{name: name}, found); ok {
				kept.Map[name] = part
			}
		}
		return kept
	}
	for i, found := range from.List {
		if part, ok := keep(step{index: i}, found); ok {
			kept.List = append(kept.List, part)
		}
	}
	return kept
}
