// Package arch_test holds the code to its shape: which package may import which, and what a deployed function may be
// made of. Arrows point inward:
//
//	functions, local ──► app ──► adapters (dynamostore, sqsqueue, vonage, httpapi, webhook, lambdaio)
//	                      │          │
//	                      └──────────┴──► report ──► returns ──► oneoff, optout ──► campaign ──► pace, recipients ──► sms
//	                                      preflight ──► price, optout, campaign
//
// Tests may import what they like: the rules are about the code that they test.
package arch_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rule forbids imports. Its patterns are import paths, those of this module without its name; "a/..." is a and all below
// it, thirdParty is everything that is neither of the standard library nor of this module.
type rule struct {
	who    []string
	except []string // of who
	mayNot []string // import
	but    []string // of mayNot
	reason string
}

const (
	module     = "sluice/"
	thirdParty = "a third party's"
)

var (
	everything = []string{"internal/...", "functions/..."}
	adapters   = []string{
		"internal/dynamostore", "internal/sqsqueue", "internal/vonage", "internal/httpapi", "internal/webhook", "internal/lambdaio",
	}
	domain = []string{
		"internal/campaign", "internal/returns", "internal/oneoff", "internal/optout", "internal/pace", "internal/preflight",
		"internal/price", "internal/recipients", "internal/report", "internal/sms",
	}
)

func rules() []rule {
	all := []rule{
		{
			who: []string{
				"internal/campaign", "internal/oneoff", "internal/optout", "internal/pace", "internal/preflight", "internal/price",
				"internal/recipients", "internal/report", "internal/sms",
			},
			mayNot: []string{thirdParty, "net/...", "os/...", "io/...", "encoding/..."},
			reason: "the domain is arithmetic and decisions: what it does to the world goes through ports",
		},
		{
			who: []string{"internal/campaign"}, mayNot: everything, but: []string{"internal/pace", "internal/recipients", "internal/sms"},
			reason: "the domain is in the middle: everything else may know it, it knows nobody",
		},
		{
			who: []string{"internal/returns"}, mayNot: []string{thirdParty, "net/...", "os/...", "io/..."},
			but:    []string{"golang.org/x/sync/..."},
			reason: "the other half of the domain: it makes ids and runs some things at once, and all else goes through ports",
		},
		{
			who: []string{"internal/oneoff", "internal/optout"}, mayNot: everything,
			but:    []string{"internal/campaign", "internal/pace", "internal/sms"},
			reason: "single texts and opt-outs know of campaigns, and not the other way round",
		},
		{
			who: []string{"internal/returns"}, mayNot: everything,
			but: []string{
				"internal/campaign", "internal/oneoff", "internal/optout", "internal/pace", "internal/recipients", "internal/sms",
			},
			reason: "what comes back knows what was sent",
		},
		{
			who: []string{"internal/report"}, mayNot: everything, but: domain,
			reason: "a report knows what was sent and what came back, and neither knows of it",
		},
		{
			who: []string{"internal/preflight"}, mayNot: everything,
			but: []string{
				"internal/campaign", "internal/optout", "internal/pace", "internal/price", "internal/recipients", "internal/sms",
			},
			reason: "a forecast knows what decides it, and nobody depends on it",
		},
		{
			who: []string{"internal/pace", "internal/price", "internal/sms"}, mayNot: everything,
			reason: "they are usable by themselves",
		},
		{
			who: []string{"internal/recipients", "internal/numberplan"}, mayNot: everything, but: []string{"internal/sms"},
			reason: "a list is rows and numbers: what is sent to it, and when, is others' business",
		},
		{
			who: []string{"internal/recipientfile"}, mayNot: everything, but: []string{"internal/recipients", "internal/sms"},
			reason: "a file is rows: whose list it is for, it need not know",
		},
		{
			who: []string{"internal/recipientfile"}, mayNot: []string{thirdParty, "net/...", "os/..."},
			reason: "it reads what strangers send, from memory and from nowhere else",
		},
		{
			who: everything, mayNot: []string{"internal/numberplan"},
			except: []string{"functions/api", "internal/simulation", "internal/local/cmd/benchcold/probe"},
			reason: "its data take milliseconds of a cold start: only what reads numbers is made of it",
		},
		{
			who: everything, mayNot: []string{"github.com/nyaruka/..."}, except: []string{"internal/numberplan"},
			reason: "what is a number is said in one place",
		},
		{
			who: []string{"internal/lambdaio"}, mayNot: everything,
			reason: "an envelope knows nothing of what is in it",
		},
		{
			who: []string{"internal/vonage"}, mayNot: everything, but: []string{"internal/sms"},
			reason: "it sends a text: what a campaign is, or that there is one, is not Vonage's business",
		},
		{
			who: []string{"internal/dynamostore", "internal/sqsqueue", "internal/httpapi", "internal/webhook"}, mayNot: everything,
			but:    append([]string{"internal/recipientfile"}, domain...),
			reason: "adapters stand between the domain and one thing each",
		},
		{
			who: everything, mayNot: []string{"internal/recipientfile"}, except: []string{"internal/httpapi", "internal/cmd/upload/parts"},
			reason: "files come by HTTP, from who cuts them",
		},
		{
			who: []string{"internal/httpapi"}, mayNot: []string{"github.com/aws/...", "net/http/httptest"},
			reason: "the API is an http.Handler, the same in Lambda, in tests and on this machine",
		},
		{
			who: everything, mayNot: adapters,
			except: []string{"internal/app", "internal/simulation", "internal/local/cmd/...", "internal/cmd/apikey"},
			reason: "only what composes a program chooses its adapters",
		},
		{
			who: []string{"functions/..."}, mayNot: []string{"...", thirdParty}, but: []string{"internal/app", "internal/numberplan"},
			reason: "a main only calls its constructor",
		},
		{
			who: []string{"internal/app"}, mayNot: everything,
			but:    slices.Concat(domain, adapters),
			reason: "the same composition is deployed, simulated and run locally: it knows of neither",
		},
		{
			who: []string{"internal/local/..."}, except: []string{"internal/local", "internal/local/cmd/..."},
			mayNot: everything, but: []string{"internal/local/..."},
			reason: "the local AWS runs whatever template.yaml describes, not just these functions",
		},
		{
			who: []string{"internal/local"}, mayNot: append([]string{"internal/app"}, adapters...),
			reason: "functions come to the platform from outside: as executables, or as handlers",
		},
		{
			who: everything, mayNot: []string{"github.com/vonage/..."}, except: []string{"internal/vonage"},
			reason: "the SDK is guarded: it panics on some answers, and has no contexts",
		},
		{
			who: everything, mayNot: []string{"github.com/danielgtaylor/huma/..."}, except: []string{"internal/httpapi"},
			reason: "the framework shapes the HTTP API and nothing else",
		},
		{
			who: everything, mayNot: []string{"github.com/aws/aws-lambda-go/..."},
			except: []string{"internal/app", "internal/lambdaio", "internal/local/gateway", "internal/local/lambda",
				"internal/local/poller", "internal/local/cmd/benchcold/...", "internal/simulation"},
			reason: "that it runs in Lambda is known to the envelope, to the mains' helper, and to what imitates Lambda",
		},
		{
			who: everything, mayNot: []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb/..."},
			except: []string{"internal/app", "internal/dynamostore", "internal/simulation", "internal/local/cmd/...",
				"internal/cmd/apikey"},
			reason: "the table is one package's, the others at most make its client",
		},
		{
			who: everything, mayNot: []string{"os/..."},
			except: []string{"internal/app", "internal/simulation", "internal/local/cmd/...", "internal/cmd/...",
				"internal/local/lambda", "internal/local/chaos", "internal/local/process"},
			reason: "settings come in through constructors, and nothing below a main reads the environment or ends the process",
		},
		{
			who: everything, mayNot: []string{"testing/...", "net/http/httptest"},
			except: []string{"internal/campaign/campaigntest", "internal/report/reporttest", "internal/returns/returnstest",
				"internal/pace/pacetest", "internal/simulation"},
			reason: "only contract suites and the simulation are there for tests alone",
		},
		{
			who: everything, mayNot: []string{"log"}, except: []string{"internal/local/cmd"},
			reason: "what is logged is structured, and masks itself, with log/slog",
		},
	}
	for i, adapter := range adapters {
		all = append(all, rule{
			who: []string{adapter}, mayNot: slices.Delete(slices.Clone(adapters), i, i+1),
			reason: "adapters never know each other",
		})
	}
	return all
}

func TestImportsFollowTheRules(t *testing.T) {
	t.Parallel()
	imports := importsOf(t)
	for _, r := range rules() {
		for _, broken := range r.broken(imports) {
			t.Errorf("%s: %s", broken, r.reason)
		}
	}
}

// TestRulesAreAboutWhatIsThere keeps rules from holding only because what they name has moved.
func TestRulesAreAboutWhatIsThere(t *testing.T) {
	t.Parallel()
	imports := importsOf(t)
	packages := slices.Collect(maps.Keys(imports))
	known := list(t, nil, "-deps", "-test", "./...")
	for _, r := range rules() {
		for _, p := range slices.Concat(r.who, r.except) {
			if !slices.ContainsFunc(packages, matching(p)) {
				t.Errorf("there is no package %s, of which a rule says: %s", p, r.reason)
			}
		}
		for _, p := range slices.Concat(r.mayNot, r.but) {
			if !slices.ContainsFunc(known, matching(p)) {
				t.Errorf("nobody imports %s, not even a test, of which a rule says: %s", p, r.reason)
			}
		}
		for i, p := range r.except {
			strict := r
			strict.except = slices.Delete(slices.Clone(r.except), i, i+1)
			if len(strict.broken(imports)) == len(r.broken(imports)) {
				t.Errorf("%s needs no exception from the rule: %s", p, r.reason)
			}
		}
	}
}

func TestABrokenRuleIsNamed(t *testing.T) {
	t.Parallel()
	imports := map[string][]string{
		"sluice/internal/a":   {"fmt", "net", "sluice/internal/c"},
		"sluice/internal/a/b": {"net/http", "example.com/x", "sluice/internal/cc"},
		"sluice/internal/c":   {"os"},
	}
	for _, c := range []struct {
		name string
		rule rule
		want []string
	}{
		{"a tree", rule{who: []string{"internal/a"}, mayNot: []string{"net/..."}}, []string{"internal/a imports net"}},
		{"all below", rule{who: []string{"internal/a/..."}, mayNot: []string{"net/..."}},
			[]string{"internal/a imports net", "internal/a/b imports net/http"}},
		{"one package", rule{who: []string{"internal/..."}, mayNot: []string{"net"}}, []string{"internal/a imports net"}},
		{"an exception", rule{who: []string{"internal/..."}, except: []string{"internal/a"}, mayNot: []string{"net/..."}},
			[]string{"internal/a/b imports net/http"}},
		{"our own", rule{who: []string{"internal/..."}, mayNot: []string{"internal/c"}},
			[]string{"internal/a imports internal/c"}},
		{"all but one", rule{who: []string{"internal/..."}, mayNot: []string{"internal/..."}, but: []string{"internal/c"}},
			[]string{"internal/a/b imports internal/cc"}},
		{"a third party's", rule{who: []string{"internal/..."}, mayNot: []string{thirdParty}},
			[]string{"internal/a/b imports example.com/x"}},
		{"anything", rule{who: []string{"internal/c"}, mayNot: []string{"..."}}, []string{"internal/c imports os"}},
		{"nothing", rule{who: []string{"internal/c"}, mayNot: []string{"net/..."}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.rule.broken(imports); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestFunctionsAreMadeOfNothingLocal looks at what is linked into what is deployed.
func TestFunctionsAreMadeOfNothingLocal(t *testing.T) {
	t.Parallel()
	forbidden := []string{
		"internal/local/...", "internal/inprocess", "internal/simulation", "internal/cmd/...", "internal/vonage/vonagetest",
		"internal/campaign/campaigntest", "internal/report/reporttest", "internal/returns/returnstest", "internal/pace/pacetest",
		"testing/...", "net/http/httptest", "gopkg.in/yaml.v3", "github.com/google/go-cmp/...",
	}
	deployed := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64"}
	linked := list(t, deployed, "-deps", "-tags", "lambda.norpc", "./functions/...")
	if !slices.Contains(linked, "sluice/internal/app") {
		t.Fatal("the list is not that of the functions")
	}
	known := list(t, nil, "-deps", "-test", "./...")
	for _, p := range forbidden {
		for _, path := range linked {
			if matching(p)(path) {
				t.Errorf("%s is part of a function", path)
			}
		}
		if !slices.ContainsFunc(known, matching(p)) {
			t.Errorf("there is no %s any more to keep out", p)
		}
	}
}

// broken tells which imports break the rule.
func (r rule) broken(imports map[string][]string) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		if !matches(path, r.who) || matches(path, r.except) {
			continue
		}
		for _, imported := range imports[path] {
			if matches(imported, r.mayNot) && !matches(imported, r.but) {
				found = append(found, strings.TrimPrefix(path, module)+" imports "+strings.TrimPrefix(imported, module))
			}
		}
	}
	return found
}

func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matching(p)(path) })
}

func matching(pattern string) func(path string) bool {
	return func(path string) bool {
		host, _, _ := strings.Cut(path, "/")
		if pattern == thirdParty {
			return strings.Contains(host, ".")
		}
		path = strings.TrimPrefix(path, module)
		tree, isTree := strings.CutSuffix(pattern, "...")
		return path == strings.TrimSuffix(tree, "/") || isTree && strings.HasPrefix(path, tree)
	}
}

// importsOf are this module's packages, each with what it imports itself, its tests left out.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	imports := make(map[string][]string)
	for _, line := range list(t, nil, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		fields := strings.Fields(line)
		imports[fields[0]] = fields[1:]
	}
	return imports
}

// list runs go list, and returns its lines.
func list(t *testing.T, env []string, args ...string) []string {
	t.Helper()
	var complaint bytes.Buffer
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = "../..", append(os.Environ(), env...), &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, &complaint)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
