package pace_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/inprocess"
	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
	"sluice/internal/sms"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// rig is some senders who share a pace and a provider.
type rig struct {
	allowed    int // requests a second
	configured pace.Limit
	senders    int
	// skew is how far the first sender's clock is behind and the last one's ahead.
	skew time.Duration
	// deaf senders never correct their clocks.
	deaf bool
	// jitter is the most that a request takes to arrive; every call of the store takes callTime.
	jitter, callTime time.Duration
	answer           time.Duration
	run              time.Duration
	// also is what else a request of the i-th sender costs.
	also func(i int) []pace.Charge
	// during runs beside the senders.
	during func(pace.Store)
}

const account = pace.AccountKey

// send lets the senders send as fast as they may, and returns what the provider saw.
func (r rig) send(t *testing.T) []vonagetest.Entry {
	t.Helper()
	fake := vonagetest.New(vonagetest.Config{APIKey: "abcd1234", APISecret: "secret", Rate: r.allowed, Latency: r.answer})
	store := &pacetest.Memory{Before: func(ctx context.Context, _, _ string) error {
		time.Sleep(r.callTime)
		return ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), r.run)
	defer cancel()
	var all sync.WaitGroup
	for i := range r.senders {
		s := r.sender(i, store, fake)
		all.Go(func() {
			if err := s.send(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("sender %d: %v", i, err)
			}
		})
	}
	if r.during != nil {
		r.during(store)
	}
	all.Wait()
	return fake.Ledger()
}

func (r rig) sender(i int, store pace.Store, fake http.Handler) *sender {
	offset := time.Duration(0)
	if r.senders > 1 {
		offset = -r.skew + 2*r.skew*time.Duration(i)/time.Duration(r.senders-1)
	}
	own := func() time.Time { return time.Now().Add(offset) }
	second := func(context.Context) (time.Time, error) {
		time.Sleep(r.callTime)
		return time.Now().Truncate(time.Second), nil
	}
	if r.deaf {
		second = nil
	}
	clock := pace.NewClock(own, second)
	charges := []pace.Charge{{Key: account, By: pace.Account, Limit: r.configured}}
	if r.also != nil {
		charges = append(charges, r.also(i)...)
	}
	to, err := sms.ParseNumber("+447700900123")
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	draw := rand.New(rand.NewPCG(7, uint64(i)))
	return &sender{
		pacer: pace.New(store, clock, 100).For(pace.Taker{}, charges...), now: clock.Now,
		client: vonage.NewClient(vonage.Config{
			APIKey: "abcd1234", APISecret: "secret", BaseURL: "http://localhost/sms", Transport: inprocess.Transport(fake),
		}),
		message: sms.Message{From: sms.Sender(fmt.Sprint("Sender ", i)), To: to, Text: "Hello"},
		road: func() time.Duration {
			if r.jitter == 0 {
				return 0
			}
			mu.Lock()
			defer mu.Unlock()
			return time.Duration(draw.Int64N(int64(r.jitter)))
		},
	}
}

// sender does what a campaign's sender does: chunk after chunk of about a second, the next one reserved before the last
// one ends.
type sender struct {
	pacer   *pace.Pacer
	now     func() time.Time
	client  *vonage.Client
	message sms.Message
	road    func() time.Duration
	flying  sync.WaitGroup
}

const lead = 100 * time.Millisecond

func (s *sender) until(ctx context.Context, t time.Time) error {
	select {
	case <-time.After(t.Sub(s.now())):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *sender) send(ctx context.Context) error {
	defer s.flying.Wait()
	end := s.now()
	for {
		if err := s.until(ctx, end.Add(-3*lead)); err != nil {
			return err
		}
		notBefore := s.now().Add(lead)
		if end.After(notBefore) {
			notBefore = end
		}
		slots, err := s.pacer.Reserve(ctx, pace.Want{N: s.pacer.Chunk(), NotBefore: notBefore, Wait: s.until})
		if err != nil {
			return err
		}
		if err := s.until(ctx, slots.First.Add(-lead)); err != nil {
			return err
		}
		if holds, err := s.pacer.Confirm(ctx, slots); err != nil {
			return err
		} else if !holds {
			continue
		}
		end = slots.End()
		s.flying.Go(func() { s.spend(ctx, slots) })
	}
}

func (s *sender) spend(ctx context.Context, slots pace.Slots) {
	for i := range slots.N {
		if s.until(ctx, slots.At(i)) != nil {
			return
		}
		if slots.Missed(i, s.now()) || !s.pacer.Holds(slots, i) {
			continue
		}
		s.flying.Go(func() {
			time.Sleep(s.road())
			if o := s.client.Send(ctx, s.message); o.Throttled != sms.NotThrottled {
				_ = s.pacer.Refused(ctx, slots, pace.Account, o.RetryAfter) // the context has ended
			}
		})
	}
}

// seen is what is said about a part of a ledger.
type seen struct {
	accepted, refused int
	// perSecond is how many were accepted a second, fullest the most requests that arrived in any second.
	perSecond float64
	fullest   int
}

func look(ledger []vonagetest.Entry, from, to time.Time, of func(vonagetest.Entry) bool) seen {
	var s seen
	var at []time.Time
	for _, e := range ledger {
		if e.At.Before(from) || !e.At.Before(to) || of != nil && !of(e) {
			continue
		}
		at = append(at, e.At)
		if e.Accepted() {
			s.accepted++
		} else {
			s.refused++
		}
	}
	first := 0
	for i, t := range at {
		for t.Sub(at[first]) >= time.Second {
			first++
		}
		s.fullest = max(s.fullest, i-first+1)
	}
	s.perSecond = float64(s.accepted) / to.Sub(from).Seconds()
	return s
}

func (s seen) refusedShare() float64 { return float64(s.refused) / float64(s.refused+s.accepted) }

// A rate that is set twice as high as what is allowed is found out.
func TestAWrongSettingConvergesToTheRealRate(t *testing.T) {
	for _, c := range []struct {
		allowed, configured float64
		senders             int
		run                 time.Duration
	}{
		{30, 60, 1, 2 * time.Minute}, {30, 60, 4, 2 * time.Minute}, {30, 60, 10, 2 * time.Minute}, {30, 300, 4, 5 * time.Minute},
		{5, 10, 2, 5 * time.Minute}, {100, 200, 4, 3 * time.Minute},
	} {
		t.Run(fmt.Sprintf("%g allowed, %g set, %d senders", c.allowed, c.configured, c.senders), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				ledger := rig{
					allowed: int(c.allowed), configured: pace.Limit{PerSecond: c.configured, Headroom: 0.04}, senders: c.senders,
					jitter: 20 * time.Millisecond, callTime: 5 * time.Millisecond, answer: 100 * time.Millisecond, run: c.run,
				}.send(t)
				first := look(ledger, begin, begin.Add(10*time.Second), nil)
				s := look(ledger, begin.Add(10*time.Second), begin.Add(c.run), nil)
				t.Logf("first 10 s: %.1f a second, %.1f %% refused; then %.2f a second (%.1f %%), %.2f %% refused",
					first.perSecond, 100*first.refusedShare(), s.perSecond, 100*s.perSecond/c.allowed, 100*s.refusedShare())
				if s.perSecond < 0.9*c.allowed || s.refusedShare() > 0.02 {
					t.Errorf("after 10 s %.2f a second were taken and %.2f %% refused", s.perSecond, 100*s.refusedShare())
				}
			})
		})
	}
}

// A right setting is used to the full, and nothing is refused, although arrivals jitter and clocks are half a second or a
// whole one apart.
func TestTheRateIsUsedAndNeverExceeded(t *testing.T) {
	for _, c := range []struct {
		rate, senders int
		skew, run     time.Duration
	}{
		{30, 1, 0, time.Minute}, {30, 4, 0, time.Minute}, {30, 4, 250 * time.Millisecond, time.Minute},
		{30, 10, 250 * time.Millisecond, time.Minute}, {30, 10, 500 * time.Millisecond, time.Minute},
		{150, 5, 250 * time.Millisecond, 40 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d a second, %d senders, clocks %v off", c.rate, c.senders, c.skew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				limit := pace.Limit{PerSecond: float64(c.rate), Headroom: 0.04}
				r := rig{
					allowed: c.rate, configured: limit, senders: c.senders, skew: c.skew,
					jitter: 15 * time.Millisecond, callTime: 5 * time.Millisecond, answer: 100 * time.Millisecond, run: c.run,
				}
				ledger := r.send(t)
				s := look(ledger, begin.Add(15*time.Second), begin.Add(r.run), nil)
				all := look(ledger, begin, begin.Add(r.run), nil)
				t.Logf("%.2f a second, %.2f %% of what the headroom leaves; %d refused, %d of them at first; %d in the fullest second",
					s.perSecond, 100*s.perSecond/limit.Effective(), all.refused, all.refused-s.refused, all.fullest)
				if s.perSecond < 0.99*limit.Effective() || s.refused > 0 || s.fullest > c.rate {
					t.Errorf("%.2f a second, %d refused, %d in the fullest second", s.perSecond, s.refused, s.fullest)
				}
				// Until they have agreed, the one who began may be late by its error.
				if most := c.rate + int(c.skew.Seconds()*float64(c.rate)); all.fullest > most {
					t.Errorf("at first %d in the fullest second, want at most %d", all.fullest, most)
				}
			})
		})
	}
}

// Without correction the same clocks exceed the rate: the test above can fail.
func TestWrongClocksExceedTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ledger := rig{
			allowed: -1, configured: pace.Limit{PerSecond: 30, Headroom: 0.04}, senders: 4, skew: 500 * time.Millisecond, deaf: true,
			run: time.Minute,
		}.send(t)
		if s := look(ledger, begin, begin.Add(time.Minute), nil); s.fullest <= 35 {
			t.Errorf("%d requests in the fullest second", s.fullest)
		}
	})
}
