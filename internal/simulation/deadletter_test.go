package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/internal/campaign"
	"sluice/internal/inprocess"
	"sluice/internal/local"
	"sluice/internal/local/lambda"
	"sluice/internal/simulation"
)

// What template.yaml says of the queue of batches.
const (
	visibility  = 1800 * time.Second
	maxReceives = 5
	// untilDead is after a message has been received for the last time in vain.
	untilDead = maxReceives*visibility + time.Minute

	queuesURL = "http://queues.local"
)

// queues are what a person reaches with the AWS command line: they see the same queues as the system does.
type queues struct {
	*testing.T
	http.Handler
	client *sqs.Client
}

// watch is an Options.Cloud that keeps hold of the services, and puts change before them.
func (q *queues) watch(change func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(cloud http.Handler) http.Handler {
		q.client = sqs.New(sqs.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(queuesURL),
			Credentials: credentials.NewStaticCredentialsProvider("person", "person", ""),
			HTTPClient:  &http.Client{Transport: inprocess.Transport(cloud)},
		})
		return change(cloud)
	}
}

func (q *queues) url(name string) *string { return aws.String(local.QueueURL(queuesURL, name)) }

func (q *queues) must(err error) {
	q.Helper()
	if err != nil {
		q.Fatal(err)
	}
}

func (q *queues) send(body string) (messageID string) {
	q.Helper()
	in := &sqs.SendMessageInput{QueueUrl: q.url("BatchesQueue"), MessageBody: &body}
	out, err := q.client.SendMessage(context.Background(), in)
	q.must(err)
	return *out.MessageId
}

// count is how many messages are in a queue, received or not.
func (q *queues) count(name string) int {
	q.Helper()
	out, err := q.client.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{
		QueueUrl: q.url(name), AttributeNames: []types.QueueAttributeName{"All"},
	})
	q.must(err)
	total := 0
	for _, attribute := range []string{"", "NotVisible", "Delayed"} {
		n, err := strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"+attribute])
		q.must(err)
		total += n
	}
	return total
}

// deadLetters are the bodies by id. Nobody else sees them for the time of a look.
func (q *queues) deadLetters() map[string]string {
	q.Helper()
	out, err := q.client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
		QueueUrl: q.url("BatchesDeadLetterQueue"), MaxNumberOfMessages: 10, VisibilityTimeout: 1,
	})
	q.must(err)
	time.Sleep(time.Second)
	letters := make(map[string]string)
	for _, m := range out.Messages {
		letters[*m.MessageId] = *m.Body
	}
	return letters
}

// redrive does what make redrive does, and returns how many messages it moved.
func (q *queues) redrive() int {
	q.Helper()
	source := aws.String("arn:aws:sqs:us-east-1:000000000000:BatchesDeadLetterQueue")
	_, err := q.client.StartMessageMoveTask(context.Background(), &sqs.StartMessageMoveTaskInput{SourceArn: source})
	q.must(err)
	time.Sleep(10 * time.Second)
	out, err := q.client.ListMessageMoveTasks(context.Background(), &sqs.ListMessageMoveTasksInput{SourceArn: source})
	q.must(err)
	if len(out.Results) != 1 || *out.Results[0].Status != "COMPLETED" {
		q.Fatalf("the move is %+v", out.Results)
	}
	return int(out.Results[0].ApproximateNumberOfMessagesMoved)
}

// failure is what a sender logs of a message that it could not deliver.
type failure struct {
	Level        string
	Msg          string
	MessageID    string `json:"message_id"`
	ReceiveCount string `json:"receive_count"`
	Error        string
}

// failures are by message, in their order.
func failures(t *testing.T, logs string) map[string][]failure {
	t.Helper()
	found := make(map[string][]failure)
	for line := range strings.Lines(logs) {
		var f failure
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if f.Msg == "message failed" {
			found[f.MessageID] = append(found[f.MessageID], f)
		}
	}
	return found
}

func unchanged(h http.Handler) http.Handler { return h }

func TestWhatCannotBeDeliveredIsKeptWithItsReasonLogged(t *testing.T) {
	const number, text, unknown = "447700900123", "Dear Ms Private", "01K9N0SVCHCAMPA1GN00000000"
	q := &queues{T: t}
	simulation.Run(t, simulation.Options{Cloud: q.watch(unchanged)}, func(w *simulation.World) {
		reasons := map[string]string{} // by message
		for _, c := range []struct{ body, reason string }{
			{`{"campaign": "01K9SAMP1E000`, "decode a delivery: it is not JSON: it ends too early"},
			{`Please text ` + number + `: ` + text, "decode a delivery: it is not JSON, as byte 1 shows"},
			{`{"campaign":"` + unknown + `","to":"` + number + `","epoch":1}`, "it has a field that a delivery does not have"},
			{`{"campaign":"` + unknown + `","batch":0}`, "campaign, batch and epoch are required"},
			{`{"campaign":"` + unknown + `","batch":0,"epoch":1}`, "lease batch 0 of campaign " + unknown + ": not found"},
		} {
			reasons[q.send(c.body)] = c.reason
		}
		time.Sleep(untilDead - visibility)
		if n := q.count("BatchesDeadLetterQueue"); n != 0 {
			t.Errorf("%d messages were given up before their last receive", n)
		}
		time.Sleep(visibility)
		letters, logged := q.deadLetters(), failures(t, w.Logs())
		for id, reason := range reasons {
			if letters[id] == "" {
				t.Errorf("the message that fails with %q is not in the dead-letter queue", reason)
			}
			if len(logged[id]) != maxReceives {
				t.Errorf("%q is logged %d times, want once for each of %d receives", reason, len(logged[id]), maxReceives)
			}
			for i, f := range logged[id] {
				if !strings.Contains(f.Error, reason) || f.Level != "ERROR" || f.ReceiveCount != strconv.Itoa(i+1) {
					t.Errorf("receive %d is logged as %+v, want %q", i+1, f, reason)
				}
			}
		}
		if left := q.count("BatchesQueue"); left > 0 || len(letters) != len(reasons) {
			t.Errorf("%d dead letters of %d messages, %d are still queued", len(letters), len(reasons), left)
		}
		for _, private := range append(w.Secrets(), number, text, "Private") {
			if strings.Contains(w.Logs(), private) {
				t.Errorf("%q is in the log", private)
			}
		}
		if n := len(w.Vonage.Ledger()); n > 0 {
			t.Errorf("%d texts were sent", n)
		}
	})
}

// outage is a time in which the table cannot be used.
type outage struct{ atomic.Bool }

func (o *outage) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.Load() || !strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"out of order"}`)
	})
}

// deadList is of three batches.
const deadList = 3 * matrixBatch

// stranded runs the reference campaign into an outage that begins in the middle of its second batch and lasts until the
// deliveries of the second and the third are dead letters.
func stranded(t *testing.T, after func(w *simulation.World, q *queues, id string)) {
	t.Helper()
	table, q := &outage{}, &queues{T: t}
	o := matrixOptions()
	o.Cloud = q.watch(table.of)
	simulation.Run(t, o, func(w *simulation.World) {
		const period = 70
		c := w.Create(simulation.Tutorial(deadList, matrixBatch, period))
		time.Sleep(period*time.Second + 1500*time.Millisecond)
		sent := len(w.Vonage.Ledger())
		if sent <= matrixBatch || sent >= 2*matrixBatch {
			t.Fatalf("%d texts were sent when the outage began, which is not in the middle of the second batch", sent)
		}
		table.Store(true)
		time.Sleep(period*time.Second + untilDead)
		if dead, queued := q.count("BatchesDeadLetterQueue"), q.count("BatchesQueue"); dead != 2 || queued != 0 {
			t.Fatalf("%d dead letters and %d queued messages, want the deliveries of two batches given up", dead, queued)
		}
		logged := failures(t, w.Logs())
		for id, body := range q.deadLetters() {
			if len(logged[id]) != maxReceives || !strings.Contains(logged[id][maxReceives-1].Error, "out of order") {
				t.Errorf("of the delivery %s is logged: %+v", body, logged[id])
			}
		}
		table.Store(false)
		after(w, q, c.ID)
		w.Check(c.ID)
		c = w.Get(c.ID)
		// The sender that the outage struck had claimed two chunks at most. It could not say what became of them.
		if c.Counts.Accepted+c.Counts.Unknown != deadList || c.Counts.Unknown > 2*matrixRate {
			t.Errorf("the campaign ended with %+v", c.Counts)
		}
	})
}

func TestACampaignIsRepairedWithoutItsDeadLetters(t *testing.T) {
	stranded(t, func(w *simulation.World, q *queues, id string) {
		w.UntilStored(id, campaign.Completed, 40*time.Minute)
		if n := q.count("BatchesDeadLetterQueue"); n != 2 {
			t.Errorf("%d dead letters are left, want the 2 that nobody needed", n)
		}
		w.Check(id)
		ended, sent, logs := w.Get(id), len(w.Vonage.Ledger()), len(w.Logs())
		if n := q.redrive(); n != 2 {
			t.Errorf("%d messages were moved, want 2", n)
		}
		time.Sleep(untilDead)
		if again := len(w.Vonage.Ledger()) - sent; again > 0 {
			t.Errorf("%d texts were sent because of dead letters that came back", again)
		}
		if left := q.count("BatchesDeadLetterQueue") + q.count("BatchesQueue"); left > 0 || len(w.Logs()) > logs {
			t.Errorf("%d messages are left; logged: %s", left, w.Logs()[logs:])
		}
		if c := w.Get(id); c != ended {
			t.Errorf("the campaign was %+v and is %+v", ended, c)
		}
	})
}

func TestDeadLettersThatComeBackBesideTheRepairSendNobodyASecondText(t *testing.T) {
	stranded(t, func(w *simulation.World, q *queues, id string) {
		if n := q.redrive(); n != 2 {
			t.Errorf("%d messages were moved, want 2", n)
		}
		w.UntilStored(id, campaign.Completed, 40*time.Minute)
		time.Sleep(untilDead)
		if left := q.count("BatchesDeadLetterQueue") + q.count("BatchesQueue"); left > 0 {
			t.Errorf("%d messages are left", left)
		}
	})
}

// While no sender works, the dispatcher queues each batch again and again, and all of it dies.
func TestDeadLettersInPlentySendNobodyASecondText(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	q := &queues{T: t}
	o := matrixOptions()
	o.Cloud = q.watch(unchanged)
	o.Invoker = only("sender", func(i lambda.Invoker) lambda.Invoker {
		return invoker(func(ctx context.Context, payload []byte) ([]byte, error) {
			if broken.Load() {
				return nil, errors.New("exit status 1")
			}
			return i.Invoke(ctx, payload)
		})
	})
	simulation.Run(t, o, func(w *simulation.World) {
		c := w.Create(simulation.Tutorial(deadList, matrixBatch, 70))
		time.Sleep(untilDead + 20*time.Minute)
		dead := q.count("BatchesDeadLetterQueue")
		if dead <= deadList/matrixBatch || len(w.Vonage.Ledger()) > 0 {
			t.Fatalf("%d dead letters and %d texts of three batches", dead, len(w.Vonage.Ledger()))
		}
		// What is still queued would serve as well: only the repair is to be left.
		_, err := q.client.PurgeQueue(context.Background(), &sqs.PurgeQueueInput{QueueUrl: q.url("BatchesQueue")})
		q.must(err)
		broken.Store(false)
		w.UntilStored(c.ID, campaign.Completed, 40*time.Minute)
		if n := q.count("BatchesDeadLetterQueue"); n != dead {
			t.Errorf("%d of %d dead letters are left: nobody should have needed them", n, dead)
		}
		if n := q.redrive(); n != dead {
			t.Errorf("%d of %d messages were moved", n, dead)
		}
		time.Sleep(untilDead)
		if left := q.count("BatchesDeadLetterQueue") + q.count("BatchesQueue"); left > 0 {
			t.Errorf("%d messages are left", left)
		}
		w.Check(c.ID)
		if n := len(w.Vonage.Ledger()); n != deadList {
			t.Errorf("%d texts were sent to %d recipients", n, deadList)
		}
		t.Logf("%d dead letters of %d batches", dead, deadList/matrixBatch)
	})
}
