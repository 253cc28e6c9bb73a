package vonage

import (
	"bytes"
	"encoding/json"
	"net/http"

	"sluice/internal/sms"
)

// messagesProtocol is the Messages API (POST {BaseURL}/messages, reference 1.20.0), which the SDK does not have.
func messagesProtocol(c Config) protocol {
	authorize := c.authorizer()
	return protocol{
		post: func(g *guard, m sms.Message) {
			r, err := http.NewRequestWithContext(g.ctx, http.MethodPost, c.BaseURL+"/messages", bytes.NewReader(encode(m)))
			if err != nil {
				return
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json")
			if err := authorize(r); err != nil {
				g.got = answer{err: err}
				return
			}
			_, _ = g.RoundTrip(r) // the guard has it
		},
		classify: classifyMessages,
	}
}

// authorizer signs requests in: with a token of the application where there is one, else with key and secret.
func (c Config) authorizer() func(*http.Request) error {
	if !c.application() {
		return func(r *http.Request) error {
			r.SetBasicAuth(c.APIKey, c.APISecret)
			return nil
		}
	}
	tokens := newTokens(c.ApplicationID, c.PrivateKey)
	return func(r *http.Request) error {
		token, err := tokens.get()
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// outgoing is a text as the Messages API takes it.
type outgoing struct {
	MessageType string   `json:"message_type"`
	Channel     string   `json:"channel"`
	To          string   `json:"to"`
	From        string   `json:"from"`
	Text        string   `json:"text"`
	ClientRef   string   `json:"client_ref,omitempty"`
	SMS         encoding `json:"sms"`
}

// encoding is said though the API would find one by itself: its parts shall be the ones that were counted here.
type encoding struct {
	Type string `json:"encoding_type"`
}

func encode(m sms.Message) []byte {
	body, _ := json.Marshal(outgoing{ // strings always marshal
		MessageType: "text",
		Channel:     "sms",
		To:          m.To.Digits(),
		From:        string(m.From),
		Text:        m.Text,
		ClientRef:   m.Ref,
		SMS:         encoding{Type: textType(m.Text)},
	})
	return body
}
