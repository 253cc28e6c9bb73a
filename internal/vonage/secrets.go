package vonage

import (
	"context"
	"time"
)

const (
	// secretsMaxAge is for how long secrets are used without looking for newer ones.
	secretsMaxAge = 5 * time.Minute
	// renewEvery is how often forgers can make us look.
	renewEvery = 30 * time.Second
)

// SecretCache keeps signature secrets: its Secrets and Renew are WebhookConfig's. It may be used concurrently; while one
// caller reads, the others wait.
//
// A secret that replaces another works from the first webhook that is signed with it, unless the secrets were read less
// than 30 seconds before: so it should be stored, ahead of the one it replaces, before Vonage is told of it.
type SecretCache struct {
	read func(context.Context) ([]string, error)
	now  func() time.Time

	turn    chan struct{} // a mutex that can be waited for with a context
	secrets []string
	readAt  time.Time // when secrets were read
	triedAt time.Time // when that was tried last
	failed  error     // what came of that
}

// NewSecretCache returns an empty cache of what read reads. now may be nil: time.Now.
func NewSecretCache(read func(context.Context) ([]string, error), now func() time.Time) *SecretCache {
	if now == nil {
		now = time.Now
	}
	return &SecretCache{read: read, now: now, turn: make(chan struct{}, 1)}
}

// Secrets are those that were read in the last 5 minutes, or are read now. They are not to be changed.
func (c *SecretCache) Secrets(ctx context.Context) ([]string, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	if c.within(secretsMaxAge, c.readAt) {
		return c.secrets, nil
	}
	return c.load(ctx)
}

// Renew reads the secrets now, unless that was done or tried in the last 30 seconds: then it returns what came of that.
func (c *SecretCache) Renew(ctx context.Context) ([]string, error) {
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.unlock()
	switch {
	case !c.within(renewEvery, c.triedAt):
		return c.load(ctx)
	case c.failed != nil:
		return nil, c.failed
	}
	return c.secrets, nil
}

func (c *SecretCache) lock(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *SecretCache) unlock() { <-c.turn }

// within says whether t is less than d ago, by the wall clock: the monotonic one may stand still while a Lambda sandbox is
// frozen.
func (c *SecretCache) within(d time.Duration, t time.Time) bool {
	age := c.now().Round(0).Sub(t)
	return age >= 0 && age < d
}

func (c *SecretCache) load(ctx context.Context) ([]string, error) {
	secrets, err := c.read(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, err // which says nothing to the next one
	}
	c.triedAt, c.failed = c.now().Round(0), err
	if err != nil {
		return nil, err
	}
	c.readAt, c.secrets = c.triedAt, secrets
	return secrets, nil
}
