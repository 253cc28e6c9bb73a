package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
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

// stage is what the functions stand on: the services of template.yaml, and a Vonage that answers at once.
type stage struct {
	template *template.Template
	url      string // of the services
	cloud    atomic.Pointer[local.Cloud]
	servers  []*http.Server
}

const (
	vonageKey, vonageSecret = "local123", "local-secret"
	// signatureSecret is what the webhooks under events/ are signed with.
	signatureSecret = "local-signature-secret"
	signature       = vonage.HMACSHA256
)

func newStage(ctx context.Context) (*stage, error) {
	s := &stage{}
	var err error
	s.url, err = s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.cloud.Load().ServeHTTP(w, r) }))
	if err != nil {
		return nil, err
	}
	standIn, err := s.serve(vonagetest.New(vonagetest.Config{APIKey: vonageKey, APISecret: vonageSecret, Rate: -1}))
	if err != nil {
		s.close()
		return nil, err
	}
	if s.template, err = s.read(standIn); err != nil {
		s.close()
		return nil, err
	}
	return s, s.reset(ctx)
}

func (s *stage) serve(h http.Handler) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: patience}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(listener) }() // always ErrServerClosed
	return "http://" + listener.Addr().String(), nil
}

func (s *stage) close() {
	for _, server := range s.servers {
		_ = server.Close() // sockets end with the process anyway
	}
}

// read takes the template with the highest rate that it allows: waiting for slots is no part of a cold start.
func (s *stage) read(url string) (*template.Template, error) {
	file, err := os.Open("template.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	defer file.Close()
	return template.Read(file, template.Options{
		Parameters: map[string]string{
			"VonageUrl": url + "/sms", "AccountRate": "1000", "PaceHeadroom": "0", "WebhookSignature": string(signature),
		},
		QueueURL: func(name string) string { return local.QueueURL(s.url, name) },
	})
}

// reset gives the functions fresh services, with the sample campaign that the files under events/ speak of.
func (s *stage) reset(ctx context.Context) error {
	secret := fmt.Sprintf(`{"api_key": %q, "api_secret": %q, "signature_secret": %q}`, vonageKey, vonageSecret, signatureSecret)
	cloud, err := local.NewCloud(s.template, s.url, map[string]string{"sluice/vonage": secret})
	if err != nil {
		return err
	}
	store := dynamostore.New(dynamodb.NewFromConfig(aws.Config{
		Region: lambda.DefaultRegion, BaseEndpoint: &s.url,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  &http.Client{Transport: inprocess.Transport(cloud)},
	}), s.template.Tables[0].Name)
	if err := store.AddKey(ctx, "local", "local", time.Now()); err != nil {
		return fmt.Errorf("store the key: %w", err)
	}
	s.cloud.Store(cloud)
	return local.StoreSample(ctx, store, time.Now())
}

// environment is the one that the function of that name is deployed with; one that is not in the template has the part
// that Lambda sets.
func (s *stage) environment(function string) []string {
	env := []string{
		"AWS_REGION=" + lambda.DefaultRegion, "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_ENDPOINT_URL=" + s.url, "AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_LOG_FORMAT=JSON",
	}
	for _, f := range s.template.Functions {
		if f.Name != function {
			continue
		}
		for name, value := range f.Environment {
			env = append(env, name+"="+value)
		}
	}
	return env
}
