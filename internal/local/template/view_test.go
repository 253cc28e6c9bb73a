package template

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// view is the template under one choice of parameters.
type view struct {
	*stack
	read *Template
	// parameters are their definitions.
	parameters map[string]any
}

func projectText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(projectFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// definitionsIn returns the definitions of the template's parameters.
func definitionsIn(t *testing.T, text string) map[string]any {
	t.Helper()
	top, err := decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	definitions, _ := top["Parameters"].(map[string]any)
	return definitions
}

// choices are the defaults, and the corners of what the template's own bounds let an operator choose: one number or all
// of them at their least or at their limit, with concurrency reserved or not.
func choices(definitions map[string]any) []map[string]string {
	all := []map[string]string{{}}
	for _, corner := range []string{"MinValue", "MaxValue"} {
		reserving, plain := map[string]string{}, map[string]string{"ReserveConcurrency": "false"}
		for _, name := range sortedKeys(definitions) {
			if value, ok := definitions[name].(map[string]any)[corner].(string); ok {
				reserving[name], plain[name] = value, value
				all = append(all, map[string]string{name: value})
			}
		}
		all = append(all, reserving, plain)
	}
	return all
}

// newView does not mind problems that the reader notes: a rule reports them.
func newView(t *testing.T, text string, definitions map[string]any, parameters map[string]string) view {
	t.Helper()
	s, err := load(strings.NewReader(text), Options{
		Parameters: parameters,
		QueueURL:   func(name string) string { return "https://sqs/" + name },
	})
	if err != nil {
		t.Fatal(err)
	}
	return view{s, s.describe(), definitions}
}

// finds says whether the rule is broken under any choice.
func finds(t *testing.T, text string, r rule) bool {
	t.Helper()
	definitions := definitionsIn(t, text)
	for _, choice := range choices(definitions) {
		if len(r.broken(newView(t, text, definitions, choice))) > 0 {
			return true
		}
	}
	return false
}

// ofType returns the logical ids of the resources of that type.
func (v view) ofType(kind string) []string {
	var ids []string
	for _, id := range sortedKeys(v.scope.resources) {
		if v.kind(id) == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// raw returns the resource's property at that path as it is written; nil when there is none.
func (v view) raw(id string, path ...string) any {
	var value any = v.properties(id).fields
	for _, name := range path {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	return value
}

// value is raw with everything in it resolved.
func (v view) value(id string, path ...string) any { return v.resolve(v.raw(id, path...)) }

func (v view) resolve(value any) any {
	value, err := v.scope.reduce(value)
	if err != nil {
		return err.Error()
	}
	switch value := value.(type) {
	case map[string]any:
		fields := map[string]any{}
		for name, field := range value {
			fields[name] = v.resolve(field)
		}
		return fields
	case []any:
		var items []any
		for _, item := range value {
			items = append(items, v.resolve(item))
		}
		return items
	default:
		return value
	}
}

func statements(document any) []map[string]any {
	fields, _ := document.(map[string]any)
	var all []map[string]any
	for _, item := range list(fields["Statement"]) {
		statement, _ := item.(map[string]any)
		all = append(all, statement)
	}
	return all
}

// list is for what may be one thing or a list of them.
func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	default:
		return []any{value}
	}
}

// referred returns the logical ids of the resources in a list.
func referred(value any) []string {
	var ids []string
	for _, item := range list(value) {
		ref, _ := item.(reference)
		ids = append(ids, ref.id)
	}
	return ids
}

func (v view) eachConsumer(check func(Function, Queue) string) []string {
	var broken []string
	for _, f := range v.read.Functions {
		if f.Queue == nil {
			continue
		}
		if problem := check(f, v.queueOf(f.Queue.QueueLogicalID)); problem != "" {
			broken = append(broken, f.LogicalID+": "+problem)
		}
	}
	return broken
}

func (v view) queueOf(id string) Queue {
	for _, q := range v.read.Queues {
		if q.LogicalID == id {
			return q
		}
	}
	return Queue{}
}

// ownResource checks that each function refers, at that path, to a resource of that type that no other function has.
func (v view) ownResource(kind, attribute string, path ...string) []string {
	var broken []string
	owners := map[string]string{}
	for _, f := range v.read.Functions {
		ref, _ := v.value(f.LogicalID, path...).(reference)
		if v.kind(ref.id) != kind || ref.attribute != attribute || owners[ref.id] != "" {
			broken = append(broken, fmt.Sprintf("%s: %v is no %s of its own", f.LogicalID, path, kind))
		}
		owners[ref.id] = f.LogicalID
	}
	return broken
}
