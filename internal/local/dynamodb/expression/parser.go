package expression

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// parser reads one expression by recursive descent, a function for each rule of the grammar (Developer Guide, "Condition
// and filter expressions, operators, and functions", Syntax; "Update expressions").
type parser struct {
	scope  *Scope
	tokens []token
	at     int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// accept takes the next token if it is this keyword or symbol.
func (p *parser) accept(text string) bool {
	if p.peek().is(text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(text string) error {
	if !p.accept(text) {
		return p.syntax()
	}
	return nil
}

func (p *parser) syntax() error {
	var near []string
	for i := max(0, p.at-1); i < min(len(p.tokens), p.at+2); i++ {
		near = append(near, p.tokens[i].text)
	}
	return fmt.Errorf("syntax error; token: %q, near: %q", p.peek(), strings.Join(near, " "))
}

func (p *parser) or() (Condition, error) {
	left, err := p.and()
	for err == nil && p.accept("OR") {
		var right Condition
		right, err = p.and()
		left = or{left, right}
	}
	return left, err
}

func (p *parser) and() (Condition, error) {
	left, err := p.not()
	for err == nil && p.accept("AND") {
		var right Condition
		right, err = p.not()
		left = and{left, right}
	}
	return left, err
}

func (p *parser) not() (Condition, error) {
	if p.accept("NOT") {
		operand, err := p.not()
		return not{operand}, err
	}
	if p.accept("(") {
		inside, err := p.or()
		if err != nil {
			return nil, err
		}
		return inside, p.expect(")")
	}
	if p.callAhead() && p.peek().text != "size" {
		return p.function()
	}
	return p.comparison()
}

func (p *parser) callAhead() bool {
	return p.peek().kind == word && p.tokens[p.at+1].is("(")
}

func (p *parser) comparison() (Condition, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch {
	case p.accept("BETWEEN"):
		return p.between(left)
	case p.accept("IN"):
		list, err := p.arguments(p.operand)
		return in{left, list}, err
	}
	operator := p.peek().text
	switch operator {
	case "=", "<>", "<", "<=", ">", ">=":
		p.next()
	default:
		return nil, p.syntax()
	}
	right, err := p.operand()
	if err == nil && operator != "=" && operator != "<>" {
		err = checkOrdered(operator, left, right)
	}
	return comparison{operator, left, right}, err
}

func (p *parser) between(left operand) (Condition, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect("AND"); err != nil {
		return nil, err
	}
	high, err := p.operand()
	if err != nil {
		return nil, err
	}
	lowest, isConstant := low.(constant)
	highest, isAlso := high.(constant)
	if isConstant && isAlso && lowest.Kind == highest.Kind && lowest.Kind.Ordered() && lowest.Order() > highest.Order() {
		return nil, fmt.Errorf("the BETWEEN operator requires upper bound to be greater than or equal to lower bound")
	}
	return between{left, low, high}, checkOrdered("BETWEEN", left, low, high)
}

// checkOrdered refuses constants that have no order.
func checkOrdered(operator string, operands ...operand) error {
	for _, o := range operands {
		if c, ok := o.(constant); ok && !c.Kind.Ordered() {
			return fmt.Errorf("incorrect operand type for operator or function; operator or function: %s, operand type: %s",
				operator, c.Kind)
		}
	}
	return nil
}

// arity is how many operands each function of a condition takes.
func arity(function string) int {
	switch function {
	case "attribute_exists", "attribute_not_exists":
		return 1
	case "begins_with", "contains", "attribute_type":
		return 2
	}
	return 0
}

func (p *parser) function() (Condition, error) {
	name := p.next().text
	count := arity(name)
	if count == 0 {
		return nil, fmt.Errorf("invalid function name; function: %s", name)
	}
	operands, err := p.arguments(p.operand)
	if err != nil {
		return nil, err
	}
	if len(operands) != count {
		return nil, fmt.Errorf("incorrect number of operands for operator or function; operator or function: %s, number of "+
			"operands: %d", name, len(operands))
	}
	if _, isPath := operands[0].(path); count == 1 && !isPath {
		return nil, fmt.Errorf("operator or function requires a document path; operator or function: %s", name)
	}
	switch name {
	case "attribute_exists":
		return exists{operands[0]}, nil
	case "attribute_not_exists":
		return not{exists{operands[0]}}, nil
	}
	c, isConstant := operands[1].(constant)
	wrong := name == "begins_with" && c.Kind != attribute.String && c.Kind != attribute.Binary ||
		name == "attribute_type" && c.Kind != attribute.String
	if isConstant && wrong {
		return nil, fmt.Errorf("incorrect operand type for operator or function; operator or function: %s, operand type: %s",
			name, c.Kind)
	}
	return test{name, operands[0], operands[1]}, nil
}

// arguments reads a list in parentheses.
func (p *parser) arguments(read func() (operand, error)) ([]operand, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var list []operand
	for {
		o, err := read()
		if err != nil {
			return nil, err
		}
		list = append(list, o)
		if !p.accept(",") {
			return list, p.expect(")")
		}
	}
}

func (p *parser) operand() (operand, error) {
	if p.peek().kind == value {
		v, err := p.scope.value(p.next().text)
		return constant{v}, err
	}
	if p.callAhead() {
		if name := p.next().text; name != "size" {
			return nil, fmt.Errorf("the function is not allowed to be used this way in an expression; function: %s", name)
		}
		list, err := p.arguments(p.operand)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 {
			return nil, p.syntax()
		}
		return size{list[0]}, nil
	}
	return p.path()
}

func (p *parser) paths() ([]path, error) {
	var all []path
	for {
		one, err := p.path()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		if !p.accept(",") {
			return all, checkApart(all)
		}
	}
}

func (p *parser) path() (path, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	steps := path{first}
	for {
		switch {
		case p.accept("."):
			s, err := p.name()
			if err != nil {
				return nil, err
			}
			steps = append(steps, s)
		case p.accept("["):
			index, err := strconv.Atoi(p.peek().text)
			if p.peek().kind != digits || err != nil {
				return nil, p.syntax()
			}
			p.next()
			if err := p.expect("]"); err != nil {
				return nil, err
			}
			steps = append(steps, step{index: index})
		default:
			return steps, nil
		}
	}
}

func (p *parser) name() (step, error) {
	switch t := p.peek(); t.kind {
	case alias:
		name, err := p.scope.name(p.next().text)
		return step{name: name}, err
	case word:
		if err := checkReserved(t.text); err != nil {
			return step{}, err
		}
		p.next()
		return step{name: t.text}, nil
	}
	return step{}, p.syntax()
}
