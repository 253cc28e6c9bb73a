package app

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"sluice/internal/campaign"
	"sluice/internal/lambdaio"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/pace"
	"sluice/internal/returns"
	"sluice/internal/sqsqueue"
	"sluice/internal/vonage"
)

// Dispatcher is the tick.
func Dispatcher(_ context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, queue, texts := b.store(&env), b.queue(&env), b.oneOffs(&env)
	if err := env.problems(); err != nil {
		return nil, err
	}
	campaigns := campaign.NewDispatcher(store, queue, b.Now, b.Log)
	singles := oneoff.NewDispatcher(store, texts, b.Now, b.Log)
	return func(ctx context.Context) error { return errors.Join(campaigns.Tick(ctx), singles.Tick(ctx)) }, nil
}

// Sender sends batches.
func Sender(ctx context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, queue := b.store(&env), b.queue(&env)
	limit, brake := env.limit(), env.number("BRAKE_PERCENT", 1, 100)/100
	client, err := b.client(ctx, &env)
	if err != nil {
		return nil, err
	}
	clock := pace.NewClock(b.Now, store.Second)
	pacing := pacing(pace.New(store, clock, campaign.MaxChunk), limit)
	owner := func() string { return newID(clock.Now()) }
	screen := returns.NewScreen(store, clock.Now)
	deliverer := campaign.NewDeliverer(store, queue, client, screen, pacing, brake, owner, clock.Now, b.Log)
	return lambdaio.Batch(func(ctx context.Context, _, body string) error {
		delivery, err := sqsqueue.Decode(body)
		if err != nil {
			return err
		}
		return deliverer.Deliver(ctx, delivery)
	}, b.Log), nil
}

// Courier sends single texts.
func Courier(ctx context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, texts, limit := b.store(&env), b.oneOffs(&env), env.limit()
	client, err := b.client(ctx, &env)
	if err != nil {
		return nil, err
	}
	clock := pace.NewClock(b.Now, store.Second)
	pacing := oneOffPacing(pace.New(store, clock, campaign.MaxChunk), limit)
	owner := func() string { return newID(clock.Now()) }
	courier := oneoff.NewCourier(store, texts, client, optout.NewList(store, clock.Now), pacing, owner, clock.Now, b.Log)
	return lambdaio.Each(func(ctx context.Context, _, body string) error {
		id, err := sqsqueue.DecodeOneOff(body)
		if err != nil {
			return err
		}
		return courier.Deliver(ctx, id)
	}, b.Log), nil
}

// client sends through Vonage. It is the last thing to be made: what the environment lacks is reported with it.
func (b Base) client(ctx context.Context, env *environment) (*vonage.Client, error) {
	api, name := env.oneOf("VONAGE_API", string(vonage.SMS), string(vonage.Messages)), env.text("VONAGE_SECRET")
	if err := env.problems(); err != nil {
		return nil, err
	}
	key, err := credentials(ctx, secretsmanager.NewFromConfig(b.AWS), name)
	if err != nil {
		return nil, err
	}
	return vonage.NewClient(vonage.Config{
		API: vonage.API(api), APIKey: key.APIKey, APISecret: key.APISecret, ApplicationID: key.ApplicationID,
		PrivateKey: key.PrivateKey, BaseURL: b.Getenv("VONAGE_URL"), Transport: b.Vonage,
	}), nil
}
