package simulation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// need is a permission: an action on a kind of resource ("dynamodb:Query on index").
type need string

// needs collects what functions do.
type needs struct {
	mu   sync.Mutex
	seen map[string]map[need]bool // by function
}

func (n *needs) spy(function, operation string, body []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[function] == nil {
		n.seen[function] = make(map[need]bool)
	}
	for _, one := range needsOf(operation, body) {
		n.seen[function][one] = true
	}
}

// needsOf is what IAM asks for a call (Service Authorization Reference, DynamoDB, SQS, Secrets Manager): a transaction needs
// what its parts need.
func needsOf(operation string, body []byte) []need {
	service, action, _ := strings.Cut(operation, ".")
	switch service {
	case "secretsmanager":
		return []need{need("secretsmanager:" + action + " on secret")}
	case "AmazonSQS":
		var in struct{ QueueUrl string }
		mustDecode(body, &in)
		return []need{need(fmt.Sprintf("sqs:%s on %s", strings.TrimSuffix(action, "Batch"), in.QueueUrl[strings.LastIndex(in.QueueUrl, "/")+1:]))}
	}
	var in struct {
		IndexName     string
		TransactItems []map[string]json.RawMessage
	}
	mustDecode(body, &in)
	if in.IndexName != "" {
		return []need{need("dynamodb:" + action + " on index")}
	}
	if action != "TransactWriteItems" {
		return []need{need("dynamodb:" + action + " on Table")}
	}
	var parts []need
	for _, item := range in.TransactItems {
		for part := range item {
			parts = append(parts, need("dynamodb:"+part+"Item on Table"))
		}
	}
	return parts
}

func mustDecode(body []byte, into any) {
	if err := json.Unmarshal(body, into); err != nil {
		panic(err)
	}
}

// granted is what the function's role in template.yaml allows, of the services that functions call.
func granted(t *testing.T) map[string]map[need]bool {
	t.Helper()
	file, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Resources map[string]struct {
			Properties struct {
				Policies []struct {
					Document struct {
						Statements []struct {
							Action   yaml.Node `yaml:"Action"`
							Resource yaml.Node `yaml:"Resource"`
						} `yaml:"Statement"`
					} `yaml:"PolicyDocument"`
				} `yaml:"Policies"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(file, &described); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[need]bool)
	for name, r := range described.Resources {
		function, isRole := strings.CutSuffix(name, "Role")
		if !isRole {
			continue
		}
		function = strings.ToLower(function)
		all[function] = make(map[need]bool)
		for _, p := range r.Properties.Policies {
			for _, s := range p.Document.Statements {
				for _, action := range words(&s.Action) {
					for _, resource := range words(&s.Resource) {
						all[function][need(action+" on "+kind(resource))] = true
					}
				}
			}
		}
	}
	return all
}

func words(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var all []string
	for _, c := range n.Content {
		all = append(all, words(c)...)
	}
	return all
}

func kind(resource string) string {
	switch {
	case strings.Contains(resource, "/index/"):
		return "index"
	case strings.Contains(resource, ":secret:"):
		return "secret"
	default:
		return strings.TrimSuffix(resource, ".Arn")
	}
}

// What functions do in a life that has everything in it, their roles allow; and what the roles allow beyond that is listed
// here with its reason.
func TestRolesAllowWhatFunctionsDo(t *testing.T) {
	used := &needs{seen: make(map[string]map[need]bool)}
	o := simulation.Options{
		Spy: used.spy,
		Vonage: vonagetest.Config{Latency: 200 * time.Millisecond, Returns: vonagetest.Returns{
			Delivered: .8, Failed: .2, Delay: vonagetest.Curve{Median: time.Second}, Early: .3,
		}},
		Tick: func(n int) bool { return n > 1 },
		// A courier dies behind its claim, a sender in the middle of a chunk, and a message to the courier is lost.
		Faults: []simulation.Fault{
			{Call: simulation.RemoteCall{Function: "courier", Operation: "Vonage.Send", N: 1}, Mode: simulation.KillAfter},
			{Call: simulation.RemoteCall{Function: "sender", Operation: "Vonage.Send", N: 40}, Mode: simulation.KillAfter},
			{Call: simulation.RemoteCall{Function: "recorder", Operation: "AmazonSQS.SendMessage", N: 1}, Mode: simulation.FailBefore},
			// The resume cannot queue what the pause stopped, and leaves that to the dispatcher.
			{Call: simulation.RemoteCall{Function: "api", Operation: "AmazonSQS.SendMessageBatch", N: 3}, Mode: simulation.FailBefore},
		},
	}
	simulation.Run(t, o, func(w *simulation.World) { everything(t, w) })
	t.Cleanup(func() {
		allowed := granted(t)
		for function, seen := range used.seen {
			for _, one := range slices.Sorted(maps.Keys(seen)) {
				if !allowed[function][one] {
					t.Errorf("%s needs %s, which its role does not allow", function, one)
				}
			}
		}
		for function, all := range allowed {
			for _, one := range slices.Sorted(maps.Keys(all)) {
				if !used.seen[function][one] && !unseen(function, one) {
					t.Errorf("the role of %s allows %s, which it never did", function, one)
				}
			}
		}
	})
}

// unseen is what functions need and do not ask for themselves, or not here.
func unseen(function string, one need) bool {
	action, resource, _ := strings.Cut(string(one), " on ")
	switch {
	case strings.HasPrefix(action, "logs:"):
		return true // the platform writes logs
	case resource == map[string]string{"sender": "BatchesQueue", "recorder": "EventsQueue", "courier": "OneOffsQueue"}[function]:
		return slices.Contains([]string{
			"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes",
		}, action) // Lambda does it in the function's name
	default:
		return false
	}
}

// everything lets clients, people and Vonage do all there is.
func everything(t *testing.T, w *simulation.World) {
	t.Helper()
	ask := func(method, path string, body any) []byte {
		status, answer := w.Insist(method, path, body)
		if status >= 500 {
			t.Errorf("%s %s: %d", method, path, status)
		}
		return answer
	}
	c := w.Create(simulation.Tutorial(200, 50, 60), "Idempotency-Key", "all")
	w.Insist(http.MethodPost, "/campaigns", simulation.Tutorial(200, 50, 60), "Idempotency-Key", "all")
	for _, path := range []string{
		"/campaigns", "/campaigns/" + c.ID, "/campaigns/" + c.ID + "/batches", "/campaigns/" + c.ID + "/messages",
		"/campaigns/" + c.ID + "/timeline", "/replies?open=true", "/replies?campaign=" + c.ID, "/suppressions", "/pace/account",
	} {
		ask(http.MethodGet, path, nil)
	}
	ask(http.MethodPut, "/suppressions/447800000199", nil)
	ask(http.MethodDelete, "/suppressions/447800000199", nil)
	w.DoWith(http.MethodPost, "/suppressions", "number\n447800000198\n", append(w.Key(), "Content-Type", "text/csv")...)
	ask(http.MethodPut, "/pace/account", simulation.JSON{"per_second": 0.1}) // a batch takes more than one invocation
	ask(http.MethodPatch, "/campaigns/"+c.ID, simulation.JSON{"batch_size": 40})
	time.Sleep(7 * time.Minute)
	w.Act(c.ID, "pause")
	time.Sleep(2 * time.Minute)
	w.Act(c.ID, "resume")
	ask(http.MethodDelete, "/pace/account", nil)
	time.Sleep(15 * time.Minute)
	people := simulation.Recipients(40)
	for i, text := range []string{"When?", "stop", "help", strings.Repeat("I would rather come on another day. ", 12)} {
		w.Say(strings.TrimPrefix(people[i], "+"), ourNumber, text)
	}
	w.Say("447000000001", ourNumber, "Who are you?")
	time.Sleep(10 * time.Minute)
	if err := w.Vonage.Inject(vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 1, Times: 2}); err != nil { // too fast
		t.Fatal(err)
	}
	for _, r := range w.OpenReplies("") {
		ask(http.MethodPost, "/replies/"+r.ID+"/answer", simulation.JSON{"text": "At three."})
		ask(http.MethodPost, "/replies/"+r.ID+"/close", nil)
		ask(http.MethodGet, "/replies/"+r.ID, nil)
	}
	time.Sleep(time.Hour)
	for _, m := range simulation.Decode[struct {
		Messages []struct{ Number, Status string }
	}](w, ask(http.MethodGet, "/campaigns/"+c.ID+"/messages?limit=1000", nil)).Messages {
		if m.Status == "unknown" || m.Status == "skipped" {
			ask(http.MethodPost, "/campaigns/"+c.ID+"/messages/"+m.Number+"/retry", nil)
			break
		}
	}
	for _, path := range []string{
		"/messages?status=failed", "/messages?format=csv", "/messages/" + strings.TrimPrefix(people[0], "+"), "/totals",
	} {
		ask(http.MethodGet, "/campaigns/"+c.ID+path, nil)
	}
	tests := simulation.Decode[struct{ Tests []test }](w, ask(http.MethodPost, "/campaigns/"+c.ID+"/test", simulation.JSON{"to": people[:2]})).Tests
	ask(http.MethodGet, "/campaigns/"+c.ID+"/tests/"+tests[0].ID, nil)
	d := simulation.Tutorial(9, 3, 3600)
	d["draft"] = true
	draft := w.Create(d)
	w.Act(draft.ID, "launch")
	w.Act(draft.ID, "cancel")
	time.Sleep(time.Hour)
}
