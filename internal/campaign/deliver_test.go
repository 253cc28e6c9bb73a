package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sluice/internal/campaign"
	"sluice/internal/dynamostore"
	"sluice/internal/inprocess"
	local "sluice/internal/local/dynamodb"
	"sluice/internal/local/dynamodb/attribute"
	"sluice/internal/numberplan"
	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// What the simulation cannot stage: a store that stalls at one moment, a pace far ahead, hundreds of senders.

func openStore(t *testing.T) *dynamostore.Store {
	t.Helper()
	server, err := local.New(local.Table{
		Name: "Table", Hash: local.Key{Name: "pk", Kind: attribute.String},
		Range: local.Key{Name: "sk", Kind: attribute.String},
		Indexes: []local.Index{{
			Name: "due", Hash: local.Key{Name: "due_shard", Kind: attribute.String},
			Range: local.Key{Name: "due_at", Kind: attribute.Number}, Projection: local.ProjectKeysOnly,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dynamostore.New(dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://dynamodb.local"), HTTPClient: &http.Client{Transport: inprocess.Transport(server)},
	}), "Table")
}

// stalling is a store that does something else before what it is asked for.
type stalling struct {
	campaign.Store
	beforeCampaign, beforeStep func()
	recipients                 error
}

func (s *stalling) Campaign(ctx context.Context, id string) (campaign.Campaign, error) {
	if s.beforeCampaign != nil {
		s.beforeCampaign()
	}
	return s.Store.Campaign(ctx, id)
}

func (s *stalling) Step(ctx context.Context, b campaign.Batch, step campaign.Step) error {
	if s.beforeStep != nil {
		s.beforeStep()
	}
	return s.Store.Step(ctx, b, step)
}

func (s *stalling) Recipients(ctx context.Context, l recipients.List, from, to, until int) ([]recipients.Recipient, error) {
	if s.recipients != nil {
		return nil, s.recipients
	}
	return s.Store.Recipients(ctx, l, from, to, until)
}

// deliveries are a queue.
type deliveries struct {
	mu  sync.Mutex
	all []campaign.Delivery
}

func (q *deliveries) Enqueue(_ context.Context, d ...campaign.Delivery) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all = append(q.all, d...)
	return nil
}

func (q *deliveries) Waiting(context.Context) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.all), nil
}

// take returns the next delivery, if there is one.
func (q *deliveries) take() (campaign.Delivery, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.all) == 0 {
		return campaign.Delivery{}, false
	}
	d := q.all[0]
	q.all = q.all[1:]
	return d, true
}

// provider answers the n-th request for a number, from 1, and accepts where answer is nil.
type provider struct {
	mu     sync.Mutex
	sent   []time.Time
	counts map[sms.Number]int
	answer func(to sms.Number, n int) sms.Outcome
}

func (p *provider) Send(_ context.Context, m sms.Message) sms.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, time.Now())
	p.counts[m.To]++
	if p.answer == nil {
		return sms.Outcome{Verdict: sms.Accepted}
	}
	return p.answer(m.To, p.counts[m.To])
}

func (p *provider) requests() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Time(nil), p.sent...)
}

// stage is one campaign, and what delivers it.
type stage struct {
	*testing.T
	store    *stalling
	queue    *deliveries
	provider *provider
	screen   *optOuts
	pace     *pacetest.Memory
	limit    pace.Limit
	manager  *campaign.Manager
	campaign campaign.Campaign
	invoked  int
}

const stageRate = 28.8

// onStage launches a campaign of n in a bubble.
func onStage(t *testing.T, n, batchSize int, act func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		var ids int
		newID := func(time.Time) string { ids++; return fmt.Sprintf("%026d", ids) }
		s := &stage{
			T: t, store: &stalling{Store: openStore(t)}, queue: &deliveries{}, pace: &pacetest.Memory{}, limit: pace.Limit{PerSecond: 30, Headroom: .04},
			provider: &provider{counts: make(map[sms.Number]int)}, screen: &optOuts{at: make(map[sms.Number]time.Time)},
		}
		s.manager = campaign.NewManager(s.store, s.queue, newID, numberplan.New(), nil, time.Now, slog.New(slog.DiscardHandler))
		request := campaign.Request{Sender: "ACME", Text: "x", BatchSize: batchSize}
		for i := range n {
			request.Recipients = append(request.Recipients, campaign.Row{Number: fmt.Sprintf("4477%08d", i)})
		}
		order, problems := s.manager.Check(request)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var err error
		if s.campaign, _, err = s.manager.Create(t.Context(), order, false, nil); err != nil {
			t.Fatal(err)
		}
		act(s)
	})
}

// invoke delivers as one invocation of five minutes does.
func (s *stage) invoke(d campaign.Delivery) error {
	s.provider.mu.Lock()
	s.invoked++
	owner := fmt.Sprint("owner ", s.invoked)
	s.provider.mu.Unlock()
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Minute)
	defer cancel()
	shared := pace.New(s.pace, pace.NewClock(time.Now, nil), campaign.MaxChunk)
	pacing := func(c campaign.Campaign, batch int) campaign.Pacer {
		return shared.For(pace.Taker{Group: c.ID, Sender: fmt.Sprint(batch)}, pace.Charge{Key: "account", By: pace.Account, Limit: s.limit})
	}
	return campaign.NewDeliverer(s.store, s.queue, s.provider, s.screen, pacing, .2, func() string { return owner },
		time.Now, slog.New(slog.DiscardHandler)).Deliver(ctx, d)
}

// push moves the pace on, as if others had taken so much of it.
func (s *stage) push(d time.Duration) {
	if _, err := s.pace.Take(s.Context(), "account", 0, pace.Stretch{NotBefore: time.Now(), Length: d}); err != nil {
		s.Error(err)
	}
}

// work lets senders work for a while.
func (s *stage) work(senders int, d time.Duration) {
	end := time.Now().Add(d)
	var working sync.WaitGroup
	for range senders {
		working.Go(func() {
			for time.Now().Before(end) {
				delivery, ok := s.queue.take()
				if !ok {
					time.Sleep(time.Second)
					continue
				}
				time.Sleep(delivery.Delay + time.Second)
				if err := s.invoke(delivery); err != nil {
					s.Errorf("deliver: %v", err)
				}
			}
		})
	}
	working.Wait()
}

func (s *stage) first() campaign.Delivery {
	s.Helper()
	d, ok := s.queue.take()
	if !ok {
		s.Fatal("nothing was queued")
	}
	return d
}

func TestAPaceThatIsFarAheadIsNotDrivenFurther(t *testing.T) {
	onStage(t, 1000, 100, func(s *stage) {
		s.push(6 * time.Minute)
		s.work(5, 20*time.Minute)
		if n := len(s.provider.requests()); n != 1000 || s.invoked > 60 {
			t.Errorf("%d texts of 1000 left, in %d invocations", n, s.invoked)
		}
	})
}

// More senders than five minutes have turns for.
func TestManySendersShareThePaceToTheFull(t *testing.T) {
	onStage(t, 12_000, 48, func(s *stage) {
		begin := time.Now()
		s.work(250, 6*time.Minute)
		sent := 0
		for _, at := range s.provider.requests() {
			if at.Sub(begin) < 6*time.Minute {
				sent++
			}
		}
		if allowed := stageRate * 360; float64(sent) < 0.95*allowed || float64(sent) > allowed+1 {
			t.Errorf("%d texts left in six minutes, %.0f may", sent, allowed)
		}
	})
}

func TestRetriesDoNotBurstAfterAStall(t *testing.T) {
	onStage(t, 29, 29, func(s *stage) {
		s.provider.answer = func(_ sms.Number, n int) sms.Outcome {
			if n == 1 {
				return sms.Outcome{Verdict: sms.Retry, RetryAfter: 2 * time.Second}
			}
			return sms.Outcome{Verdict: sms.Accepted}
		}
		from, until := time.Now().Add(1900*time.Millisecond), time.Now().Add(6*time.Second)
		s.store.beforeCampaign = func() {
			if now := time.Now(); now.After(from) && now.Before(until) {
				time.Sleep(until.Sub(now))
			}
		}
		if err := s.invoke(s.first()); err != nil {
			s.Fatal(err)
		}
		sent := s.provider.requests()
		for i := 5; i < len(sent); i++ {
			if within := sent[i].Sub(sent[i-5]); within < 100*time.Millisecond {
				s.Fatalf("6 requests within %v", within)
			}
		}
		if len(sent) != 58 {
			t.Errorf("%d requests, want each of 29 twice", len(sent))
		}
	})
}

// The claim comes too late for some of its slots, and others have taken the next ten seconds.
func TestAPauseStopsAChunkThatWaitsForNewSlots(t *testing.T) {
	onStage(t, 29, 29, func(s *stage) {
		var once sync.Once
		s.store.beforeStep = func() {
			once.Do(func() {
				time.Sleep(400 * time.Millisecond)
				s.push(10 * time.Second)
			})
		}
		done := make(chan error)
		go func() { done <- s.invoke(s.first()) }()
		time.Sleep(2 * time.Second)
		paused := time.Now()
		if _, err := s.manager.Pause(s.Context(), s.campaign.ID); err != nil {
			s.Fatal(err)
		}
		if err := <-done; err != nil {
			s.Fatal(err)
		}
		sent := s.provider.requests()
		if n := len(sent); n == 0 || n > 25 || sent[n-1].After(paused) {
			t.Errorf("%d texts left, the last %v after the pause", n, sent[n-1].Sub(paused))
		}
		if c, err := s.manager.Campaign(s.Context(), s.campaign.ID); err != nil || c.ToSend() != 29-len(sent) {
			t.Errorf("%+v, %v", c.Counts, err)
		}
	})
}

// Slots for the rest of a chunk are five seconds ahead, and a new limit takes them back meanwhile.
func TestSlotsThatWereTakenBackAreNotUsed(t *testing.T) {
	onStage(t, 29, 29, func(s *stage) {
		var once sync.Once
		s.store.beforeStep = func() {
			once.Do(func() {
				time.Sleep(1200 * time.Millisecond)
				s.push(5 * time.Second)
			})
		}
		done := make(chan error)
		go func() { done <- s.invoke(s.first()) }()
		time.Sleep(2 * time.Second)
		limits := pace.NewLimits(s.pace, s.limit, time.Now)
		if err := limits.Set(s.Context(), pace.AccountKey, pace.Limit{PerSecond: 5}); err != nil {
			s.Fatal(err)
		}
		if err := <-done; err != nil {
			s.Fatal(err)
		}
		sent := s.provider.requests()
		for i := 5; i < len(sent); i++ {
			if within := sent[i].Sub(sent[i-5]); within < 990*time.Millisecond {
				s.Fatalf("6 requests within %v", within)
			}
		}
		if len(sent) != 29 {
			t.Errorf("%d requests", len(sent))
		}
	})
}

func TestALongWaitIsTheContinuationsAndKeepsNoOutcomeBack(t *testing.T) {
	onStage(t, 29, 29, func(s *stage) {
		begin := time.Now()
		s.provider.answer = func(to sms.Number, n int) sms.Outcome {
			if to == "447700000003" && n == 1 {
				return sms.Outcome{Verdict: sms.Retry, RetryAfter: 10 * time.Minute}
			}
			return sms.Outcome{Verdict: sms.Accepted}
		}
		if err := s.invoke(s.first()); err != nil || time.Since(begin) > 10*time.Second {
			s.Fatalf("took %v: %v", time.Since(begin), err)
		}
		c, err := s.manager.Campaign(s.Context(), s.campaign.ID)
		if err != nil || c.Counts.Accepted != 28 || c.ToSend() != 1 {
			t.Errorf("%+v, %v", c.Counts, err)
		}
		next := s.first()
		if next.Delay < 9*time.Minute+50*time.Second || next.Delay > 10*time.Minute {
			t.Errorf("the continuation comes after %v", next.Delay)
		}
		time.Sleep(next.Delay)
		if err := s.invoke(next); err != nil {
			s.Fatal(err)
		}
		if c, err = s.manager.Campaign(s.Context(), s.campaign.ID); err != nil || c.Counts.Accepted != 29 || c.Status != campaign.Completed {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestAFaultIsLeftToTheQueueAndTheDispatcher(t *testing.T) {
	onStage(t, 10, 10, func(s *stage) {
		s.store.recipients = errors.New("down")
		if err := s.invoke(s.first()); !errors.Is(err, s.store.recipients) {
			t.Errorf("Deliver: %v", err)
		}
		if d, ok := s.queue.take(); ok {
			t.Errorf("it was queued again besides: %+v", d)
		}
		due, err := s.store.DueBatches(s.Context(), time.Now().Add(time.Minute))
		if err != nil || len(due) != 1 {
			t.Errorf("the dispatcher looks after %v, %v", due, err)
		}
	})
}
