// Command function is a Lambda function that does as its event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string        `json:"do"`
	Text  string        `json:"text"`
	Sleep time.Duration `json:"sleep"`
	Size  int           `json:"size"`
}

type answer struct {
	Text      string            `json:"text"`
	PID       int               `json:"pid"`
	RequestID string            `json:"request_id"`
	ARN       string            `json:"arn"`
	Left      time.Duration     `json:"left"`
	Env       map[string]string `json:"env,omitempty"`
	Dir       string            `json:"dir"`
}

type specialError struct{}

func (*specialError) Error() string { return "as asked" }

func main() {
	if os.Getenv("REFUSE_TO_START") != "" {
		fmt.Fprintln(os.Stderr, "will not start")
		os.Exit(3)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, e event) (any, error) {
	time.Sleep(e.Sleep)
	switch e.Do {
	case "error":
		return nil, &specialError{}
	case "panic":
		panic(errors.New("as asked"))
	case "exit":
		os.Exit(7)
	case "print":
		fmt.Println("one line\nand another")
		fmt.Fprint(os.Stderr, "no newline")
	case "big":
		return strings.Repeat("x", e.Size), nil
	case "stream":
		return &brokenStream{}, nil
	}
	return describe(ctx, e), nil
}

func describe(ctx context.Context, e event) answer {
	deadline, _ := ctx.Deadline()
	lc, _ := lambdacontext.FromContext(ctx)
	dir, _ := os.Getwd()
	a := answer{Text: e.Text, PID: os.Getpid(), RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn,
		Left: time.Until(deadline), Env: map[string]string{}, Dir: dir}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		a.Env[name] = value
	}
	return a
}

// brokenStream answers a little and then fails. The function makes it not serializable, so that it is streamed.
type brokenStream struct {
	started bool
	NotJSON func()
}

func (b *brokenStream) Read(p []byte) (int, error) {
	if b.started {
		return 0, &specialError{}
	}
	b.started = true
	return copy(p, "half of it"), nil
}
