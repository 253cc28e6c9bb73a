package vonage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"sluice/internal/sms"
)

const (
	// MaxWebhookAge is how long after its signature a webhook is still taken. Vonage sends a receipt again for up to 72
	// hours (Vonage support, article 226572227) and does not say that it signs anew each time; the hour more is for the
	// way and for clocks. What is repeated within that time is for the one who records it to see.
	MaxWebhookAge = 73 * time.Hour
	// MaxWebhookAhead is by how much Vonage's clock may be ahead of ours (the tolerance of its Java SDK, RequestSigning).
	MaxWebhookAhead = 5 * time.Minute
	// MaxWebhookSize is the most bytes that a webhook's body or query may have: some twenty times that of a text of 3,200
	// characters, of which Vonage sends but parts.
	MaxWebhookSize = 64 << 10
)

// What can be wrong with a webhook. Any other error is a fault of ours, and it should be sent again.
var (
	// ErrForged: nothing shows that it is from Vonage.
	ErrForged = errors.New("the webhook is not shown to be from Vonage")
	// ErrUnsigned is an ErrForged of which nobody tried to show anything. Vonage's page on signed webhooks of the Messages
	// API says that they are without signature "in rare cases", and come again, signed, after an answer of 5xx.
	ErrUnsigned = fmt.Errorf("%w: it has no signature", ErrForged)
	// ErrNoToken is an ErrUnsigned in the form of the Messages API.
	ErrNoToken = fmt.Errorf("%w, nor a token", ErrUnsigned)
	// ErrUnreadable: it is no webhook, or not one of the kind.
	ErrUnreadable = errors.New("the webhook cannot be read")
	// ErrTooLarge: it has more than MaxWebhookSize.
	ErrTooLarge = fmt.Errorf("the webhook has more than %d bytes", MaxWebhookSize)
)

// WebhookConfig says which webhooks are taken for Vonage's.
type WebhookConfig struct {
	// Method is how the SMS API signs. Only this one is accepted.
	Method Method
	// Unsigned takes what anybody sends, and verifies nothing.
	Unsigned bool
	// Secrets are the signature secrets: the current one and, while it is being replaced, the one before. It is called
	// once for each webhook.
	Secrets func(context.Context) ([]string, error)
	// Renew is called where none of these fits, for secrets that are newer. Nil: nothing is newer.
	Renew func(context.Context) ([]string, error)
	// APIKey is the account that webhooks of the Messages API must name, where they name one. Empty: any.
	APIKey string
	// Now is the time; nil means time.Now.
	Now func() time.Time
}

// Webhooks reads and verifies what Vonage sends, of the SMS API (by GET or POST, as a form or as JSON) and of the
// Messages API (version 1). It may be used concurrently.
type Webhooks struct {
	config WebhookConfig
}

// NewWebhooks returns a reader of webhooks. With a configuration by which nothing can be verified every webhook is an
// error that is none of the four above.
func NewWebhooks(c WebhookConfig) *Webhooks {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Webhooks{config: c}
}

// Receipt reads a delivery receipt of the SMS API or a status of the Messages API. It reads r's body, and does not close
// it. The error is an ErrForged, ErrUnreadable or ErrTooLarge, or says why nothing could be verified; no error holds a
// secret or anything of the webhook.
func (w *Webhooks) Receipt(r *http.Request) (sms.Receipt, error) {
	hook, err := w.open(r)
	if err != nil {
		return sms.Receipt{}, err
	}
	if hook.message != nil {
		return readMessageStatus(hook.message, w.config.Now())
	}
	return readReceipt(hook.params, w.config.Now())
}

// Inbound reads a text that came in, or a part of one: the SMS API sends the parts, the Messages API what they make. What
// came without a text, being binary or a picture, has an empty one. See Receipt for the errors.
func (w *Webhooks) Inbound(r *http.Request) (sms.Inbound, error) {
	hook, err := w.open(r)
	if err != nil {
		return sms.Inbound{}, err
	}
	if hook.message != nil {
		return readMessageInbound(hook.message, w.config.Now())
	}
	return readInbound(hook.params, w.config.Now())
}

// open reads a request as far as is needed to verify it, and verifies it.
func (w *Webhooks) open(r *http.Request) (webhook, error) {
	hook, err := readWebhook(r)
	if err != nil || w.config.Unsigned {
		return hook, err
	}
	if hook.message != nil {
		return hook, w.verifyMessage(r.Context(), hook.message, r.Header.Get("Authorization"))
	}
	hook.params, err = w.verifyParams(r.Context(), hook.params)
	return hook, err
}

// verifyParams verifies a webhook of the SMS API and returns what of it is signed. Whether parameters without a value are
// part of that, Vonage's SDKs do not agree: the Java one leaves them out, the PHP and Node ones do not.
func (w *Webhooks) verifyParams(ctx context.Context, params map[string]string) (map[string]string, error) {
	method, err := ParseMethod(string(w.config.Method))
	if err != nil {
		return nil, fmt.Errorf("verify a webhook: %w", err)
	}
	sig := params[sigParam]
	if sig == "" {
		return nil, ErrUnsigned
	}
	readings := []map[string]string{params, withoutBlanks(params)}
	var signed map[string]string
	err = w.trySecrets(ctx, func(secret string) bool {
		i := slices.IndexFunc(readings, func(p map[string]string) bool { return method.Verify(p, secret, sig) })
		if i >= 0 {
			signed = readings[i]
		}
		return i >= 0
	})
	if err != nil {
		return nil, err
	}
	at, err := parseTimestamp(signed[timestampParam])
	if err != nil {
		return nil, err
	}
	return signed, w.checkTime(at)
}

// trySecrets looks for a secret that fits, once more among newer ones where none does.
func (w *Webhooks) trySecrets(ctx context.Context, fits func(secret string) bool) error {
	if w.config.Secrets == nil {
		return errNoSecret
	}
	secrets, err := w.config.Secrets(ctx)
	if err != nil {
		return fmt.Errorf("read the signature secrets: %w", err)
	}
	secrets = slices.DeleteFunc(slices.Clone(secrets), isBlank) // anybody knows these
	if slices.ContainsFunc(secrets, fits) {
		return nil
	}
	if w.config.Renew != nil {
		newer, err := w.config.Renew(ctx)
		if err != nil {
			return fmt.Errorf("read the signature secrets anew: %w", err)
		}
		secrets = slices.DeleteFunc(slices.Clone(newer), isBlank)
		if slices.ContainsFunc(secrets, fits) {
			return nil
		}
	}
	if len(secrets) == 0 {
		return errNoSecret
	}
	return fmt.Errorf("%w: its signature is wrong", ErrForged)
}

var errNoSecret = errors.New("there is no signature secret to verify webhooks with")

// checkTime keeps a webhook that somebody has recorded from being of use for ever.
func (w *Webhooks) checkTime(signed time.Time) error {
	age := w.config.Now().Sub(signed)
	switch {
	case age > MaxWebhookAge:
		return fmt.Errorf("%w: it was signed %v ago, and may be at most %v old", ErrForged, age.Round(time.Second), MaxWebhookAge)
	case age < -MaxWebhookAhead:
		return fmt.Errorf("%w: it was signed %v ahead of our clock, and may be at most %v", ErrForged,
			age.Abs().Round(time.Second), MaxWebhookAhead)
	}
	return nil
}
