package lambdaio_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/lambdaio"
)

func batchOf(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for _, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: "id-" + body, Body: "secret " + body,
			Attributes: map[string]string{"ApproximateReceiveCount": "3"}})
	}
	return e
}

func failed(ids ...string) events.SQSEventResponse {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, id := range ids {
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
	}
	return response
}

func TestOnlyTheMessagesThatFailComeAgain(t *testing.T) {
	log, out := newLog()
	var delivered []string
	got, err := lambdaio.Batch(func(_ context.Context, id, body string) error {
		delivered = append(delivered, id+" "+body)
		switch body {
		case "secret b":
			return errors.New("table is busy")
		case "secret c":
			panic(body)
		}
		return nil
	}, log)(t.Context(), batchOf("a", "b", "c", "d"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(failed("id-b", "id-c"), got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"id-a secret a", "id-b secret b", "id-c secret c", "id-d secret d"}, delivered); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("a body was logged: %s", out)
	}
	logged := records(t, out)
	if len(logged) != 2 {
		t.Fatalf("%d records, want one for each failure: %v", len(logged), logged)
	}
	if r := logged[0]; r["message_id"] != "id-b" || r["receive_count"] != "3" || r["error"] != "table is busy" || r["stack"] != nil {
		t.Errorf("record of the error: %v", r)
	}
	if r := logged[1]; r["message_id"] != "id-c" || r["error"] != "panicked" || r["panic"] != "string" ||
		!strings.Contains(r["stack"].(string), "batch_test.go") {
		t.Errorf("record of the panic: %v", r)
	}
}

func TestMessagesLeftWhenTheContextEndsComeAgain(t *testing.T) {
	log, _ := newLog()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	got, err := lambdaio.Batch(func(context.Context, string, string) error {
		calls++
		cancel()
		return nil
	}, log)(ctx, batchOf("a", "b"))
	if diff := cmp.Diff(failed("id-b"), got); err != nil || diff != "" || calls != 1 {
		t.Errorf("%d calls, error %v, response (-want +got):\n%s", calls, err, diff)
	}
}

func TestMessagesDeliveredEachByItselfDoNotWaitForOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, out := newLog()
		begin := time.Now()
		got, err := lambdaio.Each(func(_ context.Context, id, body string) error {
			switch body {
			case "secret a":
				time.Sleep(2 * time.Second)
				return errors.New("table is busy")
			case "secret c":
				panic(body)
			}
			time.Sleep(time.Second)
			if id != "id-"+strings.TrimPrefix(body, "secret ") {
				t.Errorf("%s came with the id %s", body, id)
			}
			return nil
		}, log)(t.Context(), batchOf("a", "b", "c", "d"))
		if diff := cmp.Diff(failed("id-a", "id-c"), got); err != nil || diff != "" {
			t.Errorf("error %v, response (-want +got):\n%s", err, diff)
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("it took %v, the slowest alone 2s", took)
		}
		if strings.Contains(out.String(), "secret") {
			t.Errorf("a body was logged: %s", out)
		}
		logged := records(t, out)
		if len(logged) != 2 || logged[0]["message_id"] != "id-c" || logged[0]["panic"] != "string" ||
			logged[1]["message_id"] != "id-a" || logged[1]["error"] != "table is busy" || logged[1]["stack"] != nil {
			t.Errorf("logged %v", logged)
		}
	})
}

func TestNoneIsDeliveredByItselfWhenTheContextHasEnded(t *testing.T) {
	log, _ := newLog()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := lambdaio.Each(nil, log)(ctx, batchOf("a", "b"))
	if diff := cmp.Diff(failed("id-a", "id-b"), got); err != nil || diff != "" {
		t.Errorf("error %v, response (-want +got):\n%s", err, diff)
	}
}

func TestAnEmptyBatchSucceeds(t *testing.T) {
	log, _ := newLog()
	got, err := lambdaio.Batch(nil, log)(t.Context(), events.SQSEvent{})
	if diff := cmp.Diff(failed(), got); err != nil || diff != "" {
		t.Errorf("error %v, response (-want +got):\n%s", err, diff)
	}
}

func TestOfMessagesHandedOverTogetherOnlyThoseWithAnErrorComeAgain(t *testing.T) {
	log, out := newLog()
	got, err := lambdaio.Together(func(_ context.Context, bodies []string) []error {
		errs := make([]error, len(bodies))
		for i, body := range bodies {
			if body == "secret b" {
				errs[i] = errors.New("table is busy")
			}
		}
		return errs
	}, log)(t.Context(), batchOf("a", "b", "c"))
	if diff := cmp.Diff(failed("id-b"), got); err != nil || diff != "" {
		t.Errorf("error %v, response (-want +got):\n%s", err, diff)
	}
	if logged := records(t, out); len(logged) != 1 || logged[0]["message_id"] != "id-b" || strings.Contains(out.String(), "secret") {
		t.Errorf("logged %s", out)
	}
}

func TestWhereThatPanicsAllComeAgain(t *testing.T) {
	log, out := newLog()
	got, err := lambdaio.Together(func(context.Context, []string) []error { panic("secret") }, log)(t.Context(), batchOf("a", "b"))
	if diff := cmp.Diff(failed("id-a", "id-b"), got); err != nil || diff != "" {
		t.Errorf("error %v, response (-want +got):\n%s", err, diff)
	}
	if strings.Contains(out.String(), "secret") || len(records(t, out)) != 2 {
		t.Errorf("logged %s", out)
	}
}
