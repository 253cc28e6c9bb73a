package sqs_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/local/sqs"
)

const arnPrefix = "arn:aws:sqs:eu-west-1:000000000000:"

// Two queues with one dead-letter queue between them, and one that has nothing to do with them.
var moveQueues = []sqs.Queue{
	{Name: "q", DeadLetter: "dead", MaxReceives: 1}, {Name: "other", DeadLetter: "dead", MaxReceives: 1},
	{Name: "dead"}, {Name: "aside"},
}

// bury sends messages to a queue and lets each be received once too often.
func (f fixture) bury(name string, bodies ...string) {
	f.Helper()
	f.url = aws.String(urlOf(name))
	for _, body := range bodies {
		f.send(body, 0)
		time.Sleep(time.Millisecond) // of two sent at the same instant, either may be the older
	}
	f.receive(0)
	time.Sleep(sqs.DefaultVisibilityTimeout)
	f.wantNone("they have used up their receive")
}

// start begins to move the dead letters, at so many a second; 0 is the service's own rate.
func (f fixture) start(rate int32) (handle string) {
	f.Helper()
	in := deadLetters()
	if rate > 0 {
		in = deadLettersAt(rate)
	}
	out, err := f.client.StartMessageMoveTask(f.ctx, &in)
	if err != nil {
		f.Fatal(err)
	}
	return *out.TaskHandle
}

func deadLetters() awssqs.StartMessageMoveTaskInput {
	return awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(arnPrefix + "dead")}
}

func deadLettersTo(destination string) awssqs.StartMessageMoveTaskInput {
	in := deadLetters()
	in.DestinationArn = &destination
	return in
}

func deadLettersAt(rate int32) awssqs.StartMessageMoveTaskInput {
	in := deadLetters()
	in.MaxNumberOfMessagesPerSecond = &rate
	return in
}

func lettersOf(source string) awssqs.StartMessageMoveTaskInput {
	return awssqs.StartMessageMoveTaskInput{SourceArn: &source}
}

func (f fixture) moves(source string, most int32) []types.ListMessageMoveTasksResultEntry {
	f.Helper()
	out, err := f.client.ListMessageMoveTasks(f.ctx, &awssqs.ListMessageMoveTasksInput{
		SourceArn: aws.String(arnPrefix + source), MaxResults: &most,
	})
	if err != nil {
		f.Fatal(err)
	}
	return out.Results
}

func (f fixture) visible(name string) string {
	f.Helper()
	f.url = aws.String(urlOf(name))
	return f.attributes("ApproximateNumberOfMessages")["ApproximateNumberOfMessages"]
}

func TestAMoveBringsDeadLettersBackToWhereEachCameFrom(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.bury("q", "one", "two")
		f.bury("other", "three")
		started := time.Now()
		handle := f.start(0)
		want := types.ListMessageMoveTasksResultEntry{
			Status: aws.String("RUNNING"), TaskHandle: &handle, SourceArn: aws.String(arnPrefix + "dead"),
			ApproximateNumberOfMessagesToMove: aws.Int64(3), StartedTimestamp: started.UnixMilli(),
		}
		ignored := cmpopts.IgnoreUnexported(want)
		if diff := cmp.Diff([]types.ListMessageMoveTasksResultEntry{want}, f.moves("dead", 1), ignored); diff != "" {
			f.Errorf("at its start (-want +got)\n%s", diff)
		}
		time.Sleep(time.Second)
		want.Status, want.TaskHandle, want.ApproximateNumberOfMessagesMoved = aws.String("COMPLETED"), nil, 3
		if diff := cmp.Diff([]types.ListMessageMoveTasksResultEntry{want}, f.moves("dead", 1), ignored); diff != "" {
			f.Errorf("a second later (-want +got)\n%s", diff)
		}
		f.wantBodies("one", "two")
		if got := bodies(f.receiveFrom(urlOf("other"), 0)); !cmp.Equal(got, []string{"three"}) {
			f.Errorf("the other queue got %q", got)
		}
		if n := f.visible("dead"); n != "0" {
			f.Errorf("%s messages are still dead letters", n)
		}
	}, moveQueues...)
}

func TestAMovedMessageIsANewOne(t *testing.T) {
	inBubble(t, func(f fixture) {
		sent, err := f.client.SendMessage(f.ctx, &awssqs.SendMessageInput{
			QueueUrl: f.url, MessageBody: aws.String("again"), MessageGroupId: aws.String("tenant-7"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"a": {DataType: aws.String("String"), StringValue: aws.String("x")},
			},
		})
		if err != nil {
			f.Fatal(err)
		}
		for range 2 {
			f.one()
			time.Sleep(sqs.DefaultVisibilityTimeout)
		}
		f.wantNone("it has used up its receives")
		started := time.Now()
		f.start(1)
		time.Sleep(10 * time.Second)
		m := f.one()
		want := map[string]string{
			"SenderId": "000000000000", "MessageGroupId": "tenant-7", "ApproximateReceiveCount": "1",
			"SentTimestamp":                    fmt.Sprint(started.Add(time.Second).UnixMilli()),
			"ApproximateFirstReceiveTimestamp": fmt.Sprint(time.Now().UnixMilli()),
		}
		if diff := cmp.Diff(want, m.Attributes); diff != "" {
			f.Errorf("attributes (-want +got)\n%s", diff)
		}
		if *m.MessageId == *sent.MessageId {
			f.Error("it has its old id")
		}
		if *m.Body != "again" || *m.MessageAttributes["a"].StringValue != "x" ||
			*m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
			f.Errorf("it holds %+v", m)
		}
		time.Sleep(sqs.DefaultVisibilityTimeout)
		if got := f.one().Attributes["ApproximateReceiveCount"]; got != "2" {
			f.Errorf("its receive count goes on with %s, want 2", got)
		}
		time.Sleep(sqs.DefaultVisibilityTimeout)
		f.wantNone("it has used up its receives once more")
		if n := f.visible("dead"); n != "1" {
			f.Errorf("%s dead letters, want the one again", n)
		}
		time.Sleep(sqs.DefaultRetention - 2*time.Minute)
		if n := f.visible("dead"); n != "1" {
			f.Error("its age counts from its first sending, not from its move")
		}
	}, sqs.Queue{Name: "q", DeadLetter: "dead", MaxReceives: 2}, sqs.Queue{Name: "dead"})
}

func TestAMoveKeepsItsRate(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.bury("q", "1", "2", "3", "4")
		in := deadLettersTo(arnPrefix + "aside")
		in.MaxNumberOfMessagesPerSecond = aws.Int32(2)
		if _, err := f.client.StartMessageMoveTask(f.ctx, &in); err != nil {
			f.Fatal(err)
		}
		start := time.Now()
		for i, want := range []string{"1", "2", "3", "4"} {
			// A receiver that waits must be woken by a message that only time brings.
			got := bodies(f.receiveFrom(urlOf("aside"), 20))
			if passed := time.Since(start); !cmp.Equal(got, []string{want}) || passed != time.Duration(i+1)*time.Second/2 {
				f.Errorf("received %q after %v", got, passed)
			}
		}
		task := f.moves("dead", 1)[0]
		if *task.DestinationArn != arnPrefix+"aside" || *task.MaxNumberOfMessagesPerSecond != 2 ||
			*task.Status != "COMPLETED" {
			f.Errorf("the task is %+v", task)
		}
	}, moveQueues...)
}

func TestAReceiverThatWaitedBeforeTheMoveGetsWhatItBrings(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.bury("q", "back")
		start := time.Now()
		time.AfterFunc(5*time.Second, func() {
			f.start(1)
		})
		if got := f.receive(20); len(got) != 1 || time.Since(start) != 6*time.Second {
			f.Errorf("received %q after %v", bodies(got), time.Since(start))
		}
	}, moveQueues...)
}

func TestAMoveFailsAtAMessageThatNeverWasElsewhere(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.bury("q", "from a queue")
		in := &awssqs.SendMessageInput{QueueUrl: aws.String(urlOf("dead")), MessageBody: aws.String("sent directly")}
		if _, err := f.client.SendMessage(f.ctx, in); err != nil {
			f.Fatal(err)
		}
		f.start(0)
		time.Sleep(time.Second)
		task := f.moves("dead", 1)[0]
		if *task.Status != "FAILED" || *task.FailureReason != "CouldNotDetermineMessageSource" ||
			task.ApproximateNumberOfMessagesMoved != 1 {
			f.Errorf("the task is %+v", task)
		}
		if n := f.visible("dead"); n != "1" {
			f.Errorf("%s dead letters are left, want the one that has no source", n)
		}
	}, moveQueues...)
}

func TestAMoveLeavesWhatSomebodyElseHasReceived(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.bury("q", "seen", "unseen")
		one := &awssqs.ReceiveMessageInput{QueueUrl: aws.String(urlOf("dead"))}
		if got, err := f.client.ReceiveMessage(f.ctx, one); err != nil || len(got.Messages) != 1 {
			f.Fatal(got, err)
		}
		f.start(0)
		time.Sleep(time.Second)
		if task := f.moves("dead", 1)[0]; *task.Status != "COMPLETED" || *task.ApproximateNumberOfMessagesToMove != 1 {
			f.Errorf("the task is %+v", task)
		}
		f.wantBodies("unseen")
	}, moveQueues...)
}

func TestAMoveEndsWhereOthersHaveTakenTheRest(t *testing.T) {
	inBubble(t, func(f fixture) {
		f.bury("q", "1", "2", "3")
		f.start(1)
		time.Sleep(time.Second)
		if got := bodies(f.receiveFrom(urlOf("dead"), 0)); !cmp.Equal(got, []string{"2", "3"}) {
			f.Fatalf("a second after the start, %q are dead letters", got)
		}
		time.Sleep(time.Second)
		if task := f.moves("dead", 1)[0]; *task.Status != "COMPLETED" || task.ApproximateNumberOfMessagesMoved != 1 {
			f.Errorf("the task is %+v", task)
		}
	}, moveQueues...)
}

func TestMovesAreListedTheLatestFirst(t *testing.T) {
	inBubble(t, func(f fixture) {
		if got := f.moves("dead", 10); len(got) != 0 {
			f.Errorf("before the first: %+v", got)
		}
		for range 11 {
			f.start(0)
			time.Sleep(time.Minute)
		}
		in := &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(arnPrefix + "dead")}
		out, err := f.client.ListMessageMoveTasks(f.ctx, in)
		if err != nil || len(out.Results) != 1 {
			f.Fatalf("without a number: %+v, %v", out, err)
		}
		all := f.moves("dead", 10)
		if len(all) != 10 {
			f.Fatalf("%d are listed, want 10", len(all))
		}
		latest := time.Now().Add(-time.Minute).UnixMilli()
		for i, task := range all {
			want := latest - int64(i)*time.Minute.Milliseconds()
			if task.StartedTimestamp != want || *task.Status != "COMPLETED" {
				f.Errorf("place %d holds %+v, want the one started at %d", i, task, want)
			}
		}
	}, moveQueues...)
}

func TestMovesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, code, words string
		in                awssqs.StartMessageMoveTaskInput
	}{
		{"without a source", "MissingParameter", "SourceArn", lettersOf("")},
		{"from what is no ARN", "InvalidParameterValue", "format to specify the SourceArn", lettersOf(urlOf("dead"))},
		{"from a queue that is not there", "ResourceNotFoundException", "SourceArn parameter doesn't exist",
			lettersOf(arnPrefix + "absent")},
		{"from another region", "ResourceNotFoundException", "SourceArn", lettersOf("arn:aws:sqs:us-east-1:000000000000:dead")},
		{"from a queue that takes no dead letters", "InvalidParameterValue", "must be configured as a Dead Letter Queue",
			lettersOf(arnPrefix + "q")},
		{"to a queue that is not there", "ResourceNotFoundException", "DestinationArn parameter doesn't exist",
			deadLettersTo(arnPrefix + "absent")},
		{"to an empty ARN", "InvalidParameterValue", "format to specify the DestinationArn", deadLettersTo("")},
		{"to where they are", "InvalidParameterValue", "cannot be the same", deadLettersTo(arnPrefix + "dead")},
		{"at no rate", "InvalidParameterValue", "between 1 and 500", deadLettersAt(0)},
		{"faster than 500 a second", "InvalidParameterValue", "501", deadLettersAt(501)},
		{"twice at once", "InvalidParameterValue", "already a task running", deadLetters()},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(f fixture) {
				f.bury("q", "dead letter")
				if c.name == "twice at once" {
					f.start(1)
				}
				_, err := f.client.StartMessageMoveTask(f.ctx, &c.in)
				wantCode(f.T, err, c.code, c.words)
			}, moveQueues...)
		})
	}
}

func TestAListOfMovesIsRefused(t *testing.T) {
	inBubble(t, func(f fixture) {
		in := &awssqs.ListMessageMoveTasksInput{SourceArn: aws.String(arnPrefix + "absent")}
		_, err := f.client.ListMessageMoveTasks(f.ctx, in)
		var absent *types.ResourceNotFoundException
		if !errors.As(err, &absent) {
			f.Errorf("of a queue that is not there: %v", err)
		}
		for _, n := range []int32{0, 11} {
			_, err := f.client.ListMessageMoveTasks(f.ctx, &awssqs.ListMessageMoveTasksInput{
				SourceArn: aws.String(arnPrefix + "dead"), MaxResults: &n,
			})
			wantCode(f.T, err, "InvalidParameterValue", "between 1 and 10")
		}
	}, moveQueues...)
}
