// Command redrive moves dead letters back to the queue that they came from, and follows the move until it ends (make
// redrive). It deletes nothing, and what is moved is delivered as if it came for the first time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C is not caught
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "redrive:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	p, err := readPlace(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	client, err := p.connect(ctx)
	if err != nil {
		return err
	}
	return newMover(client, p, out).run(ctx)
}

// localRegion is as good as any: the local SQS is in all of them.
const localRegion = "us-east-1"

// connect makes a client for where the queue is. It needs credentials only where they matter.
func (p place) connect(ctx context.Context) (*sqs.Client, error) {
	if p.endpoint != "" {
		return sqs.New(sqs.Options{
			Region: localRegion, BaseEndpoint: &p.endpoint, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		}), nil
	}
	cfg, err := config.LoadDefaultConfig(ctx, withRegion(p.region)...)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("the region of %s is not known: set AWS_REGION", p.queue)
	}
	if err := checkCredentials(ctx, cfg); err != nil {
		return nil, err
	}
	return sqs.NewFromConfig(cfg), nil
}

// withRegion prefers the queue's own region to the one that is configured.
func withRegion(region string) []func(*config.LoadOptions) error {
	if region == "" {
		return nil
	}
	return []func(*config.LoadOptions) error{config.WithRegion(region)}
}

func checkCredentials(ctx context.Context, cfg aws.Config) error {
	if cfg.Credentials == nil {
		return errors.New("there are no AWS credentials")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("there are no AWS credentials: %w", err)
	}
	return nil
}
