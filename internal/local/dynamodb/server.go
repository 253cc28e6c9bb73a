package dynamodb

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"sluice/internal/local/dynamodb/attribute"
)

const (
	targetPrefix = "DynamoDB_20120810."
	contentType  = "application/x-amz-json-1.0"
)

// Server is the service: an http.Handler that may be used concurrently. It has nothing to close.
type Server struct {
	operations map[string]func(body []byte) (any, error)

	mu     sync.Mutex // Guards all that follows; held for each request while it is worked out.
	tables map[string]*table
	tokens tokens
}

// New returns a service with these tables, empty. It refuses descriptions that the real one would refuse.
func New(tables ...Table) (*Server, error) {
	s := &Server{tables: map[string]*table{}, tokens: tokens{known: map[string]applied{}}}
	for _, description := range tables {
		if s.tables[description.Name] != nil {
			return nil, fmt.Errorf("table %q is described twice", description.Name)
		}
		t, err := newTable(description)
		if err != nil {
			return nil, fmt.Errorf("table %q: %w", description.Name, err)
		}
		s.tables[description.Name] = t
	}
	s.operations = map[string]func([]byte) (any, error){
		"GetItem":            handle(s, s.getItem),
		"PutItem":            handle(s, s.putItem),
		"UpdateItem":         handle(s, s.updateItem),
		"DeleteItem":         handle(s, s.deleteItem),
		"Query":              handle(s, s.query),
		"Scan":               handle(s, s.scan),
		"BatchGetItem":       handle(s, s.batchGetItem),
		"BatchWriteItem":     handle(s, s.batchWriteItem),
		"TransactWriteItems": handle(s, s.transactWriteItems),
	}
	return s, nil
}

// ServeHTTP answers one operation, named by X-Amz-Target.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	answer, err := s.serve(r)
	if err != nil {
		writeError(w, err)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		writeError(w, fmt.Errorf("encode the answer: %w", err))
		return
	}
	respond(w, http.StatusOK, body)
}

// respond sends the checksum too: the SDK holds every answer to it and warns where it is absent.
func respond(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body) // The client has gone; there is nobody left to tell.
}

func (s *Server) serve(r *http.Request) (any, error) {
	target := r.Header.Get("X-Amz-Target")
	do := s.operations[strings.TrimPrefix(target, targetPrefix)]
	if do == nil || r.Method != http.MethodPost {
		return nil, failed(codeUnknown, "the operation %q is not supported locally", target)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequestBytes))
	if err != nil {
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return nil, invalid("the request is longer than %d bytes", tooLong.Limit)
		}
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return do(body)
}

// handle gives an operation its input and the lock. A parameter that is not known here is refused by name.
func handle[In, Out any](s *Server, do func(In) (Out, error)) func([]byte) (any, error) {
	return func(body []byte) (any, error) {
		var in In
		if err := decode(body, &in); err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return do(in)
	}
}

func decode(body []byte, in any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(in)
	switch {
	case errors.Is(err, attribute.ErrValue):
		return invalidBecause(err)
	case err != nil:
		return failed(codeSerialization, "the request cannot be read, or asks for what is not supported locally: %v", err)
	}
	return nil
}

func (s *Server) table(name string) (*table, error) {
	t := s.tables[name]
	if t == nil {
		return nil, failed(codeNotFound, "Requested resource not found: Table: %s not found", name)
	}
	return t, nil
}
