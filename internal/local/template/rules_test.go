package template

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
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
		{"queues answer over TLS only", tlsOnly},
		{"every function has a log group of its own, which forgets", logGroups},
		{"every function has a role of its own, written here", roles},
		{"roles name their actions and resources", leastPrivilege},
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

func concurrency(v view) []string {
	return v.eachConsumer(func(f Function, _ Queue) string {
		most, reserved := f.Queue.MaximumConcurrency, f.ReservedConcurrency
		if most < minConcurrency || reserved > 0 && most > reserved {
			return fmt.Sprintf("MaximumConcurrency is %d, reserved are %d", most, reserved)
		}
		return ""
	})
}

func window(v view) []string {
	return v.eachConsumer(func(f Function, _ Queue) string {
		if f.Queue.BatchSize > 10 && f.Queue.Window < time.Second {
			return fmt.Sprintf("BatchSize is %d, the window %v", f.Queue.BatchSize, f.Queue.Window)
		}
		return ""
	})
}

func visibility(v view) []string {
	return v.eachConsumer(func(f Function, q Queue) string {
		if least := 6*f.Timeout + f.Queue.Window; q.VisibilityTimeout < least {
			return fmt.Sprintf("VisibilityTimeout of %s is %v; the least is %v", q.LogicalID, q.VisibilityTimeout, least)
		}
		return ""
	})
}

func deadLetters(v view) []string {
	return v.eachConsumer(func(f Function, q Queue) string {
		dead := v.queueOf(q.DeadLetter)
		switch {
		case !f.Queue.ReportBatchItemFailures:
			return "does not report which messages failed"
		case q.MaxReceives < 5:
			return fmt.Sprintf("maxReceiveCount of %s is %d", q.LogicalID, q.MaxReceives)
		case dead.Retention <= q.Retention:
			return fmt.Sprintf("%s keeps %v, its source %v", q.DeadLetter, dead.Retention, q.Retention)
		}
		return ""
	})
}

func tlsOnly(v view) []string {
	var denies, attached []string
	for _, id := range v.ofType("AWS::SQS::QueuePolicy") {
		for _, s := range statements(v.value(id, "PolicyDocument")) {
			if fmt.Sprintf("%v %v %v %v", s["Effect"], s["Principal"], s["Action"], s["Condition"]) ==
				"Deny * sqs:* map[Bool:map[aws:SecureTransport:false]]" {
				denies = append(denies, referred(s["Resource"])...)
			}
		}
		attached = append(attached, referred(v.value(id, "Queues"))...)
	}
	var broken []string
	for _, q := range v.read.Queues {
		if !slices.Contains(denies, q.LogicalID) || !slices.Contains(attached, q.LogicalID) {
			broken = append(broken, q.LogicalID+": no policy denies it without TLS")
		}
	}
	return broken
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

func roles(v view) []string {
	broken := v.ownResource("AWS::IAM::Role", "Arn", "Role")
	for _, f := range v.read.Functions {
		if v.value(f.LogicalID, "Policies") != nil {
			broken = append(broken, f.LogicalID+": has Policies beside its role")
		}
	}
	return broken
}

func leastPrivilege(v view) []string {
	var broken []string
	for _, id := range v.ofType("AWS::IAM::Role") {
		if v.value(id, "ManagedPolicyArns") != nil {
			broken = append(broken, id+": takes over managed policies")
		}
		for _, policy := range list(v.value(id, "Policies")) {
			document, _ := policy.(map[string]any)
			for _, s := range statements(document["PolicyDocument"]) {
				if problem := tooWide(s); problem != "" {
					broken = append(broken, id+": "+problem)
				}
			}
		}
	}
	return broken
}

func tooWide(s map[string]any) string {
	actions, resources := list(s["Action"]), list(s["Resource"])
	if s["Effect"] != "Allow" || len(actions) == 0 || len(resources) == 0 {
		return fmt.Sprintf("a statement that is not Allow, Action, Resource: %v", s)
	}
	for _, action := range actions {
		if text, ok := action.(string); !ok || strings.Contains(text, "*") {
			return fmt.Sprintf("action %v is not named in full", action)
		}
	}
	for _, resource := range resources {
		if text, ok := resource.(string); ok && (!strings.HasPrefix(text, "arn:") || strings.Contains(text, "*")) {
			return fmt.Sprintf("resource %v is not named in full", text)
		}
	}
	return ""
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
