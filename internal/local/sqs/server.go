package sqs

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

const (
	account       = "000000000000"
	defaultRegion = "us-east-1"
	targetPrefix  = "AmazonSQS."
	contentType   = "application/x-amz-json-1.0"
)

// Queue describes one standard queue. Zero values mean the service's defaults.
type Queue struct {
	Name              string
	VisibilityTimeout time.Duration // Whole seconds, at most MaxVisibilityTimeout.
	Delay             time.Duration // Whole seconds, at most MaxDelay: for messages that name no delay themselves.
	Retention         time.Duration // MinRetention to MaxRetention.
	ReceiveWait       time.Duration // Whole seconds, at most MaxWait: for receives that name no wait themselves.
	MaxMessageBytes   int           // MinMessageBytes to MaxMessageBytes.
	DeadLetter        string        // The name of another queue, or empty.
	MaxReceives       int           // 1 to MaxReceives; only with DeadLetter.
}

// Server is the service: an http.Handler that may be used concurrently. It has nothing to close.
type Server struct {
	baseURL    string
	operations map[string]operation

	mu     sync.Mutex // Guards the queues with all that they hold; never held while waiting.
	queues map[string]*queue
}

// call is what an operation knows of its request besides its input.
type call struct {
	ctx    context.Context
	region string
}

type operation func(c call, body []byte) (any, error)

// New returns a service with these queues, whose URLs are baseURL/000000000000/<name>. It refuses what the real one
// would: settings out of range, names used twice, dead-letter queues that are not there.
func New(baseURL string, queues ...Queue) (*Server, error) {
	s := &Server{baseURL: strings.TrimRight(baseURL, "/"), queues: make(map[string]*queue, len(queues))}
	for _, q := range queues {
		if s.queues[q.Name] != nil {
			return nil, fmt.Errorf("queue %q is described twice", q.Name)
		}
		made, err := newQueue(q)
		if err != nil {
			return nil, fmt.Errorf("queue %q: %w", q.Name, err)
		}
		s.queues[q.Name] = made
	}
	for _, q := range s.queues {
		if q.DeadLetter == "" {
			continue
		}
		if q.dead = s.queues[q.DeadLetter]; q.dead == nil || q.dead == q {
			return nil, fmt.Errorf("queue %q: its dead-letter queue %q is not another queue here", q.Name, q.DeadLetter)
		}
	}
	s.operations = map[string]operation{
		"SendMessage":                  handle(s.sendMessage),
		"SendMessageBatch":             handle(s.sendMessageBatch),
		"ReceiveMessage":               handle(s.receiveMessage),
		"DeleteMessage":                handle(s.deleteMessage),
		"DeleteMessageBatch":           handle(s.deleteMessageBatch),
		"ChangeMessageVisibility":      handle(s.changeMessageVisibility),
		"ChangeMessageVisibilityBatch": handle(s.changeMessageVisibilityBatch),
		"GetQueueUrl":                  handle(s.getQueueURL),
		"GetQueueAttributes":           handle(s.getQueueAttributes),
		"ListQueues":                   handle(s.listQueues),
		"PurgeQueue":                   handle(s.purgeQueue),
		"StartMessageMoveTask":         handle(s.startMessageMoveTask),
		"ListMessageMoveTasks":         handle(s.listMessageMoveTasks),
	}
	return s, nil
}

// ServeHTTP answers one operation, named by X-Amz-Target. The path does not matter: requests name their queue.
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
	_, _ = w.Write(body) // The client has gone; there is nobody left to tell.
}

func (s *Server) serve(r *http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return nil, malformed("the method is %s, it must be POST", r.Method)
	}
	target := r.Header.Get("X-Amz-Target")
	do := s.operations[strings.TrimPrefix(target, targetPrefix)]
	if do == nil {
		return nil, &fault{
			"com.amazon.coral.service#UnknownOperationException", "InvalidAction",
			fmt.Sprintf("the operation %q is not supported locally", target),
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequestBytes))
	if err != nil {
		if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
			return nil, malformed("the request is longer than %d bytes", tooLong.Limit)
		}
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return do(call{r.Context(), signedRegion(r.Header.Get("Authorization"))}, body)
}

// handle gives an operation its input. A field that is not known here is refused by name rather than overlooked.
func handle[In, Out any](do func(call, In) (Out, error)) operation {
	return func(c call, body []byte) (any, error) {
		var in In
		if err := decode(body, &in); err != nil {
			return nil, err
		}
		return do(c, in)
	}
}

func decode(body []byte, in any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(in); err != nil {
		return malformed("the request cannot be read, or asks for what is not supported locally: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return malformed("the request has more after its end")
	}
	return nil
}

// signedRegion reads the region from a credential scope, <key>/<date>/<region>/sqs/aws4_request.
func signedRegion(authorization string) string {
	_, scope, _ := strings.Cut(authorization, "Credential=")
	if parts := strings.SplitN(scope, "/", 4); len(parts) == 4 && parts[2] != "" {
		return parts[2]
	}
	return defaultRegion
}

func (s *Server) url(q *queue) string { return s.baseURL + "/" + account + "/" + q.Name }

func arn(region string, q *queue) string {
	return "arn:aws:sqs:" + region + ":" + account + ":" + q.Name
}

// find returns the queue of a URL, whatever host it was reached by, with what moves should have brought or taken by now.
// The caller holds the lock.
func (s *Server) find(queueURL string) (*queue, error) {
	if queueURL == "" {
		return nil, missing("QueueUrl")
	}
	s.advance(time.Now())
	if u, err := url.Parse(queueURL); err == nil {
		dir, name := path.Split(u.Path)
		if q := s.queues[name]; q != nil && path.Base(dir) == account {
			return q, nil
		}
	}
	return nil, fail("QueueDoesNotExist", "The specified queue does not exist.")
}
