package main

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/local/arrivals"
	"sluice/internal/local/process"
)

// subject is one way of sending, and what arrived.
type subject struct {
	rate    int // of the provider's limit, in requests a second
	jitter  time.Duration
	seconds int
	// headroom (percent) and senders are Sluice's; the others have peers, none of which knows of another.
	headroom, senders int
	name              string
	peers             []peer

	run arrivals.Run
}

const (
	latency   = 200 * time.Millisecond
	maxJitter = 20 * time.Millisecond
	// headroom is the template's own.
	headroom = 4
	// beginning is left out of the share that is used: there processes start.
	beginning = time.Second
)

func sluice(rate, senders int) *subject {
	return &subject{name: "Sluice", rate: rate, headroom: headroom, senders: senders}
}

// subjects are all that is measured, in the order of the report.
func subjects(seconds int) []*subject {
	var all []*subject
	for _, rate := range []int{30, 200} {
		for _, jitter := range []time.Duration{0, maxJitter} {
			for _, senders := range []int{1, 2, 5} {
				s := sluice(rate, senders)
				s.jitter = jitter
				all = append(all, s)
			}
		}
	}
	for _, less := range []int{2, 3} {
		s := sluice(30, 5)
		s.jitter, s.headroom = maxJitter, less
		all = append(all, s)
	}
	all = append(all, otherwise(30)...)
	all = append(all, limited(200, 2, 1, twoLimiters))
	for _, s := range all {
		s.seconds = seconds
		if s.isSlow() {
			s.seconds *= 2 // there are fewer requests to judge by
		}
	}
	return all
}

// otherwise are the ways to send that would else be written.
func otherwise(rate int) []*subject {
	loop := peer{pause: time.Second / time.Duration(rate)}
	return []*subject{
		{name: loopName, rate: rate, jitter: maxJitter, peers: []peer{loop}},
		limited(rate, 1, rate, "1 × x/time/rate, burst 1 s"), limited(rate, 2, rate, "2 × x/time/rate, burst 1 s"),
		limited(rate, 2, 1, twoLimiters),
	}
}

// limited is a limiter in each of some processes.
func limited(rate, processes, burst int, name string) *subject {
	s := &subject{name: name, rate: rate, jitter: maxJitter}
	for range processes {
		s.peers = append(s.peers, peer{limit: rate, burst: burst})
	}
	return s
}

// isSlow says whether it may be measured beside others, which it does not disturb.
func (s *subject) isSlow() bool { return s.rate < 100 }

// Of these there is a plot.
const (
	loopName    = "the tutorial's loop"
	twoLimiters = "2 × x/time/rate, burst 1"
)

func (s *subject) measure(ctx context.Context, dir string) error {
	var err error
	if len(s.peers) > 0 {
		s.run, err = s.sendPeers(ctx)
	} else {
		s.run, err = s.send(ctx, dir)
	}
	if err != nil {
		return fmt.Errorf("%s at %d a second: %w", s.name, s.rate, err)
	}
	return nil
}

// send has Sluice send a campaign as quickly as it may.
func (s *subject) send(ctx context.Context, dir string) (arrivals.Run, error) {
	batch := (s.rate*s.seconds + s.senders - 1) / s.senders
	platform, err := process.Start(ctx, process.Config{
		Dir: dir,
		Parameters: map[string]string{
			"AccountRate": fmt.Sprint(s.rate), "PaceHeadroom": fmt.Sprint(s.headroom),
			"SenderConcurrency": fmt.Sprint(max(2, s.senders)), // less is not possible, but one batch needs only one
		},
		Env: map[string]string{
			"VONAGE_RATE": fmt.Sprint(s.rate), "VONAGE_LATENCY": latency.String(), "VONAGE_JITTER": s.jitter.String(),
		},
	})
	if err != nil {
		return nil, err
	}
	defer platform.Stop()
	order := process.Order{Recipients: process.Numbers(batch * s.senders), BatchSize: batch, Key: "pace"}
	if _, err := complete(ctx, platform, order, time.Duration(s.seconds)*time.Second); err != nil {
		return nil, err
	}
	ledger, err := platform.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	run := make(arrivals.Run, len(ledger))
	for i, e := range ledger {
		run[i] = arrivals.Arrival{At: e.At, Refused: !e.Accepted()}
	}
	return run, nil
}

const (
	// patience is how much longer than planned a campaign may take, and lookEvery how often it is read then.
	patience  = time.Minute
	lookEvery = time.Second
)

// complete makes a campaign, and returns it when it has ended and all of its texts were accepted.
func complete(ctx context.Context, p *process.Platform, o process.Order, planned time.Duration) (process.Campaign, error) {
	ctx, cancel := context.WithTimeout(ctx, planned+patience)
	defer cancel()
	c, err := p.Create(ctx, o)
	for wait := planned; err == nil && c.Status != "completed"; wait = lookEvery {
		select {
		case <-time.After(wait):
			c, err = p.Campaign(ctx, c.ID)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err == nil && c.Counts.Accepted != len(o.Recipients) {
		err = fmt.Errorf("%d of %d texts were accepted", c.Counts.Accepted, len(o.Recipients))
	}
	if err != nil {
		return c, fmt.Errorf("%w\nthe platform said:\n%s", err, p.Said())
	}
	return c, nil
}
