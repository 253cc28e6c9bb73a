package local_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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
	"sluice/internal/lambdaio"
	"sluice/internal/local"
	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
)

const sqsURL = "http://sqs.local"

// several has two functions behind one API, and two queues that each feed one: the first many at a time.
const several = `
Transform: AWS::Serverless-2016-10-31
Parameters:
  Most: {Type: Number, Default: 50}
  Window: {Type: Number, Default: 2}
  Word: {Type: String, Default: ""}
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      RouteSettings:
        POST /hook: {ThrottlingRateLimit: 2000, ThrottlingBurstLimit: 1000}
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Events:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadEvents.Arn, maxReceiveCount: 5}
  DeadEvents: {Type: AWS::SQS::Queue}
  Letters:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 3}
  DeadLetters: {Type: AWS::SQS::Queue}
  Desk:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: desk
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /desk}}
  Hook:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hook
      Environment: {Variables: {EVENTS: !Ref Events, WORD: !Ref Word}}
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /hook}}
        Post: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: POST, Path: /hook}}
  Recorder:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: recorder
      Environment: {Variables: {LETTERS: !Ref Letters}}
      Events:
        Events:
          Type: SQS
          Properties:
            Queue: !GetAtt Events.Arn
            BatchSize: !Ref Most
            MaximumBatchingWindowInSeconds: !Ref Window
            FunctionResponseTypes: [ReportBatchItemFailures]
  Courier:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: courier
      Events:
        Letters:
          Type: SQS
          Properties: {Queue: !GetAtt Letters.Arn, BatchSize: 1, FunctionResponseTypes: [ReportBatchItemFailures]}
`

// stage is a running platform of that template, whose functions are handlers in this process.
type stage struct {
	*testing.T
	platform *local.Platform
	client   *awssqs.Client
	env      map[string]map[string]string // of each function

	mu       sync.Mutex
	recorded [][]string // the bodies of each batch
	faults   []string   // the parts that something went wrong with
}

func onStage(t *testing.T, scenario func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, env: map[string]map[string]string{}}
		described, err := template.Read(strings.NewReader(several), template.Options{
			QueueURL: func(name string) string { return local.QueueURL(sqsURL, name) },
		})
		s.must(err)
		cloud, err := local.NewCloud(described, sqsURL, nil)
		s.must(err)
		s.client = awssqs.New(awssqs.Options{
			Region: lambda.DefaultRegion, BaseEndpoint: aws.String(sqsURL),
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
			HTTPClient:  &http.Client{Transport: inprocess.Transport(cloud)},
		})
		for _, f := range described.Functions {
			s.env[f.Name] = f.Environment
		}
		s.platform, err = local.New(local.Config{
			Template: described, Functions: s.functions(), SQS: s.client, SQSURL: sqsURL,
			Watcher: func(part string, _ error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.faults = append(s.faults, part)
			},
		})
		s.must(err)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.platform.Run(ctx) }()
		scenario(s)
		stop()
		s.must(<-done)
	})
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) functions() map[string]lambda.Invoker {
	s.Helper()
	log := slog.New(slog.DiscardHandler)
	desk := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "desk") }
	functions := map[string]lambda.Invoker{}
	for name, handler := range map[string]any{
		"desk": lambdaio.HTTP(http.HandlerFunc(desk), log), "hook": lambdaio.HTTP(http.HandlerFunc(s.hook), log),
		"recorder": s.record, "courier": lambdaio.Batch(s.deliver, log),
	} {
		invoker, err := lambda.NewHandler(s.Context(), lambda.HandlerConfig{Name: name}, handler)
		s.must(err)
		s.Cleanup(invoker.Close)
		functions[name] = invoker
	}
	return functions
}

// hook queues the field "text" of a query or a form.
func (s *stage) hook(w http.ResponseWriter, r *http.Request) {
	if err := s.queue(s.env["hook"]["EVENTS"], r.FormValue("text")); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// record passes on what begins with "answer".
func (s *stage) record(_ context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var bodies []string
	for _, r := range event.Records {
		bodies = append(bodies, r.Body)
		if strings.HasPrefix(r.Body, "answer") {
			if err := s.queue(s.env["recorder"]["LETTERS"], r.Body); err != nil {
				return events.SQSEventResponse{}, err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = append(s.recorded, bodies)
	return events.SQSEventResponse{}, nil
}

func (s *stage) deliver(_ context.Context, _, body string) error {
	if strings.HasSuffix(body, "never") {
		return errors.New("as asked")
	}
	return nil
}

func (s *stage) queue(url, body string) error {
	_, err := s.client.SendMessage(context.Background(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	return err
}

// call returns status and body.
func (s *stage) call(method, target, form string) string {
	s.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	w := httptest.NewRecorder()
	s.platform.ServeHTTP(w, r)
	return fmt.Sprint(w.Code, " ", w.Body)
}

// left counts what waits in a queue, and what is in flight.
func (s *stage) left(name string) string {
	s.Helper()
	out, err := s.client.GetQueueAttributes(context.Background(), &awssqs.GetQueueAttributesInput{
		QueueUrl: aws.String(local.QueueURL(sqsURL, name)), AttributeNames: []types.QueueAttributeName{"All"},
	})
	s.must(err)
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func TestOneAPIServesSeveralFunctions(t *testing.T) {
	onStage(t, func(s *stage) {
		for _, c := range []struct{ method, target, form, want string }{
			{"GET", "/desk", "", "200 desk"},
			{"GET", "/hook?text=a+b%26", "", "200 "},
			{"POST", "/hook", "text=c%2Bd+%C3%A9&to=1", "200 "},
			{"POST", "/desk", "", `404 {"message":"Not Found"}`},
		} {
			if got := s.call(c.method, c.target, c.form); got != c.want {
				t.Errorf("%s %s answers %q; want %q", c.method, c.target, got, c.want)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if want := [][]string{{"a b&", "c+d é"}}; !slices.EqualFunc(s.recorded, want, slices.Equal) {
			t.Errorf("recorded %q; want %q", s.recorded, want)
		}
		if word, set := s.env["hook"]["WORD"]; word != "" || !set {
			t.Errorf("WORD is %q, set: %t; want an empty parameter passed on as such", word, set)
		}
	})
}

func TestEachQueueFeedsItsFunction(t *testing.T) {
	onStage(t, func(s *stage) {
		for i := range 60 {
			text := fmt.Sprint(i)
			switch i {
			case 7:
				text = "answer"
			case 8:
				text = "answer never"
			}
			s.call("POST", "/hook", "text="+url.QueryEscape(text))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(s.recorded) != 2 || len(s.recorded[0]) != 50 || len(s.recorded[1]) != 10 {
			t.Errorf("recorded %q; want 60, of them 50 together", s.recorded)
		}
		if events, letters := s.left("Events"), s.left("Letters"); events != "0+0" || letters != "0+1" {
			t.Errorf("events are %s, letters %s; want nothing but the letter that failed", events, letters)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for queue, want := range map[string]string{"Letters": "0+0", "DeadLetters": "1+0", "DeadEvents": "0+0"} {
			if got := s.left(queue); got != want {
				t.Errorf("%s holds %s; want %s", queue, got, want)
			}
		}
		if len(s.faults) > 0 {
			t.Errorf("something went wrong with %v; a letter that fails by itself is none", s.faults)
		}
	})
}
