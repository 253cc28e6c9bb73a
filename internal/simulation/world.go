package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/app"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/local"
	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
	"sluice/internal/numberplan"
	"sluice/internal/vonage/vonagetest"
)

// Addresses that lead nowhere: the transports answer for them.
const (
	cloudURL = "http://cloud.local"
	apiURL   = "http://api.local"
	// The template lets credentials travel in the clear to this machine only.
	vonageURL   = "http://localhost/sms"
	messagesURL = "http://localhost/v1"

	apiKey     = "simulated-key"
	vonageKey  = "local123"
	vonageWord = "simulated-secret"
	signature  = "local-signature-secret" // that of the files under events/
)

// Options change the world. The zero value is the template's defaults and a Vonage that answers at once.
type Options struct {
	Parameters map[string]string
	Vonage     vonagetest.Config
	// Tick decides whether the n-th tick of the dispatcher, from 1, happens; nil for all.
	Tick func(n int) bool
	// Faults strike at remote calls of functions. What then goes wrong between the parts is no fault of the test.
	Faults []Fault
	// Cloud, Invoker and Clock change the AWS services, how a function is invoked, and its clock; nil leaves them be.
	Cloud   func(http.Handler) http.Handler
	Invoker func(function string, i lambda.Invoker) lambda.Invoker
	Clock   func(function string) func() time.Time
	// Meter counts what AWS would bill; nil for none.
	Meter *Meter
	// Spy is told of each call of AWS that a function makes, its start included; nil for nobody.
	Spy func(function, operation string, body []byte)
}

// World is a running system.
type World struct {
	t      judge
	Vonage *vonagetest.Fake
	Store  *dynamostore.Store
	client *http.Client
	logs   *logBuffer
	faults *faults
	// invokers are the functions by name, without what Options.Tick takes away.
	invokers map[string]lambda.Invoker

	mu     sync.Mutex
	delays []int
	writes int
}

// Run starts a system in a bubble, lets scenario use it, and stops it. It runs beside other parallel tests.
func Run(t *testing.T, o Options, scenario func(*World)) {
	t.Helper()
	t.Parallel()
	RunAlone(t, o, scenario)
}

// RunAlone is Run, but not beside other tests.
func RunAlone(t *testing.T, o Options, scenario func(*World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { live(t, o, scenario) })
}

// Try is RunAlone for a search that goes on after a failure: t does not fail, and what is wrong comes back.
func Try(t *testing.T, o Options, scenario func(*World)) error {
	t.Helper()
	var found verdict
	synctest.Test(t, func(t *testing.T) {
		defer found.acquit()
		found.T = t
		live(&found, o, scenario)
	})
	return errors.Join(found.faults...)
}

func live(t judge, o Options, scenario func(*World)) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer time.Sleep(2 * time.Minute) // until the last straggler's timer has fired
	defer running.Wait()
	defer cancel()
	w := &World{t: t, logs: &logBuffer{}, faults: newFaults(o.Faults)}
	platform := w.build(ctx, o)
	running.Go(func() {
		if err := platform.Run(ctx); err != nil {
			t.Errorf("platform: %v", err)
		}
	})
	running.Go(func() { w.Vonage.Run(ctx) })
	scenario(w)
}

func (w *World) build(ctx context.Context, o Options) *local.Platform {
	w.t.Helper()
	described := w.template(o.Parameters)
	o.Vonage.APIKey, o.Vonage.APISecret = vonageKey, vonageWord
	back := &o.Vonage.Returns
	back.ReceiptsURL, back.InboundURL = apiURL+"/webhooks/vonage/receipts", apiURL+"/webhooks/vonage/inbound"
	back.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { return w.client.Transport.RoundTrip(r) })
	back.Secret, back.Method, back.MessagesAPI = signature, signatureMethod(described), o.Parameters["VonageApi"] == "messages"
	w.Vonage = vonagetest.New(o.Vonage)
	secret := fmt.Sprintf(`{"api_key":%q,"api_secret":%q,"signature_secret":%q}`, vonageKey, vonageWord, signature)
	cloud, err := local.NewCloud(described, cloudURL, map[string]string{"sluice/vonage": secret})
	w.must(err)
	wire := inprocess.Transport(w.watch(o.cloud(cloud)))
	cfg := awsConfig(inprocess.Transport(cloud))
	w.Store = dynamostore.New(dynamodb.NewFromConfig(cfg), "Table")
	w.must(w.Store.AddKey(ctx, apiKey, "simulation", time.Now()))
	platform, err := local.New(local.Config{
		Template: described, Functions: w.functions(ctx, described, wire, o),
		SQS:    sqs.NewFromConfig(awsConfig(o.Meter.Transport(Platform, inprocess.Transport(cloud)))),
		SQSURL: cloudURL, Watcher: func(part string, err error) {
			// What the end of the test cuts off is no fault either.
			if ctx.Err() == nil && !o.isRough() {
				w.t.Errorf("%s: %v", part, err)
			}
		},
	})
	w.must(err)
	w.client = &http.Client{Transport: inprocess.Transport(platform)}
	return platform
}

func (w *World) template(parameters map[string]string) *template.Template {
	w.t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "template.yaml"))
	w.must(err)
	defer file.Close()
	all := map[string]string{"VonageUrl": vonageURL}
	if parameters["VonageApi"] == "messages" {
		all["VonageUrl"] = messagesURL
	}
	for name, value := range parameters {
		all[name] = value
	}
	described, err := template.Read(file, template.Options{
		Parameters: all, QueueURL: func(name string) string { return local.QueueURL(cloudURL, name) },
	})
	w.must(err)
	return described
}

// signatureMethod is how the webhooks are to be signed.
func signatureMethod(t *template.Template) string {
	i := slices.IndexFunc(t.Functions, func(f template.Function) bool { return f.Name == "webhook" })
	return t.Functions[i].Environment["WEBHOOK_SIGNATURE"]
}

// isRough says that things are meant to go wrong.
func (o Options) isRough() bool {
	return len(o.Faults) > 0 || o.Cloud != nil || o.Invoker != nil || o.Clock != nil
}

func (o Options) cloud(h http.Handler) http.Handler {
	if o.Cloud != nil {
		return o.Cloud(h)
	}
	return h
}

func (o Options) spy(function string, next http.RoundTripper) http.RoundTripper {
	if o.Spy == nil {
		return next
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		o.Spy(function, r.Header.Get("X-Amz-Target"), body)
		return next.RoundTrip(r)
	})
}

func (o Options) clock(function string) func() time.Time {
	if o.Clock != nil {
		return o.Clock(function)
	}
	return time.Now
}

func awsConfig(transport http.RoundTripper) aws.Config {
	return aws.Config{
		Region: lambda.DefaultRegion, BaseEndpoint: aws.String(cloudURL),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  &http.Client{Transport: transport},
	}
}

func (w *World) functions(ctx context.Context, t *template.Template, wire http.RoundTripper, o Options,
) map[string]lambda.Invoker {
	w.t.Helper()
	made := map[string]app.Function{
		"api": app.API(numberplan.New()), "dispatcher": app.Dispatcher, "sender": app.Sender,
		"webhook": app.Webhook, "recorder": app.Recorder, "courier": app.Courier,
	}
	functions := make(map[string]lambda.Invoker)
	w.invokers = make(map[string]lambda.Invoker)
	for _, f := range t.Functions {
		handler, err := made[f.Name](ctx, app.Base{
			AWS:    awsConfig(w.faults.transport(f.Name, o.Meter.Transport(f.Name, o.spy(f.Name, wire)))),
			Getenv: func(name string) string { return f.Environment[name] },
			Vonage: w.faults.transport(f.Name, inprocess.Transport(w.Vonage)), Now: o.clock(f.Name),
			Log: slog.New(slog.NewJSONHandler(w.logs, nil)).With("function", f.Name),
		})
		w.must(err)
		invoker, err := lambda.NewHandler(ctx, lambda.HandlerConfig{
			Name: f.Name, Timeout: f.Timeout, Concurrency: f.ReservedConcurrency,
		}, killable{handler})
		w.must(err)
		context.AfterFunc(ctx, invoker.Close)
		functions[f.Name], w.invokers[f.Name] = invoker, invoker
		if o.Invoker != nil {
			functions[f.Name] = o.Invoker(f.Name, invoker)
		}
		functions[f.Name] = o.Meter.Invoker(f, functions[f.Name])
		if f.Name == "dispatcher" && o.Tick != nil {
			functions[f.Name] = &ticks{Invoker: functions[f.Name], happens: o.Tick}
		}
	}
	return functions
}

// ticks is a dispatcher that misses some.
type ticks struct {
	lambda.Invoker
	happens func(int) bool
	n       atomic.Int64
}

func (s *ticks) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if !s.happens(int(s.n.Add(1))) {
		return nil, nil
	}
	return s.Invoker.Invoke(ctx, payload)
}

// Invoke calls a function as its trigger does, with an event as JSON, and returns its answer.
func (w *World) Invoke(function string, event []byte) ([]byte, error) {
	return w.invokers[function].Invoke(w.t.Context(), event)
}

// watch counts the calls that write to the table, and notes the delay of every message that is sent to a queue.
func (w *World) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
		switch operation {
		case "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems":
			w.mu.Lock()
			w.writes++
			w.mu.Unlock()
		}
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessageBatch" {
			body, err := io.ReadAll(r.Body)
			w.must(err)
			r.Body = io.NopCloser(bytes.NewReader(body))
			var batch struct{ Entries []struct{ DelaySeconds int } }
			w.must(json.Unmarshal(body, &batch))
			w.mu.Lock()
			for _, e := range batch.Entries {
				w.delays = append(w.delays, e.DelaySeconds)
			}
			w.mu.Unlock()
		}
		next.ServeHTTP(rw, r)
	})
}

// Delays are the delays in seconds of all deliveries queued so far.
func (w *World) Delays() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]int(nil), w.delays...)
}

// Writes is how many calls have written to the table so far.
func (w *World) Writes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

// Logs is what the functions logged so far.
func (w *World) Logs() string { return w.logs.String() }

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}
