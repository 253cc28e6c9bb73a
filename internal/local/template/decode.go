package template

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	// MaxBytes is the largest template (AWS CloudFormation quotas, template body in an S3 object: 1 MB).
	MaxBytes = 1 << 20
	// maxDepth bounds recursion. Real templates stay under 20.
	maxDepth = 64
)

// decode reads YAML into maps, lists, texts and nil. Every scalar is a text, as CloudFormation takes nearly all of
// them, and a short tag becomes its long form: !Ref x is {"Ref": "x"}.
func decode(r io.Reader) (map[string]any, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("is larger than the limit of %d bytes", MaxBytes)
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document")
	}
	if len(document.Content) != 1 {
		return nil, errors.New("is empty")
	}
	value, err := plain(document.Content[0], 0)
	if err != nil {
		return nil, err
	}
	top, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("is not a mapping")
	}
	return top, nil
}

func plain(node *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: is nested deeper than the limit of %d", node.Line, maxDepth)
	}
	var value any
	var err error
	switch node.Kind {
	case yaml.MappingNode:
		value, err = mapping(node, depth)
	case yaml.SequenceNode:
		value, err = sequence(node, depth)
	case yaml.ScalarNode:
		value = scalar(node)
	default:
		// CloudFormation refuses them too (AWS CloudFormation, Template formats).
		return nil, fmt.Errorf("line %d: YAML aliases are not supported", node.Line)
	}
	if err != nil {
		return nil, err
	}
	return longForm(node.Tag, value), nil
}

func mapping(node *yaml.Node, depth int) (map[string]any, error) {
	m := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, fmt.Errorf("line %d: keys are plain texts, without merges", key.Line)
		}
		if _, double := m[key.Value]; double {
			return nil, fmt.Errorf("line %d: key %q is there twice", key.Line, key.Value)
		}
		value, err := plain(node.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		m[key.Value] = value
	}
	return m, nil
}

func sequence(node *yaml.Node, depth int) ([]any, error) {
	list := make([]any, 0, len(node.Content))
	for _, item := range node.Content {
		value, err := plain(item, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

// scalar reads the words of YAML 1.1 for true and false, which CloudFormation and SAM know and this YAML reader does
// not: so an unquoted OFF is here the mistake that it is there.
func scalar(node *yaml.Node) any {
	if node.Tag == "!!null" {
		return nil
	}
	if node.Style != 0 {
		return node.Value
	}
	switch strings.ToLower(node.Value) {
	case "true", "yes", "on":
		return "true"
	case "false", "no", "off":
		return "false"
	}
	return node.Value
}

func longForm(tag string, value any) any {
	name, short := strings.CutPrefix(tag, "!")
	if !short || name == "" || strings.HasPrefix(name, "!") {
		return value
	}
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: value}
	case "GetAtt":
		if text, ok := value.(string); ok {
			id, attribute, _ := strings.Cut(text, ".")
			value = []any{id, attribute}
		}
	}
	return map[string]any{"Fn::" + name: value}
}
