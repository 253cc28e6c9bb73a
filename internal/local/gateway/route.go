package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/local/lambda"
)

// Any is the method of a route that takes every method for which its path has no route of its own; Default is the path
// of the route that takes what no other does.
const (
	Any     = "ANY"
	Default = "$default"
)

// Route sends requests to a function. Path is like "/campaigns/{id}/batches"; a last segment like "{proxy+}" takes one
// or more segments.
type Route struct {
	Method  string
	Path    string
	Invoker lambda.Invoker
}

// Segments by how specific they are. The order counts.
type kind int

const (
	literal kind = iota
	variable
	greedy
)

type segment struct {
	kind kind
	text string // the literal, or the variable's name
}

type route struct {
	key      string
	method   string
	segments []segment
	invoker  lambda.Invoker
}

// methods that a route of an HTTP API may have (apigatewayv2, CreateRoute, RouteKey).
var methods = []string{Any, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

func parseRoute(r Route) (route, error) {
	parsed := route{key: r.Method + " " + r.Path, method: r.Method, invoker: r.Invoker}
	if r.Invoker == nil {
		return route{}, fmt.Errorf("route %q has no function", parsed.key)
	}
	if r.Path == Default {
		if r.Method != Any && r.Method != "" {
			return route{}, fmt.Errorf("route %q: %s takes every method", parsed.key, Default)
		}
		return route{key: Default, method: Any, segments: []segment{{greedy, ""}}, invoker: r.Invoker}, nil
	}
	if !slices.Contains(methods, r.Method) {
		return route{}, fmt.Errorf("route %q: method must be one of %s", parsed.key, strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(r.Path, "/") {
		return route{}, fmt.Errorf("route %q: path must begin with /", parsed.key)
	}
	var err error
	if parsed.segments, err = parseSegments(r.Path); err != nil {
		return route{}, fmt.Errorf("route %q: %w", parsed.key, err)
	}
	return parsed, nil
}

func parseSegments(path string) ([]segment, error) {
	parts := strings.Split(path[1:], "/")
	segments := make([]segment, len(parts))
	names := map[string]bool{}
	for i, part := range parts {
		s, err := parseSegment(part)
		if err != nil {
			return nil, err
		}
		if s.kind == greedy && i != len(parts)-1 {
			return nil, fmt.Errorf("%s must be the last segment", part)
		}
		if s.kind != literal && names[s.text] {
			return nil, fmt.Errorf("variable %q occurs twice", s.text)
		}
		names[s.text] = names[s.text] || s.kind != literal
		segments[i] = s
	}
	return segments, nil
}

func parseSegment(part string) (segment, error) {
	name, isVariable := strings.CutPrefix(part, "{")
	if !isVariable {
		if strings.ContainsAny(part, "{}*") {
			return segment{}, fmt.Errorf("segment %q is neither a literal nor one variable", part)
		}
		return segment{literal, part}, nil
	}
	name, closed := strings.CutSuffix(name, "}")
	name, isGreedy := strings.CutSuffix(name, "+")
	if !closed || name == "" || strings.ContainsAny(name, "{}*+") {
		return segment{}, fmt.Errorf("segment %q is neither a literal nor one variable", part)
	}
	if isGreedy {
		return segment{greedy, name}, nil
	}
	return segment{variable, name}, nil
}

// sortRoutes puts the more specific before the less, and refuses routes that take the same requests.
func sortRoutes(routes []route) error {
	slices.SortStableFunc(routes, compareRoutes)
	for i := 1; i < len(routes); i++ {
		if a, b := routes[i-1], routes[i]; compareRoutes(a, b) == 0 {
			return fmt.Errorf("routes %q and %q take the same requests", a.key, b.key)
		}
	}
	return nil
}

func compareRoutes(a, b route) int {
	return cmp.Or(
		slices.CompareFunc(a.segments, b.segments, func(a, b segment) int {
			if a.kind != literal || b.kind != literal {
				return cmp.Compare(a.kind, b.kind)
			}
			return strings.Compare(a.text, b.text)
		}),
		// The catch-all comes after "/{proxy+}".
		compareBool(a.key == Default, b.key == Default),
		// A method of its own comes before ANY.
		compareBool(a.method == Any, b.method == Any),
		strings.Compare(a.method, b.method),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// match returns the values of the route's variables, and whether the request is for it at all.
func (r route) match(method, path string) (variables map[string]string, ok bool) {
	if r.method != Any && r.method != method {
		return nil, false
	}
	if r.key == Default {
		return nil, true
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	variables = map[string]string{}
	for i, s := range r.segments {
		switch {
		case i >= len(parts):
			return nil, false
		case s.kind == greedy:
			variables[s.text] = strings.Join(parts[i:], "/")
			return variables, variables[s.text] != ""
		case s.kind == variable && parts[i] != "":
			variables[s.text] = parts[i]
		case s.kind == variable || s.text != parts[i]:
			return nil, false
		}
	}
	return variables, len(parts) == len(r.segments)
}
