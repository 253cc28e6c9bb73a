package template

import (
	"strconv"
	"time"
)

// block reads one mapping of a template, property by property, and notes what is wrong with it. After the last read,
// done refuses the properties that nobody asked for.
type block struct {
	where    string
	scope    *scope
	problems *problems
	fields   map[string]any
	read     map[string]bool
}

func newBlock(where string, s *scope, p *problems, fields map[string]any) *block {
	return &block{where: where, scope: s, problems: p, fields: fields, read: map[string]bool{}}
}

// value returns the property, resolved one level deep, and whether it is there at all.
func (b *block) value(name string) (any, bool) {
	b.read[name] = true
	raw, ok := b.fields[name]
	if !ok {
		return nil, false
	}
	value, err := b.scope.reduce(raw)
	if err != nil {
		b.problems.add(b.where, "%s: %w", name, err)
		return nil, false
	}
	_, absent := value.(noValue)
	return value, !absent
}

func (b *block) text(name, fallback string) string {
	value, ok := b.value(name)
	if !ok {
		return fallback
	}
	text, err := b.scope.text(value)
	if err != nil {
		b.problems.add(b.where, "%s: %w", name, err)
	}
	return text
}

// whole reads a whole number that the platform bounds by least and limit.
func (b *block) whole(name string, fallback, least, limit int) int {
	if _, ok := b.value(name); !ok {
		return fallback
	}
	text := b.text(name, "")
	number, err := strconv.Atoi(text)
	if err != nil {
		b.problems.add(b.where, "%s is %.40q, not a whole number", name, text)
		return fallback
	}
	if number < least || number > limit {
		b.problems.add(b.where, "%s is %d; it must be %d to %d", name, number, least, limit)
	}
	return number
}

func (b *block) seconds(name string, fallback, least, limit int) time.Duration {
	return time.Duration(b.whole(name, fallback, least, limit)) * time.Second
}

// only refuses any value but the one that is mirrored. An absent property counts as fallback.
func (b *block) only(name, fallback, mirrored string) {
	if text := b.text(name, fallback); text != mirrored {
		b.problems.add(b.where, "%s %.80q is not supported locally: only %q", name, text, mirrored)
	}
}

// block reads a nested mapping; an absent one is empty.
func (b *block) block(name string) *block {
	fields := map[string]any{}
	if value, ok := b.value(name); ok {
		fields = b.mapping(b.where+": "+name, value)
	}
	return newBlock(b.where+": "+name, b.scope, b.problems, fields)
}

// blocks reads a list of mappings.
func (b *block) blocks(name string) []*block {
	var all []*block
	for i, item := range b.list(name) {
		where := b.where + ": " + name + "[" + strconv.Itoa(i) + "]"
		all = append(all, newBlock(where, b.scope, b.problems, b.mapping(where, item)))
	}
	return all
}

func (b *block) mapping(where string, value any) map[string]any {
	fields, ok := value.(map[string]any)
	if !ok && value != nil {
		b.problems.add(where, "is not a mapping")
	}
	return fields
}

// list reads a list, its items resolved one level deep.
func (b *block) list(name string) []any {
	value, ok := b.value(name)
	if !ok {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		b.problems.add(b.where, "%s is not a list", name)
	}
	var items []any
	for _, raw := range list {
		item, err := b.scope.reduce(raw)
		if err != nil {
			b.problems.add(b.where, "%s: %w", name, err)
			continue
		}
		if _, absent := item.(noValue); !absent {
			items = append(items, item)
		}
	}
	return items
}

// resource reads a reference to a resource of the template: GetAtt with that attribute, or Ref where it is empty.
func (b *block) resource(name, attribute, kind string) string {
	value, _ := b.value(name)
	ref, ok := value.(reference)
	if !ok || ref.attribute != attribute || b.scope.resources[ref.id]["Type"] != kind {
		b.problems.add(b.where, "%s must refer to an %s of this template", name, kind)
		return ""
	}
	return ref.id
}

// ignore passes over properties that have no meaning on one machine; the reasons are for the reader of the list.
func (b *block) ignore(reasons map[string]string) {
	for name := range reasons {
		b.read[name] = true
	}
}

// done refuses by name what was neither read nor ignored.
func (b *block) done() {
	for _, name := range sortedKeys(b.fields) {
		if !b.read[name] {
			b.problems.add(b.where, "property %s is not supported locally", name)
		}
	}
}
