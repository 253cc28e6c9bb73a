package returns_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/campaign/campaigntest"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// slow is a store that has one campaign for each sender, and takes a second for every write. Of the rest nothing is asked.
type slow struct {
	returns.Store
	mu            sync.Mutex
	writers, most map[string]int // by campaign; "*" is all of them
	written       int
}

func (s *slow) enter(id string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{id, "*"} {
		s.writers[name] += by
		s.most[name] = max(s.most[name], s.writers[name])
	}
}

func (s *slow) write(ctx context.Context, id string) error {
	s.enter(id, 1)
	defer s.enter(id, -1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written++
	return nil
}

func (s *slow) Reply(context.Context, string) (returns.Reply, error) {
	return returns.Reply{}, campaign.ErrNotFound
}

func (s *slow) CampaignsFrom(_ context.Context, from sms.Sender, _ time.Time, _ int) ([]string, error) {
	return []string{idOf(from)}, nil
}

func (s *slow) MessagesTo(_ context.Context, to sms.Number, ids []string) (map[string]campaign.Message, error) {
	return map[string]campaign.Message{ids[0]: {To: to, State: campaign.Accepted, At: campaigntest.Start}}, nil
}

func (s *slow) Keep(ctx context.Context, r returns.Reception) error { return s.write(ctx, r.Campaign) }

func (s *slow) Fold(ctx context.Context, id string, _ []returns.Delivery, _ map[time.Time]returns.Tally) error {
	return s.write(ctx, id)
}

func (s *slow) Campaign(_ context.Context, id string) (campaign.Campaign, error) {
	return campaign.Campaign{ID: id, Text: "?"}, nil
}

func (s *slow) Messages(_ context.Context, _ string, numbers []sms.Number) (map[sms.Number]campaign.Message, error) {
	found := make(map[sms.Number]campaign.Message)
	for _, to := range numbers {
		found[to] = campaign.Message{To: to, State: campaign.Accepted, At: campaigntest.Start}
	}
	return found, nil
}

func (s *slow) Deliveries(context.Context, string, []sms.Number) (map[sms.Number]returns.Delivery, error) {
	return map[sms.Number]returns.Delivery{}, nil
}

// idOf is the id of the sender's campaign.
func idOf(sender sms.Sender) string { return "01K9SAMP1E0000" + string(sender) }

// of are a receipt and a reply of each recipient of two campaigns.
func of(list []sms.Number) []returns.Event {
	var events []returns.Event
	at := campaigntest.Start.Add(time.Hour)
	for i, to := range list {
		for _, sender := range []sms.Sender{"447700900001", "447700900002"} {
			id := fmt.Sprint(sender, i)
			events = append(events,
				returns.Event{ReceivedAt: at, Receipt: &sms.Receipt{
					Ref: idOf(sender), To: to, From: sender, MessageID: id, Status: sms.Delivered, At: at,
				}},
				returns.Event{ReceivedAt: at, Inbound: &sms.Inbound{From: to, To: sender, MessageID: id, Text: "Yes please", At: at}})
		}
	}
	return events
}

func TestThoseWhoAddToTheSameCountersDoNotMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{writers: make(map[string]int), most: make(map[string]int)}
		recorder := returns.NewRecorder(store, nil, oneoff.Outbox{}, returns.Policy{Language: optout.Language("en")}, time.Now, slog.New(slog.DiscardHandler))
		for _, err := range recorder.Record(t.Context(), of(campaigntest.Numbers(20))) {
			if err != nil {
				t.Error(err)
			}
		}
		if store.most[idOf("447700900001")] != 1 || store.most[idOf("447700900002")] != 1 {
			t.Errorf("at most so many wrote at once: %v", store.most)
		}
		if store.most["*"] != 2 {
			t.Errorf("%d wrote at once: what belongs to different campaigns need not wait", store.most["*"])
		}
		if want := 2*20 + 2; store.written != want {
			t.Errorf("%d writes, want %d", store.written, want)
		}
	})
}

func TestWhoWaitsForATurnGivesUpWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{writers: make(map[string]int), most: make(map[string]int)}
		recorder := returns.NewRecorder(store, nil, oneoff.Outbox{}, returns.Policy{Language: optout.Language("en")}, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3500*time.Millisecond, cancel)
		failed := 0
		for _, err := range recorder.Record(ctx, of(campaigntest.Numbers(20))) {
			if err != nil {
				failed++
			}
		}
		if failed == 0 || store.written != 2*3 {
			t.Errorf("%d failed, %d were written", failed, store.written)
		}
	})
}

func TestWithoutTimeLeftNothingIsBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{writers: make(map[string]int), most: make(map[string]int)}
		recorder := returns.NewRecorder(store, nil, oneoff.Outbox{}, returns.Policy{Language: optout.Language("en")}, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		failed := 0
		for _, err := range recorder.Record(ctx, of(campaigntest.Numbers(20))) {
			if err != nil {
				failed++
			}
		}
		if failed == 0 || store.written == 0 || ctx.Err() != nil {
			t.Errorf("%d failed, %d were written, %v", failed, store.written, ctx.Err())
		}
	})
}
