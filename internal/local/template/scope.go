package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxText bounds what Sub and Join may grow to. Lambda's whole environment is 4 KB.
const maxText = 64 << 10

// reference is what Ref (no attribute) or GetAtt of a resource yields, before anybody asks for it as a text.
type reference struct{ id, attribute string }

// noValue is what Ref of AWS::NoValue yields: the property that holds it is as if absent.
type noValue struct{}

// scope is what names in a template stand for.
type scope struct {
	parameters map[string]string
	conditions map[string]any
	// decided holds the conditions already known. One that is in it while it is being decided refers to itself.
	decided map[string]*decision
	// resources are those that exist, their conditions being true.
	resources map[string]map[string]any
	// attribute turns a reference into a text.
	attribute func(reference) (string, error)
}

type decision struct {
	done  bool
	value bool
	err   error
}

// reduce resolves v if it is an intrinsic function, and returns it as it is if not: its parts stay unresolved. The
// result is nil, a text, a list, a map, a reference or noValue.
func (s *scope) reduce(v any) (any, error) {
	name, argument, ok := intrinsic(v)
	if !ok {
		return v, nil
	}
	switch name {
	case "Ref":
		return s.ref(argument)
	case "Fn::GetAtt":
		return s.getAtt(argument)
	case "Fn::Sub":
		return s.sub(argument)
	case "Fn::Join":
		return s.join(argument)
	case "Fn::If":
		return s.choose(argument)
	default:
		return nil, fmt.Errorf("%s is not supported locally", name)
	}
}

func intrinsic(v any) (name string, argument any, ok bool) {
	m, isMap := v.(map[string]any)
	if !isMap || len(m) != 1 {
		return "", nil, false
	}
	for name, argument = range m {
		ok = name == "Ref" || strings.HasPrefix(name, "Fn::")
	}
	return name, argument, ok
}

// text resolves v to a text.
func (s *scope) text(v any) (string, error) {
	v, err := s.reduce(v)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case reference:
		return s.attribute(v)
	default:
		return "", errors.New("is not a text")
	}
}

func (s *scope) ref(argument any) (any, error) {
	name, _ := argument.(string)
	if name == "AWS::NoValue" {
		return noValue{}, nil
	}
	if value, ok := s.parameters[name]; ok {
		return value, nil
	}
	if _, ok := s.resources[name]; ok {
		return reference{id: name}, nil
	}
	return nil, fmt.Errorf("!Ref of %q: no such parameter or resource", name)
}

func (s *scope) getAtt(argument any) (any, error) {
	parts, _ := argument.([]any)
	if len(parts) != 2 {
		return nil, errors.New("!GetAtt takes a resource and an attribute")
	}
	id, _ := parts[0].(string)
	attribute, _ := parts[1].(string)
	if _, ok := s.resources[id]; !ok || attribute == "" {
		return nil, fmt.Errorf("!GetAtt of %q: no such resource, or no attribute named", id)
	}
	return reference{id, attribute}, nil
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (s *scope) sub(argument any) (any, error) {
	pattern, ok := argument.(string)
	own := map[string]any{}
	if parts, isList := argument.([]any); isList && len(parts) == 2 {
		pattern, ok = parts[0].(string)
		own, _ = parts[1].(map[string]any)
	}
	if !ok {
		return nil, errors.New("!Sub takes a text, or a text and its variables")
	}
	var out strings.Builder
	rest := 0
	known := map[string]string{} // each once: nested variables would multiply
	for _, at := range placeholder.FindAllStringSubmatchIndex(pattern, -1) {
		out.WriteString(pattern[rest:at[0]])
		rest = at[1]
		name := pattern[at[2]:at[3]]
		if _, ok := known[name]; !ok {
			value, err := s.placeholder(name, own)
			if err != nil {
				return nil, fmt.Errorf("!Sub: %w", err)
			}
			known[name] = value
		}
		out.WriteString(known[name])
		if out.Len() > maxText {
			break
		}
	}
	out.WriteString(pattern[rest:])
	return bounded(out.String())
}

func (s *scope) placeholder(name string, own map[string]any) (string, error) {
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if value, ok := own[name]; ok {
		return s.text(value)
	}
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return s.text(map[string]any{"Fn::GetAtt": []any{id, attribute}})
	}
	return s.text(map[string]any{"Ref": name})
}

func (s *scope) join(argument any) (any, error) {
	parts, _ := argument.([]any)
	if len(parts) != 2 {
		return nil, errors.New("!Join takes a separator and a list")
	}
	separator, isText := parts[0].(string)
	list, isList := parts[1].([]any)
	if !isText || !isList {
		return nil, errors.New("!Join takes a separator and a list")
	}
	var out strings.Builder
	for i, item := range list {
		text, err := s.text(item)
		if err != nil {
			return nil, fmt.Errorf("!Join: %w", err)
		}
		if i > 0 {
			out.WriteString(separator)
		}
		out.WriteString(text)
		if out.Len() > maxText {
			break
		}
	}
	return bounded(out.String())
}

func bounded(text string) (any, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("a text grows beyond the limit of %d bytes", maxText)
	}
	return text, nil
}

func (s *scope) choose(argument any) (any, error) {
	parts, _ := argument.([]any)
	if len(parts) != 3 {
		return nil, errors.New("!If takes a condition and two values")
	}
	name, _ := parts[0].(string)
	yes, err := s.decide(name)
	if err != nil {
		return nil, err
	}
	if yes {
		return s.reduce(parts[1])
	}
	return s.reduce(parts[2])
}
