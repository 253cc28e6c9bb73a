package sms_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/internal/sms"
)

func TestTemplate(t *testing.T) {
	for _, c := range []struct {
		name, text string
		variables  []string
		values     []string
		want       string
	}{
		{"an empty text", "", nil, nil, ""},
		{"a text without variables", "Hello, World!", nil, nil, "Hello, World!"},
		{"a variable", "Hello, {{first_name}}!", []string{"first_name"}, []string{"Ada"}, "Hello, Ada!"},
		{"a variable alone", "{{a}}", []string{"a"}, []string{"Ada"}, "Ada"},
		{"two side by side", "{{a}}{{b}}", []string{"a", "b"}, []string{"1", "2"}, "12"},
		{"in the order in which they first stand", "{{b}} {{a}} {{b}}", []string{"b", "a"}, []string{"1", "2"}, "1 2 1"},
		{"case does not tell them apart", "{{Name}} {{NAME}} {{name}}", []string{"name"}, []string{"Ada"}, "Ada Ada Ada"},
		{"spaces around a name", "{{ name }}{{\tname\n}}", []string{"name"}, []string{"Ada"}, "AdaAda"},
		{"a default that is not needed", "{{name|there}}", []string{"name"}, []string{"Ada"}, "Ada"},
		{"a default for an empty value", "Hello, {{name|there}}!", []string{"name"}, []string{""}, "Hello, there!"},
		{"a default for a missing value", "Hello, {{name|there}}!", []string{"name"}, nil, "Hello, there!"},
		{"an empty default", "Hello{{ name | }}!", []string{"name"}, nil, "Hello!"},
		{"spaces around a default go, those in it stay", "{{name| my  friend }}", []string{"name"}, nil, "my  friend"},
		{"a bar in a default", "{{name|a|b}}", []string{"name"}, nil, "a|b"},
		{"defaults that differ", "{{n|one}} {{n|two}}", []string{"n"}, nil, "one two"},
		{"letters of all kinds in a default", "{{name|Zoë 😀}}", []string{"name"}, nil, "Zoë 😀"},
		{"a value is no text with variables", "{{a}} {{b}}", []string{"a", "b"}, []string{"{{b}}", "{{a|x}}"}, "{{b}} {{a|x}}"},
		{"a value that completes what is around it", "{ {{a}}name}}", []string{"a"}, []string{"{{"}, "{ {{name}}"},
		{"two braces", `\{{name}}`, nil, nil, "{{name}}"},
		{"two braces alone", `\{{`, nil, nil, "{{"},
		{"three braces", `\{{{`, nil, nil, "{{{"},
		{"four braces", `\{{\{{`, nil, nil, "{{{{"},
		{"braces and a variable", `\{{{{a}}}}`, []string{"a"}, []string{"Ada"}, "{{Ada}}"},
		{"a backslash before a variable", `\\{{a}}`, []string{"a"}, []string{"Ada"}, `\Ada`},
		{"a backslash before two braces", `\\\{{a}}`, nil, nil, `\{{a}}`},
		{"two backslashes before a variable", `\\\\{{a}}`, []string{"a"}, []string{"Ada"}, `\\Ada`},
		{"backslashes elsewhere", `C:\\x\{a}\ {{a}}\`, []string{"a"}, []string{"Ada"}, `C:\\x\{a}\ Ada\`},
		{"single braces", "{name} } {", nil, nil, "{name} } {"},
		{"closing braces alone", "name}} }}", nil, nil, "name}} }}"},
		{"a brace after a variable", "{{a}}}", []string{"a"}, []string{"Ada"}, "Ada}"},
		{"a name of forty letters", "{{" + strings.Repeat("n", 40) + "}}", []string{strings.Repeat("n", 40)}, []string{"Ada"}, "Ada"},
		{"digits and underscores in a name", "{{_1a_2}}", []string{"_1a_2"}, []string{"Ada"}, "Ada"},
		{"more values than variables", "{{a}}", []string{"a"}, []string{"Ada", "Bob"}, "Ada"},
	} {
		t.Run(c.name, func(t *testing.T) {
			template, err := sms.ParseTemplate(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := template.Variables(); !slices.Equal(got, c.variables) {
				t.Errorf("variables %q, want %q", got, c.variables)
			}
			if got := template.Render(c.values); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTemplateRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		at         int
	}{
		{"braces that nothing closes", "Hello, {{name", 8},
		{"braces that one brace closes", "{{name}", 1},
		{"nothing between them", "{{}}", 1},
		{"spaces between them", "{{ }}", 1},
		{"a default without a name", "{{|there}}", 1},
		{"a name that begins with a digit", "{{1st}}", 1},
		{"a hyphen in a name", "{{first-name}}", 1},
		{"a space in a name", "{{first name}}", 1},
		{"a letter that is not of the alphabet", "{{prénom}}", 1},
		{"the Kelvin sign, which is k in lower case", "{{\u212a}}", 1},
		{"a name of 41 letters", "{{" + strings.Repeat("n", 41) + "}}", 1},
		{"three braces, of which nobody knows what is meant", "{{{name}}}", 1},
		{"a variable in a default", "{{name|{{other}}}}", 1},
		{"a brace in a default, which would end too early", "{{name|{x}}}", 1},
		{"a call", "{{call(name)}}", 1},
		{"a path", "{{user.name}}", 1},
		{"a block", "{{#if name}}x{{/if}}", 1},
		{"the place is counted in characters", "Zoë 😀 {{a}} {{", 13},
		{"escaped braces before it", `\{{ {{`, 5},
		{"doubled backslashes before it", `\\{{`, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sms.ParseTemplate(c.text)
			if want := fmt.Sprintf("(character %d)", c.at); !errors.Is(err, sms.ErrTemplate) || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("got %v, want it at %d", err, c.at)
			}
		})
	}
}

func TestTemplateHasSoManyVariablesAtMost(t *testing.T) {
	text := ""
	for i := range sms.MaxVariables {
		text += fmt.Sprintf("{{v%d}}{{V%d|x}}", i, i)
	}
	if _, err := sms.ParseTemplate(text); err != nil {
		t.Error(err)
	}
	if _, err := sms.ParseTemplate(text + "{{more}}"); err == nil || err.Error() != "has 21 variables, of which it may have 20" {
		t.Errorf("got %v", err)
	}
}

func TestTemplateSaysWhatIsMissing(t *testing.T) {
	template, err := sms.ParseTemplate("{{a|x}} {{b}} {{c|x}} {{c}} {{d}}")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"a": false, "b": true, "c": true, "d": true, "e": false} {
		if template.Needs(name) != want {
			t.Errorf("needs %s: got %t", name, !want)
		}
	}
	for _, c := range []struct {
		name   string
		values []string
		want   string
	}{
		{"all are there", []string{"1", "2", "3", "4"}, ""},
		{"one with a default is not", []string{"", "2", "3", "4"}, ""},
		{"one without", []string{"1", "", "3", "4"}, "b"},
		{"one that has a default in one place only", []string{"1", "2", "", ""}, "c"},
		{"the last", []string{"1", "2", "3"}, "d"},
		{"all", nil, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := template.Missing(c.values); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// escaped writes a text so that a template renders it.
func escaped(text string) string {
	var b strings.Builder
	backslashes := 0
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "{{") {
			b.WriteString(strings.Repeat(`\`, backslashes) + `\{{`)
			i, backslashes = i+1, 0
			continue
		}
		if text[i] != '\\' {
			backslashes = -1
		}
		backslashes++
		b.WriteByte(text[i])
	}
	return b.String()
}

func TestEveryTextCanBeWritten(t *testing.T) {
	texts := rapid.StringOf(rapid.SampledFrom([]rune(`{{{}}\\a|é😀`)))
	rapid.Check(t, func(t *rapid.T) {
		before, value, after := texts.Draw(t, "before"), texts.Draw(t, "value"), texts.Draw(t, "after")
		if strings.HasSuffix(before, "{") { // the one thing that cannot be written
			before += "a"
		}
		slashes := len(before) - len(strings.TrimRight(before, `\`))
		template, err := sms.ParseTemplate(escaped(before) + strings.Repeat(`\`, slashes) + "{{v|}}" + escaped(after))
		if err != nil {
			t.Fatal(err)
		}
		if got := template.Render([]string{value}); got != before+value+after {
			t.Fatalf("got %q, want %q", got, before+value+after)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"", "{{a}}", "{{a|b}}", `\{{a}}`, `\\{{a}}`, "{{{a}}}", "{{a", "}}{{", "{{a}}{{b}}{{A|c}}", "\xff{{a}}\xfe"} {
		f.Add(text, "Ada", "{{a}}")
	}
	f.Fuzz(func(t *testing.T, text, one, two string) {
		template, err := sms.ParseTemplate(text)
		if err != nil {
			if !strings.Contains(text, "{{") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !strings.Contains(text, "{{") && template.Render([]string{one, two}) != text {
			t.Fatalf("%q became %q", text, template.Render([]string{one, two}))
		}
		// A value stands as it is: what it holds changes nothing but its own place.
		const mark = "\x01"
		values := slices.Repeat([]string{mark}, len(template.Variables()))
		marked := template.Render(values)
		if strings.Contains(text, mark) {
			return
		}
		for i := range values {
			values[i] = one + two
		}
		if one+two != "" && template.Render(values) != strings.ReplaceAll(marked, mark, one+two) {
			t.Fatalf("%q with %q became %q", text, one+two, template.Render(values))
		}
		if (template.Missing(values) != "") && one+two != "" {
			t.Fatalf("%q misses %q", text, template.Missing(values))
		}
	})
}

func BenchmarkRender(b *testing.B) {
	template, err := sms.ParseTemplate("Dear {{first_name|customer}}, your order {{order}} is on its way. {{first_name|}}")
	if err != nil {
		b.Fatal(err)
	}
	values := []string{"Ada", "4711-0815"}
	b.ReportAllocs()
	for b.Loop() {
		template.Render(values)
	}
}
