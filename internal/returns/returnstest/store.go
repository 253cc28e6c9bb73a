// Package returnstest has the contract of returns.Store, for every implementation to run. Those of optout.Store and
// oneoff.Store are part of it.
package returnstest

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/recipients"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// Store is what the contract needs: what comes back, and the campaigns that it comes back to.
type Store interface {
	campaign.Store
	returns.Store
}

// TestStore runs the contract. open returns an empty store.
func TestStore(t *testing.T, open func(t *testing.T) Store) {
	all := make(map[string]func(bench))
	for _, scenarios := range []map[string]func(bench){
		deliveryScenarios, tallyScenarios, resolveScenarios, senderScenarios, receptionScenarios, moveScenarios, listScenarios,
		openScenarios, suppressionScenarios, importScenarios, textScenarios,
	} {
		maps.Copy(all, scenarios)
	}
	for name, scenario := range all {
		t.Run(name, func(t *testing.T) { scenario(bench{T: t, Store: open(t)}) })
	}
}

// crowd is how many do the same at once where that is the question.
const crowd = 16

var (
	start   = campaigntest.Start
	numbers = campaigntest.Numbers
)

// bench is a store with short ways to do what scenarios do.
type bench struct {
	*testing.T
	Store
}

func (b bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b bench) is(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("got error %v, want %v", err, want)
	}
}

func (b bench) equal(got, want any) {
	b.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.Fatalf("unexpected (-want +got):\n%s", diff)
	}
}

// crowd does the same in many goroutines at once, and returns how often each answer came.
func (b bench) crowd(do func(i int) error) map[error]int {
	b.Helper()
	var wait sync.WaitGroup
	faults := make([]error, crowd)
	for i := range crowd {
		wait.Go(func() { faults[i] = do(i) })
	}
	wait.Wait()
	answers := make(map[error]int)
	for _, err := range faults {
		switch {
		case err == nil:
			answers[nil]++
		case errors.Is(err, campaign.ErrConflict):
			answers[campaign.ErrConflict]++
		default:
			b.Fatal(err)
		}
	}
	return answers
}

// untilDone repeats what lost against somebody else. With every loss somebody has won, so that the crowd is soon done.
func untilDone(do func() error) (err error) {
	for range 10 * crowd {
		if err = do(); !errors.Is(err, campaign.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("in %d tries: %w", 10*crowd, err)
}

// given stores a running campaign of 100 recipients.
func (b bench) given(id string) campaign.Campaign {
	b.Helper()
	c := campaign.Campaign{
		ID: id, Name: "spring", Sender: "Sluice", Text: "Hello, World!", BatchSize: 100, Delay: time.Minute,
		CreatedAt: start, LaunchedAt: start, Status: campaign.Running, Recipients: 100, Segments: 1, NextDue: start, Epoch: 2,
	}
	b.ok(b.Create(b.Context(), c, recipients.UploadOf(numbers(100)), nil))
	return c
}

func (b bench) total(id string) returns.Tally {
	b.Helper()
	total, err := b.Total(b.Context(), id)
	b.ok(err)
	return total
}

func (b bench) minutes(id string, from time.Time, limit int) []returns.Minute {
	b.Helper()
	minutes, err := b.Minutes(b.Context(), id, from, limit)
	b.ok(err)
	return minutes
}

func message(to sms.Number, index int, state campaign.State) campaign.Message {
	return campaign.Message{
		To: to, Index: index, Batch: 1, State: state, Code: "vonage 0", Reason: "why", At: start,
		Parts: []sms.Part{{MessageID: fmt.Sprint("id", index), Network: "23410", Price: "0.0333"}},
	}
}
