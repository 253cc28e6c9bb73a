package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/internal/local"
	"sluice/internal/local/cmd/resign"
	"sluice/internal/vonage"
)

// invoke runs one function once and prints its answer. Where the local platform is running, the function works on its
// table and its queue; otherwise on its own, which hold the campaign that the files under events/ speak of.
func (m *machine) invoke(ctx context.Context, function, event string, out io.Writer) error {
	if event == "" {
		return errors.New("-invoke needs -event, the file with the event")
	}
	payload, err := os.ReadFile(event)
	if err != nil {
		return fmt.Errorf("read the event: %w", err)
	}
	if !json.Valid(payload) {
		return fmt.Errorf("%s is not JSON", event)
	}
	if !slices.Contains(m.names(), function) {
		return fmt.Errorf("there is no function %q, only %v", function, m.names())
	}
	print := &printer{out: os.Stderr, done: ctx.Done()}
	if payload, err = m.signAnew(payload, print); err != nil {
		return err
	}
	if m.isRunning() {
		print.line("invoking %s on the running platform", function)
		return m.once(ctx, function, payload, print, out)
	}
	print.line("invoking %s on a platform of its own, with the campaign %s and the text %s", function, local.SampleID, local.SampleText)
	return m.alone(ctx, function, payload, print, out)
}

// signAnew lets a webhook come as if it had just been sent: the files under events/ were signed long ago.
func (m *machine) signAnew(event []byte, print *printer) ([]byte, error) {
	if m.signature() == unsigned || m.account.SignatureSecret == "" {
		return event, nil
	}
	as := resign.Signature{Method: vonage.Method(m.signature()), Secret: m.account.SignatureSecret}
	fresh, again, err := resign.Event(event, fakeSignature, as, time.Now())
	if again {
		print.line("signing the webhook anew, as sent at this moment")
	}
	return fresh, err
}

func (m *machine) names() []string {
	var names []string
	for _, f := range m.template.Functions {
		names = append(names, f.Name)
	}
	return names
}

// isRunning tells whether the platform's own services answer on their ports.
func (s settings) isRunning() bool {
	for _, p := range []port{s.dynamodb, s.sqs} {
		conn, err := net.DialTimeout("tcp", p.address(), time.Second)
		if err != nil {
			return false
		}
		_ = conn.Close() // nothing was said on it
	}
	return true
}

// alone gives the function services of its own, on the same ports.
func (m *machine) alone(ctx context.Context, function string, payload []byte, print *printer, out io.Writer) error {
	if err := local.StoreSample(ctx, m.store(), time.Now()); err != nil {
		return err
	}
	servers, err := listen(m.services()...)
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, server := range servers {
		group.Go(server.serve)
	}
	err = m.before(ctx, print, func() error { return m.once(ctx, function, payload, print, out) })
	for _, server := range servers {
		err = errors.Join(err, server.http.Close())
	}
	return errors.Join(err, group.Wait())
}

func (m *machine) once(ctx context.Context, function string, payload []byte, print *printer, out io.Writer) error {
	pools, err := m.pools(ctx, print.raw, function)
	defer closeAll(pools)
	if err != nil {
		return err
	}
	answer, err := pools[function].Invoke(ctx, payload)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, answer, "", "  ") != nil {
		pretty.Write(answer)
	}
	fmt.Fprintln(out, pretty.String())
	return nil
}
