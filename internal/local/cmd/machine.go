package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	"sluice/internal/local"
	"sluice/internal/local/lambda"
	"sluice/internal/local/template"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

const templateFile = "template.yaml"

// adminKey is the API key that the local platform knows.
const adminKey = "local"

// machine is the stack of template.yaml on this machine: its services in this process, its functions in their own.
type machine struct {
	settings
	template *template.Template
	cloud    *local.Cloud
	aws      aws.Config // reaches the cloud without a socket
	// standIn for Vonage; nil where Vonage itself sends.
	standIn *vonagetest.Fake
}

// readTemplate reads it with the settings' parameters, of which it finds those that are wrong.
func readTemplate(s settings) (*template.Template, error) {
	file, err := os.Open(templateFile)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	defer file.Close()
	return template.Read(file, template.Options{
		Parameters: s.parameters, QueueURL: func(name string) string { return local.QueueURL(s.sqs.url(), name) },
	})
}

func newMachine(ctx context.Context, s settings, t *template.Template) (*machine, error) {
	m := &machine{settings: s, template: t}
	if err := m.answer(); err != nil {
		return nil, err
	}
	secret, err := m.account.secret()
	if err != nil {
		return nil, err
	}
	if m.cloud, err = local.NewCloud(m.template, s.sqs.url(), map[string]string{"sluice/vonage": secret}); err != nil {
		return nil, err
	}
	m.aws = aws.Config{
		Region: lambda.DefaultRegion, BaseEndpoint: aws.String(s.dynamodb.url()),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  &http.Client{Transport: inprocess.Transport(m.cloud)},
	}
	return m, m.store().AddKey(ctx, adminKey, "local", time.Now())
}

// unsigned is the signature of webhooks that carry none.
const unsigned = "none"

// answer makes a stand-in for Vonage that sends and signs as the stack expects it.
func (m *machine) answer() error {
	if m.real {
		return nil
	}
	returns := &m.fake.Returns
	if m.signature() != unsigned {
		returns.Method, returns.Secret = m.signature(), m.account.SignatureSecret
	}
	if m.stack("VONAGE_API") == string(vonage.Messages) {
		public, err := m.account.apply()
		if err != nil {
			return err
		}
		returns.MessagesAPI, m.fake.ApplicationID, m.fake.PublicKey = true, m.account.ApplicationID, public
	}
	m.standIn = vonagetest.New(m.fake)
	return nil
}

// signature is how webhooks are signed: one of vonage.Methods, or unsigned.
func (m *machine) signature() string { return m.stack("WEBHOOK_SIGNATURE") }

// stack is what the template says of a variable, to whichever function.
func (m *machine) stack(variable string) string {
	for _, f := range m.template.Functions {
		if v, ok := f.Environment[variable]; ok {
			return v
		}
	}
	return ""
}

func (m *machine) store() *dynamostore.Store {
	return dynamostore.New(dynamodb.NewFromConfig(m.aws), m.template.Tables[0].Name)
}

// pools deploys the functions, or those named. Their processes start when they are first needed.
func (m *machine) pools(ctx context.Context, log func(function, line string), names ...string) (map[string]*lambda.Pool, error) {
	pools := make(map[string]*lambda.Pool)
	for _, f := range m.template.Functions {
		if len(names) > 0 && !slices.Contains(names, f.Name) {
			continue
		}
		pool, err := lambda.Start(ctx, lambda.Config{
			Name: f.Name, Path: filepath.Join(f.CodeDir, "bootstrap"), Env: m.environment(f), Timeout: f.Timeout,
			MemoryMB: f.MemoryMB, Concurrency: concurrency(f), Log: log,
		})
		if err != nil {
			return pools, fmt.Errorf("%w (make build)", err)
		}
		pools[f.Name] = pool
	}
	return pools, nil
}

// concurrency is what is reserved, or what the queue may use.
func concurrency(f template.Function) int {
	if f.ReservedConcurrency == 0 && f.Queue != nil {
		return f.Queue.MaximumConcurrency
	}
	return f.ReservedConcurrency
}

func (m *machine) environment(f template.Function) []string {
	all := maps.Clone(f.Environment)
	all["AWS_ENDPOINT_URL"] = m.dynamodb.url()
	all["AWS_ENDPOINT_URL_SQS"] = m.sqs.url()
	all["AWS_ACCESS_KEY_ID"], all["AWS_SECRET_ACCESS_KEY"] = "local", "local"
	all["AWS_LAMBDA_LOG_FORMAT"], all["AWS_LAMBDA_LOG_LEVEL"] = f.LogFormat, f.LogLevel
	env := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		env = append(env, name+"="+all[name])
	}
	return env
}
