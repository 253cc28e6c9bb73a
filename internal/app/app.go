package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/oklog/ulid/v2"

	"sluice/internal/campaign"
	"sluice/internal/dynamostore"
	"sluice/internal/httpapi"
	"sluice/internal/lambdaio"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/pace"
	"sluice/internal/preflight"
	"sluice/internal/recipients"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
	"sluice/internal/sqsqueue"
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

// API is the HTTP API, which reads numbers by that plan. The plan comes from outside because its data take milliseconds of a
// cold start and a third of a program's size, which the other functions do without.
func API(numbers recipients.Numbering) Function {
	return func(_ context.Context, b Base) (any, error) { return b.api(numbers) }
}

func (b Base) api(numbers recipients.Numbering) (any, error) {
	env := environment{getenv: b.Getenv}
	store, queue, texts := b.store(&env), b.queue(&env), b.oneOffs(&env)
	limit, signature := env.limit(), env.text("WEBHOOK_SIGNATURE")
	if err := env.problems(); err != nil {
		return nil, err
	}
	clock := pace.NewClock(b.Now, nil) // forecasts need no better one
	pacing := pacing(pace.New(store, clock, campaign.MaxChunk), limit)
	manager := campaign.NewManager(store, queue, newID, numbers, pacing, b.Now, b.Log)
	limits := pace.NewLimits(store, limit, b.Now)
	list := optout.NewList(store, b.Now)
	outbox := oneoff.NewOutbox(texts, b.Log)
	parse := func(c campaign.Campaign, text string) (sms.Number, error) { return numbers.Parse(text, c.Region) }
	handler := httpapi.New(httpapi.Config{
		Manager: manager, Limits: limits, Desk: returns.NewDesk(store, outbox, list, newID, b.Now), Suppressions: list,
		Prices: store, Preflight: preflight.New(store, list, store, rates(pacing), b.Now),
		Reports: report.New(manager, store), Tests: oneoff.NewTests(manager, store, outbox, parse, newID, b.Now),
		Keys: store, UnsignedWebhooks: signature == unsigned, Log: b.Log,
	})
	return lambdaio.HTTP(handler, b.Log), nil
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
