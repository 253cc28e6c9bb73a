package oneoff_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
	"sluice/internal/sms"
)

const (
	person = sms.Number("447700900001")
	ours   = sms.Sender("447700900000")
	id     = "A01ARZ3NDEKTSV4RRFFQ69G5FAV"
)

// table is a store in memory.
type table struct {
	mu    sync.Mutex
	texts map[string]oneoff.Text
	fault error // of the next save, which took effect
}

func (s *table) OneOff(_ context.Context, id string) (oneoff.Text, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.texts[id]; ok {
		return t, nil
	}
	return oneoff.Text{}, campaign.ErrNotFound
}

func (s *table) SaveOneOff(_ context.Context, t oneoff.Text) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts[t.ID].Version != t.Version {
		return campaign.ErrConflict
	}
	t.Version++
	s.texts[t.ID] = t
	fault := s.fault
	s.fault = nil
	return fault
}

func (s *table) DueOneOffs(_ context.Context, by time.Time) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range maps.Keys(s.texts) {
		if at := s.texts[id].LookAt; !at.IsZero() && !at.After(by) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// stage is one text on its way.
type stage struct {
	*testing.T
	table   *table
	mu      sync.Mutex
	queued  []time.Duration
	sent    []time.Time
	answer  func(n int) sms.Outcome
	out     bool
	fault   error // of the screen
	pace    *pacetest.Memory
	courier *oneoff.Courier
	tick    *oneoff.Dispatcher
}

func (s *stage) EnqueueOneOff(_ context.Context, _ string, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = append(s.queued, delay)
	return nil
}

func (s *stage) Send(context.Context, sms.Message) sms.Outcome {
	s.mu.Lock()
	s.sent = append(s.sent, time.Now())
	n, answer := len(s.sent), s.answer
	s.mu.Unlock()
	if answer == nil {
		return sms.Outcome{Verdict: sms.Accepted, Parts: []sms.Part{{MessageID: "m1"}}}
	}
	return answer(n)
}

func (s *stage) Blocked(context.Context, sms.Sender, []sms.Number) (map[sms.Number]bool, error) {
	return map[sms.Number]bool{person: s.out}, s.fault
}

func onStage(t *testing.T, kind oneoff.Kind, act func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, table: &table{texts: make(map[string]oneoff.Text)}, pace: &pacetest.Memory{}}
		now := time.Now()
		text := oneoff.Text{
			ID: id, Kind: kind, From: ours, To: person, Body: "At three.", State: campaign.Pending, CreatedAt: now,
			LookAt: now.Add(time.Minute),
		}
		if err := s.table.SaveOneOff(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		shared := pace.New(s.pace, pace.NewClock(time.Now, nil), 100)
		pacing := func(sms.Sender, int) campaign.Pacer {
			limit := pace.Limit{PerSecond: 30, Headroom: .04}
			return shared.For(pace.Taker{Group: "oneoffs"}, pace.Charge{Key: "account", By: pace.Account, Limit: limit})
		}
		log := slog.New(slog.DiscardHandler)
		s.courier = oneoff.NewCourier(s.table, s, s, s, pacing, rand.Text, time.Now, log)
		s.tick = oneoff.NewDispatcher(s.table, s, time.Now, log)
		act(s)
	})
}

func (s *stage) deliver() error {
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	return s.courier.Deliver(ctx, id)
}

func (s *stage) ends(state campaign.State, code string, sent int) oneoff.Text {
	s.Helper()
	t, err := s.table.OneOff(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.State != state || t.Code != code || len(s.sent) != sent {
		s.Errorf("%s %q after %d requests, want %s %q after %d", t.State, t.Code, len(s.sent), state, code, sent)
	}
	return t
}

func TestATextIsSentOnce(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		var couriers sync.WaitGroup
		for range 8 {
			couriers.Go(func() {
				if err := s.deliver(); err != nil {
					t.Error(err)
				}
			})
		}
		couriers.Wait()
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		if sent := s.ends(campaign.Accepted, "", 1); len(sent.Parts) != 1 || !sent.LookAt.IsZero() {
			t.Errorf("stored as %+v", sent.Parts)
		}
	})
}

func TestWhoOptedOutIsNotAnswered(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		s.out = true
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		s.ends(campaign.Skipped, "opted out", 0)
	})
}

func TestAnOptOutIsConfirmedAllTheSame(t *testing.T) {
	onStage(t, oneoff.Confirmation, func(s *stage) {
		s.out = true
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		s.ends(campaign.Accepted, "", 1)
	})
}

func TestNothingIsSentWhereItCannotBeScreened(t *testing.T) {
	for _, kind := range []oneoff.Kind{oneoff.Answer, oneoff.Confirmation} {
		t.Run(string(kind), func(t *testing.T) {
			onStage(t, kind, func(s *stage) {
				s.out, s.fault = kind == oneoff.Confirmation, errors.New("the table is away")
				if err := s.deliver(); err == nil {
					t.Error("the delivery succeeded")
				}
				s.ends(campaign.Pending, "", 0)
				s.fault = nil
				if err := s.deliver(); err != nil {
					t.Error(err)
				}
				s.ends(campaign.Accepted, "", 1)
			})
		})
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name    string
		outcome sms.Outcome
		state   campaign.State
		code    string
		again   []time.Duration
	}{
		{"failed for good", sms.Outcome{Verdict: sms.Failed, Code: "vonage 6"}, campaign.Failed, "vonage 6", nil},
		{"the answer was lost", sms.Outcome{Verdict: sms.Unknown, Code: "timeout"}, campaign.Unknown, "timeout", nil},
		{"not taken", sms.Outcome{Verdict: sms.Retry, Code: "vonage 5"}, campaign.Pending, "", []time.Duration{time.Second}},
		{"too fast", sms.Outcome{Verdict: sms.Retry, Throttled: sms.ByAccount, RetryAfter: 700 * time.Millisecond},
			campaign.Pending, "", []time.Duration{time.Second}},
		{"nothing can be sent", sms.Outcome{Verdict: sms.Stop, Code: "vonage 4"}, campaign.Pending, "", []time.Duration{5 * time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onStage(t, oneoff.Answer, func(s *stage) {
				s.answer = func(int) sms.Outcome { return c.outcome }
				if err := s.deliver(); err != nil {
					t.Error(err)
				}
				s.ends(c.state, c.code, 1)
				if len(s.queued) != len(c.again) || len(c.again) > 0 && s.queued[0] != c.again[0] {
					t.Errorf("queued again after %v, want %v", s.queued, c.again)
				}
			})
		})
	}
}

func TestATextThatIsNeverTakenFails(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		s.answer = func(int) sms.Outcome { return sms.Outcome{Verdict: sms.Retry, Code: "vonage 5"} }
		for range 10 {
			if err := s.deliver(); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}
		s.ends(campaign.Failed, "vonage 5", 5)
	})
}

func TestWhereThePaceIsFullTheTextComesBackWhenItIsFree(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		if _, err := s.pace.Take(t.Context(), "account", 0, pace.Stretch{NotBefore: time.Now(), Length: 5 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		s.ends(campaign.Pending, "", 0)
		if len(s.queued) != 1 || s.queued[0] < 4*time.Minute || s.queued[0] > 5*time.Minute+time.Second {
			t.Errorf("queued again after %v", s.queued)
		}
	})
}

// The courier died behind its claim.
func TestAnInterruptedTextIsUnknownUntilAReceiptOrItsOutcomeComes(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		s.answer = func(int) sms.Outcome {
			time.Sleep(3 * time.Minute)
			return sms.Outcome{Verdict: sms.Accepted}
		}
		done := make(chan error)
		go func() { done <- s.deliver() }()
		time.Sleep(30 * time.Second)
		if err := s.tick.Tick(t.Context()); err != nil {
			t.Error(err)
		}
		s.ends(oneoff.Sending, "", 1)
		time.Sleep(75 * time.Second)
		if err := s.tick.Tick(t.Context()); err != nil {
			t.Error(err)
		}
		text := s.ends(campaign.Unknown, "interrupted", 1)
		if resolved, changed := text.Folded(sms.Receipt{MessageID: "m1", Status: sms.DeliveryBuffered}); !changed ||
			resolved.State != campaign.Accepted || resolved.Delivery != sms.DeliveryBuffered {
			t.Errorf("a receipt makes it %s", resolved.State)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.ends(campaign.Accepted, "", 1)
	})
}

// It may wait beside its message: the longer it has, the seldomer it is queued again.
func TestATextThatWaitsIsQueuedAgainNowAndThen(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		begin := time.Now()
		var at []int // minutes
		for range 90 {
			time.Sleep(time.Minute)
			if err := s.tick.Tick(t.Context()); err != nil {
				t.Error(err)
			}
			if len(s.queued) > len(at) {
				at = append(at, int(time.Since(begin).Minutes()))
			}
		}
		if want := []int{1, 2, 4, 8, 16, 31, 46, 61, 76}; !slices.Equal(at, want) {
			t.Errorf("queued again after %v minutes, want %v", at, want)
		}
	})
}

func TestAClaimWhoseAnswerWasLostIsNotMadeTwice(t *testing.T) {
	onStage(t, oneoff.Answer, func(s *stage) {
		s.table.fault = errors.New("connection reset")
		if err := s.deliver(); err != nil {
			t.Error(err)
		}
		s.ends(campaign.Accepted, "", 1)
	})
}
