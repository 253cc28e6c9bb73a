package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local"
	"sluice/internal/local/template"
)

func TestDeadLettersAreMovedBackAndDeliveredAsIfTheyWereNew(t *testing.T) {
	for name, given := range map[string]string{
		"by the local name": "local", "by its longer name": "local:batches", "by URL": deadURL, "by ARN": "arn:aws:sqs:us-east-1:000000000000:" + deadLetters,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(f *fixture) {
				f.bury(3)
				f.must(f.redrive(f.Context(), given))
				f.wantOutput("Moving 3 messages back to where they came from.", "Done: moved 3 of 3 messages.")
				got := f.receive()
				if len(got) != 3 {
					f.Fatalf("received %d messages, want 3", len(got))
				}
				for _, m := range got {
					if n := m.Attributes["ApproximateReceiveCount"]; n != "1" {
						f.Errorf("receive count %s, want 1", n)
					}
				}
			})
		})
	}
}

func TestEveryDeadLetterQueueIsMovedBackToItsOwnSource(t *testing.T) {
	for word, source := range map[string]string{
		"local:batches": "BatchesQueue", "local:events": "EventsQueue", "local:oneoffs": "OneOffsQueue",
	} {
		t.Run(word, func(t *testing.T) {
			inBubble(t, nil, func(f *fixture) {
				f.queue = baseURL + "/000000000000/" + source
				f.bury(2)
				f.must(f.redrive(f.Context(), word))
				f.wantOutput("Moving 2 messages back to where they came from.", "Done: moved 2 of 2 messages.")
				if got := f.receive(); len(got) != 2 {
					f.Errorf("received %d messages from %s, want 2", len(got), source)
				}
			})
		})
	}
}

func TestAnEmptyQueueHasNothingToMove(t *testing.T) {
	inBubble(t, nil, func(f *fixture) {
		f.must(f.redrive(f.Context(), "local"))
		f.wantOutput("Nothing to move: no message waits in BatchesDeadLetterQueue.")
		in := &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:" + deadLetters)}
		if out, err := f.client.ListMessageMoveTasks(f.Context(), in); err != nil || len(out.Results) != 0 {
			f.Errorf("a move was started: %+v, %v", out, err)
		}
	})
}

func TestMessagesThatSomebodyIsReadingAreMentioned(t *testing.T) {
	inBubble(t, nil, func(f *fixture) {
		f.bury(1)
		_, err := f.client.ReceiveMessage(f.Context(), &awssqs.ReceiveMessageInput{QueueUrl: aws.String(deadURL)})
		f.must(err)
		f.must(f.redrive(f.Context(), "local"))
		f.wantOutput("1 message is being read by somebody at this moment and cannot be moved.",
			"Nothing to move: no message waits in BatchesDeadLetterQueue.")
	})
}

func TestALongMoveIsFollowed(t *testing.T) {
	inBubble(t, slowly, func(f *fixture) {
		f.bury(3)
		f.must(f.redrive(f.Context(), "local"))
		f.wantOutput("Moving 3 messages back to where they came from.", "moved 1 of 3 messages so far.",
			"moved 2 of 3 messages so far.", "Done: moved 3 of 3 messages.")
	})
}

func TestAfterCtrlCTheMoveGoesOnAndCanBeFollowedAgain(t *testing.T) {
	inBubble(t, slowly, func(f *fixture) {
		f.bury(4)
		ctx, cancel := context.WithTimeout(f.Context(), 1500*time.Millisecond)
		defer cancel()
		f.must(f.redrive(ctx, "local"))
		f.wantOutput("Moving 4 messages back to where they came from.", "moved 1 of 4 messages so far.",
			"Stopped looking. A move that has begun goes on in SQS; the same command follows it again.")
		f.out.Reset()
		f.must(f.redrive(f.Context(), "local"))
		f.wantOutput("A move is under way already: following that one.", "moved 2 of 4 messages so far.",
			"moved 3 of 4 messages so far.", "Done: moved 4 of 4 messages.")
	})
}

func TestAnEarlierMoveIsNotTakenForThisOne(t *testing.T) {
	// SQS lists a new move only 10 s after it was started.
	late := func(next http.Handler) http.Handler {
		var moves []time.Time
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Header.Get("X-Amz-Target") {
			case "AmazonSQS.StartMessageMoveTask":
				moves = append(moves, time.Now())
			case "AmazonSQS.ListMessageMoveTasks":
				if len(moves) == 2 && time.Since(moves[1]) < 10*time.Second {
					_, _ = w.Write([]byte(`{"Results":[{"Status":"COMPLETED","StartedTimestamp":1}]}`))
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
	inBubble(t, late, func(f *fixture) {
		f.bury(1)
		f.must(f.redrive(f.Context(), "local"))
		f.bury(2) // and the one that was moved back
		f.out.Reset()
		start := time.Now()
		f.must(f.redrive(f.Context(), "local"))
		f.wantOutput("Moving 3 messages back to where they came from.", "Done: moved 3 of 3 messages.")
		if took := time.Since(start); took < 10*time.Second {
			f.Errorf("it was done after %v, with the earlier move", took)
		}
	})
}

func TestAMoveThatIsNeverListedIsGivenUp(t *testing.T) {
	hidden := func(next http.Handler) http.Handler {
		return answer(next, "ListMessageMoveTasks", http.StatusOK, `{}`)
	}
	inBubble(t, hidden, func(f *fixture) {
		f.bury(1)
		wantError(t, f.redrive(f.Context(), "local"), "does not list it after 1m0s")
	})
}

func TestAFailedMoveSaysWhy(t *testing.T) {
	inBubble(t, nil, func(f *fixture) {
		_, err := f.client.SendMessage(f.Context(), &awssqs.SendMessageInput{
			QueueUrl: aws.String(deadURL), MessageBody: aws.String("sent directly"),
		})
		f.must(err)
		wantError(t, f.redrive(f.Context(), "local"), "the move failed, moved 0 of 1 message: SQS cannot tell where a "+
			"message came from (CouldNotDetermineMessageSource): it was sent to the dead-letter queue directly")
	})
}

func TestAnEndThatIsNoSuccessIsAnError(t *testing.T) {
	for status, words := range map[string]string{
		`"CANCELLED"`: "the move was cancelled: moved 2 messages",
		`"FAILED","FailureReason":"AWS.SimpleQueueService.NonExistentQueue"`: "the queue that a message came from is gone",
		`"FAILED","FailureReason":"AccessDenied"`:                            "sqs:SendMessage on the queue",
		`"FAILED"`:                     "SQS gives no reason",
		`"FAILED","FailureReason":"X"`: ": X",
		`"PAUSED"`:                     `the move is "PAUSED"`,
	} {
		t.Run(status, func(t *testing.T) {
			started := false
			ended := func(next http.Handler) http.Handler {
				ending := answer(next, "ListMessageMoveTasks", http.StatusOK,
					`{"Results":[{"StartedTimestamp":1,"ApproximateNumberOfMessagesMoved":2,"Status":`+status+`}]}`)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					started = started || r.Header.Get("X-Amz-Target") == "AmazonSQS.StartMessageMoveTask"
					if started {
						ending.ServeHTTP(w, r)
					} else {
						next.ServeHTTP(w, r)
					}
				})
			}
			inBubble(t, ended, func(f *fixture) {
				f.bury(1)
				wantError(t, f.redrive(f.Context(), "local"), words)
			})
		})
	}
}

func TestARefusalIsPutInPlainWords(t *testing.T) {
	const denied = `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"User x may not"}`
	const internal = `{"__type":"com.amazonaws.sqs#InternalError","message":"try later"}`
	for _, c := range []struct {
		name, queue, operation, body, words string
	}{
		{"a queue that is not there", baseURL + "/000000000000/absent", "", "", "there is no queue " + baseURL},
		{"an ARN that is not there", "arn:aws:sqs:us-east-1:000000000000:absent", "", "", "there is no queue arn:"},
		{"the queue of batches", queue, "", "",
			"is not the dead-letter queue: its dead letters are in arn:aws:sqs:us-east-1:000000000000:" + deadLetters},
		{"no permission to look", "local", "GetQueueAttributes", denied, "credentials may not do this: they need sqs:Start"},
		{"no permission to list", "local", "ListMessageMoveTasks", denied, "your credentials may not do this"},
		{"no permission to move", "local", "StartMessageMoveTask", denied, "your credentials may not do this"},
		{"whatever else", "local", "StartMessageMoveTask", internal, "SQS refused: try later (InternalError)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := func(next http.Handler) http.Handler { return answer(next, c.operation, http.StatusBadRequest, c.body) }
			inBubble(t, change, func(f *fixture) {
				f.bury(1)
				err := f.redrive(f.Context(), c.queue)
				wantError(t, err, c.words)
				if strings.Contains(err.Error(), "operation error") {
					t.Errorf("the SDK's own words: %v", err)
				}
			})
		})
	}
}

func TestWhatIsGivenIsChecked(t *testing.T) {
	for _, c := range []struct {
		name, words string
		args        []string
	}{
		{"nothing", "say which queue: QUEUE=<DeadLetterQueueUrl, EventsDeadLetterQueueUrl or", nil},
		{"nothing, of the local ones", "local:events or local:oneoffs", nil},
		{"no word", `"local:replies" is no queue`, []string{"-queue", "local:replies"}},
		{"no queue", `"BatchesDeadLetterQueue" is no queue`, []string{"-queue", "BatchesDeadLetterQueue"}},
		{"the ARN of a topic", "is no queue", []string{"-queue", "arn:aws:sns:eu-west-1:123456789012:topic"}},
		{"an address", "is no queue", []string{"-queue", "https://sqs.eu-west-1.amazonaws.com"}},
		{"no address", `"127.0.0.1:3003" is no address`, []string{"-queue", "local", "-endpoint", "127.0.0.1:3003"}},
		{"too much", `"more" is one word too many`, []string{"-queue", "local", "more"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, run(t.Context(), c.args, &bytes.Buffer{}), c.words) })
	}
}

func TestAQueueSaysWhereItIs(t *testing.T) {
	for given, want := range map[string]place{
		"https://sqs.eu-west-1.amazonaws.com/123456789012/dead": {region: "eu-west-1"},
		"https://sqs.cn-north-1.amazonaws.com.cn/1/dead":        {region: "cn-north-1"},
		"https://queue.amazonaws.com/123456789012/dead":         {},
		"arn:aws:sqs:ap-south-1:123456789012:dead":              {region: "ap-south-1"},
		"http://127.0.0.1:4003/000000000000/dead":               {endpoint: "http://127.0.0.1:4003"},
		"local": {endpoint: localEndpoint}, "local:events": {endpoint: localEndpoint},
	} {
		p, err := newPlace(given, "")
		if err != nil || p.region != want.region || p.endpoint != want.endpoint {
			t.Errorf("%s: %+v, %v", given, p, err)
		}
	}
	if p, err := newPlace("local", baseURL); err != nil || p.endpoint != baseURL {
		t.Errorf("an address that is given counts: %+v, %v", p, err)
	}
}

func TestWithoutAPlatformTheAdviceIsToStartIt(t *testing.T) {
	err := run(t.Context(), []string{"-queue", "local", "-endpoint", "http://127.0.0.1:1"}, &bytes.Buffer{})
	wantError(t, err, "nothing answers at http://127.0.0.1:1: is make run running?")
}

func TestWithoutCredentialsThatIsSaid(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE",
		"AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	err := run(t.Context(), []string{"-queue", "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"}, &bytes.Buffer{})
	wantError(t, err, "there are no AWS credentials")
}

func TestTheLocalNamesAreTheTemplates(t *testing.T) {
	file, err := os.Open(filepath.Join("..", "..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	described, err := template.Read(file, template.Options{
		QueueURL: func(name string) string { return local.QueueURL(baseURL, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, q := range described.Queues {
		if q.DeadLetter != "" {
			taken[q.DeadLetter] = true
		}
	}
	for _, word := range []string{"local", "local:batches", "local:events", "local:oneoffs"} {
		name := localQueue(word)
		if !taken[name] {
			t.Errorf("%s is %q, which takes nobody's dead letters", word, name)
		}
		if word != "local" { // which is another name for one of them
			delete(taken, name)
		}
	}
	if len(taken) > 0 {
		t.Errorf("no word stands for %v", taken)
	}
}
