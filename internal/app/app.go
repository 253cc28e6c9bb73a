package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/oklog/ulid/v2"

	"sluice/internal/campaign"
	"sluice/internal/dynamostore"
	"sluice/internal/httpapi"
	"sluice/internal/lambdaio"
	"sluice/internal/pace"
	"sluice/internal/sqsqueue"
	"sluice/internal/vonage"
)

// Base is what a function stands on.
type Base struct {
	AWS    aws.Config
	Getenv func(string) string
	// Vonage carries requests to Vonage; nil for a transport of its own.
	Vonage http.RoundTripper
	Now    func() time.Time
	Log    *slog.Logger
}

// Function makes a Lambda handler: a function as lambda.Start takes it.
type Function func(context.Context, Base) (any, error)

// API is the HTTP API.
func API(_ context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, queue := b.store(&env), b.queue(&env)
	limit := env.limit()
	if err := env.problems(); err != nil {
		return nil, err
	}
	clock := pace.NewClock(b.Now, nil) // forecasts need no better one
	pacing := pacing(pace.New(store, clock, campaign.MaxChunk), limit)
	manager := campaign.NewManager(store, queue, newID, pacing, b.Now, b.Log)
	limits := pace.NewLimits(store, limit, b.Now)
	return lambdaio.HTTP(httpapi.New(manager, limits, store, b.Log), b.Log), nil
}

// Dispatcher is the tick.
func Dispatcher(_ context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, queue := b.store(&env), b.queue(&env)
	if err := env.problems(); err != nil {
		return nil, err
	}
	dispatcher := campaign.NewDispatcher(store, queue, b.Now, b.Log)
	return dispatcher.Tick, nil
}

// Sender sends batches.
func Sender(ctx context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, queue := b.store(&env), b.queue(&env)
	limit, url, secret := env.limit(), env.text("VONAGE_URL"), env.text("VONAGE_SECRET")
	brake := env.number("BRAKE_PERCENT", 1, 100) / 100
	if err := env.problems(); err != nil {
		return nil, err
	}
	key, err := credentials(ctx, secretsmanager.NewFromConfig(b.AWS), secret)
	if err != nil {
		return nil, err
	}
	client := vonage.NewClient(vonage.Config{
		APIKey: key.APIKey, APISecret: key.APISecret, BaseURL: url, Transport: b.Vonage,
	})
	clock := pace.NewClock(b.Now, store.Second)
	pacing := pacing(pace.New(store, clock, campaign.MaxChunk), limit)
	owner := func() string { return newID(clock.Now()) }
	deliverer := campaign.NewDeliverer(store, queue, client, pacing, brake, owner, clock.Now, b.Log)
	return lambdaio.Batch(deliver(deliverer), b.Log), nil
}

func deliver(d *campaign.Deliverer) func(context.Context, string, string) error {
	return func(ctx context.Context, _, body string) error {
		delivery, err := sqsqueue.Decode(body)
		if err != nil {
			return err
		}
		return d.Deliver(ctx, delivery)
	}
}

func (b Base) store(env *environment) *dynamostore.Store {
	return dynamostore.New(dynamodb.NewFromConfig(b.AWS), env.text("TABLE_NAME"))
}

func (b Base) queue(env *environment) *sqsqueue.Queue {
	return sqsqueue.New(sqs.NewFromConfig(b.AWS), env.text("QUEUE_URL"))
}

// newID makes a ULID: it sorts by time and is 26 characters long, of the 40 that client-ref has.
func newID(now time.Time) string {
	return ulid.MustNew(ulid.Timestamp(now), rand.Reader).String()
}
