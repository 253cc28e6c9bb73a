package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"sluice/internal/local/dynamodb/attribute"
)

// Names of errors (API Reference, "Common errors" and the operations' own).
const (
	codeValidation     = "ValidationException"
	codeConditionFails = "ConditionalCheckFailedException"
	codeCanceled       = "TransactionCanceledException"
	codeMismatch       = "IdempotentParameterMismatchException"
	codeNotFound       = "ResourceNotFoundException"
	codeUnknown        = "UnknownOperationException"
	codeSerialization  = "SerializationException"
	codeInternal       = "InternalServerError"
)

// fault is an error as the service answers it.
type fault struct {
	Code    string         `json:"__type"`
	Message string         `json:"message"`
	Item    attribute.Item `json:"Item,omitempty"`                // Of a condition that failed, where it was asked for.
	Reasons []reason       `json:"CancellationReasons,omitempty"` // Of a transaction, one for each action.
}

// reason is why an action of a transaction failed, or that it did not (API Reference, CancellationReason).
type reason struct {
	Code    string
	Message string         `json:",omitempty"`
	Item    attribute.Item `json:",omitempty"`
}

func (f *fault) Error() string { return f.Code + ": " + f.Message }

func failed(code, format string, args ...any) error {
	return &fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error { return failed(codeValidation, format, args...) }

// invalidBecause makes a validation error of what reading or evaluating an expression returned; nil stays nil.
func invalidBecause(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	return &fault{Code: codeValidation, Message: strings.ToUpper(text[:1]) + text[1:]}
}

func writeError(w http.ResponseWriter, err error) {
	status, f := http.StatusBadRequest, &fault{}
	if !errors.As(err, &f) {
		status, f = http.StatusInternalServerError, &fault{Code: codeInternal, Message: err.Error()}
	}
	answer := *f
	answer.Code = "com.amazonaws.dynamodb.v20120810#" + f.Code
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	respond(w, status, body)
}
