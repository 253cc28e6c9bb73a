package poller

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// record is a message with its place in an event.
type record struct {
	message types.Message
	json    json.RawMessage
}

func (c Config) newRecord(m types.Message) (record, error) {
	attributes := make(map[string]events.SQSMessageAttribute, len(m.MessageAttributes))
	for name, a := range m.MessageAttributes {
		attributes[name] = events.SQSMessageAttribute{StringValue: a.StringValue, BinaryValue: a.BinaryValue,
			StringListValues: []string{}, BinaryListValues: [][]byte{}, DataType: aws.ToString(a.DataType)}
	}
	text, err := json.Marshal(events.SQSMessage{
		MessageId:              aws.ToString(m.MessageId),
		ReceiptHandle:          aws.ToString(m.ReceiptHandle),
		Body:                   aws.ToString(m.Body),
		Md5OfBody:              aws.ToString(m.MD5OfBody),
		Md5OfMessageAttributes: aws.ToString(m.MD5OfMessageAttributes),
		Attributes:             m.Attributes,
		MessageAttributes:      attributes,
		EventSourceARN:         c.QueueARN,
		EventSource:            "aws:sqs",
		AWSRegion:              c.Region,
	})
	if err != nil {
		return record{}, fmt.Errorf("marshal message %s: %w", aws.ToString(m.MessageId), err)
	}
	return record{m, text}, nil
}

// eventOverhead is what an event has besides its records and the commas between them, in bytes.
const eventOverhead = len(`{"Records":[]}`)

func newEvent(batch []record) ([]byte, error) {
	records := make([]json.RawMessage, len(batch))
	for i, r := range batch {
		records[i] = r.json
	}
	payload, err := json.Marshal(map[string][]json.RawMessage{"Records": records})
	if err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	return payload, nil
}

// succeeded returns the messages to delete after an invocation that did not fail. With ReportBatchItemFailures they are
// those that the function does not report; an answer that cannot be understood is an error, and then there are none
// (Lambda Developer Guide, "Handling errors for an SQS event source in Lambda", "Success and failure conditions").
func (c Config) succeeded(batch []record, answer []byte) ([]types.Message, error) {
	failed, err := c.failedIDs(batch, answer)
	if err != nil {
		return nil, err
	}
	var messages []types.Message
	for _, r := range batch {
		if !failed[aws.ToString(r.message.MessageId)] {
			messages = append(messages, r.message)
		}
	}
	return messages, nil
}

func (c Config) failedIDs(batch []record, answer []byte) (map[string]bool, error) {
	if !c.ReportBatchItemFailures || len(answer) == 0 {
		return nil, nil
	}
	// Not a struct: encoding/json would take the keys in any case, the service does not.
	var response map[string]json.RawMessage
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, fmt.Errorf("batch response is not a JSON object: %w", err)
	}
	var failures []map[string]json.RawMessage
	if list := response["batchItemFailures"]; list != nil {
		if err := json.Unmarshal(list, &failures); err != nil {
			return nil, fmt.Errorf("batchItemFailures is not a list of objects: %w", err)
		}
	}
	known := make(map[string]bool, len(batch))
	for _, r := range batch {
		known[aws.ToString(r.message.MessageId)] = true
	}
	failed := make(map[string]bool, len(failures))
	for _, item := range failures {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || id == "" {
			return nil, errors.New("batch response has a failure without an itemIdentifier")
		}
		if !known[id] {
			return nil, fmt.Errorf("batch response names a message that is not in the batch: %q", id)
		}
		failed[id] = true
	}
	return failed, nil
}
