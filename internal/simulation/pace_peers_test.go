package simulation_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"sluice/internal/inprocess"
	"sluice/internal/local/arrivals"
	"sluice/internal/local/arrivals/peers"
	"sluice/internal/sms"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// peer is a way of sending that is usual without a throttle that is shared.
type peer struct {
	name    string
	rate    int // of the provider's limit, in requests a second
	latency time.Duration
	// limit of each process, in requests a second, and its burst; no limit is a loop.
	processes, limit, burst int
}

func (p peer) String() string { return fmt.Sprintf("%s at %d a second, %v", p.name, p.rate, p.latency) }

// seconds is how long a peer sends.
const seconds = 20

// texts of each process.
func (p peer) texts() int {
	if p.limit == 0 {
		return int(seconds * time.Second / p.turn())
	}
	return p.limit * seconds
}

// turn is what a text takes in the loop.
func (p peer) turn() time.Duration { return p.latency + time.Second/time.Duration(p.rate) }

func (p peer) run(ctx context.Context, send peers.Send) {
	if p.limit == 0 {
		peers.Loop(ctx, p.texts(), time.Second/time.Duration(p.rate), send)
		return
	}
	peers.Limited(ctx, p.texts(), rate.NewLimiter(rate.Limit(p.limit), p.burst), send)
}

// send runs the processes, none of which knows of the others, and returns what arrived.
func (p peer) send(t *testing.T) arrivals.Run {
	t.Helper()
	var run arrivals.Run
	synctest.Test(t, func(t *testing.T) {
		provider := vonagetest.New(vonagetest.Config{
			APIKey: "abcd1234", APISecret: "secret", Rate: p.rate, Latency: p.latency,
		})
		var processes sync.WaitGroup
		for range p.processes {
			processes.Go(func() { p.run(t.Context(), texter(inprocess.Transport(provider))) })
		}
		processes.Wait()
		run = arrived(provider)
	})
	return run
}

// texter sends through the client that Sluice sends through.
func texter(transport http.RoundTripper) peers.Send {
	client := vonage.NewClient(vonage.Config{
		APIKey: "abcd1234", APISecret: "secret", BaseURL: "http://localhost/sms", Transport: transport,
	})
	to, _ := sms.ParseNumber("447700900001") // a number
	return func(ctx context.Context) {
		client.Send(ctx, sms.Message{From: "447700900000", To: to, Text: "Hello, World!", Ref: "peer"})
	}
}

func reportPeers(t *testing.T, out io.Writer) {
	var all []peer
	for _, n := range []int{30, 200, 1000} {
		for _, latency := range []time.Duration{50 * ms, 200 * ms, 800 * ms} {
			all = append(all, peer{name: "the tutorial's loop", rate: n, latency: latency, processes: 1})
		}
		limited := func(name string, processes, limit, burst int) peer {
			return peer{name, n, 200 * ms, processes, limit, burst}
		}
		all = append(all, limited("1 × x/time/rate, burst 1 s", 1, n, n), limited("1 × x/time/rate, burst 1", 1, n, 1),
			limited("2 × x/time/rate, burst 1 s", 2, n, n), limited("2 × x/time/rate, burst 1", 2, n, 1),
			limited("2 × half of it, burst 1", 2, n/2, 1))
	}
	runs := rows(t, all, func(t *testing.T, p peer) arrivals.Run { return p.send(t) })
	fmt.Fprint(out, `
What would be written otherwise, at the same provider and through the same client
The tutorial's loop waits for each answer and then for 1/rate. x/time/rate is a limiter in each process, which knows of no
other; answers are not waited for. What they are refused they do not send again.

`)
	table := newTable(out)
	fmt.Fprintln(table, "requests/s\tlatency\t\ttexts\tused\tbusiest second\trefused\tof all\t")
	for i, p := range all {
		run := runs[i]
		fmt.Fprintf(table, "%d\t%d ms\t%s\t%d\t%s\t%d\t%d\t%.1f %%\t\n", p.rate, p.latency.Milliseconds(), p.name, len(run),
			share(run, float64(p.rate)), run.Busiest(time.Second), run.Refused(), 100*float64(run.Refused())/float64(max(1, len(run))))
	}
	table.Flush()
}
