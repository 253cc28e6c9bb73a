package sqs_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/inprocess"
	"sluice/internal/local/sqs"
)

const baseURL = "http://sqs.local:9324"

// fixture is the SDK's own client in front of the service, in process.
type fixture struct {
	*testing.T
	ctx    context.Context
	client *awssqs.Client
	url    *string
}

// inBubble runs a scenario in virtual time against the first of the queues.
func inBubble(t *testing.T, scenario func(f fixture), queues ...sqs.Queue) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, err := sqs.New(baseURL, queues...)
		if err != nil {
			t.Fatal(err)
		}
		scenario(fixture{t, t.Context(), clientOf(server), aws.String(urlOf(queues[0].Name))})
		synctest.Wait() // for what the scenario let others do
	})
}

func urlOf(name string) string { return baseURL + "/000000000000/" + name }

func clientOf(h http.Handler) *awssqs.Client {
	return awssqs.New(awssqs.Options{
		Region:           "eu-west-1",
		BaseEndpoint:     aws.String(baseURL),
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       &http.Client{Transport: inprocess.Transport(h)},
		RetryMaxAttempts: 1,
	})
}

func (f fixture) send(body string, delay int32) {
	f.Helper()
	in := &awssqs.SendMessageInput{QueueUrl: f.url, MessageBody: &body, DelaySeconds: delay}
	if _, err := f.client.SendMessage(f.ctx, in); err != nil {
		f.Fatal(err)
	}
}

// receive waits up to so many seconds for up to ten messages.
func (f fixture) receive(wait int32) []types.Message {
	f.Helper()
	return f.receiveFrom(*f.url, wait)
}

func (f fixture) receiveFrom(url string, wait int32) []types.Message {
	f.Helper()
	out, err := f.client.ReceiveMessage(f.ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		f.Fatal(err)
	}
	return out.Messages
}

// one receives exactly one message at once.
func (f fixture) one() types.Message {
	f.Helper()
	messages := f.receive(0)
	if len(messages) != 1 {
		f.Fatalf("received %d messages, want 1", len(messages))
	}
	return messages[0]
}

func (f fixture) wantNone(why string) {
	f.Helper()
	if got := f.receive(0); len(got) != 0 {
		f.Fatalf("received %q: %s", bodies(got), why)
	}
}

func (f fixture) delete(m types.Message) {
	f.Helper()
	in := &awssqs.DeleteMessageInput{QueueUrl: f.url, ReceiptHandle: m.ReceiptHandle}
	if _, err := f.client.DeleteMessage(f.ctx, in); err != nil {
		f.Fatal(err)
	}
}

func (f fixture) setVisibility(m types.Message, seconds int32) error {
	_, err := f.client.ChangeMessageVisibility(f.ctx, &awssqs.ChangeMessageVisibilityInput{
		QueueUrl: f.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds,
	})
	return err
}

func (f fixture) attributes(names ...types.QueueAttributeName) map[string]string {
	f.Helper()
	out, err := f.client.GetQueueAttributes(f.ctx, &awssqs.GetQueueAttributesInput{QueueUrl: f.url, AttributeNames: names})
	if err != nil {
		f.Fatal(err)
	}
	return out.Attributes
}

func bodies(messages []types.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, *m.Body)
	}
	return all
}

// wantCode checks the code that the SDK reads from an error answer, and some words of its message.
func wantCode(t *testing.T, err error, code, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want an answer with the code %s", err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %s: %s, want %s: …%s…", api.ErrorCode(), api.ErrorMessage(), code, words)
	}
	if api.ErrorFault() == smithy.FaultServer {
		t.Errorf("%s is answered as the server's fault", code)
	}
}

func (f fixture) wantBodies(want ...string) {
	f.Helper()
	if got := bodies(f.receive(0)); !cmp.Equal(got, want) {
		f.Fatalf("received %q, want %q", got, want)
	}
}
