package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"sluice/internal/local/process"
)

func TestQuantilesAreOfAnswersThatCame(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i)*time.Millisecond)
	}
	for _, c := range []struct {
		times []time.Duration
		share float64
		want  time.Duration
	}{
		{nil, 0.5, 0}, {hundred[:1], 0.5, 100 * time.Millisecond}, {hundred, 0.5, 50 * time.Millisecond},
		{hundred, 0.99, 99 * time.Millisecond}, {hundred, 1, 100 * time.Millisecond},
	} {
		if got := (figures{times: c.times}).quantile(c.share); got != c.want {
			t.Errorf("of %d, %v took at most %v, want %v", len(c.times), c.share, got, c.want)
		}
	}
}

func TestWhatIsToldIsWhatMustBeCounted(t *testing.T) {
	var texts []process.Entry
	for i, number := range process.Numbers(40) {
		e := process.Entry{To: number, ClientRef: "campaign", MessageIDs: []string{fmt.Sprint("id", i)}}
		if i < 4 {
			e.MessageIDs = append(e.MessageIDs, fmt.Sprint("id", i, "b"))
		}
		texts = append(texts, e)
	}
	told, err := tell(texts, 20, 5, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	parts, people, stops := map[string]bool{}, map[string]bool{}, 0
	for _, h := range told.hooks {
		var p map[string]string
		if err := json.Unmarshal(h.body, &p); err != nil {
			t.Fatal(err)
		}
		if !method.Verify(p, signatureSecret, p["sig"]) {
			t.Fatal("a webhook is signed wrongly")
		}
		isNew := !people[p["msisdn"]]
		switch h.path {
		case receiptsPath:
			parts[p["messageId"]] = true
		case inboundPath:
			if people[p["msisdn"]] = true; isNew && p["text"] == "STOP" {
				stops++
			}
		}
	}
	if len(parts) != 44 || len(people) != 20 || stops != 5 {
		t.Errorf("%d parts, %d people who reply, %d of them STOP", len(parts), len(people), stops)
	}
	if told.delivered != 40 || told.open != 15 || told.optedOut != 5 || told.repeated < 6 || len(told.hooks) != 44+20+told.repeated {
		t.Errorf("%d webhooks, told are %+v", len(told.hooks), told.repeated)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	told := told{hooks: make([]webhook, 9), delivered: 5, open: 3, optedOut: 1}
	s := sample{at: time.Second, answered: 9, returns: process.Returns{Delivered: 4, OptedOut: 1}}
	s.returns.Replies.Open = 3
	const want = "of 9 webhooks 9 are answered and {waiting:0 inFlight:0 delayed:0} in the queue; 1 deliveries, 0 replies and 0 opt-outs are missing"
	if got := s.lost(told); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	whole := s
	whole.at, whole.returns.Delivered = 2*time.Second, 5
	if delivered, replied := moments([]sample{s, whole}, told); delivered != 2*time.Second || replied != time.Second {
		t.Errorf("delivered after %v, replied after %v", delivered, replied)
	}
}
