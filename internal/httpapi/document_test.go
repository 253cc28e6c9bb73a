package httpapi_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/internal/campaign"
	"sluice/internal/recipients"
)

type object = map[string]any

// at follows a path of names through objects; nil where it ends early.
func at(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

func document(t *testing.T) object {
	t.Helper()
	w := do(newAPI(t), "GET", "/openapi.json", "", "Authorization", "")
	var d object
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatalf("%d: %v", w.Code, err)
	}
	return d
}

// each calls do for every operation.
func each(d object, do func(method, path string, operation object)) {
	for path, item := range d["paths"].(object) {
		for method, operation := range item.(object) {
			do(method, path, operation.(object))
		}
	}
}

// The rules of OpenAPI 3.1.0, sections 4.8.1 to 4.8.17, as far as they concern what is in this document.
func TestTheDocumentIsOpenAPI31(t *testing.T) {
	d := document(t)
	if version, _ := d["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("openapi is %q", version)
	}
	for _, field := range []string{"title", "version"} {
		if at(d, "info", field) == nil {
			t.Errorf("info has no %s", field)
		}
	}
	ids := make(map[string]bool)
	each(d, func(method, path string, operation object) {
		where := method + " " + path
		id, _ := operation["operationId"].(string)
		if id == "" || ids[id] {
			t.Errorf("%s: operationId %q is empty or taken", where, id)
		}
		ids[id] = true
		if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) || !strings.HasPrefix(path, "/") {
			t.Errorf("%s is no operation", where)
		}
		for status, response := range operation["responses"].(object) {
			if at(response, "description") == nil {
				t.Errorf("%s: response %s has no description", where, status)
			}
		}
		checkParameters(t, where, path, operation)
	})
	if at(d, "components", "schemas") == nil {
		t.Fatal("no schemas")
	}
	checkRefs(t, d, d)
	for name, schema := range at(d, "components", "schemas").(object) {
		required, _ := at(schema, "required").([]any)
		for _, field := range required {
			if at(schema, "properties", field.(string)) == nil {
				t.Errorf("schema %s requires %s, which it does not have", name, field)
			}
		}
	}
}

// checkParameters: each variable of the path is described, once, as required, and nothing else is said to be in the path.
func checkParameters(t *testing.T, where, path string, operation object) {
	t.Helper()
	var described []string
	parameters, _ := operation["parameters"].([]any)
	for _, p := range parameters {
		if at(p, "schema", "type") == nil {
			t.Errorf("%s: parameter %v has no type", where, at(p, "name"))
		}
		if at(p, "in") == "path" {
			described = append(described, at(p, "name").(string))
			if at(p, "required") != true {
				t.Errorf("%s: %v is not required", where, at(p, "name"))
			}
		}
	}
	var variables []string
	for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		variables = append(variables, match[1])
	}
	if !slices.Equal(described, variables) {
		t.Errorf("%s describes %q in its path", where, described)
	}
}

// checkRefs: what is referred to is there.
func checkRefs(t *testing.T, d object, v any) {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			path, local := strings.CutPrefix(ref, "#/")
			if !local || at(d, strings.Split(path, "/")...) == nil {
				t.Errorf("%s is not there", ref)
			}
		}
		for _, inner := range v {
			checkRefs(t, d, inner)
		}
	case []any:
		for _, inner := range v {
			checkRefs(t, d, inner)
		}
	}
}

func TestTheDocumentHasTheDomainsLimits(t *testing.T) {
	d := document(t)
	fields := at(d, "components", "schemas", "CampaignRequest", "properties")
	for _, limit := range []struct {
		field, keyword string
		want           float64
	}{
		{"message_string", "minLength", 1}, {"message_string", "maxLength", campaign.MaxText},
		{"name", "maxLength", campaign.MaxName},
		{"recipients", "maxItems", campaign.MaxRows},
		{"batch_size", "minimum", 1},
		{"delay_period", "minimum", 0}, {"delay_period", "maximum", campaign.MaxPeriod.Seconds()},
	} {
		if got := at(fields, limit.field, limit.keyword); got != limit.want {
			t.Errorf("%s of %s is %v, want %v", limit.keyword, limit.field, got, limit.want)
		}
	}
	for field, kind := range map[string]string{
		"batch_size": "integer", "delay_period": "integer", "recipients": "array", "start_at": "string", "draft": "boolean",
	} {
		if got := at(fields, field, "type"); got != kind {
			t.Errorf("%s is of type %v, want %s", field, got, kind)
		}
	}
	required, _ := at(d, "components", "schemas", "CampaignRequest", "required").([]any)
	if len(required) != 4 {
		t.Errorf("required are %v", required)
	}
}

// A struct tag has no constants: here it is held to them.
func TestTheDocumentsParametersHaveTheDomainsLimits(t *testing.T) {
	d := document(t)
	for _, limit := range []struct {
		operation, parameter, keyword string
		want                          float64
	}{
		{"post /campaigns", "Idempotency-Key", "maxLength", campaign.MaxIdempotencyKey},
		{"post /campaigns/{id}/test", "Idempotency-Key", "maxLength", campaign.MaxIdempotencyKey},
		{"get /campaigns/{id}/recipients/refused", "part", "minimum", 0},
		{"get /campaigns/{id}/recipients/refused", "part", "maximum", recipients.MaxParts - 1},
		{"put /campaigns/{id}/recipients/{part}", "part", "maximum", recipients.MaxParts - 1},
		{"delete /campaigns/{id}/recipients/{part}", "part", "maximum", recipients.MaxParts - 1},
	} {
		method, path, _ := strings.Cut(limit.operation, " ")
		all := asList(at(d, "paths", path, method, "parameters"))
		i := slices.IndexFunc(all, func(p any) bool { return at(p, "name") == limit.parameter })
		if i < 0 || at(all[i], "schema", limit.keyword) != limit.want {
			t.Errorf("%s: %s of %s is not %v: %v", limit.operation, limit.keyword, limit.parameter, limit.want, all)
		}
	}
}

// A body is JSON and nothing else, but for a list of numbers, and whatever is no success is a problem.
func TestTheDocumentSaysWhatGoesInAndOut(t *testing.T) {
	d := document(t)
	each(d, func(method, path string, operation object) {
		where := method + " " + path
		if body, ok := operation["requestBody"].(object); ok {
			content := body["content"].(object)
			kinds, needed := 1, true
			switch where {
			case "post /suppressions", "put /campaigns/{id}/recipients/{part}":
				kinds = 2
				if at(content, "text/csv", "schema", "type") != "string" {
					t.Errorf("%s takes no CSV", where)
				}
			case "put /suppressions/{number}":
				needed = false
			}
			if len(content) != kinds || content["application/json"] == nil || (body["required"] == true) != needed {
				t.Errorf("%s takes %v", where, body)
			}
		}
		if path == "/openapi.json" {
			return
		}
		ref := at(operation, "responses", "default", "content", "application/problem+json", "schema", "$ref")
		if ref != "#/components/schemas/Problem" {
			t.Errorf("%s: what is no success is %v", where, ref)
		}
		if public := len(asList(operation["security"])) == 0 && operation["security"] != nil; public != (path == "/healthz") {
			t.Errorf("%s: public: %v", where, public)
		}
	})
	for name := range at(d, "components", "schemas").(object) {
		if strings.HasPrefix(name, "Error") {
			t.Errorf("%s is described and never sent", name)
		}
	}
}

// What comes back is told of: each route once, with what it answers.
func TestTheDocumentHasWhatComesBack(t *testing.T) {
	d := document(t)
	for operation, status := range map[string]string{
		"get /campaigns/{id}/timeline": "200", "get /replies": "200", "get /replies/{id}": "200", "post /replies/{id}/answer": "202",
		"post /replies/{id}/close": "200", "get /suppressions": "200", "post /suppressions": "200",
		"get /suppressions/{number}": "200", "put /suppressions/{number}": "200", "delete /suppressions/{number}": "200",
	} {
		method, path, _ := strings.Cut(operation, " ")
		responses, _ := at(d, "paths", path, method, "responses").(object)
		if len(responses) != 2 || at(responses, status, "content", "application/json", "schema") == nil {
			t.Errorf("%s answers %v", operation, responses)
		}
	}
	if at(d, "paths", "/suppressions", "get", "responses", "200", "content", "text/csv", "schema", "type") != "string" {
		t.Error("the list cannot be had as a table")
	}
	schemas := at(d, "components", "schemas")
	for _, limit := range []struct {
		schema, field, keyword string
		want                   float64
	}{
		{"AnswerRequest", "text", "minLength", 1}, {"AnswerRequest", "text", "maxLength", 1600},
		{"ImportRequest", "numbers", "minItems", 1}, {"ImportRequest", "numbers", "maxItems", 20_000},
	} {
		if got := at(schemas, limit.schema, "properties", limit.field, limit.keyword); got != limit.want {
			t.Errorf("%s of %s is %v, want %v", limit.keyword, limit.field, got, limit.want)
		}
	}
	if at(schemas, "CampaignView", "properties", "returns") == nil || at(schemas, "MessageView", "properties", "delivery") == nil {
		t.Error("a campaign or a message says nothing of what came back")
	}
}

// What a client must know before it sends a long list, or closes more than it meant.
func TestTheDocumentSaysHowFarSuppressionsReach(t *testing.T) {
	d := document(t)
	for operation, words := range map[string][]string{
		"post /suppressions":         {"At most 20000 rows", "in parts", "It is safe to repeat a request"},
		"put /suppressions/{number}": {"Without a sender (no body, or {}) it always closes *", "With a sender it closes that one, and leaves * and the others as they are"},
	} {
		method, path, _ := strings.Cut(operation, " ")
		said, _ := at(d, "paths", path, method, "description").(string)
		for _, w := range words {
			if !strings.Contains(said, w) {
				t.Errorf("%s does not say %q: %s", operation, w, said)
			}
		}
	}
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}
