package vonagetest

import (
	"slices"
	"strings"
	"time"

	"sluice/internal/sms"
)

// news is what a receipt tells, in the words of both APIs.
type news struct {
	status, code  string // SMS API: status and err-code
	state         string // Messages API: status
	reason, title string // and its error: code and detail; none where code is empty
}

// What receipts tell (Vonage, "Delivery receipts" and "SMS delivery error codes"; for the Messages API, the errors of
// its reference 1.20). Which of the codes comes with expired, and which of rejected and undeliverable the Messages API
// says for what, is not known.
var (
	buffering = []news{{"accepted", "0", "submitted", "", ""}, {"buffered", "0", "submitted", "", ""}}
	delivery  = []news{{"delivered", "0", "delivered", "", ""}}
	failures  = []news{
		{"failed", "2", "undeliverable", "1180", "Absent Subscriber - Temporary"},
		{"failed", "3", "undeliverable", "1190", "Absent Subscriber - Permanent"},
		{"failed", "7", "undeliverable", "1220", "Handset Busy"},
		{"failed", "8", "undeliverable", "1230", "Network Error"},
		{"failed", "99", "undeliverable", "1330", "Unknown"},
	}
	rejections = []news{
		{"rejected", "6", "rejected", "1210", "Anti-Spam Rejection"},
		{"rejected", "14", "rejected", "1280", "Blocked by carrier"},
	}
	expiry  = []news{{"expired", "1", "rejected", "1360", "TTL was reached"}}
	optOuts = []news{{"failed", "9", "rejected", "1240", "Recipient has opted out"}}
)

// text is one that was accepted: what all of its receipts have in common.
type text struct {
	from, to, ref string
	ids           []string // of the parts
	parts         int
	accepted      time.Time
	chance        chance
}

// accept plans what comes back for a text that entered the ledger. What is to be sent before the answer to the send can
// be waited for.
func (r *returns) accept(e Entry) *early {
	if r.wantsNothing() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &text{
		from: e.From, to: e.To, ref: e.ClientRef, ids: e.MessageIDs, accepted: e.At,
		parts:  max(len(e.MessageIDs), sms.Measure(e.Text).Segments),
		chance: r.deal(Recipient{e.ClientRef, e.To}),
	}
	told, final, reached := r.fate(t.chance)
	var before *early
	if r.ReceiptsURL != "" {
		before = r.planReceipts(t, told, final)
	}
	if reached {
		r.planReply(t)
	}
	return before
}

// fate is what becomes of a text, whether anybody is told so, and whether it reached its recipient.
func (r *returns) fate(c chance) (told news, final, reached bool) {
	at := c.of("fate").Float64()
	for _, f := range []struct {
		share   float64
		says    []news
		reached bool
	}{
		{r.Delivered, delivery, true}, {r.Failed, failures, false}, {r.Rejected, rejections, false},
		{r.Expired, expiry, false}, {r.OptedOut, optOuts, false},
	} {
		if at < f.share {
			return f.says[c.of("reason").IntN(len(f.says))], true, f.reached
		}
		at -= f.share
	}
	return news{}, false, true
}

// planReceipts makes one receipt for each part, or for the whole text in the Messages API.
func (r *returns) planReceipts(t *text, told news, final bool) *early {
	delay := r.Delay.draw(t.chance.of("delay"))
	var before *early
	if t.chance.hits(r.Early, "early") {
		before, delay = &early{done: make(chan struct{})}, 0
	}
	buffered := t.chance.hits(r.Buffered, "buffered")
	meanwhile := buffering[t.chance.of("meanwhile").IntN(len(buffering))]
	for part, id := range t.ids[:min(len(t.ids), r.receiptsOf(t))] {
		if buffered {
			at := t.accepted.Add(t.chance.within(delay, "meanwhile at"))
			r.planReceipt(receipt{t, id, meanwhile, at}, "intermediate receipt", part, before)
		}
		if final {
			r.planReceipt(receipt{t, id, told, t.accepted.Add(delay)}, "final receipt", part, before)
		}
	}
	if before != nil && before.left == 0 {
		return nil // no receipt comes, or it is lost
	}
	return before
}

func (r *returns) receiptsOf(t *text) int {
	if r.MessagesAPI {
		return 1
	}
	return len(t.ids)
}

func (r *returns) planReceipt(e receipt, name string, part int, before *early) {
	if t := e.text; t.chance.hits(r.Lost, "lost "+name, part) {
		r.all = append(r.all, &webhook{event: e, outcome: Lost})
		return
	}
	r.plan(e, e.at, occasion{e.text.chance, name, part}, before)
}

// planReply lets the recipient answer, or not.
func (r *returns) planReply(t *text) {
	if r.InboundURL == "" || !isNumber(t.from) || !t.chance.hits(r.Replies, "reply") {
		return
	}
	words := r.ReplyTexts
	if len(words) == 0 {
		words = replies
	}
	if t.chance.hits(r.Stops, "stop") {
		words = stops
	}
	says := words[t.chance.of("words").IntN(len(words))]
	r.planInbound(t.to, t.from, says, t.accepted.Add(r.ReplyDelay.draw(t.chance.of("reply delay"))), t.chance)
}

// isNumber says whether a sender can be answered: a number or a short code, and no name.
func isNumber(sender string) bool {
	return sender != "" && !slices.ContainsFunc([]rune(strings.TrimPrefix(sender, "+")), func(c rune) bool {
		return c < '0' || c > '9'
	})
}
