package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The rules of queues, of the functions that they feed, and of their alarms.

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
	owners := map[string]string{}
	return v.eachConsumer(func(f Function, q Queue) string {
		dead := v.queueOf(q.DeadLetter)
		other := owners[dead.LogicalID]
		owners[dead.LogicalID] = q.LogicalID
		switch {
		case !f.Queue.ReportBatchItemFailures:
			return "does not report which messages failed"
		case q.MaxReceives < 5:
			return fmt.Sprintf("maxReceiveCount of %s is %d", q.LogicalID, q.MaxReceives)
		case dead.Retention <= q.Retention:
			return fmt.Sprintf("%s keeps %v, its source %v", q.DeadLetter, dead.Retention, q.Retention)
		case other != "":
			return fmt.Sprintf("%s takes the dead letters of %s too", q.DeadLetter, other)
		}
		return ""
	})
}

// alarms: the first dead letter is heard of, and the first crash of a function that nobody waits for.
func alarms(v view) []string {
	raised := map[string]bool{}
	for _, id := range v.ofType("AWS::CloudWatch::Alarm") {
		if v.value(id, "Threshold") != "0" || v.value(id, "ComparisonOperator") != "GreaterThanThreshold" ||
			v.raw(id, "AlarmActions") == nil {
			continue
		}
		for _, item := range list(v.value(id, "Dimensions")) {
			dimension, _ := item.(map[string]any)
			of, _ := dimension["Value"].(reference)
			raised[fmt.Sprint(v.value(id, "MetricName"), " ", of.id)] = true
		}
	}
	var broken []string
	for _, f := range v.read.Functions {
		isWebhook := slices.ContainsFunc(f.Routes, isWebhook)
		if (f.Queue != nil || isWebhook) && !raised["Errors "+f.LogicalID] {
			broken = append(broken, f.LogicalID+": no alarm when it crashes")
		}
	}
	return append(broken, v.eachConsumer(func(_ Function, q Queue) string {
		if !raised["ApproximateNumberOfMessagesVisible "+q.DeadLetter] {
			return q.DeadLetter + " fills without an alarm"
		}
		return ""
	})...)
}

// patience: a message may wait for the longest delay there is, then until it is visible again.
func patience(v view) []string {
	var broken []string
	for _, id := range v.ofType("AWS::CloudWatch::Alarm") {
		if v.value(id, "MetricName") != "ApproximateAgeOfOldestMessage" {
			continue
		}
		for _, item := range list(v.value(id, "Dimensions")) {
			dimension, _ := item.(map[string]any)
			of, _ := dimension["Value"].(reference)
			least := maxDelay*time.Second + v.queueOf(of.id).VisibilityTimeout
			threshold, err := strconv.Atoi(fmt.Sprint(v.value(id, "Threshold")))
			if err != nil || time.Duration(threshold)*time.Second <= least {
				broken = append(broken, fmt.Sprintf("%s: Threshold is %d s, and a message may wait for %v", id, threshold, least))
			}
		}
	}
	return broken
}

// isWebhook says that Vonage calls the route, not a person.
func isWebhook(r Route) bool { return strings.HasPrefix(r.Path, "/webhooks/") }

// tlsOnly: SQS wants policies that speak of one queue alone (SQS Developer Guide, "Examples of Amazon SQS policies"), so
// one that is laid on several names none.
func tlsOnly(v view) []string {
	var closed []string
	for _, id := range v.ofType("AWS::SQS::QueuePolicy") {
		for _, s := range statements(v.value(id, "PolicyDocument")) {
			if fmt.Sprintf("%v %v %v %v %v", s["Effect"], s["Principal"], s["Action"], s["Resource"], s["Condition"]) ==
				"Deny * sqs:* * map[Bool:map[aws:SecureTransport:false]]" {
				closed = append(closed, referred(v.value(id, "Queues"))...)
			}
		}
	}
	var broken []string
	for _, q := range v.read.Queues {
		if !slices.Contains(closed, q.LogicalID) {
			broken = append(broken, q.LogicalID+": no policy denies it without TLS")
		}
	}
	return broken
}
