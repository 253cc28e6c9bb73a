package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxParameter is the longest value of a parameter, in bytes (AWS CloudFormation quotas).
const maxParameter = 4096

// pseudo parameters stand for the deployment, which has no counterpart on one machine.
func pseudo() map[string]string {
	return map[string]string{
		"AWS::AccountId": "000000000000",
		"AWS::Partition": "aws",
		"AWS::Region":    "us-east-1",
		"AWS::StackName": "local",
		"AWS::URLSuffix": "amazonaws.com",
	}
}

// parameterValues gives every parameter its value, and notes those that their own bounds refuse.
func parameterValues(definitions map[string]any, overrides map[string]string, p *problems) map[string]string {
	values := pseudo()
	for _, name := range sortedKeys(overrides) {
		_, isPseudo := values[name]
		if _, defined := definitions[name]; !defined && !isPseudo {
			p.add("parameter "+name, "the template has none of this name")
		}
	}
	maps.Copy(values, overrides)
	for _, name := range sortedKeys(definitions) {
		definition, _ := definitions[name].(map[string]any)
		value, given := values[name]
		if !given {
			value, given = definition["Default"].(string)
		}
		if !given {
			p.add("parameter "+name, "has no default and was given no value")
			continue
		}
		if err := permitted(definition, value); err != nil {
			p.add("parameter "+name, "%w", err)
		}
		values[name] = value
	}
	return values
}

// permitted holds a value to the parameter's bounds (AWS CloudFormation, Parameters: Properties). It never repeats the
// value, which may be a secret.
func permitted(definition map[string]any, value string) error {
	if len(value) > maxParameter {
		return fmt.Errorf("its value has %d bytes; the limit is %d", len(value), maxParameter)
	}
	switch definition["Type"] {
	case "String":
	case "Number":
		if err := permittedNumber(definition, value); err != nil {
			return err
		}
	default:
		return fmt.Errorf("type %v is not supported locally: only String and Number", definition["Type"])
	}
	if allowed, ok := definition["AllowedValues"].([]any); ok && !slices.Contains(allowed, any(value)) {
		return fmt.Errorf("its value is none of %v", allowed)
	}
	return permittedText(definition, value)
}

func permittedNumber(definition map[string]any, value string) error {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return errors.New("its value is no number")
	}
	if least, ok := bound(definition, "MinValue"); ok && number < least {
		return fmt.Errorf("its value is %v; the least is %v", number, least)
	}
	if most, ok := bound(definition, "MaxValue"); ok && number > most {
		return fmt.Errorf("its value is %v; the limit is %v", number, most)
	}
	return nil
}

func permittedText(definition map[string]any, value string) error {
	length := utf8.RuneCountInString(value)
	if least, ok := bound(definition, "MinLength"); ok && float64(length) < least {
		return fmt.Errorf("its value has %d characters; the least is %v", length, least)
	}
	if most, ok := bound(definition, "MaxLength"); ok && float64(length) > most {
		return fmt.Errorf("its value has %d characters; the limit is %v", length, most)
	}
	pattern, ok := definition["AllowedPattern"].(string)
	if !ok {
		return nil
	}
	whole, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return fmt.Errorf("AllowedPattern: %w", err)
	}
	if !whole.MatchString(value) {
		return fmt.Errorf("its value does not match %s", pattern)
	}
	return nil
}

func bound(definition map[string]any, name string) (float64, bool) {
	text, _ := definition[name].(string)
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}
