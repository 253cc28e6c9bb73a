package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/internal/local/process"
)

const (
	// lookEvery is how often campaigns and counters are looked at: that costs processor time too.
	lookEvery = 250 * time.Millisecond
	// patience is how long a campaign may take, and what came back to it.
	patience = 3 * time.Minute
)

// onePart and twoParts are texts; of one recipient in ten the text is the longer one.
var (
	onePart  = "May we call you on Monday? Answer YES or NO."
	twoParts = strings.Repeat(onePart+" ", 5)
)

var errPlatformEnded = errors.New("the platform ended by itself")

// send sends both campaigns, and returns the ledger's entries of their texts.
func send(ctx context.Context, p *process.Platform, recipients int) (campaigns []string, texts []process.Entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	list := process.Numbers(recipients)
	long := recipients / 10
	orders := []process.Order{
		{Recipients: list[long:], Text: onePart, Key: "one"}, {Recipients: list[:long], Text: twoParts, Key: "two"},
	}
	campaigns = make([]string, len(orders))
	var group errgroup.Group
	for i, order := range orders {
		group.Go(func() error {
			var err error
			campaigns[i], err = sendOne(ctx, p, order)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	if texts, err = p.Ledger(ctx); err == nil && len(texts) != recipients {
		err = fmt.Errorf("%d texts were sent, want %d", len(texts), recipients)
	}
	return campaigns, texts, err
}

func sendOne(ctx context.Context, p *process.Platform, order process.Order) (string, error) {
	order.BatchSize = len(order.Recipients)
	c, err := p.Create(ctx, order)
	for err == nil && (c.Status == "running" || c.Status == "scheduled") {
		if err = wait(ctx, p, lookEvery); err == nil {
			c, err = p.Campaign(ctx, c.ID)
		}
	}
	if err == nil && c.Counts.Accepted != len(order.Recipients) {
		err = fmt.Errorf("not all of %d were accepted: %+v", len(order.Recipients), c.Counts)
	}
	return c.ID, err
}

// wait is cut short by the end of ctx or of the platform.
func wait(ctx context.Context, p *process.Platform, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.Exited():
		return errPlatformEnded
	}
}
