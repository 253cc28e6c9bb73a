package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"sluice/internal/local/arrivals"
	"sluice/internal/local/arrivals/peers"
	"sluice/internal/sms"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// peer is one process that sends without Sluice: with a limiter, or, where there is none, as a loop.
type peer struct {
	url          string // of the stand-in
	texts        int
	pause        time.Duration // of the loop
	limit, burst int
}

// flags are how a peer is told what it is; without a URL this program is none.
func (p *peer) flags() {
	flag.StringVar(&p.url, "peer", "", "send as one of the others, to this `URL`")
	flag.IntVar(&p.texts, "texts", 0, "how many texts the peer sends")
	flag.DurationVar(&p.pause, "pause", 0, "the pause of the peer's loop")
	flag.IntVar(&p.limit, "limit", 0, "the requests a second of the peer's limiter; 0 for a loop")
	flag.IntVar(&p.burst, "burst", 1, "the burst of the peer's limiter")
}

func (p *peer) arguments() []string {
	return []string{
		"-peer", p.url, "-texts", strconv.Itoa(p.texts), "-pause", p.pause.String(), "-limit", strconv.Itoa(p.limit),
		"-burst", strconv.Itoa(p.burst),
	}
}

const peerKey, peerSecret = "local123", "local-secret"

// run is what the peer's process does. What becomes of its texts is in the stand-in's ledger.
func (p *peer) run(ctx context.Context) error {
	to, err := sms.ParseNumber("447700900001")
	if err != nil {
		return err
	}
	client := vonage.NewClient(vonage.Config{APIKey: peerKey, APISecret: peerSecret, BaseURL: p.url + "/sms"})
	send := func(ctx context.Context) {
		client.Send(ctx, sms.Message{From: "447700900000", To: to, Text: "Hello, World!", Ref: "peer"})
	}
	if p.limit > 0 {
		peers.Limited(ctx, p.texts, rate.NewLimiter(rate.Limit(p.limit), p.burst), send)
	} else {
		peers.Loop(ctx, p.texts, p.pause, send)
	}
	return ctx.Err()
}

// sendPeers runs a process for each peer, all at the same time, and returns what arrived.
func (s *subject) sendPeers(ctx context.Context) (arrivals.Run, error) {
	standIn := vonagetest.New(vonagetest.Config{
		APIKey: peerKey, APISecret: peerSecret, Rate: s.rate, Latency: latency, Jitter: s.jitter,
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: standIn, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }() // always ErrServerClosed
	defer func() { _ = server.Close() }()      // the peers are gone, and with them all connections
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range s.peers {
		p.url, p.texts = "http://"+listener.Addr().String(), s.textsOf(p)
		group.Go(func() error { return p.start(ctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var run arrivals.Run
	for _, e := range standIn.Ledger() {
		run = append(run, arrivals.Arrival{At: e.At, Refused: !e.Accepted()})
	}
	return run, nil
}

// textsOf is how many texts a peer has for the time.
func (s *subject) textsOf(p peer) int {
	if p.limit > 0 {
		return p.limit * s.seconds
	}
	return max(1, int(time.Duration(s.seconds)*time.Second/(latency+p.pause)))
}

// start runs the peer's process to its end.
func (p *peer) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, p.arguments()...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("a peer: %w\n%s", err, &said)
	}
	return nil
}
