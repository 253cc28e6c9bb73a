package main_test

import (
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// run runs the platform's program to its end.
func run(t *testing.T, dir string, on ports, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	cmd := command(dir, on, env, args...)
	cmd.Stdout, cmd.Stderr = &out, &errors
	must(t, cmd.Start())
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		_ = cmd.Wait() // its state tells
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-waited })
	waitFor(t, "the program to end", func() bool {
		select {
		case <-waited:
			return true
		default:
			return false
		}
	})
	if pids := left(t, dir, cmd.Process.Pid); len(pids) > 0 {
		t.Errorf("processes %v are left behind", pids)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errors.String()
}

// refused runs it on what it must refuse, and returns the one thing that it says.
func refused(t *testing.T, dir string, on ports, env []string, args ...string) string {
	t.Helper()
	code, stdout, stderr := run(t, dir, on, env, args...)
	if code != 1 {
		t.Errorf("ended with %d, want 1", code)
	}
	if stdout != "" {
		t.Errorf("said %q", stdout)
	}
	if strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "panic") || !strings.HasPrefix(stderr, "sluice: ") {
		t.Errorf("the error is %q", stderr)
	}
	return stderr
}

func TestATakenPortIsNamedWithItsVariable(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, variable := range variables {
		t.Run(variable, func(t *testing.T) {
			on, taken := freePortsBut(t, variable)
			said := refused(t, dir, on, nil)
			must(t, taken.Close())
			if strings.Count(said, "\n") != 1 {
				t.Errorf("the error is not one line: %q", said)
			}
			for _, want := range []string{"port " + strconv.Itoa(on[variable]) + " is taken", " " + variable + "="} {
				if !strings.Contains(said, want) {
					t.Errorf("%q does not say %q", said, want)
				}
			}
			on.mustBeFree(t)
		})
	}
}

func TestWrongSettingsAreAllNamedAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, c := range []struct {
		name string
		env  []string
		want []string
	}{
		{"a port that is no number", []string{"PORT=abc"}, []string{`PORT is "abc": it must be a whole number from 1 to 65535`}},
		{"a port too high", []string{"SQS_PORT=65536"}, []string{`SQS_PORT is "65536"`}},
		{"a port for two", []string{"PORT=4000", "VONAGE_PORT=4000"}, []string{"PORT and VONAGE_PORT are both 4000"}},
		{"a latency without unit", []string{"VONAGE_LATENCY=x"}, []string{`VONAGE_LATENCY is "x": it must be a duration`}},
		{"a negative latency", []string{"VONAGE_LATENCY=-1s"}, []string{`VONAGE_LATENCY is "-1s"`}},
		{"a rate that is no number", []string{"VONAGE_RATE=fast"}, []string{`VONAGE_RATE is "fast"`}},
		{"a negative jitter", []string{"VONAGE_JITTER=-1s"}, []string{`VONAGE_JITTER is "-1s": it must be a duration`}},
		{"a negative rate of senders", []string{"VONAGE_SENDER_RATE=-1"},
			[]string{`VONAGE_SENDER_RATE is "-1": it must be a whole number from 0 to 1000000`}},
		{"a duration of weeks", []string{"VONAGE_REPLY_DELAY=300h"},
			[]string{`VONAGE_REPLY_DELAY is "300h": it must be a duration such as 15s, at most 24h0m0s`}},
		{"no share", []string{"VONAGE_DELIVERED=all"}, []string{`VONAGE_DELIVERED is "all": it must be a number from 0 to 100`}},
		{"shares out of bounds", []string{"VONAGE_REPLIES=101", "VONAGE_STOPS=-1", "VONAGE_LOST=NaN"},
			[]string{`VONAGE_REPLIES is "101"`, `VONAGE_STOPS is "-1"`, `VONAGE_LOST is "NaN"`}},
		{"fates of more than all", []string{"VONAGE_DELIVERED=60", "VONAGE_FAILED=40.5"},
			[]string{"VONAGE_OPTED_OUT add up to 101.5 percent: they must be at most 100"}},
		{"no copy", []string{"VONAGE_COPIES=0"}, []string{`VONAGE_COPIES is "0": it must be a whole number from 1 to 10`}},
		{"another form of webhooks", []string{"VONAGE_WEBHOOKS=xml"},
			[]string{`VONAGE_WEBHOOKS is "xml": it must be one of post-json, post, get, none`}},
		{"a signature that is not there", []string{"PARAMETERS=WebhookSignature=rsa"}, []string{"parameter WebhookSignature"}},
		{"an application without its key", []string{"VONAGE=real", "VONAGE_API_KEY=abcdefgh", "VONAGE_API_SECRET=x",
			"VONAGE_APPLICATION_ID=x"}, []string{"VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY go together"}},
		{"a parameter that is not there", []string{"PARAMETERS=Nope=1"}, []string{"parameter Nope: the template has none of this name"}},
		{"a parameter out of bounds", []string{"PARAMETERS=AccountRate=0"}, []string{"parameter AccountRate", "the least is 1"}},
		{"no parameter", []string{"PARAMETERS=Nope"}, []string{`PARAMETERS has "Nope": it must be Name=value`}},
		{"neither real nor fake", []string{"VONAGE=both"}, []string{`VONAGE is "both": it must be real, fake or empty`}},
		{"for real without keys", []string{"VONAGE=real"}, []string{"needs VONAGE_API_KEY and VONAGE_API_SECRET"}},
		{"for real without a secret", []string{"VONAGE=real", "VONAGE_API_KEY=abcdefgh"}, []string{"VONAGE_API_SECRET"}},
		{"credentials in the clear", []string{"VONAGE=real", "VONAGE_API_KEY=abcdefgh", "VONAGE_API_SECRET=x",
			"PARAMETERS=VonageUrl=http://example.com/sms"}, []string{"parameter VonageUrl"}},
		{"all of them", []string{"PORT=abc", "VONAGE_LATENCY=x", "PARAMETERS=Nope=1 Neither=2", "VONAGE=real"},
			[]string{"PORT is", "VONAGE_LATENCY is", "parameter Nope", "parameter Neither", "VONAGE=real needs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := freePorts(t)
			said := refused(t, dir, on, c.env)
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q does not say %q", said, want)
				}
			}
			on.mustBeFree(t)
		})
	}
}

func TestWhatWasNotBuiltIsSaid(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	must(t, exec.Command("rm", dir+"/"+bootstrapAt("sender")).Run())

	if said := refused(t, dir, freePorts(t), nil); !strings.Contains(said, "sender") || !strings.Contains(said, "make build") {
		t.Errorf("%q does not say that make build makes the sender", said)
	}
}
