package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/dynamostore"
	"sluice/internal/local/lambda"
	"sluice/internal/oneoff"
	"sluice/internal/returns"
	"sluice/internal/sqsqueue"
)

const (
	// newsEvery is how often is told what came back: thousands of receipts are one line.
	newsEvery = time.Second
	// newsOf is of how many campaigns, the latest first.
	newsOf = 10
)

// news tells a person what came back and which single texts went out, in sums. It looks at the table itself, and only
// after a function ran that may have changed it.
type news struct {
	store *dynamostore.Store
	print *printer
	told  map[string]returns.Tally // by campaign

	mu       sync.Mutex
	recorded bool
	texts    []string // that a courier was given
}

// of are the functions, with an eye on those that make news.
func (n *news) of(pools map[string]*lambda.Pool) map[string]lambda.Invoker {
	functions := make(map[string]lambda.Invoker, len(pools))
	for name, pool := range pools {
		functions[name] = pool
	}
	for name, ran := range map[string]func([]byte){"recorder": n.recorderRan, "courier": n.courierRan} {
		if f, ok := functions[name]; ok {
			functions[name] = watched{f, ran}
		}
	}
	return functions
}

// watched tells of every invocation of a function that has ended, however it did.
type watched struct {
	lambda.Invoker
	ran func(payload []byte)
}

// Invoke implements lambda.Invoker.
func (w watched) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := w.Invoker.Invoke(ctx, payload)
	w.ran(payload)
	return answer, err
}

func (n *news) recorderRan([]byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.recorded = true
}

func (n *news) courierRan(payload []byte) {
	var event struct{ Records []struct{ Body string } }
	if json.Unmarshal(payload, &event) != nil {
		return // the courier has said so
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range event.Records {
		if id, err := sqsqueue.DecodeOneOff(r.Body); err == nil {
			n.texts = append(n.texts, id)
		}
	}
}

// run tells the news until ctx ends.
func (n *news) run(ctx context.Context) error {
	n.told = make(map[string]returns.Tally)
	ticks := time.NewTicker(newsEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		n.mu.Lock()
		recorded, texts := n.recorded, n.texts
		n.recorded, n.texts = false, nil
		n.mu.Unlock()
		if err := n.tell(ctx, recorded, texts); err != nil && ctx.Err() == nil {
			n.print.fault("news", err)
		}
	}
}

func (n *news) tell(ctx context.Context, recorded bool, texts []string) error {
	if len(texts) > 0 {
		line, err := ofTexts(ctx, n.store, texts)
		if err != nil {
			return err
		}
		if line != "" {
			n.print.now("single texts: %s", line)
		}
	}
	if !recorded {
		return nil
	}
	campaigns, err := n.store.Campaigns(ctx, "", newsOf)
	if err != nil {
		return err
	}
	for _, c := range append(campaigns, campaign.Campaign{}) { // the last is none
		t, err := totalOf(ctx, n.store, c.ID)
		if err != nil {
			return err
		}
		if t != n.told[c.ID] {
			n.told[c.ID] = t
			n.print.now("%s", ofReturns(c.ID, t))
		}
	}
	return nil
}

// maxStrangers is how many replies to no campaign are counted: there is no total of them.
const maxStrangers = 100

// totalOf is what came back to a campaign, or to none.
func totalOf(ctx context.Context, store *dynamostore.Store, id string) (returns.Tally, error) {
	if id != "" {
		return store.Total(ctx, id)
	}
	var t returns.Tally
	replies, _, err := store.Replies(ctx, "", "", maxStrangers)
	for _, r := range replies {
		if r.Status != returns.Handled {
			t.Replied++
		}
		if r.Status == returns.Open {
			t.Open++
		}
	}
	return t, err
}

func ofReturns(campaign string, t returns.Tally) string {
	replies := counted(t.Replied, "reply", "replies") + fmt.Sprintf(" (%d open)", t.Open)
	if campaign == "" {
		return "no campaign  came back: " + replies
	}
	return fmt.Sprintf("campaign %s  came back: %d delivered, %d undelivered, %s, %d opted out", campaign, t.Delivered,
		t.Undelivered, replies, t.OptedOut)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ofTexts sums up texts that have an outcome; it is empty where none has.
func ofTexts(ctx context.Context, store *dynamostore.Store, ids []string) (string, error) {
	type outcome struct{ kind, state string }
	sums := make(map[outcome]int)
	for _, id := range ids {
		t, err := store.OneOff(ctx, id)
		if err != nil {
			return "", fmt.Errorf("read text %s: %w", id, err)
		}
		if !t.Due() && t.State != oneoff.Sending {
			sums[outcome{string(t.Kind), string(t.State)}]++
		}
	}
	var words []string
	for o, n := range sums {
		words = append(words, counted(n, o.kind, o.kind+"s")+" "+o.state)
	}
	slices.Sort(words)
	return strings.Join(words, ", "), nil
}
