package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"sluice/internal/local/process"
	"sluice/internal/vonage"
)

const (
	// signatureSecret and method are the stand-in's and the template's.
	signatureSecret = "local-signature-secret"
	method          = vonage.HMACSHA256

	receiptsPath = "/webhooks/vonage/receipts"
	inboundPath  = "/webhooks/vonage/inbound"
)

// webhook is one as Vonage sends it: a flat JSON object of strings ("Webhook format" POST-JSON).
type webhook struct {
	path string
	body []byte
}

// told is what is to be told, and what must be counted when all of it is recorded.
type told struct {
	hooks           []webhook
	receipts        int // of the hooks
	repeated        int // of the hooks, a second time
	delivered, open int
	optedOut        int
}

// tell makes the webhooks of all texts, and of the replies to the first of them, in random order. Every tenth is there
// twice.
func tell(texts []process.Entry, replies, stops int, now time.Time) (told, error) {
	t := told{delivered: len(texts), open: replies - stops, optedOut: stops}
	shuffle := rand.New(rand.NewPCG(1, uint64(len(texts))))
	texts = append([]process.Entry(nil), texts...)
	shuffle.Shuffle(len(texts), func(i, k int) { texts[i], texts[k] = texts[k], texts[i] })
	add := func(i int, path string, params map[string]string) error {
		hook, err := sign(path, params, now)
		t.hooks = append(t.hooks, hook)
		if i%10 == 0 {
			t.hooks, t.repeated = append(t.hooks, hook), t.repeated+1
		}
		return err
	}
	for i, text := range texts {
		for _, id := range text.MessageIDs {
			if err := add(i, receiptsPath, receipt(text, id, now)); err != nil {
				return t, err
			}
		}
	}
	t.receipts = len(t.hooks)
	for i, text := range texts[:replies] {
		says := "Yes please"
		if i < stops {
			says = "STOP"
		}
		if err := add(i, inboundPath, inbound(text.To, says, i, now)); err != nil {
			return t, err
		}
	}
	shuffle.Shuffle(len(t.hooks), func(i, k int) { t.hooks[i], t.hooks[k] = t.hooks[k], t.hooks[i] })
	return t, nil
}

func receipt(text process.Entry, messageID string, at time.Time) map[string]string {
	return map[string]string{
		"msisdn": text.To, "to": process.Sender, "network-code": "23410", "messageId": messageID, "price": "0.03330000",
		"status": "delivered", "scts": at.UTC().Format("0601021504"), "err-code": "0", "client-ref": text.ClientRef,
	}
}

func inbound(from, says string, i int, at time.Time) map[string]string {
	return map[string]string{
		"msisdn": from, "to": process.Sender, "messageId": fmt.Sprintf("0B%014X", i), "text": says, "type": "text", "keyword": says,
	}
}

func sign(path string, params map[string]string, at time.Time) (webhook, error) {
	params["api-key"], params["nonce"] = "local123", strconv.FormatUint(rand.Uint64(), 16)
	params["message-timestamp"] = at.UTC().Format(time.DateTime)
	params["timestamp"] = strconv.FormatInt(at.Unix(), 10)
	params["sig"] = method.Sign(params, signatureSecret)
	body, err := json.Marshal(params)
	if err != nil {
		return webhook{}, fmt.Errorf("make a webhook: %w", err)
	}
	return webhook{path, body}, nil
}
