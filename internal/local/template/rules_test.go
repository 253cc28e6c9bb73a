package template

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The rules that cfn-lint and SAM do not have. mutations_test.go shows for each that it can fail.

const (
	projectFile   = "../../../template.yaml"
	projectFolder = "../../../functions"
)

// rule returns what breaks it, each with the resource's name.
type rule struct {
	name   string
	broken func(v view) []string
}

func rules() []rule {
	return []rule{
		// The reader itself refuses retried ticks, bought pollers, other runtimes, other handlers, values out of range.
		{"all can be mirrored locally", mirrored},
		{"a queue's function takes no more at once than is reserved", concurrency},
		{"more than 10 messages at once need a window", window},
		{"a message stays hidden for 6 timeouts and the window", visibility},
		{"a message that fails is tried 5 times, then kept longer than any other", deadLetters},
		{"dead letters, and functions that crash, are heard of", alarms},
		{"what waits by design raises no alarm", patience},
		{"queues answer over TLS only", tlsOnly},
		{"throttles are of routes that exist, and webhooks' are high", throttles},
		{"every function has a log group of its own, which forgets", logGroups},
		{"every function has a role of its own, written here", roles},
		{"roles name their actions and resources", leastPrivilege},
		{"a function may use what it is told of, and nothing else", told},
		{"the table survives mistakes, and forgets what expires", table},
		{"executables are for arm64, made by make build", executables},
		{"the environment holds no secret", secrets},
		{"every parameter is bounded and described", parameters},
	}
}

func TestProjectTemplateKeepsTheRules(t *testing.T) {
	text := projectText(t)
	definitions := definitionsIn(t, text)
	for _, choice := range choices(definitions) {
		v := newView(t, text, definitions, choice)
		for _, r := range rules() {
			for _, problem := range r.broken(v) {
				t.Errorf("%s: %s (parameters %v)", r.name, problem, choice)
			}
		}
	}
}

func TestEveryFunctionHasItsFolderAndEveryFolderItsFunction(t *testing.T) {
	var named, found []string
	for _, f := range newView(t, projectText(t), nil, nil).read.Functions {
		named = append(named, f.Name)
	}
	folders, err := os.ReadDir(projectFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		found = append(found, folder.Name())
	}
	slices.Sort(named)
	if !slices.Equal(named, found) {
		t.Errorf("the template names %v; %s holds %v", named, projectFolder, found)
	}
}

func mirrored(v view) []string {
	var broken []string
	for _, err := range v.problems.all {
		broken = append(broken, err.Error())
	}
	return broken
}

// What an account may have at least, all its APIs together (API Gateway Developer Guide, "Quotas for configuring and
// running an HTTP API": the smaller Regions). A route's throttle may not be more.
const (
	leastAccountRate  = 2_500
	leastAccountBurst = 1_250
)

// floodRate is what Vonage may call with: as many texts as AccountRate allows at most, with two receipts each.
const floodRate = 2_000

// throttles: a deployment fails on a throttle of a route that does not exist, and the default is for people.
func throttles(v view) []string {
	var broken []string
	for _, id := range v.ofType(typeAPI) {
		settings, _ := v.value(id, "RouteSettings").(map[string]any)
		for _, f := range v.read.Functions {
			for _, route := range f.Routes {
				key := route.Method + " " + route.Path
				if problem := lowOrHigh(settings[key]); isWebhook(route) && problem != "" {
					broken = append(broken, key+": "+problem)
				}
				delete(settings, key)
			}
		}
		for _, key := range sortedKeys(settings) {
			broken = append(broken, key+": a throttle of no route")
		}
	}
	return broken
}

func lowOrHigh(setting any) string {
	fields, _ := setting.(map[string]any)
	rate, _ := bound(fields, "ThrottlingRateLimit")
	burst, _ := bound(fields, "ThrottlingBurstLimit")
	if rate < floodRate || rate > leastAccountRate || burst < floodRate/2 || burst > leastAccountBurst {
		return fmt.Sprintf("is throttled to %v a second, %v at once", rate, burst)
	}
	return ""
}

func logGroups(v view) []string {
	broken := v.ownResource("AWS::Logs::LogGroup", "", "LoggingConfig", "LogGroup")
	for _, id := range v.ofType("AWS::Logs::LogGroup") {
		if v.value(id, "RetentionInDays") == nil {
			broken = append(broken, id+": has no RetentionInDays")
		}
	}
	return broken
}

func table(v view) []string {
	var broken []string
	for _, t := range v.read.Tables {
		resource := v.scope.resources[t.LogicalID]
		if resource["DeletionPolicy"] != "Retain" || resource["UpdateReplacePolicy"] != "Retain" {
			broken = append(broken, t.LogicalID+": is not retained")
		}
		if v.value(t.LogicalID, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != "true" {
			broken = append(broken, t.LogicalID+": has no point-in-time recovery")
		}
		if v.value(t.LogicalID, "DeletionProtectionEnabled") != "true" {
			broken = append(broken, t.LogicalID+": is not protected against deletion by default")
		}
		if t.TTLAttribute == "" {
			broken = append(broken, t.LogicalID+": has no TTL")
		}
	}
	return broken
}

func executables(v view) []string {
	var broken []string
	for _, f := range v.read.Functions {
		metadata, _ := v.scope.resources[f.LogicalID]["Metadata"].(map[string]any)
		if metadata["SkipBuild"] != "true" || f.CodeDir != ".build/"+f.Name {
			broken = append(broken, fmt.Sprintf("%s: SAM must take .build/%s as it is", f.LogicalID, f.Name))
		}
		if fmt.Sprint(v.value(f.LogicalID, "Architectures")) != "[arm64]" {
			broken = append(broken, f.LogicalID+": is not for arm64")
		}
	}
	return broken
}

var secretName = regexp.MustCompile(`(?i)secret|key|token|passw|credential`)

// secrets: a variable that sounds like a secret may only be the name of one, and no value is resolved from a store.
func secrets(v view) []string {
	var broken []string
	for _, f := range v.read.Functions {
		variables, _ := v.raw(f.LogicalID, "Environment", "Variables").(map[string]any)
		for _, name := range sortedKeys(variables) {
			from, _ := variables[name].(map[string]any)
			parameter, _ := from["Ref"].(string)
			if secretName.MatchString(name) && !strings.HasSuffix(parameter, "SecretName") ||
				strings.Contains(f.Environment[name], "{{resolve:") {
				broken = append(broken, f.LogicalID+": "+name+" may hold a secret")
			}
		}
	}
	return broken
}

func parameters(v view) []string {
	var broken []string
	for _, name := range sortedKeys(v.parameters) {
		p, _ := v.parameters[name].(map[string]any)
		_, hasDefault := p["Default"].(string)
		bounded := p["AllowedValues"] != nil || p["AllowedPattern"] != nil && p["ConstraintDescription"] != nil ||
			p["MinValue"] != nil && p["MaxValue"] != nil
		if p["Description"] == nil || !hasDefault || !bounded {
			broken = append(broken, name+": lacks default, bounds or description")
		}
	}
	return broken
}
