package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"sluice/internal/local"
	"sluice/internal/local/lambda"
)

// serve runs the platform until ctx ends. Then everything is cut off: nothing here outlives the process.
func (m *machine) serve(ctx context.Context, out io.Writer) error {
	group, ctx := errgroup.WithContext(ctx)
	print := &printer{out: out, done: ctx.Done()}
	pools, err := m.pools(ctx, print.log)
	defer closeAll(pools)
	if err != nil {
		return err
	}
	news := &news{store: m.store(), print: print}
	platform, err := m.platform(news.of(pools), print)
	if err != nil {
		return err
	}
	servers, err := listen(append(m.services(), endpoint{m.api, platform})...)
	if err != nil {
		return err
	}
	for _, server := range servers {
		group.Go(server.serve)
	}
	group.Go(func() error { return platform.Run(ctx) })
	group.Go(func() error { return news.run(ctx) })
	if m.standIn != nil {
		group.Go(func() error { m.standIn.Run(ctx); return nil })
	}
	print.ready(m)
	<-ctx.Done()
	for _, server := range servers {
		_ = server.http.Close() // sockets end with the process anyway
	}
	closeAll(pools)
	return group.Wait()
}

func closeAll(pools map[string]*lambda.Pool) {
	for _, p := range pools {
		p.Close()
	}
}

func (m *machine) platform(functions map[string]lambda.Invoker, print *printer) (*local.Platform, error) {
	return local.New(local.Config{
		Template: m.template, Functions: functions, SQS: sqs.NewFromConfig(m.aws), SQSURL: m.sqs.url(),
		Watcher: print.fault,
	})
}

// server is one listening socket and what answers on it.
type server struct {
	listener net.Listener
	http     *http.Server
}

func (s server) serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.listener.Addr(), err)
	}
	return nil
}

// endpoint is what is to answer on a port.
type endpoint struct {
	port
	http.Handler
}

// services are what functions call.
func (m *machine) services() []endpoint {
	services := []endpoint{{m.dynamodb, m.cloud}, {m.sqs, m.cloud}}
	if m.standIn != nil {
		services = append(services, endpoint{m.vonage, m.standIn})
	}
	return services
}

// listen takes all ports, or none.
func listen(endpoints ...endpoint) ([]server, error) {
	var servers []server
	for _, e := range endpoints {
		listener, err := net.Listen("tcp", e.address())
		if err != nil {
			for _, s := range servers {
				_ = s.listener.Close() // the error below is the one to tell
			}
			return nil, portError(e.port, err)
		}
		servers = append(servers, server{listener, &http.Server{
			Handler: e.Handler, ReadHeaderTimeout: 10 * time.Second,
			ErrorLog: log.New(io.Discard, "", 0), // clients that hang up; net/http would quote what they sent
		}})
	}
	return servers, nil
}

func portError(p port, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken by another program; stop it, or choose another port with %s=…", p.number, p.variable)
	}
	return fmt.Errorf("listen on %s (%s): %w", p.address(), p.variable, err)
}
