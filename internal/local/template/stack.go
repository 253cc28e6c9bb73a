package template

import (
	"fmt"
	"io"
	"path"
)

// Resource types that are mirrored. All others are ignored with a reason or refused.
const (
	typeFunction = "AWS::Serverless::Function"
	typeAPI      = "AWS::Serverless::HttpApi"
	typeQueue    = "AWS::SQS::Queue"
	typeTable    = "AWS::DynamoDB::Table"
)

const transformSAM = "AWS::Serverless-2016-10-31"

// stack is a decoded template with its parameters and conditions settled.
type stack struct {
	scope    *scope
	problems *problems
	options  Options
	// globals are the properties that every function takes over.
	globals map[string]any
	// names are the local names of functions, queues and tables, by logical id.
	names map[string]string
}

func load(r io.Reader, options Options) (*stack, error) {
	top, err := decode(r)
	if err != nil {
		return nil, err
	}
	p := &problems{seen: map[string]bool{}}
	s := &stack{problems: p, options: options, names: map[string]string{}}
	s.scope = &scope{decided: map[string]*decision{}, attribute: noAttribute}
	sections := newBlock("template", s.scope, p, top)
	sections.ignore(ignoredSections())
	sections.only("Transform", "", transformSAM)
	s.scope.parameters = parameterValues(sections.block("Parameters").fields, options.Parameters, p)
	s.scope.conditions = sections.block("Conditions").fields
	s.scope.resources = s.existing(sections.block("Resources").fields)
	s.globals = s.globalsOfFunctions(sections.block("Globals"))
	sections.done()
	s.nameAll()
	s.scope.attribute = s.attribute
	return s, nil
}

// existing returns the resources whose condition holds, or that have none.
func (s *stack) existing(all map[string]any) map[string]map[string]any {
	resources := map[string]map[string]any{}
	for _, id := range sortedKeys(all) {
		fields, ok := all[id].(map[string]any)
		if !ok {
			s.problems.add(id, "is not a mapping")
			continue
		}
		if name, conditional := fields["Condition"].(string); conditional {
			exists, err := s.scope.decide(name)
			if err != nil {
				s.problems.add(id, "%w", err)
			}
			if !exists {
				continue
			}
		}
		resources[id] = fields
	}
	return resources
}

func (s *stack) globalsOfFunctions(globals *block) map[string]any {
	functions := globals.block("Function").fields
	globals.done()
	return functions
}

// nameAll settles all names before anything can refer to them; hence no name is made of another resource's.
func (s *stack) nameAll() {
	for _, id := range sortedKeys(s.scope.resources) {
		b := s.properties(id)
		switch s.kind(id) {
		case typeFunction:
			s.names[id] = path.Base(path.Clean(b.text("CodeUri", id)))
		case typeQueue:
			s.names[id] = b.text("QueueName", id)
		case typeTable:
			s.names[id] = b.text("TableName", id)
		}
	}
}

func noAttribute(r reference) (string, error) {
	return "", fmt.Errorf("refers to %s where only parameters are known", r.id)
}

func (s *stack) kind(id string) string {
	kind, _ := s.scope.resources[id]["Type"].(string)
	return kind
}

// properties opens a resource's properties, a function's with the globals merged in.
func (s *stack) properties(id string) *block {
	fields, _ := s.scope.resources[id]["Properties"].(map[string]any)
	if s.kind(id) == typeFunction {
		fields, _ = merge(s.globals, fields).(map[string]any)
	}
	return newBlock(id, s.scope, s.problems, fields)
}

// merge lays a function's own value over the global one: mappings are merged, lists joined with the global items
// first, all else replaced (AWS SAM, Globals section of the template).
func merge(global, own any) any {
	switch own := own.(type) {
	case map[string]any:
		base, ok := global.(map[string]any)
		if !ok || isIntrinsic(base) || isIntrinsic(own) {
			return own
		}
		merged := map[string]any{}
		for name, value := range base {
			merged[name] = value
		}
		for name, value := range own {
			merged[name] = merge(base[name], value)
		}
		return merged
	case []any:
		base, _ := global.([]any)
		return append(append([]any{}, base...), own...)
	default:
		return own
	}
}

func isIntrinsic(v any) bool {
	_, _, ok := intrinsic(v)
	return ok
}

// attribute gives what a reference to a resource stands for locally.
func (s *stack) attribute(r reference) (string, error) {
	name, kind := s.names[r.id], s.kind(r.id)
	switch {
	case kind == typeQueue && (r.attribute == "" || r.attribute == "QueueUrl"):
		if s.options.QueueURL == nil {
			return "", fmt.Errorf("the URL of queue %s is not known here", r.id)
		}
		return s.options.QueueURL(name), nil
	case kind == typeQueue && r.attribute == "QueueName",
		(kind == typeTable || kind == typeFunction) && r.attribute == "":
		return name, nil
	case kind == typeQueue && r.attribute == "Arn":
		return s.arn("sqs", name), nil
	case kind == typeTable && r.attribute == "Arn":
		return s.arn("dynamodb", "table/"+name), nil
	case kind == typeFunction && r.attribute == "Arn":
		return s.arn("lambda", "function:"+name), nil
	case r.attribute == "":
		return "", fmt.Errorf("!Ref of %s (%s) has no value locally", r.id, kind)
	default:
		return "", fmt.Errorf("attribute %s of %s (%s) has no value locally", r.attribute, r.id, kind)
	}
}

func (s *stack) arn(service, resource string) string {
	p := s.scope.parameters
	return "arn:" + p["AWS::Partition"] + ":" + service + ":" + p["AWS::Region"] + ":" + p["AWS::AccountId"] + ":" + resource
}
