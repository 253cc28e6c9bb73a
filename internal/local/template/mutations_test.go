package template

import (
	"strings"
	"testing"
)

// mutation is a mistake that somebody could make in the template, and the rule that must find it.
type mutation struct {
	name     string
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
		tls        = "queues answer over TLS only"
		logs       = "every function has a log group of its own, which forgets"
		ownRole    = "every function has a role of its own, written here"
		privilege  = "roles name their actions and resources"
		survives   = "the table survives mistakes, and forgets what expires"
		binaries   = "executables are for arm64, made by make build"
		noSecret   = "the environment holds no secret"
		documented = "every parameter is bounded and described"
	)
	const (
		reserved = "!If [ReservesConcurrency, !Ref SenderConcurrency, !Ref AWS::NoValue]"
		maximum  = "MaximumConcurrency: !Ref SenderConcurrency"
		inSender = "VONAGE_SECRET: !Ref VonageSecretName"
		poll     = "                  - sqs:ReceiveMessage\n"
	)
	return []mutation{
		{"a provisioned poller",
			"BatchSize: 1\n",
			"BatchSize: 1\n            ProvisionedPollerConfig: {MinimumPollers: 2}\n", mirrors},
		{"a tick that Scheduler retries", "{MaximumRetryAttempts: 0, Max", "{MaximumRetryAttempts: 3, Max", mirrors},
		{"a tick that Lambda retries", "MaximumRetryAttempts: 0\n", "MaximumRetryAttempts: 1\n", mirrors},
		{"another runtime", "provided.al2023", "provided.al2", mirrors},
		{"another handler", "Handler: bootstrap", "Handler: main", mirrors},
		{"a choice of one batch at once", "MinValue: 2\n", "MinValue: 1\n", mirrors},
		{"a choice of too many at once", "MinValue: 2\n    MaxValue: 1000\n", "MinValue: 2\n    MaxValue: 1001\n", mirrors},
		{"fewer reserved than taken", reserved, "!If [ReservesConcurrency, 10, !Ref AWS::NoValue]", sum},
		{"more taken than reserved", maximum, "MaximumConcurrency: 6", sum},
		{"no maximum", "            ScalingConfig:\n              " + maximum + "\n", "", sum},
		{"ten and one messages", "BatchSize: 1\n", "BatchSize: 11\n", windows},
		{"a short visibility", "VisibilityTimeout: 1800", "VisibilityTimeout: 1799", hidden},
		{"a longer timeout", "Timeout: 300", "Timeout: 301", hidden},
		{"a window without visibility",
			"BatchSize: 1\n",
			"BatchSize: 1\n            MaximumBatchingWindowInSeconds: 1\n", hidden},
		{"four tries", "maxReceiveCount: 5", "maxReceiveCount: 4", dead},
		{"dead letters soon gone", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600", dead},
		{"no dead letters",
			"      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt BatchesDeadLetterQueue.Arn\n",
			"      Tags:\n", dead},
		{"failures of whole batches", "            FunctionResponseTypes: [ReportBatchItemFailures]\n", "", dead},
		{"a queue left out",
			"Resource: [!GetAtt BatchesQueue.Arn, !GetAtt BatchesDeadLetterQueue.Arn]",
			"Resource: !GetAtt BatchesQueue.Arn", tls},
		{"a policy not attached",
			"Queues: [!Ref BatchesQueue, !Ref BatchesDeadLetterQueue]",
			"Queues: [!Ref BatchesQueue]", tls},
		{"TLS denied", `aws:SecureTransport: "false"`, `aws:SecureTransport: "true"`, tls},
		{"one log for two", "LogGroup: !Ref SenderLogGroup", "LogGroup: !Ref ApiLogGroup", logs},
		{"a log for ever", "-sender\n      RetentionInDays: !Ref LogRetentionDays\n", "-sender\n", logs},
		{"a log of Lambda's own", "      LoggingConfig:\n        LogGroup: !Ref ApiLogGroup\n", "", logs},
		{"SAM's role", "      Role: !GetAtt DispatcherRole.Arn\n", "", ownRole},
		{"another's role", "Role: !GetAtt DispatcherRole.Arn", "Role: !GetAtt SenderRole.Arn", ownRole},
		{"a SAM policy", "Timeout: 29\n", "Timeout: 29\n      Policies: AmazonDynamoDBFullAccess\n", ownRole},
		{"a managed policy",
			"      Policies:\n        - PolicyName: api\n",
			"      ManagedPolicyArns: [arn:aws:iam::aws:policy/X]\n      Policies:\n        - PolicyName: api\n", privilege},
		{"every action", poll, "                  - \"*\"\n", privilege},
		{"every action of a service", poll, "                  - sqs:*\n", privilege},
		{"every resource",
			"Action: dynamodb:GetItem\n                Resource: !GetAtt Table.Arn",
			"Action: dynamodb:GetItem\n                Resource: \"*\"", privilege},
		{"every secret", "${VonageSecretName}-??????", "*", privilege},
		{"no resource",
			"Action: secretsmanager:GetSecretValue\n                Resource",
			"Action: secretsmanager:GetSecretValue\n                NotResource", privilege},
		{"a table that goes with its stack", "    DeletionPolicy: Retain\n", "", survives},
		{"a table that is replaced", "    UpdateReplacePolicy: Retain\n", "", survives},
		{"no recovery", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", survives},
		{"no protection", "DeletionProtectionEnabled: !Ref DeletionProtection", "DeletionProtectionEnabled: false", survives},
		{"items for ever", "expires_at, Enabled: true", "expires_at, Enabled: false", survives},
		{"built by SAM",
			"    Metadata: {SkipBuild: true}\n    Properties:\n      CodeUri: .build/sender/",
			"    Properties:\n      CodeUri: .build/sender/", binaries},
		{"sources for executables", "CodeUri: .build/sender/", "CodeUri: functions/sender/", binaries},
		{"another processor", "Architectures: [arm64]", "Architectures: [x86_64]", binaries},
		{"a key in the environment", inSender, inSender + "\n          VONAGE_API_KEY: !Ref VonageUrl", noSecret},
		{"a secret in the environment", inSender, "VONAGE_SECRET: abcdef", noSecret},
		{"a secret resolved on deployment", inSender, "VONAGE: '{{resolve:secretsmanager:sluice/vonage}}'", noSecret},
		{"a parameter without a limit", "    MaxValue: 50\n", "", documented},
		{"a parameter without words", "    Description: Days that logs are kept.\n", "", documented},
		{"a parameter without a default", "    Default: 4\n", "", documented},
	}
}

func TestEveryRuleFindsItsMistakes(t *testing.T) {
	text := projectText(t)
	byName, caught := map[string]rule{}, map[string]bool{}
	for _, r := range rules() {
		byName[r.name] = r
	}
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			if n := strings.Count(text, m.old); n != 1 {
				t.Fatalf("%q is %d times in the template; want once", m.old, n)
			}
			r, ok := byName[m.rule]
			if !ok {
				t.Fatalf("there is no rule %q", m.rule)
			}
			caught[m.rule] = true
			if !finds(t, strings.Replace(text, m.old, m.new, 1), r) {
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
