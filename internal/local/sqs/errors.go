package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// fault is an error as the service answers it. Shape is the name in the JSON protocol, query the code of the older query
// protocol, which still comes along in x-amzn-query-error (Developer Guide, "AWS JSON protocol").
type fault struct {
	shape, query, message string
}

func (f *fault) Error() string { return f.query + ": " + f.message }

// fail makes a modelled error. Most have a query code of their own.
func fail(shape, format string, args ...any) error {
	query := "AWS.SimpleQueueService." + shape
	switch shape {
	case "QueueDoesNotExist":
		query = "AWS.SimpleQueueService.NonExistentQueue"
	case "InvalidMessageContents", "InvalidAttributeName", "OverLimit", "ReceiptHandleIsInvalid",
		"ResourceNotFoundException":
		query = shape
	}
	return &fault{"com.amazonaws.sqs#" + shape, query, fmt.Sprintf(format, args...)}
}

func invalidValue(format string, args ...any) error {
	return &fault{
		"com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue", fmt.Sprintf(format, args...),
	}
}

func missing(parameter string) error {
	return &fault{
		"com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter",
		"The request must contain the parameter " + parameter + ".",
	}
}

func invalidContents(why string) error {
	return fail("InvalidMessageContents", "Invalid characters found. The text %s; valid are "+
		"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.", why)
}

// malformed says what is wrong with a request that cannot be read, or that asks for what is not there.
func malformed(format string, args ...any) error {
	return &fault{
		"com.amazon.coral.service#SerializationException", "MalformedInput", fmt.Sprintf(format, args...),
	}
}

// entryError is one failed entry of a batch (API Reference, BatchResultErrorEntry).
type entryError struct {
	ID          string `json:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

func failedEntry(id string, err error) entryError {
	var f *fault
	if errors.As(err, &f) {
		return entryError{ID: id, Code: f.query, Message: f.message, SenderFault: true}
	}
	return entryError{ID: id, Code: "InternalError", Message: err.Error()}
}

func writeError(w http.ResponseWriter, err error) {
	status, f := http.StatusBadRequest, &fault{}
	if !errors.As(err, &f) {
		status = http.StatusInternalServerError
		f = &fault{"com.amazonaws.sqs#InternalError", "InternalError", err.Error()}
	}
	if f.query == "ResourceNotFoundException" { // The one modelled error that has a status of its own.
		status = http.StatusNotFound
	}
	sender := "Sender"
	if status >= http.StatusInternalServerError {
		sender = "Receiver"
	}
	body, err := json.Marshal(map[string]string{"__type": f.shape, "message": f.message})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Amzn-Query-Error", f.query+";"+sender)
	w.WriteHeader(status)
	_, _ = w.Write(body) // The client has gone; there is nobody left to tell.
}
