package main

import (
	"fmt"
	"strings"

	"sluice/internal/webhook"
)

// What can be pasted into a shell, once the addresses and the key are in their places.
const (
	sample = `curl -sS {api}/campaigns -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{
  "sender": "447700900000",
  "recipients": ["447700900001", "447700900002", "447700900003", "447700900004", "447700900005", "447700900006", "447700900007"],
  "message_string": "Hello, World!",
  "batch_size": 3,
  "delay_period": 2
}'`
	sampleReply = `curl -sS {vonage}/inbound -d '{"from": "447700900001", "to": "447700900000", "text": "Yes, count me in!"}'`
	sampleList  = `curl -sS '{api}/replies?open=true' -H 'Authorization: Bearer {key}'`
	// Without jq, which not everybody has: there is one id in a list of one.
	sampleAnswer = `curl -sS {api}/replies/$(curl -sS '{api}/replies?open=true&limit=1' -H 'Authorization: Bearer {key}' | ` +
		`sed -n 's/.*"id":"\([^"]*\)".*/\1/p')/answer -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' ` +
		`-d '{"text": "Thank you! We are open until six."}'`
)

// ready says what runs, and what to try. It is one piece: nothing of the functions' comes in between.
func (p *printer) ready(m *machine) {
	var parts []string
	if m.real {
		parts = append(parts, fmt.Sprintf("VONAGE=real: texts go out through Vonage with key %s… and cost money.",
			m.account.APIKey[:min(4, len(m.account.APIKey))]), m.tunnel())
	}
	if m.signature() == unsigned {
		parts = append(parts, fmt.Sprintf("WebhookSignature=none: %s. Whoever reaches %s can send receipts, replies and "+
			"opt-outs in anybody's name.", unverified, m.api.url()))
	}
	parts = append(parts, fmt.Sprintf("ready on %s, with the key %q. Ctrl-C stops everything; nothing is kept. Try:",
		m.api.url(), adminKey), "", sample)
	if m.answersBack() {
		parts = append(parts, "", m.expectation(), "", sampleReply)
	}
	parts = append(parts, "", "Which replies are open, and an answer to the oldest:", "", sampleList, "", sampleAnswer, "")
	text := strings.Join(parts, "\n")
	text = strings.NewReplacer("{api}", m.api.url(), "{key}", adminKey, "{vonage}", m.vonage.url()).Replace(text)
	p.line("%s", text)
}

func (m *machine) answersBack() bool { return m.standIn != nil && m.fake.Returns.InboundURL != "" }

// expectation says what the stand-in does by itself.
func (m *machine) expectation() string {
	r := m.fake.Returns
	return fmt.Sprintf("Receipts come after %v or so, and %.4g %% of the people reply after %v (VONAGE_REPLIES, VONAGE_REPLY_DELAY). "+
		"One who replies now, to be seen in some seconds:", r.Delay.Median, 100*r.Replies, r.ReplyDelay.Median)
}

// tunnel says what Vonage needs to reach this machine.
func (m *machine) tunnel() string {
	said := fmt.Sprintf("For receipts and replies, open a tunnel to %s and enter its address at Vonage, with %s for delivery "+
		"receipts (message status) and %s for inbound texts.", m.api.url(), webhook.ReceiptsPath, webhook.InboundPath)
	if m.signature() == unsigned {
		return said
	}
	if m.account.SignatureSecret == "" {
		return said + " All will be refused: VONAGE_SIGNATURE_SECRET is not set."
	}
	return said + fmt.Sprintf(" They must be signed, by the SMS API with %s.", m.signature())
}
