package template

import (
	"fmt"
	"strings"
)

// The rules of who may do what.

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

// told compares a role with what its function is told of: queues and tables in its environment and its events, and the
// name of a secret.
func told(v view) []string {
	var broken []string
	for _, f := range v.read.Functions {
		role, _ := v.value(f.LogicalID, "Role").(reference)
		granted, needed := v.granted(role.id), v.needed(f)
		for _, use := range sortedKeys(needed) {
			if !granted[use] {
				broken = append(broken, f.LogicalID+": may not "+use)
			}
		}
		for _, use := range sortedKeys(granted) {
			if !needed[use] {
				broken = append(broken, f.LogicalID+": may "+use+", of which it is told nothing")
			}
		}
	}
	return broken
}

// feeding is what Lambda needs to feed a function from a queue (Lambda Developer Guide, "Creating and configuring an
// Amazon SQS event source mapping"; the fourth is for functions that hide a message longer).
func feeding() []string {
	return []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}
}

const (
	readsItem   = "dynamodb:GetItem"
	readsSecret = "secretsmanager:GetSecretValue"
)

// needed is what the function must be allowed for what it is told of, as "action resource". Of a table it is reading
// alone: what else it does there is its own affair.
func (v view) needed(f Function) map[string]bool {
	uses := map[string]bool{}
	variables, _ := v.raw(f.LogicalID, "Environment", "Variables").(map[string]any)
	for _, variable := range variables {
		from, _ := variable.(map[string]any)
		id, _ := from["Ref"].(string)
		switch {
		case v.kind(id) == typeQueue:
			uses["sqs:SendMessage "+id] = true
		case v.kind(id) == typeTable:
			uses[readsItem+" "+id] = true
		case strings.HasSuffix(id, "SecretName"):
			uses[readsSecret] = true
		}
	}
	if f.Queue != nil {
		for _, action := range feeding() {
			uses[action+" "+f.Queue.QueueLogicalID] = true
		}
	}
	return uses
}

// granted is what a role may do, in the words of needed.
func (v view) granted(role string) map[string]bool {
	uses := map[string]bool{}
	for _, policy := range list(v.value(role, "Policies")) {
		document, _ := policy.(map[string]any)
		for _, s := range statements(document["PolicyDocument"]) {
			for _, action := range list(s["Action"]) {
				for _, id := range referred(s["Resource"]) {
					uses[v.use(fmt.Sprint(action), id)] = true
				}
			}
		}
	}
	delete(uses, "")
	return uses
}

func (v view) use(action, id string) string {
	switch {
	case v.kind(id) == typeQueue, v.kind(id) == typeTable && action == readsItem:
		return action + " " + id
	case action == readsSecret:
		return readsSecret
	default:
		return ""
	}
}
