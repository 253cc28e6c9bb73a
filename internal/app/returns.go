package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/lambdaio"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sqsqueue"
	"sluice/internal/vonage"
	"sluice/internal/webhook"
)

// unsigned is what WEBHOOK_SIGNATURE says where anybody is believed.
const unsigned = "none"

// Webhook takes what Vonage sends.
func Webhook(ctx context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	events := b.events(&env)
	signature, name := env.text("WEBHOOK_SIGNATURE"), env.text("VONAGE_SECRET")
	if err := env.problems(); err != nil {
		return nil, err
	}
	config := vonage.WebhookConfig{Now: b.Now}
	if signature == unsigned {
		b.Log.WarnContext(ctx, "WEBHOOKS ARE NOT VERIFIED: anybody may send receipts, replies and opt-outs (WEBHOOK_SIGNATURE is none)")
		config.Unsigned = true
	} else {
		method, err := vonage.ParseMethod(signature)
		if err != nil {
			return nil, fmt.Errorf("WEBHOOK_SIGNATURE: %w", err)
		}
		account := &account{client: secretsmanager.NewFromConfig(b.AWS), secret: name}
		secrets := vonage.NewSecretCache(account.signatures, b.Now)
		if _, err := secrets.Secrets(ctx); err != nil {
			return nil, err
		}
		config.Method, config.Secrets, config.Renew, config.APIKey = method, secrets.Secrets, secrets.Renew, account.apiKey
	}
	return lambdaio.HTTP(webhook.New(vonage.NewWebhooks(config), refusal, events, b.Now, b.Log), b.Log), nil
}

// refusal is the status of an answer to a webhook that is not to be taken.
func refusal(err error) int {
	switch {
	case errors.Is(err, vonage.ErrNoToken):
		return 0 // after a 5xx it comes again, with a token (Vonage, "Signed webhooks")
	case errors.Is(err, vonage.ErrForged):
		return http.StatusUnauthorized
	case errors.Is(err, vonage.ErrUnreadable):
		return http.StatusBadRequest
	case errors.Is(err, vonage.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	default:
		return 0
	}
}

// account is whose webhooks are taken.
type account struct {
	client *secretsmanager.Client
	secret string
	apiKey string // as last read
}

// signatures reads the secrets that webhooks may be signed with: the current one, and the one before. It is called by one
// at a time.
func (a *account) signatures(ctx context.Context) ([]string, error) {
	key, err := credentials(ctx, a.client, a.secret)
	if err != nil {
		return nil, err
	}
	if key.SignatureSecret == "" {
		return nil, fmt.Errorf("secret %s has no signature_secret, and WEBHOOK_SIGNATURE is not none", a.secret)
	}
	a.apiKey = key.APIKey
	secrets := []string{key.SignatureSecret}
	if key.PreviousSignatureSecret != "" {
		secrets = append(secrets, key.PreviousSignatureSecret)
	}
	return secrets, nil
}

// Recorder folds what came back into the table.
func Recorder(_ context.Context, b Base) (any, error) {
	env := environment{getenv: b.Getenv}
	store, events, texts, policy := b.store(&env), b.events(&env), b.oneOffs(&env), env.policy()
	if err := env.problems(); err != nil {
		return nil, err
	}
	recorder := returns.NewRecorder(store, events, oneoff.NewOutbox(texts, b.Log), policy, b.Now, b.Log)
	return lambdaio.Together(func(ctx context.Context, bodies []string) []error {
		faults := make([]error, len(bodies))
		var known []returns.Event
		var at []int
		for i, body := range bodies {
			event, err := sqsqueue.DecodeEvent(body)
			if err != nil {
				faults[i] = err
				continue
			}
			known, at = append(known, event), append(at, i)
		}
		for k, err := range recorder.Record(ctx, known) {
			faults[at[k]] = err
		}
		return faults
	}, b.Log), nil
}

func (b Base) events(env *environment) *sqsqueue.Events {
	return sqsqueue.NewEvents(sqs.NewFromConfig(b.AWS), env.text("EVENTS_QUEUE_URL"))
}

func (b Base) oneOffs(env *environment) *sqsqueue.OneOffs {
	return sqsqueue.NewOneOffs(sqs.NewFromConfig(b.AWS), env.text("ONEOFFS_QUEUE_URL"))
}

// policy is what the operator has decided about opt-outs.
func (e *environment) policy() returns.Policy {
	language, err := optout.ParseLanguage(e.text("OPT_OUT_LANGUAGE"))
	if err != nil {
		e.faults = append(e.faults, fmt.Errorf("OPT_OUT_LANGUAGE: %w", err))
	}
	return returns.Policy{
		PerSender: e.oneOf("OPT_OUT_SCOPE", "all", "sender") == "sender",
		Confirms:  e.oneOf("OPT_OUT_CONFIRMATION", "true", "false") == "true",
		Language:  language,
	}
}
