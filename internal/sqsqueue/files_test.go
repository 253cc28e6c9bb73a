package sqsqueue_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"sluice/internal/returns"
	"sluice/internal/sqsqueue"
)

// bodiesIn are the bodies of an SQS event under events/.
func bodiesIn(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var event events.SQSEvent
	if err := json.Unmarshal(text, &event); err != nil || len(event.Records) == 0 {
		t.Fatalf("%v, %d records", err, len(event.Records))
	}
	var bodies []string
	for _, r := range event.Records {
		bodies = append(bodies, r.Body)
	}
	return bodies
}

// The files under events/ hold what is written here: anything else would drive a function that is never driven so.
func TestFilesForTheRecorderAreAsTheyAreWritten(t *testing.T) {
	files, err := filepath.Glob("../../events/recorder/*.json")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, body := range bodiesIn(t, file) {
				e, err := sqsqueue.DecodeEvent(body)
				if unreadable := strings.HasSuffix(file, "unreadable.json"); unreadable || err != nil {
					if !unreadable || err == nil {
						t.Errorf("read with %v", err)
					}
					continue
				}
				if got := written(t, e); got != body {
					t.Errorf("written as %s, want %s", got, body)
				}
			}
		})
	}
}

func written(t *testing.T, e returns.Event) string {
	t.Helper()
	var bodies []string
	if err := sqsqueue.NewEvents(clientAt(baseURL, keeping{&bodies}), queueURL).Queue(t.Context(), 0, e); err != nil {
		t.Fatal(err)
	}
	return bodies[0]
}

func TestFileForTheCourierIsAsItIsWritten(t *testing.T) {
	body := bodiesIn(t, "../../events/courier/one-off.json")[0]
	id, err := sqsqueue.DecodeOneOff(body)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	texts := sqsqueue.NewOneOffs(clientAt(baseURL, keeping{&bodies}), queueURL)
	if err := texts.EnqueueOneOff(t.Context(), id, 0); err != nil || bodies[0] != body {
		t.Errorf("%v, written as %s, want %s", err, bodies, body)
	}
}
