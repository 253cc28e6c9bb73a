package template_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/template"
)

const small = `
Transform: AWS::Serverless-2016-10-31
Parameters:
  Width: {Type: Number, Default: 4, MinValue: 2, MaxValue: 9}
  Reserve: {Type: String, Default: "true", AllowedValues: ["true", "false"]}
  Word: {Type: String, Default: river, AllowedPattern: "[a-z]+", MaxLength: 5}
Conditions:
  Reserves: !Equals [!Ref Reserve, "true"]
  Never: !And [!Condition Reserves, !Not [!Condition Reserves]]
  Either: !Or [!Condition Never, {Condition: Reserves}]
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 10
    Environment: {Variables: {WORD: !Ref Word, TABLE: !Ref Notes}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: notes
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
      KeySchema:
        - {AttributeName: id, KeyType: HASH}
      GlobalSecondaryIndexes:
        - IndexName: by_time
          KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
      TimeToLiveSpecification: {AttributeName: gone, Enabled: true}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      DelaySeconds: 5
      ReceiveMessageWaitTimeSeconds: 20
      MaximumMessageSize: 2048
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadJobs.Arn, maxReceiveCount: 6}
  DeadJobs:
    Type: AWS::SQS::Queue
  Absent:
    Type: AWS::SNS::Topic
    Condition: Never
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {SkipBuild: true}
    Properties:
      CodeUri: ./out/work/
      Timeout: 20
      MemorySize: 512
      ReservedConcurrentExecutions: !If [Reserves, !Ref Width, !Ref "AWS::NoValue"]
      LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN}
      Policies: [{anything: !ImportValue at-all}]
      Environment:
        Variables:
          WORD: !Sub "${Word}-${Jobs.QueueName}-${!kept}"
          JOBS: !Ref Jobs
          BOTH: {"Fn::Join": [",", [!GetAtt Jobs.Arn, !GetAtt Notes.Arn]]}
          OWN: !Sub ["${Depth} m", {Depth: !If [Either, deep, shallow]}]
      Events:
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 20
            MaximumBatchingWindowInSeconds: 3
            ScalingConfig: {MaximumConcurrency: !Ref Width}
            FunctionResponseTypes: [ReportBatchItemFailures]
  Front:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: out/front
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      Events:
        Get:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Method: get, Path: "/notes/{id}"}
        Tick:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(2 hours)
            RetryPolicy: {MaximumRetryAttempts: 0}
            Input: '{"full":true}'
`

func options() template.Options {
	return template.Options{QueueURL: func(name string) string { return "http://queues/" + name }}
}

func read(t *testing.T, text string, parameters map[string]string) *template.Template {
	t.Helper()
	o := options()
	o.Parameters = parameters
	got, err := template.Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReadDescribesWhatRunsLocally(t *testing.T) {
	id := template.Key{Name: "id", Kind: "HASH", Type: "S"}
	want := &template.Template{
		Functions: []template.Function{{
			LogicalID: "Front", Name: "front", CodeDir: "out/front", Timeout: 10 * time.Second, MemoryMB: 128,
			LogFormat:   "Text",
			Environment: map[string]string{"WORD": "river", "TABLE": "notes"},
			Routes:      []template.Route{{Method: "GET", Path: "/notes/{id}", PayloadVersion: "2.0"}},
			Schedules:   []template.Schedule{{Every: 2 * time.Hour, Input: `{"full":true}`}},
		}, {
			LogicalID: "Worker", Name: "work", CodeDir: "out/work", Timeout: 20 * time.Second, MemoryMB: 512,
			LogFormat: "JSON", LogLevel: "INFO", ReservedConcurrency: 4,
			Environment: map[string]string{
				"WORD": "river-Jobs-${kept}", "TABLE": "notes", "JOBS": "http://queues/Jobs", "OWN": "deep m",
				"BOTH": "arn:aws:sqs:us-east-1:000000000000:Jobs,arn:aws:dynamodb:us-east-1:000000000000:table/notes",
			},
			Queue: &template.EventSource{QueueLogicalID: "Jobs", BatchSize: 20, Window: 3 * time.Second,
				MaximumConcurrency: 4, ReportBatchItemFailures: true},
		}},
		Queues: []template.Queue{{
			LogicalID: "DeadJobs", Name: "DeadJobs", VisibilityTimeout: 30 * time.Second,
			Retention: 4 * 24 * time.Hour, MaxMessageBytes: 1 << 20,
		}, {
			LogicalID: "Jobs", Name: "Jobs", VisibilityTimeout: time.Minute, Delay: 5 * time.Second,
			Retention: 4 * 24 * time.Hour, ReceiveWait: 20 * time.Second, MaxMessageBytes: 2048,
			DeadLetter: "DeadJobs", MaxReceives: 6,
		}},
		Tables: []template.Table{{
			LogicalID: "Notes", Name: "notes", Keys: []template.Key{id}, TTLAttribute: "gone",
			Indexes: []template.Index{{Name: "by_time", Projection: "ALL",
				Keys: []template.Key{id, {Name: "at", Kind: "RANGE", Type: "N"}}}},
		}},
	}
	if diff := cmp.Diff(want, read(t, small, nil)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParametersOverrideDefaults(t *testing.T) {
	got := read(t, small, map[string]string{"Width": "9", "Reserve": "false", "Word": "lake", "AWS::Region": "eu-west-1"})
	worker := got.Functions[1]
	if worker.ReservedConcurrency != 0 || worker.Queue.MaximumConcurrency != 9 {
		t.Errorf("reserved %d, maximum %d; want 0 and 9", worker.ReservedConcurrency, worker.Queue.MaximumConcurrency)
	}
	if got := worker.Environment["OWN"]; got != "shallow m" {
		t.Errorf("OWN is %q; want that of the false condition", got)
	}
	if got := worker.Environment["BOTH"]; !strings.HasPrefix(got, "arn:aws:sqs:eu-west-1:") {
		t.Errorf("BOTH is %q; want the overridden region", got)
	}
}

func TestRealTemplateRunsLocally(t *testing.T) {
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, string(text), map[string]string{"VonageUrl": "http://127.0.0.1:8099/sms"})
	byName := map[string]template.Function{}
	for _, f := range got.Functions {
		byName[f.Name] = f
	}
	queues := map[string]string{
		"QUEUE_URL": "BatchesQueue", "EVENTS_QUEUE_URL": "EventsQueue", "ONEOFFS_QUEUE_URL": "OneOffsQueue",
	}
	for name, variables := range map[string][]string{
		"api": {"TABLE_NAME", "QUEUE_URL", "ONEOFFS_QUEUE_URL"}, "dispatcher": {"TABLE_NAME", "QUEUE_URL", "ONEOFFS_QUEUE_URL"},
		"sender": {"TABLE_NAME", "QUEUE_URL"}, "courier": {"TABLE_NAME", "ONEOFFS_QUEUE_URL"},
		"webhook": {"EVENTS_QUEUE_URL"}, "recorder": {"TABLE_NAME", "EVENTS_QUEUE_URL", "ONEOFFS_QUEUE_URL"},
	} {
		for _, variable := range variables {
			want := "Table"
			if queue, ok := queues[variable]; ok {
				want = "http://queues/" + queue
			}
			if got := byName[name].Environment[variable]; got != want {
				t.Errorf("%s of %s is %q; want %q", variable, name, got, want)
			}
		}
	}
	if n := len(byName["api"].Routes); n == 0 {
		t.Error("api has no route")
	}
	if s := byName["dispatcher"].Schedules; len(s) != 1 || s[0].Every != time.Minute {
		t.Errorf("dispatcher's schedules are %v; want one, every minute", s)
	}
	for name, want := range map[string]template.EventSource{
		"sender":   {QueueLogicalID: "BatchesQueue", BatchSize: 1, MaximumConcurrency: 5},
		"recorder": {QueueLogicalID: "EventsQueue", BatchSize: 100, Window: time.Second, MaximumConcurrency: 2},
		"courier":  {QueueLogicalID: "OneOffsQueue", BatchSize: 10, MaximumConcurrency: 2},
	} {
		want.ReportBatchItemFailures = true
		if diff := cmp.Diff(&want, byName[name].Queue); diff != "" {
			t.Errorf("event source of %s (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"sender", "courier"} {
		if got := byName[name].Environment["VONAGE_URL"]; got != "http://127.0.0.1:8099/sms" {
			t.Errorf("VONAGE_URL of %s is %q; want the override", name, got)
		}
	}
	for _, name := range []string{"api", "dispatcher", "recorder"} {
		if _, has := byName[name].Environment["VONAGE_SECRET"]; has {
			t.Errorf("%s knows the secret's name; only those that speak with Vonage may", name)
		}
	}
}

func TestVonagesOwnAddressIsAnEmptyOne(t *testing.T) {
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, parameters := range map[string]map[string]string{"by default": nil, "when asked for": {"VonageUrl": ""}} {
		for _, f := range read(t, string(text), parameters).Functions {
			if url, set := f.Environment["VONAGE_URL"]; f.Name == "sender" && (url != "" || !set) {
				t.Errorf("%s: VONAGE_URL is %q, set: %t; want it set to nothing", name, url, set)
			}
		}
	}
	for _, url := range []string{"http://example.com/sms", "https://", "rest.nexmo.com", " "} {
		o := options()
		o.Parameters = map[string]string{"VonageUrl": url}
		if _, err := template.Read(strings.NewReader(string(text)), o); err == nil {
			t.Errorf("VonageUrl %q was accepted", url)
		}
	}
}
