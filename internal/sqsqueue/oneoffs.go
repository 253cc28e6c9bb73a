package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/oneoff"
)

// OneOffs is a oneoff.Queue over one SQS queue. It may be used concurrently.
type OneOffs struct{ post post }

var _ oneoff.Queue = (*OneOffs)(nil)

// NewOneOffs returns a queue that sends to queueURL. The client's retryer answers for calls that fail.
func NewOneOffs(client *sqs.Client, queueURL string) *OneOffs {
	return &OneOffs{post{client, queueURL}}
}

// wireText is a text in a message.
type wireText struct {
	Text string `json:"text"` // its id
}

// EnqueueOneOff sends the id of a text, in one call. A delay that is not whole seconds from 0 to campaign.MaxDelay is an
// error before that.
func (q *OneOffs) EnqueueOneOff(ctx context.Context, id string, delay time.Duration) error {
	body, err := json.Marshal(wireText{Text: id})
	if err != nil {
		return fmt.Errorf("encode text %s: %w", id, err)
	}
	return q.post.one(ctx, message{name: "text " + id, body: string(body), delay: delay})
}

// DecodeOneOff reads the id of a text from the body of its message. It refuses whatever EnqueueOneOff does not write, as
// Decode does.
func DecodeOneOff(body string) (string, error) {
	var w wireText
	if err := read(body, "a text's id", &w); err != nil {
		return "", err
	}
	if !oneoff.IsID(w.Text) {
		return "", errors.New("decode a text's id: it is not one")
	}
	return w.Text, nil
}
