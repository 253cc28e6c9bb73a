package poller_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/inprocess"
	"sluice/internal/local/lambda"
	"sluice/internal/local/poller"
	"sluice/internal/local/sqs"
)

const (
	baseURL    = "http://sqs.local"
	queueURL   = baseURL + "/000000000000/batches"
	queueARN   = "arn:aws:sqs:us-east-1:000000000000:batches"
	deadURL    = baseURL + "/000000000000/dead"
	visibility = 60 * time.Second
)

// bench is a queue, a function and what became of the batches.
type bench struct {
	*testing.T
	client  *awssqs.Client
	service *gate
	start   time.Time

	mu      sync.Mutex
	events  []events.SQSEvent
	at      []time.Duration // when each event came
	results []poller.Result
	errs    []error
}

// gate counts receives in front of the service, lets each take its time, and refuses them while it is shut.
type gate struct {
	http.Handler
	latency  time.Duration
	mu       sync.Mutex
	shut     bool
	receives int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	isReceive := strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage")
	if isReceive {
		g.receives++
	}
	shut := g.shut && isReceive
	g.mu.Unlock()
	if isReceive {
		time.Sleep(g.latency)
	}
	if shut {
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	g.Handler.ServeHTTP(w, r)
}

// inBubble runs scenario in virtual time with a queue that nobody polls yet.
func inBubble(t *testing.T, scenario func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, err := sqs.New(baseURL, sqs.Queue{Name: "batches", VisibilityTimeout: visibility, DeadLetter: "dead", MaxReceives: 3},
			sqs.Queue{Name: "dead"})
		if err != nil {
			t.Fatal(err)
		}
		service := &gate{Handler: server}
		client := awssqs.New(awssqs.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(baseURL),
			Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
			HTTPClient:       &http.Client{Transport: inprocess.Transport(service)},
			RetryMaxAttempts: 1,
		})
		scenario(&bench{T: t, client: client, service: service, start: time.Now()})
	})
}

// run polls until the test ends. The function gets the number of its invocation, from 0.
func (b *bench) run(config poller.Config, function func(ctx context.Context, n int, e events.SQSEvent) (any, error)) (stop func()) {
	b.Helper()
	handler, err := lambda.NewHandler(b.Context(), lambda.HandlerConfig{Name: "sender", Timeout: 15 * time.Minute, Concurrency: 1000},
		func(ctx context.Context, e events.SQSEvent) (any, error) {
			b.mu.Lock()
			n := len(b.events)
			b.events = append(b.events, e)
			b.at = append(b.at, time.Since(b.start))
			b.mu.Unlock()
			return function(ctx, n, e)
		})
	if err != nil {
		b.Fatal(err)
	}
	if config.Invoker == nil {
		config.Invoker = handler
	}
	config.Client, config.QueueURL, config.QueueARN, config.Visibility = b.client, queueURL, queueARN, visibility
	config.OnBatch = func(r poller.Result) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.results = append(b.results, r)
	}
	config.OnError = func(err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.errs = append(b.errs, err)
	}
	p, err := poller.New(config)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			b.Errorf("Run returned %v", err)
		}
	})
	b.Cleanup(func() { stop(); handler.Close() })
	return stop
}

func (b *bench) send(bodies ...string) {
	b.Helper()
	for _, body := range bodies {
		if _, err := b.client.SendMessage(b.Context(), &awssqs.SendMessageInput{QueueUrl: aws.String(queueURL), MessageBody: &body}); err != nil {
			b.Fatal(err)
		}
	}
}

// sleep lets everything that happens in the meantime happen.
func (b *bench) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// left counts what is in a queue, in flight or not.
func (b *bench) left(url string) string {
	b.Helper()
	out, err := b.client.GetQueueAttributes(b.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &url,
		AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		b.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func (b *bench) wantLeft(url, want string) {
	b.Helper()
	if got := b.left(url); got != want {
		b.Errorf("%s has %s messages (waiting+in flight), want %s", url, got, want)
	}
}

// bodies are those of each event, in order within it.
func (b *bench) bodies() [][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all [][]string
	for _, e := range b.events {
		var bodies []string
		for _, r := range e.Records {
			bodies = append(bodies, r.Body)
		}
		all = append(all, bodies)
	}
	return all
}

func succeed(context.Context, int, events.SQSEvent) (any, error) { return nil, nil }

func numbered(n int) []string {
	bodies := make([]string, n)
	for i := range bodies {
		bodies[i] = fmt.Sprint(i)
	}
	return bodies
}
