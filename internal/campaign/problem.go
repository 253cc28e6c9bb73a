package campaign

import (
	"errors"
	"fmt"
)

// ErrNoMessage: nothing is recorded of a number in a campaign.
var ErrNoMessage = errors.New("no such message")

// ErrNoRecipients: there is nobody to send to.
var ErrNoRecipients = errors.New("the campaign has no recipients")

// Problem is one thing that is wrong with what a client asked for.
type Problem struct {
	Field string
	// Row counts from 1 within a list; 0 where the field is no list.
	Row    int
	Reason string
}

// StateError refuses an action that the campaign's status does not allow.
type StateError struct {
	Action string
	Status Status
}

func (e StateError) Error() string {
	return fmt.Sprintf("cannot %s a campaign that is %s", e.Action, e.Status)
}

// KeyReusedError refuses an idempotency key that came with another request before.
type KeyReusedError struct{}

func (KeyReusedError) Error() string {
	return "this Idempotency-Key was used for another request before"
}

// UnsettledError refuses to send again what the batch of the message has not settled yet.
type UnsettledError struct{}

func (UnsettledError) Error() string {
	return "the message's batch is still being sent; try again when it has gone on"
}

// MessageStateError refuses to send again what was sent, or is still to be sent.
type MessageStateError struct{ State State }

func (e MessageStateError) Error() string {
	return fmt.Sprintf("a message that is %s is not sent again; only one that failed, was skipped or is unknown", e.State)
}
