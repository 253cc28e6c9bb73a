package template_test

import (
	"strings"
	"testing"

	"sluice/internal/local/template"
)

// refused reads the small template with one text replaced, and returns the error.
func refused(t *testing.T, old, replacement string, parameters map[string]string) string {
	t.Helper()
	if n := strings.Count(small, old); n != 1 {
		t.Fatalf("%q is %d times in the template; want once", old, n)
	}
	o := options()
	o.Parameters = parameters
	got, err := template.Read(strings.NewReader(strings.Replace(small, old, replacement, 1)), o)
	if err == nil {
		t.Fatalf("was accepted: %+v", got)
	}
	return err.Error()
}

func TestReadRefusesByName(t *testing.T) {
	const in, out = "      MemorySize: 512\n", "      MemorySize: 512\n      "
	for _, c := range []struct{ name, old, new, want string }{
		{"a network", in, out + "VpcConfig: {}\n", "Worker: property VpcConfig is not supported locally"},
		{"layers", in, out + "Layers: []\n", "Worker: property Layers is not supported locally"},
		{"a misspelt property", "Timeout: 20", "TimeOut: 20", "Worker: property TimeOut is not supported locally"},
		{"other runtimes", "Runtime: provided.al2023", "Runtime: nodejs24.x", `Front: Runtime "nodejs24.x" is not supported`},
		{"other handlers", "Handler: bootstrap", "Handler: main", `Worker: Handler "main" is not supported locally`},
		{"code elsewhere", "./out/work/", "s3://bucket/key", `Worker: CodeUri "s3:/bucket/key" is not supported locally`},
		{"code outside", "./out/work/", "../work", `Worker: CodeUri "../work" is not supported locally`},
		{"two of one folder", "./out/work/", "other/front", `Worker: is named "front", as is Front`},
		{"a name of names", "TableName: notes", "TableName: !Sub '${Jobs}'", "Notes: TableName: !Sub: refers to Jobs"},
		{"long timeouts", "Timeout: 20", "Timeout: 901", "Worker: Timeout is 901; it must be 1 to 900"},
		{"no number", "Timeout: 20", "Timeout: 2m", `Worker: Timeout is "2m", not a whole number`},
		{"a stopped function", "!If [Reserves, !Ref Width, !Ref \"AWS::NoValue\"]", "0",
			"Worker: ReservedConcurrentExecutions is 0; it must be 1"},
		{"other events", "Type: HttpApi", "Type: SNS", "Front: event Get of type SNS is not supported locally"},
		{"old payloads", "Method: get", "PayloadFormatVersion: '1.0', Method: get", `event Get: PayloadFormatVersion "1.0"`},
		{"route's authorizer", "Method: get", "Auth: {}, Method: get", "Front: event Get: property Auth is not supported"},
		{"no such method", "Method: get", "Method: FETCH", `Front: event Get: Method "FETCH" is none of`},
		{"no path", "\"/notes/{id}\"", "notes", `Front: event Get: Path "notes" does not begin with a slash`},
		{"no such api", "ApiId: !Ref Api", "ApiId: !Ref Jobs", "ApiId must refer to an AWS::Serverless::HttpApi"},
		{"a filter", "BatchSize: 20", "FilterCriteria: {}", "Worker: event Jobs: property FilterCriteria is not"},
		{"bought pollers", "BatchSize: 20", "ProvisionedPollerConfig: {MinimumPollers: 2}",
			"Worker: event Jobs: property ProvisionedPollerConfig is not supported locally"},
		{"one consumer", "{MaximumConcurrency: !Ref Width}", "{MaximumConcurrency: 1}",
			"MaximumConcurrency is 1; it must be 2"},
		{"great batches", "BatchSize: 20", "BatchSize: 10001", "BatchSize is 10001; it must be 1 to 10000"},
		{"a foreign queue", "Queue: !GetAtt Jobs.Arn", "Queue: arn:aws:sqs:x:1:jobs",
			"Queue must refer to an AWS::SQS::Queue"},
		{"a sleeping trigger", "BatchSize: 20", "Enabled: false", `Worker: event Jobs: Enabled "false" is not supported`},
		{"cron", "rate(2 hours)", "cron(0 9 * * ? *)", `schedule "cron(0 9 * * ? *)" is not supported locally`},
		{"zero rate", "rate(2 hours)", "rate(0 hours)", `schedule "rate(0 hours)" is not supported locally`},
		{"retried ticks", "RetryPolicy: {MaximumRetryAttempts: 0}", "State: ENABLED", "RetryPolicy MaximumRetryAttempts 185"},
		{"retried runs", "EventInvokeConfig: {MaximumRetryAttempts: 0}", "Description: x",
			"Front: EventInvokeConfig MaximumRetryAttempts 2 is not supported locally"},
		{"unquoted OFF", "ScheduleExpression:", "FlexibleTimeWindow: {Mode: OFF}\n            ScheduleExpression:",
			`FlexibleTimeWindow: Mode "false" is not supported locally: only "OFF"`},
		{"order of messages", "DelaySeconds: 5", "FifoQueue: true", "Jobs: property FifoQueue is not supported locally"},
		{"long delays", "DelaySeconds: 5", "DelaySeconds: 901", "Jobs: DelaySeconds is 901; it must be 0 to 900"},
		{"lost dead letters", "!GetAtt DeadJobs.Arn", "!GetAtt Notes.Arn",
			"deadLetterTargetArn must refer to an AWS::SQS::Queue"},
		{"streams", "TableName: notes", "StreamSpecification: {}", "Notes: property StreamSpecification is not supported"},
		{"untyped keys", "{AttributeName: at, AttributeType: N}", "{AttributeName: on, AttributeType: N}",
			`"at" has no AttributeType of S, N or B`},
		{"keys of two parts", "AttributeName: at, KeyType: RANGE", "AttributeName: at, KeyType: HASH",
			"one HASH, then at most one RANGE"},
		{"partial projections", "ProjectionType: ALL", "ProjectionType: INCLUDE", `projection "INCLUDE" is not supported`},
		{"other resources", "Condition: Never", "Condition: Either", "Absent: type AWS::SNS::Topic is not supported locally"},
		{"other sections", "Conditions:\n", "Mappings: {}\nConditions:\n", "template: property Mappings is not supported"},
		{"other globals", "Globals:\n", "Globals:\n  Api: {}\n", "template: Globals: property Api is not supported locally"},
		{"other transforms", "Transform: AWS::Serverless-2016-10-31", "Transform: AWS::Include", `Transform "AWS::Include"`},
		{"other intrinsics", "JOBS: !Ref Jobs", "JOBS: !Select [0, [a]]",
			"Environment: Variables: JOBS: Fn::Select is not supported locally"},
		{"nothing of that name", "JOBS: !Ref Jobs", "JOBS: !Ref Jbos", `JOBS: !Ref of "Jbos": no such parameter or resource`},
		{"names of APIs", "JOBS: !Ref Jobs", "JOBS: !Ref Api",
			"JOBS: !Ref of Api (AWS::Serverless::HttpApi) has no value locally"},
		{"large environments", "JOBS: !Ref Jobs", "JOBS: " + strings.Repeat("x", 4096), "Environment: has 4"},
		{"a second api", "  Notes:\n", "  Other: {Type: AWS::Serverless::HttpApi}\n  Notes:\n",
			"2 HTTP APIs are not supported"},
		{"an API's authorizer", "HttpApi\n  Notes:", "HttpApi\n    Properties: {Auth: {}}\n  Notes:",
			"Api: property Auth is not supported"},
		{"self-made conditions", "Never: !And [!Condition Reserves", "Never: !And [!Condition Never",
			"condition Never refers to itself"},
		{"unknown conditions", "!If [Either,", "!If [Neither,", `condition "Neither" does not exist`},
		{"typed parameters", "{Type: Number, Default: 4, ", "{Type: 'List<Number>', Default: 4, ",
			"parameter Width: type List<Number>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := refused(t, c.old, c.new, nil); !strings.Contains(got, c.want) {
				t.Errorf("error is\n%s\nwant in it\n%s", got, c.want)
			}
		})
	}
}

func TestParametersAreHeldToTheirBounds(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"Width", "1", "parameter Width: its value is 1; the least is 2"},
		{"Width", "10", "parameter Width: its value is 10; the limit is 9"},
		{"Width", "many", "parameter Width: its value is no number"},
		{"Reserve", "maybe", "parameter Reserve: its value is none of [true false]"},
		{"Word", "river2", "parameter Word: its value has 6 characters; the limit is 5"},
		{"Word", "a1", "parameter Word: its value does not match [a-z]+"},
		{"Word", strings.Repeat("w", 4097), "parameter Word: its value has 4097 bytes; the limit is 4096"},
		{"Wrod", "sea", "parameter Wrod: the template has none of this name"},
	} {
		t.Run(c.name+" "+c.value[:1], func(t *testing.T) {
			got := refused(t, "Timeout: 20", "Timeout: 20", map[string]string{c.name: c.value})
			if !strings.Contains(got, c.want) {
				t.Errorf("error is\n%s\nwant in it\n%s", got, c.want)
			}
		})
	}
	t.Run("no value at all", func(t *testing.T) {
		if got := refused(t, "Default: river, ", "", nil); !strings.Contains(got, "parameter Word: has no default") {
			t.Errorf("error is %s", got)
		}
	})
}

func TestReadRefusesWhatIsNoTemplate(t *testing.T) {
	nested := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "EOF"},
		{"a list", "[a]", "is not a mapping"},
		{"broken YAML", "a: [", "yaml:"},
		{"an alias", "a: &x 1\nb: *x", "line 2: YAML aliases are not supported"},
		{"a merge", "<<: {a: 1}", "line 1: keys are plain texts, without merges"},
		{"a key twice", "a: 1\na: 2", `line 2: key "a" is there twice`},
		{"two documents", "a: 1\n---\nb: 2", "more than one YAML document"},
		{"depth", "a: " + nested, "nested deeper than the limit of 64"},
		{"size", "a: " + strings.Repeat("x", template.MaxBytes), "larger than the limit of 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := template.Read(strings.NewReader(c.text), options())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v; want in it %q", err, c.want)
			}
		})
	}
}

func TestReadReportsEveryProblemOnce(t *testing.T) {
	text := strings.NewReplacer("Timeout: 20", "Timeout: 0", "rate(2 hours)", "at(now)", "TableName: notes",
		"TableName: !Sub '${Jobs}'").Replace(small)
	_, err := template.Read(strings.NewReader(text), options())
	if err == nil {
		t.Fatal("was accepted")
	}
	for _, want := range []string{"Worker: Timeout", "Front: event Tick: schedule", "Notes: TableName"} {
		if n := strings.Count(err.Error(), want); n != 1 {
			t.Errorf("%q is %d times in the error; want once:\n%v", want, n, err)
		}
	}
}

func TestNestedVariablesDoNotMultiply(t *testing.T) {
	value := `""`
	for range 14 { // 40 variables in each of 14 levels would be 40^14 resolutions
		value = `!Sub ["` + strings.Repeat("${V}", 40) + `", {V: ` + value + `}]`
	}
	got := read(t, strings.Replace(small, "JOBS: !Ref Jobs", "JOBS: "+value, 1), nil)
	if jobs := got.Functions[1].Environment["JOBS"]; jobs != "" {
		t.Errorf("JOBS has %d bytes; want none", len(jobs))
	}
}

func TestTextsDoNotGrowWithoutBound(t *testing.T) {
	value := `!Sub ["` + strings.Repeat("${V}", 100) + `", {V: "` + strings.Repeat("v", 1000) + `"}]`
	if got := refused(t, "JOBS: !Ref Jobs", "JOBS: "+value, nil); !strings.Contains(got, "beyond the limit of 65536 bytes") {
		t.Errorf("error is %s", got)
	}
}
