package simulation

import (
	"net/http"
	"net/url"
	"time"

	"sluice/internal/vonage/vonagetest"
)

// Returns is what the API says came back to a campaign.
type Returns struct {
	Delivered, Undelivered int
	OptedOut               int `json:"opted_out"`
	Replies                struct {
		Total, Open, Answered, Closed int
		OldestOpenAt                  *time.Time `json:"oldest_open_at"`
	}
}

// Reply is what the API says of one.
type Reply struct {
	ID, Campaign, Number, Sender, Text, Status, Keyword string
	Batch                                               int
	Incomplete                                          bool
	Answer                                              *struct{ Text, Status, Reason, Delivery string }
}

// Replies are the replies to a campaign, or "none" for those that belong to none.
func (w *World) Replies(campaign string) []Reply {
	w.t.Helper()
	return w.allReplies(url.Values{"campaign": {campaign}})
}

// OpenReplies are the open ones, the oldest first; of all campaigns for an empty one.
func (w *World) OpenReplies(campaign string) []Reply {
	w.t.Helper()
	query := url.Values{"open": {"true"}}
	if campaign != "" {
		query.Set("campaign", campaign)
	}
	return w.allReplies(query)
}

func (w *World) allReplies(query url.Values) []Reply {
	w.t.Helper()
	var all []Reply
	for {
		page := insist[struct {
			Replies []Reply
			Next    string
		}](w, "/replies?"+query.Encode())
		all = append(all, page.Replies...)
		if page.Next == "" {
			return all
		}
		query.Set("after", page.Next)
	}
}

// Answer answers a reply.
func (w *World) Answer(id, text string) Reply {
	w.t.Helper()
	return Call[Reply](w, http.StatusAccepted, http.MethodPost, "/replies/"+id+"/answer", JSON{"text": text})
}

// Say makes somebody send a text to one of our numbers.
func (w *World) Say(from, to, text string) {
	w.t.Helper()
	w.must(w.Vonage.Reply(from, to, text))
}

// UntilQuiet waits until Vonage has nothing more to tell and what it told is recorded.
func (w *World) UntilQuiet() {
	w.t.Helper()
	for range 10_000 {
		time.Sleep(5 * time.Second)
		if w.Vonage.Settled() {
			time.Sleep(3 * time.Minute) // what was put back comes again
			return
		}
	}
	w.t.Fatalf("Vonage still has %d webhooks to send", w.Vonage.Pending())
}

// CheckReturns holds what came back to a campaign to what Vonage told, and the counters to the rows. Everything must be
// quiet.
func (w *World) CheckReturns(id string) {
	w.t.Helper()
	want := w.fates(id)
	got := insist[Campaign](w, "/campaigns/"+id).Returns
	fates := make(map[string]int)
	for _, r := range w.rows(id) {
		fates[r.Delivery.Status]++
		if fate := want[r.Number]; r.Delivery.Status != fate {
			w.t.Errorf("a text is %q by the rows, %q by what Vonage told", r.Delivery.Status, fate)
		}
		if r.Status == "unknown" && r.Delivery.Status != "" {
			w.t.Errorf("a text is unknown, and Vonage told that it is %q", r.Delivery.Status)
		}
	}
	if got.Delivered != fates["delivered"] || got.Undelivered != fates["undelivered"] {
		w.t.Errorf("%d delivered, %d undelivered by the counters; the rows say %v", got.Delivered, got.Undelivered, fates)
	}
	statuses := make(map[string]int)
	seen := make(map[string]bool)
	for _, r := range w.Replies(id) {
		statuses[r.Status]++
		if seen[r.ID] {
			w.t.Errorf("reply %s is listed twice", r.ID)
		}
		seen[r.ID] = true
	}
	n := got.Replies
	if n.Open != statuses["open"] || n.Answered != statuses["answered"] || n.Closed != statuses["closed"] ||
		n.Total != n.Open+n.Answered+n.Closed {
		w.t.Errorf("replies by the counters: %+v, by the rows: %v", n, statuses)
	}
	if open := w.OpenReplies(id); len(open) != n.Open {
		w.t.Errorf("%d open replies are listed, %d are counted", len(open), n.Open)
	}
	var sum struct{ delivered, undelivered, replied, optedOut int }
	for _, m := range w.Timeline(id) {
		sum.delivered, sum.undelivered = sum.delivered+m.Delivered, sum.undelivered+m.Undelivered
		sum.replied, sum.optedOut = sum.replied+m.Replied, sum.optedOut+m.OptedOut
	}
	if sum.delivered != got.Delivered || sum.undelivered != got.Undelivered || sum.replied != n.Total || sum.optedOut != got.OptedOut {
		w.t.Errorf("the minutes add up to %+v, the totals are %+v", sum, got)
	}
}

// Minute is what came back in one.
type Minute struct {
	At                              time.Time
	Delivered, Undelivered, Replied int
	OptedOut                        int `json:"opted_out"`
}

// Timeline is what came back to a campaign, minute by minute.
func (w *World) Timeline(id string) []Minute {
	w.t.Helper()
	var all []Minute
	for next := ""; ; {
		page := insist[struct {
			Minutes []Minute
			Next    string
		}](w, "/campaigns/"+id+"/timeline"+next)
		all = append(all, page.Minutes...)
		if page.Next == "" {
			return all
		}
		next = "?from=" + url.QueryEscape(page.Next)
	}
}

// fates is what must be known of each recipient, by the receipts that were taken: the text arrived when all of its parts
// did, and it will not when all are final and one did not.
func (w *World) fates(id string) map[string]string {
	w.t.Helper()
	parts := make(map[string]int)
	for _, e := range w.Vonage.Ledger() {
		if e.ClientRef == id && e.Accepted() {
			parts[e.To] += len(e.MessageIDs)
		}
	}
	final := make(map[string]map[string]string) // by recipient, then part
	fates := make(map[string]string)
	for _, h := range w.Vonage.Webhooks() {
		if h.Kind != vonagetest.KindReceipt || h.ClientRef != id || h.Outcome != vonagetest.Taken {
			continue
		}
		if final[h.Number] == nil {
			final[h.Number] = make(map[string]string)
			fates[h.Number] = "in_transit"
		}
		switch h.Status {
		case "delivered", "failed", "rejected", "expired":
			final[h.Number][h.MessageID] = h.Status
		}
	}
	for number, known := range final {
		if len(known) < parts[number] {
			continue
		}
		fates[number] = "delivered"
		for _, status := range known {
			if status != "delivered" {
				fates[number] = "undelivered"
			}
		}
	}
	return fates
}
