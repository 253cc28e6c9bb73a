package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// localEndpoint is where the local platform has its queues, where nothing else is set.
const localEndpoint = "http://127.0.0.1:3003"

// localQueue is the template's dead-letter queue for which a word stands; empty where there is none.
func localQueue(word string) string {
	switch word {
	case "local", "local:batches":
		return "BatchesDeadLetterQueue"
	case "local:events":
		return "EventsDeadLetterQueue"
	case "local:oneoffs":
		return "OneOffsDeadLetterQueue"
	default:
		return ""
	}
}

// localWords says which words there are.
const localWords = "local (or local:batches), local:events or local:oneoffs for those of make run"

// place is where the dead letters are: a queue by its URL, or by its name.
type place struct {
	queue         string // As it was given, for people.
	url           string // Empty when it has to be asked for, by name and account.
	name, account string
	region        string // Empty when the queue does not say.
	endpoint      string // Empty for AWS.
}

func readPlace(args []string) (place, error) {
	flags := flag.NewFlagSet("redrive", flag.ContinueOnError)
	queue := flags.String("queue", "", "the dead-letter `queue`: its URL (DeadLetterQueueUrl, EventsDeadLetterQueueUrl or "+
		"OneOffsDeadLetterQueueUrl of the stack's outputs), its ARN, or "+localWords)
	endpoint := flags.String("endpoint", "", "the `address` of an SQS that is not AWS's; for a local queue "+localEndpoint)
	if err := flags.Parse(args); err != nil {
		return place{}, err
	}
	if flags.NArg() > 0 {
		return place{}, fmt.Errorf("%q is one word too many: the queue comes with -queue", flags.Arg(0))
	}
	return newPlace(*queue, *endpoint)
}

func newPlace(queue, endpoint string) (place, error) {
	p, err := parseQueue(queue)
	if err != nil {
		return place{}, err
	}
	if endpoint != "" {
		p.endpoint = endpoint
	}
	if u, err := url.Parse(p.endpoint); p.endpoint != "" && (err != nil || u.Host == "" || !isWeb(u.Scheme)) {
		return place{}, fmt.Errorf("%q is no address of an SQS: it is like %s", p.endpoint, localEndpoint)
	}
	return p, nil
}

// parseQueue reads a queue's URL or ARN (Developer Guide, "Queue and message identifiers").
func parseQueue(text string) (place, error) {
	if text == "" {
		return place{}, errors.New("say which queue: QUEUE=<DeadLetterQueueUrl, EventsDeadLetterQueueUrl or " +
			"OneOffsDeadLetterQueueUrl of the stack's outputs>, or " + localWords)
	}
	if name := localQueue(text); name != "" {
		return place{queue: name, name: name, endpoint: localEndpoint}, nil
	}
	if a, err := arn.Parse(text); err == nil && a.Service == "sqs" && a.Resource != "" {
		return place{queue: text, name: a.Resource, account: a.AccountID, region: a.Region}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !isWeb(u.Scheme) || len(strings.Split(strings.Trim(u.Path, "/"), "/")) != 2 {
		return place{}, fmt.Errorf("%q is no queue: give a URL such as "+
			"https://sqs.eu-west-1.amazonaws.com/123456789012/name, an ARN such as "+
			"arn:aws:sqs:eu-west-1:123456789012:name, or "+localWords, text)
	}
	p := place{queue: text, url: text}
	if labels := strings.Split(u.Hostname(), "."); len(labels) > 3 && labels[0] == "sqs" {
		p.region = labels[1]
	} else if u.Scheme == "http" { // AWS's own are https
		p.endpoint = u.Scheme + "://" + u.Host
	}
	return p, nil
}

func isWeb(scheme string) bool { return scheme == "http" || scheme == "https" }
