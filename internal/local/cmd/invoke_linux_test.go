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
