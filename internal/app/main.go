package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Main runs a function as Lambda starts it: it reads the process's environment, and does not return.
func Main(function Function) {
	ctx := context.Background()
	handler, err := start(ctx, function)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.StartWithOptions(handler, lambda.WithContext(ctx))
}

func start(ctx context.Context, function Function) (any, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	return function(ctx, Base{AWS: cfg, Getenv: os.Getenv, Now: time.Now, Log: lambdacontext.NewLogger()})
}
