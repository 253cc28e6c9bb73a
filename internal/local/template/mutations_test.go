package template

import (
	"regexp"
	"strings"
	"testing"
)

// mutation is a mistake that somebody could make in the template, and the rule that must find it.
type mutation struct {
	name string
	// in is the logical id of the resource where old is looked for; empty for the whole template.
	in       string
	old, new string
	rule     string
}

func mutations() []mutation {
	const (
		mirrors    = "all can be mirrored locally"
		sum        = "a queue's function takes no more at once than is reserved"
		windows    = "more than 10 messages at once need a window"
		hidden     = "a message stays hidden for 6 timeouts and the window"
		dead       = "a message that fails is tried 5 times, then kept longer than any other"
		heard      = "dead letters, and functions that crash, are heard of"
		patient    = "what waits by design raises no alarm"
		tls        = "queues answer over TLS only"
		throttled  = "throttles are of routes that exist, and webhooks' are high"
		logs       = "every function has a log group of its own, which forgets"
		ownRole    = "every function has a role of its own, written here"
		privilege  = "roles name their actions and resources"
		told       = "a function may use what it is told of, and nothing else"
		survives   = "the table survives mistakes, and forgets what expires"
		binaries   = "executables are for arm64, made by make build"
		noSecret   = "the environment holds no secret"
		documented = "every parameter is bounded and described"
	)
	const (
		reserved = "!If [ReservesConcurrency, !Ref SenderConcurrency, !Ref AWS::NoValue]"
		maximum  = "MaximumConcurrency: !Ref SenderConcurrency"
		aSecret  = "VONAGE_SECRET: !Ref VonageSecretName"
		poll     = "                  - sqs:ReceiveMessage\n"
		open     = `Resource: "*"`
		aWindow  = "            MaximumBatchingWindowInSeconds: !Ref RecorderWindow\n"
	)
	return []mutation{
		{"a provisioned poller", "SenderFunction",
			"BatchSize: 1\n",
			"BatchSize: 1\n            ProvisionedPollerConfig: {MinimumPollers: 2}\n", mirrors},
		{"a tick that Scheduler retries", "", "{MaximumRetryAttempts: 0, Max", "{MaximumRetryAttempts: 3, Max", mirrors},
		{"a tick that Lambda retries", "", "MaximumRetryAttempts: 0\n", "MaximumRetryAttempts: 1\n", mirrors},
		{"another runtime", "", "provided.al2023", "provided.al2", mirrors},
		{"another handler", "", "Handler: bootstrap", "Handler: main", mirrors},
		{"a choice of one batch at once", "SenderConcurrency", "MinValue: 2\n", "MinValue: 1\n", mirrors},
		{"a choice of too many at once", "SenderConcurrency", "MaxValue: 1000\n", "MaxValue: 1001\n", mirrors},
		{"a choice of too long a window", "RecorderWindow", "MaxValue: 300\n", "MaxValue: 301\n", mirrors},
		{"two of one route", "WebhookFunction", "Method: GET, Path: /webhooks/vonage/inbound",
			"Method: POST, Path: /webhooks/vonage/inbound", mirrors},
		{"fewer reserved than taken", "", reserved, "!If [ReservesConcurrency, 10, !Ref AWS::NoValue]", sum},
		{"more taken than reserved", "", maximum, "MaximumConcurrency: 6", sum},
		{"more taken than the least reserve", "CourierFunction", "MaximumConcurrency: !Ref CourierConcurrency",
			"MaximumConcurrency: 3", sum},
		{"fewer reserved than a choice of couriers", "CourierFunction",
			"!If [ReservesConcurrency, !Ref CourierConcurrency, !Ref AWS::NoValue]",
			"!If [ReservesConcurrency, 2, !Ref AWS::NoValue]", sum},
		{"no maximum", "", "            ScalingConfig:\n              " + maximum + "\n", "", sum},
		{"ten and one messages", "SenderFunction", "BatchSize: 1\n", "BatchSize: 11\n", windows},
		{"large batches at once", "RecorderFunction", aWindow, "", windows},
		{"a choice of no window", "RecorderWindow", "MinValue: 1\n", "MinValue: 0\n", windows},
		{"a short visibility", "BatchesQueue", "VisibilityTimeout: 1800", "VisibilityTimeout: 1799", hidden},
		{"a visibility without the window", "EventsQueue", "VisibilityTimeout: 660", "VisibilityTimeout: 659", hidden},
		{"a longer timeout", "", "Timeout: 300", "Timeout: 301", hidden},
		{"a window without visibility", "SenderFunction",
			"BatchSize: 1\n",
			"BatchSize: 1\n            MaximumBatchingWindowInSeconds: 1\n", hidden},
		{"four tries", "EventsQueue", "maxReceiveCount: 5", "maxReceiveCount: 4", dead},
		{"dead letters soon gone", "OneOffsDeadLetterQueue",
			"MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600", dead},
		{"no dead letters", "EventsQueue",
			"      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt EventsDeadLetterQueue.Arn\n",
			"      Tags:\n", dead},
		{"dead letters of two queues in one", "OneOffsQueue",
			"!GetAtt OneOffsDeadLetterQueue.Arn", "!GetAtt EventsDeadLetterQueue.Arn", dead},
		{"failures of whole batches", "RecorderFunction",
			"            FunctionResponseTypes: [ReportBatchItemFailures]\n", "", dead},
		{"an alarm of another queue", "EventsDeadLetterAlarm",
			"!GetAtt EventsDeadLetterQueue.QueueName", "!GetAtt EventsQueue.QueueName", heard},
		{"an alarm that nobody gets", "OneOffsDeadLetterAlarm",
			"      AlarmActions: !If [SendsAlarms, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n", "", heard},
		{"an alarm at the second dead letter", "DeadLetterAlarm", "Threshold: 0", "Threshold: 1", heard},
		{"an alarm when all is well", "RecorderErrorsAlarm", "GreaterThanThreshold", "LessThanThreshold", heard},
		{"an alarm of another function", "CourierErrorsAlarm", "!Ref CourierFunction", "!Ref SenderFunction", heard},
		{"an alarm of something else", "WebhookErrorsAlarm", "MetricName: Errors", "MetricName: Duration", heard},
		{"an alarm of what was put back", "OldestEventAlarm", "Threshold: 1800", "Threshold: 900", patient},
		{"an alarm of what was put back and failed once", "EventsQueue", "VisibilityTimeout: 660", "VisibilityTimeout: 900", patient},
		{"a queue left out", "TlsOnlyQueuePolicy", "        - !Ref EventsDeadLetterQueue\n", "", tls},
		{"a policy of another queue", "", open, "Resource: !GetAtt BatchesQueue.Arn", tls},
		{"TLS denied", "", `aws:SecureTransport: "false"`, `aws:SecureTransport: "true"`, tls},
		{"a throttle of no route", "HttpApi", "GET /webhooks/vonage/receipts", "GET /webhooks/vonage/receipt", throttled},
		{"a webhook for one person", "HttpApi", "        POST /webhooks/vonage/inbound: {ThrottlingRateLimit: 2000,",
			"        POST /webhooks/vonage/inbound: {ThrottlingRateLimit: 20,", throttled},
		{"a webhook that a small Region refuses", "HttpApi",
			"POST /webhooks/vonage/receipts: {ThrottlingRateLimit: 2000, ThrottlingBurstLimit: 1000}",
			"POST /webhooks/vonage/receipts: {ThrottlingRateLimit: 2000, ThrottlingBurstLimit: 2000}", throttled},
		{"one log for two", "", "LogGroup: !Ref SenderLogGroup", "LogGroup: !Ref ApiLogGroup", logs},
		{"a log for ever", "", "-sender\n      RetentionInDays: !Ref LogRetentionDays\n", "-sender\n", logs},
		{"a log of Lambda's own", "", "      LoggingConfig:\n        LogGroup: !Ref ApiLogGroup\n", "", logs},
		{"SAM's role", "", "      Role: !GetAtt DispatcherRole.Arn\n", "", ownRole},
		{"another's role", "", "Role: !GetAtt DispatcherRole.Arn", "Role: !GetAtt SenderRole.Arn", ownRole},
		{"a SAM policy", "", "Timeout: 29\n", "Timeout: 29\n      Policies: AmazonDynamoDBFullAccess\n", ownRole},
		{"a managed policy", "ApiRole",
			"      Policies:\n",
			"      ManagedPolicyArns: [arn:aws:iam::aws:policy/X]\n      Policies:\n", privilege},
		{"every action", "SenderRole", poll, "                  - \"*\"\n", privilege},
		{"every action of a service", "RecorderRole", poll, "                  - sqs:*\n", privilege},
		{"every resource", "DispatcherRole",
			"Action: dynamodb:GetItem\n                Resource: !GetAtt Table.Arn",
			"Action: dynamodb:GetItem\n                Resource: \"*\"", privilege},
		{"every secret", "WebhookRole", "${VonageSecretName}-??????", "*", privilege},
		{"no resource", "CourierRole",
			"Action: secretsmanager:GetSecretValue\n                Resource",
			"Action: secretsmanager:GetSecretValue\n                NotResource", privilege},
		{"a queue that may not be written to", "DispatcherRole", ", !GetAtt OneOffsQueue.Arn]", "]", told},
		{"a queue that nobody spoke of", "CourierFunction", "          ONEOFFS_QUEUE_URL: !Ref OneOffsQueue\n", "", told},
		{"a queue that may not be received from", "RecorderRole", poll, "", told},
		{"another's messages", "CourierRole",
			"GetQueueAttributes\n                Resource: !GetAtt OneOffsQueue.Arn",
			"GetQueueAttributes\n                Resource: !GetAtt EventsQueue.Arn", told},
		{"messages for a function that is not fed", "WebhookRole", "Action: sqs:SendMessage",
			"Action: [\"sqs:SendMessage\", \"sqs:ReceiveMessage\"]", told},
		{"a table that may not be read", "CourierRole", "dynamodb:GetItem", "dynamodb:DescribeTable", told},
		{"a table that nobody spoke of", "RecorderFunction", "          TABLE_NAME: !Ref Table\n", "", told},
		{"a secret that may not be read", "WebhookRole", "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", told},
		{"a secret that nobody spoke of", "WebhookFunction", "          " + aSecret + "\n", "", told},
		{"a table that goes with its stack", "", "    DeletionPolicy: Retain\n", "", survives},
		{"a table that is replaced", "", "    UpdateReplacePolicy: Retain\n", "", survives},
		{"no recovery", "", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", survives},
		{"no protection", "", "DeletionProtectionEnabled: !Ref DeletionProtection", "DeletionProtectionEnabled: false", survives},
		{"items for ever", "", "expires_at, Enabled: true", "expires_at, Enabled: false", survives},
		{"built by SAM", "WebhookFunction", "    Metadata: {SkipBuild: true}\n", "", binaries},
		{"sources for executables", "", "CodeUri: .build/sender/", "CodeUri: functions/sender/", binaries},
		{"another processor", "", "Architectures: [arm64]", "Architectures: [x86_64]", binaries},
		{"a key in the environment", "SenderFunction", aSecret, aSecret + "\n          VONAGE_API_KEY: !Ref VonageUrl", noSecret},
		{"a secret in the environment", "WebhookFunction", aSecret, "VONAGE_SECRET: abcdef", noSecret},
		{"a secret resolved on deployment", "CourierFunction",
			aSecret, "VONAGE: '{{resolve:secretsmanager:sluice/vonage}}'", noSecret},
		{"a parameter without a limit", "", "    MaxValue: 50\n", "", documented},
		{"a parameter without words", "", "    Description: Days that logs are kept.\n", "", documented},
		{"a parameter without a default", "", "    Default: 4\n", "", documented},
	}
}

// apply makes the mistake in the template's text.
func (m mutation) apply(t *testing.T, text string) string {
	t.Helper()
	before, part := "", text
	if m.in != "" {
		heading := "\n  " + m.in + ":\n"
		if n := strings.Count(text, heading); n != 1 {
			t.Fatalf("%s is %d times in the template; want once", m.in, n)
		}
		at := strings.Index(text, heading) + len(heading)
		before, part = text[:at], text[at:]
	}
	after := ""
	if end := nextHeading.FindStringIndex(part); m.in != "" && end != nil {
		part, after = part[:end[0]], part[end[0]:]
	}
	if n := strings.Count(part, m.old); n != 1 {
		t.Fatalf("%q is %d times in the template (%s); want once", m.old, n, m.in)
	}
	return before + strings.Replace(part, m.old, m.new, 1) + after
}

// nextHeading is where a resource or a parameter ends: what follows is indented as little as it is, or less.
var nextHeading = regexp.MustCompile(`(?m)^ {0,2}\w`)

func TestEveryRuleFindsItsMistakes(t *testing.T) {
	text := projectText(t)
	byName, caught := map[string]rule{}, map[string]bool{}
	for _, r := range rules() {
		byName[r.name] = r
	}
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			mistaken := m.apply(t, text)
			r, ok := byName[m.rule]
			if !ok {
				t.Fatalf("there is no rule %q", m.rule)
			}
			caught[m.rule] = true
			if !finds(t, mistaken, r) {
				t.Errorf("%q did not find it", m.rule)
			}
		})
	}
	for name := range byName {
		if !caught[name] {
			t.Errorf("no mistake is tried against %q", name)
		}
	}
}
