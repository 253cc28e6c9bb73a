package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

type getQueueURLInput struct {
	QueueName              string
	QueueOwnerAWSAccountID string `json:"QueueOwnerAWSAccountId"`
}

type getQueueURLOutput struct {
	QueueURL string `json:"QueueUrl"`
}

func (s *Server) getQueueURL(_ call, in getQueueURLInput) (getQueueURLOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[in.QueueName]
	if q == nil || in.QueueOwnerAWSAccountID != "" && in.QueueOwnerAWSAccountID != account {
		return getQueueURLOutput{}, fail("QueueDoesNotExist", "The specified queue does not exist.")
	}
	return getQueueURLOutput{s.url(q)}, nil
}

type listQueuesInput struct {
	QueueNamePrefix string
}

type listQueuesOutput struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
}

func (s *Server) listQueues(_ call, in listQueuesInput) (listQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out listQueuesOutput
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			out.QueueURLs = append(out.QueueURLs, s.url(s.queues[name]))
		}
	}
	return out, nil
}

type getQueueAttributesInput struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

type getQueueAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (s *Server) getQueueAttributes(c call, in getQueueAttributesInput) (getQueueAttributesOutput, error) {
	var out getQueueAttributesOutput
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return out, err
	}
	q.catchUp(time.Now())
	all, err := q.describe(c.region)
	if err != nil {
		return out, err
	}
	out.Attributes = map[string]string{}
	for _, name := range in.AttributeNames {
		if name == "All" {
			maps.Copy(out.Attributes, all)
		} else if value, ok := all[name]; ok {
			out.Attributes[name] = value
		} else if name != "RedrivePolicy" {
			return out, fail("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return out, nil
}

// describe lists settings and counts (API Reference, GetQueueAttributes).
func (q *queue) describe(region string) (map[string]string, error) {
	attributes := map[string]string{
		"QueueArn":                              arn(region, q),
		"VisibilityTimeout":                     wholeSeconds(q.VisibilityTimeout),
		"DelaySeconds":                          wholeSeconds(q.Delay),
		"MessageRetentionPeriod":                wholeSeconds(q.Retention),
		"ReceiveMessageWaitTimeSeconds":         wholeSeconds(q.ReceiveWait),
		"MaximumMessageSize":                    strconv.Itoa(q.MaxMessageBytes),
		"ApproximateNumberOfMessages":           strconv.Itoa(q.visible()),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(q.inFlight.Len()),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(q.delayed.Len()),
	}
	if q.dead != nil {
		policy, err := json.Marshal(map[string]any{
			"deadLetterTargetArn": arn(region, q.dead), "maxReceiveCount": q.MaxReceives,
		})
		if err != nil {
			return nil, fmt.Errorf("write the redrive policy: %w", err)
		}
		attributes["RedrivePolicy"] = string(policy)
	}
	return attributes, nil
}

func wholeSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

type purgeQueueInput struct {
	QueueURL string `json:"QueueUrl"`
}

func (s *Server) purgeQueue(_ call, in purgeQueueInput) (nothing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nothing{}, err
	}
	now := time.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeEvery {
		return nothing{}, fail("PurgeQueueInProgress",
			"Only one PurgeQueue operation on %s is allowed every %v.", q.Name, purgeEvery)
	}
	q.purged = now
	clear(q.messages)
	q.ready, q.delayed, q.inFlight = newFair(), nil, nil
	return nothing{}, nil
}
