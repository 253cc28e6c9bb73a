package app_test

import (
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/app"
	"sluice/internal/inprocess"
	"sluice/internal/local"
	"sluice/internal/local/template"
	"sluice/internal/numberplan"
)

const cloudURL = "http://cloud.local"

// What is set and not read misleads; what is read and not set ends the start.
func TestFunctionsAreToldWhatTheyReadAndNothingElse(t *testing.T) {
	file, err := os.Open("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	described, err := template.Read(file, template.Options{
		QueueURL: func(name string) string { return local.QueueURL(cloudURL, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := local.NewCloud(described, cloudURL, map[string]string{
		"sluice/vonage": `{"api_key":"abcd1234","api_secret":"secret","signature_secret":"signature"}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]app.Function{
		"api": app.API(numberplan.New()), "dispatcher": app.Dispatcher, "sender": app.Sender,
		"webhook": app.Webhook, "recorder": app.Recorder, "courier": app.Courier,
	}
	for _, f := range described.Functions {
		t.Run(f.Name, func(t *testing.T) {
			read := &reader{told: f.Environment, asked: make(map[string]bool)}
			if _, err := made[f.Name](t.Context(), app.Base{
				AWS: awsOf(cloud), Getenv: read.getenv, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			}); err != nil {
				t.Fatal(err)
			}
			delete(f.Environment, "GOMEMLIMIT") // the Go runtime reads it
			told := slices.Sorted(maps.Keys(f.Environment))
			if diff := cmp.Diff(told, slices.Sorted(maps.Keys(read.asked))); diff != "" {
				t.Errorf("variables (-told +read):\n%s", diff)
			}
		})
	}
}

func awsOf(cloud http.Handler) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(cloudURL),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  &http.Client{Transport: inprocess.Transport(cloud)},
	}
}

// reader is an environment that notes what it is asked for.
type reader struct {
	told  map[string]string
	mu    sync.Mutex
	asked map[string]bool
}

func (r *reader) getenv(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[name] = true
	return r.told[name]
}
