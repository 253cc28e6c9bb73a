package main_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// returns are what the API says came back to a campaign.
type returns struct {
	Returns struct {
		Delivered, Undelivered int
		Replies                struct{ Total, Open, Answered, Closed int }
		OptedOut               int `json:"opted_out"`
	}
}

type reply struct {
	ID, Campaign, Number, Text, Status string
	Answer                             struct{ Text, Status, Delivery string }
}

func (p *platform) cameBack(id string) returns {
	p.t.Helper()
	var r returns
	p.call(http.MethodGet, "/campaigns/"+id, "", http.StatusOK, &r)
	return r
}

func (p *platform) openReplies() []reply {
	p.t.Helper()
	var page struct{ Replies []reply }
	p.call(http.MethodGet, "/replies?open=true&limit=1000", "", http.StatusOK, &page)
	return page.Replies
}

func (p *platform) reply(id string) reply {
	p.t.Helper()
	var r reply
	p.call(http.MethodGet, "/replies/"+id, "", http.StatusOK, &r)
	return r
}

// quick lets a campaign of 200 go out and come back within seconds. Every text arrives, so that all are accounted for.
var quick = []string{
	"PARAMETERS=AccountRate=200", "VONAGE_RATE=-1", "VONAGE_LATENCY=10ms", "VONAGE_DELIVERED=100", "VONAGE_FAILED=0",
	"VONAGE_EXPIRED=0", "VONAGE_RECEIPT_DELAY=100ms", "VONAGE_REPLIES=20", "VONAGE_REPLY_DELAY=500ms", "VONAGE_STOPS=30",
}

// TestACampaignComesBackAndIsAnswered is what a new user does, by hand.
func TestACampaignComesBackAndIsAnswered(t *testing.T) {
	t.Parallel()
	const recipients = 200
	p := start(t, quick...)
	id := p.create("4477009", recipients, 100, 1)
	p.completed(id)
	var r returns
	waitFor(t, "receipts and replies", func() bool {
		r = p.cameBack(id)
		return r.Returns.Delivered == recipients && r.Returns.Replies.Open >= 5 && r.Returns.OptedOut > 0
	})
	if c := r.Returns; c.Undelivered > 0 || c.Replies.Total != c.Replies.Open {
		t.Errorf("came back %+v", c)
	}
	waitFor(t, "the sum of it to be printed", func() bool {
		return strings.Contains(p.out.String(), fmt.Sprintf("campaign %s  came back: %d delivered, 0 undelivered, ", id, recipients))
	})
	for _, r := range p.openReplies() {
		if r.Campaign != id || r.Text == "" || r.Status != "open" {
			t.Errorf("open is %+v", r)
		}
	}
	mustAnswer(t, p, id)
	mustClose(t, p, id)
	mustSkipWhoOptedOut(t, p)
	mustBeOnce(t, p.ledger())
	p.stop(syscall.SIGINT)
}

func mustAnswer(t *testing.T, p *platform, id string) {
	t.Helper()
	const text = "Thank you! We are open until six."
	open := p.openReplies()[0]
	p.call(http.MethodPost, "/replies/"+open.ID+"/answer", `{"text": "`+text+`"}`, http.StatusAccepted, &open)
	waitFor(t, "the answer to arrive", func() bool { return p.reply(open.ID).Answer.Delivery == "delivered" })
	if r := p.reply(open.ID); r.Status != "answered" || r.Answer.Status != "accepted" || r.Answer.Text != text {
		t.Errorf("the reply is %+v", r)
	}
	sent := 0
	for _, e := range p.ledger() {
		if e.Text == text && e.To == open.Number && e.Accepted() {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("the answer was sent %d times", sent)
	}
	if n := p.cameBack(id).Returns.Replies.Answered; n != 1 {
		t.Errorf("%d replies are answered, want 1", n)
	}
	waitFor(t, "the answer to be printed", func() bool { return strings.Contains(p.out.String(), "1 answer accepted") })
}

func mustClose(t *testing.T, p *platform, id string) {
	t.Helper()
	open := p.openReplies()[0]
	p.call(http.MethodPost, "/replies/"+open.ID+"/close", "", http.StatusOK, &open)
	if open.Status != "closed" || p.cameBack(id).Returns.Replies.Closed != 1 {
		t.Errorf("the reply is %+v, of %+v", open, p.cameBack(id).Returns)
	}
}

// mustSkipWhoOptedOut sends a second campaign to everybody.
func mustSkipWhoOptedOut(t *testing.T, p *platform) {
	t.Helper()
	var list struct {
		Suppressions []struct{ Number, Cause string }
	}
	p.call(http.MethodPut, "/suppressions/447700900007", "", http.StatusOK, &struct{}{})
	p.call(http.MethodGet, "/suppressions", "", http.StatusOK, &list)
	if len(list.Suppressions) < 2 {
		t.Fatalf("opted out are %+v, want one by hand and some by text", list)
	}
	next := p.create("4477009", 200, 200, 0)
	if c := p.completed(next); c.Counts.Skipped < len(list.Suppressions) || c.Counts.Accepted+c.Counts.Skipped != 200 {
		t.Errorf("of 200 recipients, of whom %d have opted out: %+v", len(list.Suppressions), c.Counts)
	}
	for _, e := range p.ledger() {
		for _, s := range list.Suppressions {
			if e.ClientRef == next && e.To == s.Number {
				t.Errorf("%s was sent to, having opted out", e.To)
			}
		}
	}
	waitFor(t, "a batch to be printed with them", func() bool {
		return slices.ContainsFunc(p.said(), func(l string) bool { return strings.Contains(l, next) && strings.Contains(l, " skipped, ") })
	})
}

func TestThePrintedCommandsWorkAsTheyAre(t *testing.T) {
	if !hasCurl() {
		t.Skip("needs curl and a shell")
	}
	t.Parallel()
	p := start(t, "VONAGE_REPLIES=0", "VONAGE_RECEIPT_DELAY=100ms")
	all := p.printed()
	if len(all) != 4 {
		t.Fatalf("printed are %q, want a campaign, a reply, the open ones and an answer", all)
	}
	var created campaign
	paste(t, all[0], &created)
	p.completed(created.ID)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", all[1]).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("a reply: %v, %s", err, out)
	}
	var page struct{ Replies []reply }
	waitFor(t, "the reply", func() bool {
		paste(t, all[2], &page)
		return len(page.Replies) == 1
	})
	if r := page.Replies[0]; r.Campaign != created.ID || r.Number != "447700900001" || r.Text != "Yes, count me in!" {
		t.Errorf("the reply is %+v", r)
	}
	var answered reply
	paste(t, all[3], &answered)
	if answered.ID != page.Replies[0].ID || answered.Status != "answered" {
		t.Errorf("the answer gave %+v", answered)
	}
	p.stop(syscall.SIGINT)
}

// TestEveryFormOfWebhookIsTaken has everybody opt out, which needs a receipt and a text to come in.
func TestEveryFormOfWebhookIsTaken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		env   []string
		first string // word of what is printed
	}{
		{"the Messages API", []string{"PARAMETERS=VonageApi=messages"}, "ready"},
		{"a form, signed by another method", []string{"PARAMETERS=WebhookSignature=md5hash", "VONAGE_WEBHOOKS=post"}, "ready"},
		{"queries, not signed", []string{"PARAMETERS=WebhookSignature=none", "VONAGE_WEBHOOKS=get"},
			"WebhookSignature=none: WEBHOOKS ARE NOT VERIFIED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, append(c.env, "VONAGE_DELIVERED=100", "VONAGE_FAILED=0", "VONAGE_EXPIRED=0", "VONAGE_COPIES=2",
				"VONAGE_RECEIPT_DELAY=50ms", "VONAGE_REPLIES=100", "VONAGE_REPLY_DELAY=100ms", "VONAGE_STOPS=100")...)
			if !strings.HasPrefix(p.out.String(), c.first) {
				t.Errorf("printed first is %.100q, want %q", p.out.String(), c.first)
			}
			id := p.create("4477009", 3, 3, 0)
			waitFor(t, "three opt-outs", func() bool {
				r := p.cameBack(id).Returns
				return r.Delivered == 3 && r.OptedOut == 3 && r.Replies.Total == 0
			})
			if n := strings.Count(p.out.String(), "NOT VERIFIED"); n > 1 {
				t.Errorf("that nothing is verified is printed %d times", n)
			}
			p.stop(syscall.SIGINT)
		})
	}
}
