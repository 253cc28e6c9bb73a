package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/inprocess"
	"sluice/internal/local/sqs"
)

const (
	baseURL = "http://sqs.local"
	deadURL = baseURL + "/000000000000/" + deadLetters
	queue   = baseURL + "/000000000000/BatchesQueue"

	deadLetters = "BatchesDeadLetterQueue"
)

// fixture is the local SQS in virtual time, with two queues for each kind of message, and what the command printed.
type fixture struct {
	*testing.T
	client *awssqs.Client
	queue  string // The URL that messages are sent to.
	out    bytes.Buffer
}

// inBubble runs a scenario; change may alter what SQS answers.
func inBubble(t *testing.T, change func(http.Handler) http.Handler, scenario func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var queues []sqs.Queue
		for _, kind := range []string{"Batches", "Events", "OneOffs"} {
			queues = append(queues, sqs.Queue{Name: kind + "Queue", DeadLetter: kind + "DeadLetterQueue", MaxReceives: 5},
				sqs.Queue{Name: kind + "DeadLetterQueue"})
		}
		server, err := sqs.New(baseURL, queues...)
		if err != nil {
			t.Fatal(err)
		}
		handler := http.Handler(server)
		if change != nil {
			handler = change(server)
		}
		scenario(&fixture{T: t, queue: queue, client: awssqs.New(awssqs.Options{
			Region: localRegion, BaseEndpoint: aws.String(baseURL), RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
			HTTPClient:  &http.Client{Transport: inprocess.Transport(handler)},
		})})
	})
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// bury makes n dead letters.
func (f *fixture) bury(n int) {
	f.Helper()
	for range n {
		_, err := f.client.SendMessage(f.Context(), &awssqs.SendMessageInput{
			QueueUrl: &f.queue, MessageBody: aws.String("{}"),
		})
		f.must(err)
	}
	for range 6 * n {
		f.receive()
	}
	time.Sleep(time.Minute)
	f.receive()
}

// receive takes what is in the queue and waits until it is there again.
func (f *fixture) receive() []types.Message {
	f.Helper()
	out, err := f.client.ReceiveMessage(f.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &f.queue, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	f.must(err)
	time.Sleep(sqs.DefaultVisibilityTimeout)
	return out.Messages
}

// redrive runs the command's work on a queue.
func (f *fixture) redrive(ctx context.Context, name string) error {
	f.Helper()
	p, err := newPlace(name, baseURL)
	f.must(err)
	return newMover(f.client, p, &f.out).run(ctx)
}

// wantOutput compares what was printed, line by line.
func (f *fixture) wantOutput(lines ...string) {
	f.Helper()
	if want := strings.Join(lines, "\n") + "\n"; f.out.String() != want {
		f.Errorf("printed\n%swant\n%s", f.out.String(), want)
	}
}

func wantError(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want an error about %q", err, words)
	}
}

// slowly limits every move to one message a second.
func slowly(next http.Handler) http.Handler {
	return edit(next, "StartMessageMoveTask", `"SourceArn"`, `"MaxNumberOfMessagesPerSecond":1,"SourceArn"`)
}

// answer gives one operation's answer in place of next.
func answer(next http.Handler, operation string, status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "AmazonSQS."+operation {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// edit alters one operation's request before it reaches next.
func edit(next http.Handler, operation, old, changed string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "AmazonSQS."+operation {
			body, _ := io.ReadAll(r.Body) // of a buffer
			body = bytes.Replace(body, []byte(old), []byte(changed), 1)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		next.ServeHTTP(w, r)
	})
}
