package campaign_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/sms"
)

// optOuts is a list in memory.
type optOuts struct {
	mu     sync.Mutex
	at     map[sms.Number]time.Time
	barred []sms.Number
	fault  error
	before func() // each look
	asked  int
	told   map[sms.Number]bool // a receipt was recorded
}

func (o *optOuts) Blocked(_ context.Context, _ sms.Sender, numbers []sms.Number) (map[sms.Number]bool, error) {
	if o.before != nil {
		o.before()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked += len(numbers)
	blocked := make(map[sms.Number]bool)
	for _, n := range numbers {
		if _, ok := o.at[n]; ok {
			blocked[n] = true
		}
	}
	return blocked, o.fault
}

func (o *optOuts) Taken(_ context.Context, _ string, numbers []sms.Number) (map[sms.Number][]sms.Part, error) {
	taken := make(map[sms.Number][]sms.Part)
	for _, n := range numbers {
		if o.told[n] {
			taken[n] = []sms.Part{{MessageID: "m1"}}
		}
	}
	return taken, nil
}

func (o *optOuts) Bar(_ context.Context, n sms.Number, _ string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.barred = append(o.barred, n)
	return nil
}

func (o *optOuts) stop(numbers ...sms.Number) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range numbers {
		o.at[n] = time.Now()
	}
}

func (s *stage) list() []sms.Number {
	s.Helper()
	n := s.campaign.Recipients
	list, err := s.store.Recipients(s.Context(), s.campaign.List(), 0, n, n)
	if err != nil {
		s.Fatal(err)
	}
	numbers := make([]sms.Number, n)
	for i, r := range list {
		numbers[i] = r.Number
	}
	return numbers
}

// ended checks what became of the campaign.
func (s *stage) ended(want campaign.Counts) {
	s.Helper()
	c, err := s.store.Campaign(s.Context(), s.campaign.ID)
	if err != nil {
		s.Fatal(err)
	}
	if c.Counts != want {
		s.Errorf("ended with %+v, want %+v", c.Counts, want)
	}
	stored, err := s.store.Messages(s.Context(), c.ID, s.list())
	if err != nil {
		s.Fatal(err)
	}
	rows := make(map[campaign.State]int)
	for _, m := range stored {
		rows[m.State]++
	}
	if rows[campaign.Accepted] != want.Accepted || rows[campaign.Skipped] != want.Skipped || rows[campaign.Failed] != want.Failed {
		s.Errorf("rows %v, counts %+v", rows, want)
	}
}

func TestWhoOptedOutIsSkippedAndCostsNoSlot(t *testing.T) {
	onStage(t, 300, 300, func(s *stage) {
		for i, n := range s.list() {
			if i%4 == 0 {
				s.screen.stop(n)
			}
		}
		s.work(1, time.Minute)
		s.ended(campaign.Counts{Accepted: 225, Skipped: 75})
		for n, times := range s.provider.counts {
			if _, out := s.screen.at[n]; out || times > 1 {
				t.Errorf("a recipient who opted out: %t, was sent %d texts", out, times)
			}
		}
		sent := s.provider.requests()
		took := sent[len(sent)-1].Sub(sent[0])
		if best := 224 * time.Second * 10 / 288; took > best+best/100 {
			t.Errorf("225 texts took %v, at the permitted rate they take %v", took, best)
		}
		if s.screen.asked > 310 {
			t.Errorf("%d looks for 300 recipients", s.screen.asked)
		}
	})
}

func TestAListOfOptOutsOnlyEnds(t *testing.T) {
	onStage(t, 150, 60, func(s *stage) {
		s.screen.stop(s.list()...)
		s.work(1, time.Minute)
		s.ended(campaign.Counts{Skipped: 150})
		if n := len(s.provider.requests()); n != 0 {
			t.Errorf("%d texts were sent", n)
		}
	})
}

func TestNothingIsSentWhereItCannotBeScreened(t *testing.T) {
	onStage(t, 60, 60, func(s *stage) {
		s.screen.fault = errors.New("the table is away")
		d := s.first()
		if err := s.invoke(d); err == nil {
			t.Error("the delivery succeeded")
		}
		if n := len(s.provider.requests()); n != 0 {
			t.Fatalf("%d texts were sent", n)
		}
		s.screen.fault = nil
		time.Sleep(time.Minute)
		if err := s.invoke(d); err != nil {
			t.Error(err)
		}
		s.ended(campaign.Counts{Accepted: 60})
	})
}

// The claim takes three seconds, and somebody opts out meanwhile.
func TestAnOptOutDuringASlowClaimIsHonoured(t *testing.T) {
	onStage(t, 28, 28, func(s *stage) {
		var once sync.Once
		s.store.beforeStep = func() {
			once.Do(func() {
				time.Sleep(3 * time.Second)
				s.screen.stop(s.list()[27])
			})
		}
		s.work(1, time.Minute)
		s.ended(campaign.Counts{Accepted: 27, Skipped: 1})
	})
}

// As above, but then nothing can be screened: what was claimed is given back.
func TestWhatWasClaimedAndCannotBeScreenedIsGivenBack(t *testing.T) {
	onStage(t, 28, 28, func(s *stage) {
		var once sync.Once
		s.store.beforeStep = func() {
			once.Do(func() {
				time.Sleep(3 * time.Second)
				s.screen.mu.Lock()
				s.screen.fault = errors.New("the table is away")
				s.screen.mu.Unlock()
			})
		}
		d := s.first()
		if err := s.invoke(d); err == nil || len(s.provider.requests()) != 0 {
			t.Errorf("ended with %v after %d texts", err, len(s.provider.requests()))
		}
		s.screen.fault = nil
		if err := s.invoke(d); err != nil {
			t.Error(err)
		}
		s.ended(campaign.Counts{Accepted: 28})
	})
}

func TestABarredNumberIsNoted(t *testing.T) {
	onStage(t, 3, 3, func(s *stage) {
		s.provider.answer = func(to sms.Number, _ int) sms.Outcome {
			if to == "447700000001" {
				return sms.Outcome{Verdict: sms.Failed, Code: "vonage 7", Barred: true}
			}
			return sms.Outcome{Verdict: sms.Accepted}
		}
		s.work(1, 10*time.Second)
		s.ended(campaign.Counts{Accepted: 2, Failed: 1})
		if len(s.screen.barred) != 1 || s.screen.barred[0] != "447700000001" {
			t.Errorf("%d numbers were barred", len(s.screen.barred))
		}
	})
}

// The third look fails behind a late claim, while the chunk before is still out: that one is settled, its text that the
// provider put off is sent later, and nothing is unknown.
func TestAChunkThatIsGivenBackLeavesTheOneBeforeAlone(t *testing.T) {
	onStage(t, 58, 58, func(s *stage) {
		s.provider.answer = func(to sms.Number, n int) sms.Outcome {
			if to == "447700000003" && n == 1 {
				return sms.Outcome{Verdict: sms.Retry, RetryAfter: 10 * time.Minute}
			}
			return sms.Outcome{Verdict: sms.Accepted}
		}
		steps, looks := 0, 0
		s.store.beforeStep = func() {
			if steps++; steps == 2 {
				time.Sleep(1200 * time.Millisecond)
			}
		}
		s.screen.before = func() {
			looks++
			s.screen.mu.Lock()
			defer s.screen.mu.Unlock()
			s.screen.fault = nil
			if looks == 3 {
				s.screen.fault = errors.New("the table is away")
			}
		}
		if err := s.invoke(s.first()); err == nil {
			t.Error("the delivery succeeded")
		}
		time.Sleep(time.Hour)
		if err := s.invoke(campaign.Delivery{Campaign: s.campaign.ID, Batch: 1}); err != nil {
			t.Error(err)
		}
		s.ended(campaign.Counts{Accepted: 58})
	})
}
