package main_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// paste does what a person does with a printed command: it gives it to a shell, or, where there is no curl, sends what
// the command says.
func paste(t *testing.T, command string, answer any) {
	t.Helper()
	if !hasCurl() {
		send(t, command, answer)
		return
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, command)
	}
	decode(t, out, answer)
}

func hasCurl() bool {
	_, curl := exec.LookPath("curl")
	_, shell := exec.LookPath("sh")
	return curl == nil && shell == nil
}

// send sends the request that a curl command stands for.
func send(t *testing.T, command string, answer any) {
	t.Helper()
	r, err := request(command)
	must(t, err)
	fetch(t, r, http.StatusCreated, answer)
}

// request reads the few of curl's options that the platform prints.
func request(command string) (*http.Request, error) {
	words, err := split(command)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 || words[0] != "curl" {
		return nil, fmt.Errorf("%q is no curl command", command)
	}
	var url, body string
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}} // what -d makes it (curl(1))
	for i := 1; i < len(words); i++ {
		word := words[i]
		if (word == "-H" || word == "-d") && i+1 == len(words) {
			return nil, fmt.Errorf("%s is the last word", word)
		}
		switch {
		case word == "-sS":
		case word == "-H":
			i++
			name, value, _ := strings.Cut(words[i], ":")
			header.Set(name, strings.TrimSpace(value))
		case word == "-d":
			i++
			body = words[i]
		case strings.HasPrefix(word, "-") || url != "":
			return nil, fmt.Errorf("%q is not understood", word)
		default:
			url = word
		}
	}
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	return r, nil
}

// split cuts a command into its words, as a shell does where there are no quotes but single ones (POSIX, Shell Command
// Language, 2.2.2).
func split(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun := false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			word.WriteString(part)
			begun = true
			continue
		}
		if strings.ContainsAny(part, "\"\\$`") {
			return nil, fmt.Errorf("%q needs a real shell", part)
		}
		for _, r := range part {
			if strings.ContainsRune(" \t\n", r) {
				end()
				continue
			}
			word.WriteRune(r)
			begun = true
		}
	}
	end()
	if strings.Count(command, "'")%2 == 1 {
		return nil, fmt.Errorf("%q has a quote without an end", command)
	}
	return words, nil
}

func TestACommandIsSplitAsAShellDoes(t *testing.T) {
	for _, c := range []struct {
		name, command string
		want          []string
	}{
		{"words", "curl  -sS\nhttp://x", []string{"curl", "-sS", "http://x"}},
		{"quotes hold spaces, newlines and double quotes", `a 'b "c"` + "\n" + `d' e`, []string{"a", "b \"c\"\nd", "e"}},
		{"quotes within a word", "a'b c'd", []string{"ab cd"}},
		{"an empty word", "a ''", []string{"a", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := split(c.command)
			must(t, err)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, wrong := range []string{"a 'b", "a $HOME", `a "b"`, `a \b`} {
		if got, err := split(wrong); err == nil {
			t.Errorf("%q became %q, want an error", wrong, got)
		}
	}
}
