package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/local"
)

// event makes a file with an event of the HTTP API, payload format 2.0.
func event(t *testing.T, method, path, body string) string {
	t.Helper()
	content := fmt.Sprintf(`{"version": "2.0", "routeKey": "$default", "rawPath": %q, "body": %q,
		"headers": {"authorization": "Bearer local", "content-type": "application/json"},
		"requestContext": {"requestId": "id", "http": {"method": %q, "path": %[1]q, "protocol": "HTTP/1.1"}}}`, path, body, method)
	return file(t, content)
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// invoke runs a function on an event, and decodes the answer as one of the HTTP API.
func invoke(t *testing.T, dir string, on ports, function, event string) (events.APIGatewayV2HTTPResponse, string) {
	t.Helper()
	code, stdout, stderr := run(t, dir, on, nil, "-invoke", function, "-event", event)
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	var answer events.APIGatewayV2HTTPResponse
	decode(t, []byte(stdout), &answer)
	return answer, stderr
}

const order = `{"sender": "447700900000", "recipients": ["447700900001"], "message_string": "Hello, World!", "batch_size": 1,
	"delay_period": 0}`

func TestInvokeByItselfHasASampleCampaign(t *testing.T) {
	t.Parallel()
	dir, on := folder(t), freePorts(t)

	answer, said := invoke(t, dir, on, "api", event(t, http.MethodGet, "/campaigns/"+local.SampleID, ""))

	var c campaign
	decode(t, []byte(answer.Body), &c)
	if answer.StatusCode != http.StatusOK || c.ID != local.SampleID || c.Recipients != 7 || c.Batches.Released != 1 {
		t.Errorf("the answer is %+v", answer)
	}
	if !strings.Contains(said, "platform of its own") {
		t.Errorf("it said %q", said)
	}
	on.mustBeFree(t)
	if answer, _ = invoke(t, dir, on, "api", event(t, http.MethodPost, "/campaigns", order)); answer.StatusCode != http.StatusCreated {
		t.Errorf("the answer is %+v", answer)
	}
}

func TestInvokeByItselfNeedsNoPortOfTheAPI(t *testing.T) {
	t.Parallel()
	dir, on := folder(t), freePorts(t)
	taken, err := listen(on["PORT"])
	must(t, err)
	t.Cleanup(func() { _ = taken.Close() }) // the test is over

	if answer, _ := invoke(t, dir, on, "api", event(t, http.MethodGet, "/healthz", "")); answer.StatusCode != http.StatusOK {
		t.Errorf("the answer is %+v", answer)
	}
}

func TestInvokeWorksOnARunningPlatform(t *testing.T) {
	t.Parallel()
	p := start(t)

	answer, said := invoke(t, folder(t), p.ports, "api", event(t, http.MethodPost, "/campaigns", order))

	if answer.StatusCode != http.StatusCreated || !strings.Contains(said, "running platform") {
		t.Errorf("the answer is %+v, and it said %q", answer, said)
	}
	var created campaign
	decode(t, []byte(answer.Body), &created)
	if c := p.completed(created.ID); c.Counts.Accepted != 1 {
		t.Errorf("counts are %+v, want 1 accepted", c.Counts)
	}
	p.stop(syscall.SIGINT)
}

// TestInvokedFunctionsDoWhatTheirEventsSay runs the files under events/, on platforms of their own.
func TestInvokedFunctionsDoWhatTheirEventsSay(t *testing.T) {
	t.Parallel()
	dir, on := folder(t), freePorts(t)
	const failed, anew = `"19dd0b57-b21e-4ac1-bd88-01bbb068cb78"`, "signing the webhook anew"
	for _, c := range []struct {
		event, answer string
		says          []string
		not           string
	}{
		{"webhook/receipt-get.json", `"statusCode": 200`, []string{anew, "messages in EventsQueue: 1"}, ""},
		{"webhook/inbound-form.json", `"statusCode": 200`, []string{anew, "messages in EventsQueue: 0, and 1 for later"}, ""},
		{"webhook/message-status.json", `"statusCode": 200`, []string{anew, "messages in EventsQueue: 1"}, ""},
		{"webhook/receipt-forged.json", `"statusCode": 401`, []string{"its signature is wrong"}, anew},
		{"webhook/receipt-unsigned.json", `"statusCode": 401`, []string{"it has no signature"}, anew},
		{"recorder/receipts.json", `[]`, []string{"messages in EventsQueue: 0, and 3 for later"}, ""}, // nothing was sent yet
		{"recorder/inbound.json", `[]`, []string{"came back: 1 reply (1 open)"}, "messages in"},
		{"recorder/stop.json", `[]`, []string{"numbers on the list of suppressions: 1", "messages in OneOffsQueue: 1"}, ""},
		{"recorder/unreadable.json", failed, []string{"it is not JSON"}, "afterwards"},
		{"courier/one-off.json", `[]`, []string{"text " + local.SampleText + " is accepted", "Vonage took: 1"}, ""},
		{"sender/one-batch.json", `[]`, []string{"3 accepted, 0 failed", "Vonage took: 3"}, ""},
	} {
		t.Run(c.event, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join(root, "events", c.event))
			must(t, err)
			function, _, _ := strings.Cut(c.event, "/")
			code, stdout, stderr := run(t, dir, on, nil, "-invoke", function, "-event", path)
			if code != 0 || !strings.Contains(stdout, c.answer) {
				t.Errorf("ended with %d and %s, want %s", code, stdout, c.answer)
			}
			for _, want := range c.says {
				if !strings.Contains(stderr, want) {
					t.Errorf("it does not say %q: %s", want, stderr)
				}
			}
			if c.not != "" && strings.Contains(stderr, c.not) {
				t.Errorf("it says %q: %s", c.not, stderr)
			}
		})
	}
}

func TestInvokeRefuses(t *testing.T) {
	t.Parallel()
	dir, on := folder(t), freePorts(t)
	for _, c := range []struct{ name, function, event, want string }{
		{"no event", "api", "", "-event"},
		{"an event that is not there", "api", "/nowhere.json", "/nowhere.json"},
		{"an event that is no JSON", "api", file(t, "{"), "is not JSON"},
		{"a function that is not there", "nobody", file(t, "{}"), `there is no function "nobody", only [api courier dispatcher recorder sender webhook]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if said := refused(t, dir, on, nil, "-invoke", c.function, "-event", c.event); !strings.Contains(said, c.want) {
				t.Errorf("%q does not say %q", said, c.want)
			}
		})
	}
	t.Run("what the function refuses", func(t *testing.T) {
		code, stdout, stderr := run(t, dir, on, nil, "-invoke", "api", "-event", file(t, `{"version": "1.0"}`))
		if code != 1 || stdout != "" || !strings.Contains(stderr, `payload format \"1.0\"`) && !strings.Contains(stderr, `payload format "1.0"`) {
			t.Errorf("ended with %d, said %q and %q", code, stdout, stderr)
		}
	})
}
