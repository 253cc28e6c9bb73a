package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// permissions are what the caller needs (Developer Guide, "Troubleshoot Amazon SQS dead-letter queue and DLQ redrive
// issues").
const permissions = "sqs:StartMessageMoveTask, ListMessageMoveTasks, ReceiveMessage, DeleteMessage, " +
	"GetQueueAttributes and GetQueueUrl on the dead-letter queue, and sqs:SendMessage on the queue that they came from"

// explain says in plain words why SQS did not do what it was asked.
func (m *mover) explain(err error) error {
	var absent *types.QueueDoesNotExist
	var gone *types.ResourceNotFoundException
	var api smithy.APIError
	var network *net.OpError
	switch {
	case errors.As(err, &absent), errors.As(err, &gone):
		return fmt.Errorf("there is no queue %s", m.place.queue)
	case errors.As(err, &api) && isDenied(api.ErrorCode()):
		return fmt.Errorf("your credentials may not do this: they need %s", permissions)
	case errors.As(err, &api):
		return fmt.Errorf("SQS refused: %s (%s)", api.ErrorMessage(), api.ErrorCode())
	case errors.As(err, &network) && m.place.endpoint != "":
		return fmt.Errorf("nothing answers at %s: is make run running?", m.place.endpoint)
	default:
		return fmt.Errorf("ask SQS about %s: %w", m.place.queue, err)
	}
}

func isDenied(code string) bool {
	return code == "AccessDenied" || code == "AccessDeniedException"
}

// reason puts the reasons that SQS documents for a failed move into words (same page).
func reason(code string) string {
	switch code {
	case "CouldNotDetermineMessageSource":
		return "SQS cannot tell where a message came from (" + code + "): it was sent to the dead-letter queue directly, " +
			"and stays there. None of the functions does that"
	case "AWS.SimpleQueueService.NonExistentQueue":
		return "the queue that a message came from is gone (" + code + ")"
	case "AccessDenied":
		return "SQS may not do it in your name (" + code + "): your credentials need " + permissions
	case "":
		return "SQS gives no reason"
	default:
		return code
	}
}
