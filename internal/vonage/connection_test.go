package vonage_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"sluice/internal/sms"
	"sluice/internal/vonage"
	"sluice/internal/vonage/vonagetest"
)

// These tests go through real sockets on loopback, for what only net/http's transport can show.

func checkLedger(t *testing.T, fake *vonagetest.Fake, requests, accepted int) {
	t.Helper()
	ledger, n := fake.Ledger(), 0
	for _, e := range ledger {
		if e.Accepted() {
			n++
		}
	}
	if len(ledger) != requests || n != accepted {
		t.Errorf("the ledger has %d requests, %d accepted; want %d and %d", len(ledger), n, requests, accepted)
	}
}

// In each round all senders have a request out at once, so that all of their connections are idle between the rounds: as
// many as 1,000 requests a second need that take 800 ms each, by the SMS API.
func TestSendKeepsItsConnections(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		const rounds = 3
		senders := map[vonage.API]int{vonage.SMS: 800, vonage.Messages: 100}[w.API] // the transport is the same
		fake := newFake()
		var connections atomic.Int32
		var out sync.WaitGroup // the requests of a round that have yet to arrive
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			out.Done()
			out.Wait()
			fake.ServeHTTP(w, r)
		}))
		server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				connections.Add(1)
			}
		}
		server.Start()
		defer server.Close()
		transport := vonage.NewTransport()
		defer transport.CloseIdleConnections()
		client := w.socketClient(server, transport)

		for range rounds {
			var round sync.WaitGroup
			out.Add(senders)
			for range senders {
				round.Go(func() {
					if o := client.Send(t.Context(), message()); o.Verdict != sms.Accepted {
						t.Errorf("got %+v", o)
					}
				})
			}
			round.Wait()
		}
		checkLedger(t, fake, senders*rounds, senders*rounds)
		if n := int(connections.Load()); n > senders+senders/2 { // a connection may be dialled and then not needed
			t.Errorf("%d connections for %d senders", n, senders)
		}
		t.Logf("%d requests over %d connections", senders*rounds, connections.Load())
	})
}

// What waits for a connection has not been sent.
func TestSendThatGetsNoConnectionMayBeRetried(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		fake, arrived, goOn := newFake(), make(chan struct{}), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			<-goOn
			fake.ServeHTTP(w, r)
		}))
		defer server.Close()
		transport := vonage.NewTransport()
		defer transport.CloseIdleConnections()
		if most := transport.MaxConnsPerHost; most < 800 || most > 1000 {
			t.Errorf("up to %d connections, want enough for 1000 requests a second, and no more than a Lambda may have", most)
		}
		transport.MaxConnsPerHost = 1
		client := w.socketClient(server, transport)
		var first sync.WaitGroup
		first.Go(func() {
			if o := send(t, client); o.Verdict != sms.Accepted {
				t.Errorf("the first: got %+v", o)
			}
		})
		<-arrived

		ctx, cancel := context.WithCancel(t.Context())
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { cancel() }})
		if o := client.Send(ctx, message()); o.Verdict != sms.Retry || o.Code != "cancelled" {
			t.Errorf("got %+v, want retry", o)
		}

		close(goOn)
		first.Wait()
		checkLedger(t, fake, 1, 1)
	})
}

func TestSendIsNotRepeatedWhenAReusedConnectionDropsAfterTheRequest(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		fake := newFake()
		if err := fake.Inject(vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Skip: 1}); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(fake)
		defer server.Close()
		transport := vonage.NewTransport()
		defer transport.CloseIdleConnections()
		client := w.socketClient(server, transport)

		if o := send(t, client); o.Verdict != sms.Accepted {
			t.Fatalf("got %+v", o)
		}
		if o := send(t, client); o.Verdict != sms.Unknown || o.Code != "connection lost" {
			t.Errorf("got %+v, want unknown", o)
		}
		checkLedger(t, fake, 2, 2)
	})
}

func TestSendDoesNotFollowRedirects(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		var requests atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			http.Redirect(rw, r, w.path, http.StatusTemporaryRedirect)
		}))
		defer server.Close()
		if o := send(t, w.socketClient(server, server.Client().Transport)); o.Verdict != sms.Stop || requests.Load() != 1 {
			t.Errorf("got %+v after %d requests, want stop after one", o, requests.Load())
		}
	})
}

func TestSendWithoutAConnectionMayBeRetried(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		t.Run("nobody listens", func(t *testing.T) {
			server := httptest.NewServer(newFake())
			server.Close()
			if o := send(t, w.socketClient(server, nil)); o.Verdict != sms.Retry || o.Code != "no connection" {
				t.Errorf("got %+v, want retry", o)
			}
		})
		t.Run("the certificate is not trusted", func(t *testing.T) {
			fake := newFake()
			server := httptest.NewUnstartedServer(fake)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()
			if o := send(t, w.socketClient(server, nil)); o.Verdict != sms.Retry || o.Code != "no connection" {
				t.Errorf("got %+v, want retry", o)
			}
			checkLedger(t, fake, 0, 0)
		})
	})
}

// dialer makes connections that can be cut: nothing can be written on them from then on, while nothing is read either.
type dialer struct {
	net.Dialer
	cut, refuse atomic.Bool
}

func (d *dialer) transport() *http.Transport {
	transport := vonage.NewTransport()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if d.refuse.Load() {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		conn, err := d.DialContext(ctx, network, address)
		return &connection{Conn: conn, dialer: d}, err
	}
	return transport
}

type connection struct {
	net.Conn
	dialer *dialer
	used   bool
}

func (c *connection) Write(p []byte) (int, error) {
	if c.used && c.dialer.cut.Load() {
		return 0, &net.OpError{Op: "write", Err: syscall.EPIPE}
	}
	c.used = true
	return c.Conn.Write(p)
}

func TestSendOverADeadIdleConnection(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		for _, c := range []struct {
			name             string
			refuse           bool
			verdict          sms.Verdict
			requests, second int
		}{
			{"goes out once, over a new connection", false, sms.Accepted, 2, 1},
			{"may be retried when there is no new one", true, sms.Retry, 1, 0},
		} {
			t.Run(c.name, func(t *testing.T) {
				fake := newFake()
				server := httptest.NewServer(fake)
				defer server.Close()
				var d dialer
				transport := d.transport()
				defer transport.CloseIdleConnections()
				client := w.socketClient(server, transport)
				if o := send(t, client); o.Verdict != sms.Accepted {
					t.Fatalf("got %+v", o)
				}
				d.cut.Store(true)
				d.refuse.Store(c.refuse)
				if o := send(t, client); o.Verdict != c.verdict {
					t.Errorf("got %+v, want %s", o, c.verdict)
				}
				checkLedger(t, fake, c.requests, 1+c.second)
			})
		}
	})
}
