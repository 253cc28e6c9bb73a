package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"sluice/internal/local/process"
)

// Round is what one campaign came to.
type Round struct {
	Number int
	Plan   string
	// Kills is how often something was killed, Processes how many that ended, and Senders how many of those were senders.
	Kills, Processes, Senders int

	Recipients, Accepted, Failed, Skipped, Unknown int
	// Most is what Unknown may be at most.
	Most int
	// Sent of the unknown got their text: so says the stand-in for Vonage.
	Sent int
	// Lost have no final state, or are said to have got a text that was never sent. Twice got more than one.
	Lost, Twice int
	// Faults are these and whatever else is not as it must be.
	Faults []string

	// Recovery is from the last kill to the end of the campaign, Took from its start.
	Recovery, Took time.Duration
	// Said is what the platform printed.
	Said string
}

const (
	// patience is how long a campaign may take before its round is judged as it stands.
	patience = 8 * time.Minute
	// hurried is the same where the dispatcher is not waited for.
	hurried = 3 * time.Minute
	// lookEvery is how often the campaign is read on its way.
	lookEvery = 500 * time.Millisecond
	// leaseOver is when a lease of a killed sender has certainly run out.
	leaseOver = lease + time.Second
	// headroom is the part of the account's rate that PaceHeadroom leaves unused (template.yaml).
	headroom = 0.04
	// maxChunk is the most that a sender claims at once, about a second of sends.
	maxChunk = 100
)

// inFlight is how many recipients a killed sender can leave unknown: two chunks.
func (c Config) inFlight() int {
	return 2 * max(1, min(int(float64(c.Rate)*(1-headroom)+0.5), maxChunk))
}

func (c Config) patience() time.Duration {
	if c.Resume {
		return hurried
	}
	return patience
}

// round runs one.
func (c Config) round(ctx context.Context, number int) (Round, error) {
	inTime, cancel := context.WithTimeout(ctx, c.patience()+2*time.Minute)
	defer cancel()
	p, err := c.start(inTime)
	if err != nil {
		return Round{}, err
	}
	defer p.Stop()
	go func() {
		<-p.Exited() // if it ends by itself, there is nothing to wait for
		cancel()
	}()
	made := c.newPlan(number)
	a := &attack{platform: p, functions: functions{p.Dir, p.PID()}, kills: made.kills}
	found, err := c.send(inTime, a, made)
	if ctx.Err() != nil {
		return Round{}, ctx.Err()
	}
	if err != nil {
		return Round{}, fmt.Errorf("%s: %w\nthe platform said:\n%s", made, err, p.Said())
	}
	return a.round(number, made, found), nil
}

// start runs a platform whose Vonage takes whatever comes: the pace is the account's alone.
func (c Config) start(ctx context.Context) (*process.Platform, error) {
	return process.Start(ctx, process.Config{
		Dir: c.Dir, Parameters: map[string]string{"AccountRate": strconv.Itoa(c.Rate)},
		Env: map[string]string{"VONAGE_RATE": "-1"},
	})
}

// round sums up.
func (a *attack) round(number int, made plan, found evidence) Round {
	counts := found.campaign.Counts
	v := found.judge()
	r := Round{
		Number: number, Plan: made.String(), Said: a.platform.Said(),
		Kills: a.hits, Processes: a.processes, Senders: a.senders, Most: found.most,
		Recipients: len(found.list), Accepted: counts.Accepted, Failed: counts.Failed, Skipped: counts.Skipped,
		Unknown: counts.Unknown, Sent: v.sent, Lost: v.lost, Twice: v.twice, Faults: v.faults,
	}
	if ended := found.campaign.EndedAt; !ended.IsZero() {
		r.Took = ended.Sub(a.platform.Ready.Add(made.wait))
		if a.hits > 0 {
			r.Recovery = ended.Sub(a.last)
		}
	}
	return r
}

// send posts the campaign, lets the attack loose on it, waits for its end and gathers what there is to know.
func (c Config) send(ctx context.Context, a *attack, made plan) (evidence, error) {
	p := a.platform
	found := evidence{list: process.Numbers(c.Recipients)}
	attacking, over := context.WithCancel(ctx)
	var attacked error
	var wg sync.WaitGroup
	wg.Go(func() { attacked = a.run(attacking) })
	err := c.watch(ctx, a, made, &found)
	over()
	wg.Wait()
	if err := errors.Join(err, attacked); err != nil {
		return found, err
	}
	found.most = a.senders * c.inFlight()
	id := found.campaign.ID
	if found.campaign, err = p.Campaign(ctx, id); err != nil {
		return found, err
	}
	if found.batches, err = p.Batches(ctx, id); err != nil {
		return found, err
	}
	if found.messages, err = p.Messages(ctx, id); err != nil {
		return found, err
	}
	found.ledger, err = p.Ledger(ctx)
	return found, err
}

// watch returns when the campaign has ended, or patience has. On its way its figures must add up too.
func (c Config) watch(ctx context.Context, a *attack, made plan, found *evidence) error {
	p := a.platform
	if !sleep(ctx, time.Until(p.Ready.Add(made.wait))) {
		return ctx.Err()
	}
	sent, err := p.Create(ctx, process.Order{
		Recipients: found.list, BatchSize: made.batchSize, Delay: made.delay, Key: "chaos",
	})
	if err != nil {
		return err
	}
	end, resumed := time.Now().Add(c.patience()), time.Time{}
	for sent.Status != "completed" && time.Now().Before(end) {
		if !sleep(ctx, lookEvery) {
			return ctx.Err()
		}
		if sent, err = p.Campaign(ctx, sent.ID); err != nil {
			return err
		}
		if sent.Sum() != sent.Recipients {
			found.uneven = append(found.uneven, sent)
		}
		if c.Resume && a.quiet(leaseOver) && time.Since(resumed) > leaseOver {
			if err := errors.Join(p.Act(ctx, sent.ID, "pause"), p.Act(ctx, sent.ID, "resume")); err != nil {
				return err
			}
			resumed = time.Now()
		}
	}
	found.campaign = sent
	return nil
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
