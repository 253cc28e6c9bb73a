package sqsqueue_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/sqsqueue"
)

const textID = "A01K9SAMP1E0000000000000000"

func TestTextsComeBackAsTheyWereQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, url, take := overSQS(t)
		texts := sqsqueue.NewOneOffs(client, url)
		if err := texts.EnqueueOneOff(t.Context(), textID, 3*time.Second); err != nil {
			t.Fatal(err)
		}
		if early := take(); len(early) > 0 {
			t.Errorf("it came before its delay was over: %q", early)
		}
		time.Sleep(3 * time.Second)
		bodies := take()
		if len(bodies) != 1 {
			t.Fatalf("%d messages, want 1", len(bodies))
		}
		if id, err := sqsqueue.DecodeOneOff(bodies[0]); err != nil || id != textID {
			t.Errorf("it came back as %q, %v", id, err)
		}
		for _, delay := range []time.Duration{-time.Second, 901 * time.Second, time.Millisecond} {
			if err := texts.EnqueueOneOff(t.Context(), textID, delay); err == nil || !strings.Contains(err.Error(), textID) {
				t.Errorf("%v: %v", delay, err)
			}
		}
	})
}

func TestDecodeOneOffRefusesWhatEnqueueDoesNotWrite(t *testing.T) {
	for _, c := range []struct{ name, body, words string }{
		{"nothing", "", "ends too early"},
		{"null", "null", "not one"},
		{"no id", "{}", "not one"},
		{"a campaign's id", `{"text":"01K9SAMP1E0000000000000000"}`, "not one"},
		{"a delivery", `{"campaign":"01K9SAMP1E0000000000000000","batch":1,"epoch":1}`, "a field that"},
		{"two", `{"text":"` + textID + `"}{}`, "more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if id, err := sqsqueue.DecodeOneOff(c.body); err == nil || !strings.Contains(err.Error(), c.words) || id != "" {
				t.Errorf("got %q, %v; want an error about %q", id, err, c.words)
			}
		})
	}
}

// Whatever is taken can be queued again, and comes back as it was.
func FuzzDecodeOneOff(f *testing.F) {
	f.Add(`{"text":"` + textID + `"}`)
	f.Add(`{"Text":"\u0000","text":null} `)
	f.Fuzz(func(t *testing.T, body string) {
		id, err := sqsqueue.DecodeOneOff(body)
		if err != nil {
			if id != "" {
				t.Errorf("%q: refused, yet returned %q", body, id)
			}
			return
		}
		var bodies []string
		texts := sqsqueue.NewOneOffs(clientAt(baseURL, keeping{&bodies}), queueURL)
		if err := texts.EnqueueOneOff(t.Context(), id, 0); err != nil {
			t.Fatal(err)
		}
		if again, err := sqsqueue.DecodeOneOff(bodies[0]); err != nil || again != id {
			t.Errorf("%q was written as %q and read as %q, %v", id, bodies[0], again, err)
		}
	})
}
