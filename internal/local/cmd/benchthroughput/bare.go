package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"sluice/internal/local/process"
)

// The stand-in's account (internal/local/cmd, settings).
const fakeKey, fakeSecret = "local123", "local-secret"

// bareRef is the client-ref of the bare client's texts.
const bareRef = "bare"

// postAll posts one form for each number, so many at a time, as a loop would that knows no pace and keeps no books.
func postAll(ctx context.Context, p *process.Platform, list []string, concurrency int) (figures, error) {
	client := &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: concurrency, MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency,
	}}
	defer client.CloseIdleConnections()
	before := process.ProcessorTime(os.Getpid())
	posting, inTime := errgroup.WithContext(ctx)
	work := make(chan string, len(list))
	for _, to := range list {
		work <- to
	}
	close(work)
	for range concurrency {
		posting.Go(func() error {
			for to := range work {
				if err := post(inTime, client, p.Vonage, to); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := posting.Wait(); err != nil {
		return figures{}, fmt.Errorf("the bare client: %w", err)
	}
	cost := process.ProcessorTime(os.Getpid()) - before
	ledger, err := p.Ledger(ctx)
	if err != nil {
		return figures{}, err
	}
	return measured(ledger, bareRef, cost), nil
}

// post sends the form that a sender sends.
func post(ctx context.Context, client *http.Client, vonage, to string) error {
	form := url.Values{
		"api_key": {fakeKey}, "api_secret": {fakeSecret}, "from": {"447700900000"}, "to": {to}, "text": {"Hello, World!"},
		"type": {"text"}, "client-ref": {bareRef}, "status-report-req": {"true"},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, vonage+"/sms/json", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	var answer struct {
		Messages []struct{ Status string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(answer.Messages) != 1 || answer.Messages[0].Status != "0" {
		return fmt.Errorf("refused: %+v", answer)
	}
	return nil
}
