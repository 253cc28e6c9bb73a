package vonage_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/vonage"
)

// vault is where secrets are read from, which takes a while.
type vault struct {
	secrets []string
	err     error
	reads   int
}

const vaultLatency = 100 * time.Millisecond

func (v *vault) read(ctx context.Context) ([]string, error) {
	v.reads++
	select {
	case <-time.After(vaultLatency):
		return slices.Clone(v.secrets), v.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (v *vault) check(t *testing.T, what string, reads int) {
	t.Helper()
	if v.reads != reads {
		t.Errorf("%s: %d reads, want %d", what, v.reads, reads)
	}
}

func TestSecretsAreKeptForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{secrets: []string{"a"}}
		cache := vonage.NewSecretCache(v.read, nil)
		get := func(want ...string) {
			t.Helper()
			if got, err := cache.Secrets(t.Context()); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %q (%v), want %q", got, err, want)
			}
		}
		get("a")
		v.secrets = []string{"b"}
		time.Sleep(5*time.Minute - time.Nanosecond)
		get("a")
		v.check(t, "within five minutes", 1)
		time.Sleep(time.Nanosecond)
		get("b")
		v.check(t, "after five minutes", 2)
	})
}

func TestSecretsAreReadOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{secrets: []string{"a"}}
		cache := vonage.NewSecretCache(v.read, nil)
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if got, err := cache.Secrets(t.Context()); err != nil || !slices.Equal(got, []string{"a"}) {
					t.Errorf("got %q (%v)", got, err)
				}
			})
		}
		synctest.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), vaultLatency/2)
		defer cancel()
		if _, err := cache.Secrets(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one who cannot wait: got %v", err)
		}
		wait.Wait()
		v.check(t, "all", 1)
	})
}

// A secret that is replaced works at once, and forgers cause no more than a read each half minute.
func TestSecretsAreRenewedForARotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{secrets: []string{"old"}}
		cache := vonage.NewSecretCache(v.read, nil)
		w := vonage.NewWebhooks(vonage.WebhookConfig{Method: vonage.HMACSHA256, Secrets: cache.Secrets, Renew: cache.Renew,
			Now: func() time.Time { return hookTime }})
		receive := func(secret string, want error) {
			t.Helper()
			p := sign(aReceipt)
			p = with(p, "sig", vonage.HMACSHA256.Sign(p, secret))
			if _, err := w.Receipt(postJSON(p)); !errors.Is(err, want) {
				t.Errorf("signed with %s: got %v, want %v", secret, err, want)
			}
		}
		receive("old", nil)
		time.Sleep(time.Minute)
		v.secrets = []string{"new", "old"}
		receive("old", nil)
		v.check(t, "before the first that is signed with the new one", 1)
		receive("new", nil)
		receive("new", nil)
		receive("old", nil)
		v.check(t, "a new secret", 2)

		for range 100 {
			receive("forged", vonage.ErrForged)
		}
		v.check(t, "forgers, at once", 2)
		time.Sleep(30*time.Second - time.Nanosecond)
		receive("forged", vonage.ErrForged)
		v.check(t, "forgers, within half a minute", 2)
		time.Sleep(time.Nanosecond)
		for range 100 {
			receive("forged", vonage.ErrForged)
		}
		v.check(t, "forgers, after half a minute", 3)
	})
}

func TestSecretsThatCannotBeReadAreAFaultUntilTheyCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("the secret store is down")
		v := &vault{err: down}
		cache := vonage.NewSecretCache(v.read, nil)
		expect := func(what string, get func(context.Context) ([]string, error), want error, secrets ...string) {
			t.Helper()
			if got, err := get(t.Context()); !errors.Is(err, want) || !slices.Equal(got, secrets) {
				t.Errorf("%s: got %q (%v), want %q (%v)", what, got, err, secrets, want)
			}
		}
		expect("the first time", cache.Secrets, down)
		v.secrets, v.err = []string{"a"}, nil
		expect("as soon as it is there", cache.Secrets, nil, "a")
		v.check(t, "so far", 2)

		time.Sleep(time.Minute)
		v.err = down
		expect("a renewal that fails", cache.Renew, down)
		expect("another, at once", cache.Renew, down)
		expect("what was read before", cache.Secrets, nil, "a")
		v.check(t, "one try in half a minute", 3)
		v.secrets, v.err = []string{"b"}, nil
		time.Sleep(30 * time.Second)
		expect("a renewal when it is there again", cache.Renew, nil, "b")
		expect("from then on", cache.Secrets, nil, "b")
	})
}

func TestAReadThatItsCallerEndedSaysNothingToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{secrets: []string{"a"}}
		cache := vonage.NewSecretCache(v.read, nil)
		ctx, cancel := context.WithTimeout(t.Context(), vaultLatency/2)
		defer cancel()
		if _, err := cache.Renew(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got, err := cache.Renew(t.Context()); err != nil || !slices.Equal(got, []string{"a"}) {
			t.Errorf("the next: got %q (%v)", got, err)
		}
	})
}

func TestSecretsAreReadAgainWhenTheClockWasSetBack(t *testing.T) {
	v, now := &vault{secrets: []string{"a"}}, hookTime
	synctest.Test(t, func(t *testing.T) {
		cache := vonage.NewSecretCache(v.read, func() time.Time { return now })
		for range 2 {
			if _, err := cache.Secrets(t.Context()); err != nil {
				t.Error(err)
			}
			now = now.Add(-time.Hour)
		}
	})
	v.check(t, "both", 2)
}
