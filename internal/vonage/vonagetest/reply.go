package vonagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluice/internal/sms"
)

// What people say. One of them is too long for one SMS, some are not in the GSM alphabet.
var (
	replies = []string{
		"Yes please", "Yes, count me in!", "No thanks", "How much is it?", "Who is this?", "ok 👍", "Ja, gerne!",
		"Can you call me back after 5?", "What time do you open tomorrow?", "Sorry, wrong number", "Sí, por favor",
		"Hi, thanks for getting in touch. I would like to come, but I am away until the end of the month. Could you " +
			"keep two places for us on the first Saturday after that, and tell me how to pay? Anna",
	}
	stops = []string{"STOP", "Stop", "stop"}
)

// How much goes into one part of a longer text, in units of its encoding (3GPP TS 23.040, 9.2.3.24.1).
const (
	gsm7Part = 153
	ucs2Part = 67
)

// maxReply is the longest text, in bytes, that Reply takes.
const maxReply = 4096

// concatRefs is how many references a phone has for texts of several parts (one octet).
const concatRefs = 256

// Reply sends a text from a person's number to one of ours, so that its webhook comes at once. The error says what is
// wrong with the arguments, or that there is no InboundURL.
func (f *Fake) Reply(from, to, text string) error {
	number, err := sms.ParseNumber(from)
	switch {
	case f.returns.InboundURL == "":
		return errors.New("there is no InboundURL to send it to")
	case err != nil:
		return fmt.Errorf("from: %w", err)
	case !isNumber(to):
		return errors.New("to: must be a number or a short code, of digits alone")
	case text == "" || len(text) > maxReply:
		return fmt.Errorf("the text has %d bytes: must be 1 to %d", len(text), maxReply)
	}
	r := f.returns
	r.mu.Lock()
	defer r.mu.Unlock()
	to = strings.TrimPrefix(to, "+")
	c := r.deal(Recipient{"inbound " + to, number.Digits()})
	r.planInbound(number.Digits(), to, strings.Clone(text), time.Now(), c)
	return nil
}

// planInbound makes one webhook for each part of the text, or one for the whole in the Messages API.
func (r *returns) planInbound(from, to, says string, at time.Time, c chance) {
	encoding := sms.Measure(says).Encoding
	pieces := split(says, encoding)
	whole := inbound{
		from: from, to: strings.TrimPrefix(to, "+"), says: says, encoding: encoding, total: len(pieces), at: at,
	}
	if r.MessagesAPI {
		whole.id = randomUUID(c.of("message_uuid"))
		r.plan(whole, at, occasion{c, "inbound", 0}, nil)
		return
	}
	ref := c.of("concat-ref").IntN(concatRefs)
	for i, piece := range pieces {
		part := whole
		r.inbounds++
		part.id, part.says, part.ref, part.number = fmt.Sprintf("0B%014X", r.inbounds), piece, ref, i+1
		r.plan(part, at, occasion{c, "inbound", i}, nil)
	}
}

// split cuts a text into what its parts carry, between characters.
func split(says string, encoding sms.Encoding) []string {
	if sms.MeasureAs(says, encoding).Segments == 1 {
		return []string{says}
	}
	room := gsm7Part
	if encoding == sms.UCS2 {
		room = ucs2Part
	}
	var parts []string
	from, free := 0, room
	for i, c := range says {
		units := sms.MeasureAs(string(c), encoding).Units
		if units > free {
			parts, from, free = append(parts, says[from:i]), i, room
		}
		free -= units
	}
	return append(parts, says[from:])
}

// serveInbound is Reply for those outside.
func (f *Fake) serveInbound(w http.ResponseWriter, r *http.Request) {
	var said struct {
		From string `json:"from"`
		To   string `json:"to"`
		Text string `json:"text"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 2*maxReply))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&said)
	if err == nil {
		err = f.Reply(said.From, said.To, said.Text)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
