// Command probe does what a function does before it asks for work, and prints how long the parts took.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"

	"sluice/internal/app"
	"sluice/internal/numberplan"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, function string) error {
	constructor, ok := map[string]app.Function{
		"api": app.API(numberplan.New()), "dispatcher": app.Dispatcher, "sender": app.Sender,
		"webhook": app.Webhook, "recorder": app.Recorder, "courier": app.Courier,
	}[function]
	if !ok {
		return fmt.Errorf("there is no function %q", function)
	}
	begin := time.Now()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("load the AWS configuration: %w", err)
	}
	configured := time.Now()
	base := app.Base{AWS: cfg, Getenv: os.Getenv, Now: time.Now, Log: lambdacontext.NewLogger()}
	if _, err := constructor(ctx, base); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]time.Duration{
		"config": configured.Sub(begin), "constructor": time.Since(configured),
	})
}
