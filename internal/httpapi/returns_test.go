package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

func TestACampaignSaysWhatCameBack(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	made := decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", tutorial).Body.Bytes()).ID
	for _, c := range []struct {
		tally returns.Tally
		open  bool
		want  string
	}{
		{returns.Tally{}, false, `{"delivered":0,"undelivered":0,"replies":{"total":0,"open":0,"answered":0,"closed":0},"opted_out":0}`},
		{returns.Tally{Delivered: 1, Undelivered: 2, Replied: 12, Open: 3, Answered: 4, Closed: 5, OptedOut: 6}, true,
			`{"delivered":1,"undelivered":2,"replies":{"total":12,"open":3,"answered":4,"closed":5,` +
				`"oldest_open_at":"2026-03-01T09:00:02Z"},"opted_out":6}`},
	} {
		b.total = c.tally
		if c.open {
			reply := aReply()
			reply.Campaign = made
			b.replies[replyID] = reply
		}
		w := do(api, "GET", "/campaigns/"+made, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"returns":`+c.want) {
			t.Errorf("%d %s, want %s", w.Code, w.Body, c.want)
		}
	}
	// In a list it would cost a query for each campaign.
	for call, want := range map[string]bool{"GET /campaigns": false, "POST /campaigns/" + made + "/pause": true} {
		method, path, _ := strings.Cut(call, " ")
		if w := do(api, method, path, ""); w.Code != 200 || strings.Contains(w.Body.String(), `"returns":`) != want {
			t.Errorf("%s: %d %s", call, w.Code, w.Body)
		}
	}
	b.fails = errStore
	if w := do(api, "GET", "/campaigns/"+made, ""); w.Code != 500 {
		t.Errorf("with a store at fault: %d", w.Code)
	}
	if w := do(api, "POST", "/campaigns/"+made+"/resume", ""); w.Code != 200 || strings.Contains(w.Body.String(), `"returns":`) {
		t.Errorf("an action with a store of returns at fault: %d %s", w.Code, w.Body)
	}
}

func TestATimelineIsReadInPages(t *testing.T) {
	b := newBack()
	for i := range 5 {
		b.minutes = append(b.minutes, returns.Minute{
			At: nine.Add(time.Duration(i) * time.Hour), Tally: returns.Tally{Delivered: i, Undelivered: 1, Replied: 2, Open: -7, OptedOut: 3},
		})
	}
	api := newAPIWith(t, b)
	type page struct {
		Minutes []struct {
			At                              time.Time
			Delivered, Undelivered, Replied int
			OptedOut                        int `json:"opted_out"`
		}
		Next string
	}
	var delivered []int
	path := "/campaigns/" + thisOne + "/timeline?limit=2"
	for from, pages := "", 0; pages == 0 || from != ""; pages++ {
		if pages > 5 {
			t.Fatal("it does not end")
		}
		w := do(api, "GET", path+from, "")
		got := decoded[page](t, w.Body.Bytes())
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, m := range got.Minutes {
			delivered = append(delivered, m.Delivered)
			if m.Undelivered != 1 || m.Replied != 2 || m.OptedOut != 3 || !m.At.Equal(nine.Add(time.Duration(m.Delivered)*time.Hour)) {
				t.Errorf("%+v", m)
			}
		}
		if from = ""; got.Next != "" {
			from = "&from=" + got.Next
		}
	}
	if !slices.Equal(delivered, []int{0, 1, 2, 3, 4}) {
		t.Errorf("minutes %v", delivered)
	}
	if w := do(api, "GET", "/campaigns/"+thisOne+"/timeline?from=2026-03-01T14:00:59.9%2B05:00", ""); w.Code != 200 || !b.from.Equal(nine) {
		t.Errorf("%d: asked from %v", w.Code, b.from)
	}
	if w := do(api, "GET", "/campaigns/"+thisOne+"/timeline", ""); w.Code != 200 || !b.from.IsZero() {
		t.Errorf("%d: asked from %v", w.Code, b.from)
	}
	for query, want := range map[string]string{"from=yesterday": "query.from", "limit=1441": "query.limit", "limit=0": "query.limit"} {
		if p := problemIn(t, do(api, "GET", "/campaigns/"+thisOne+"/timeline?"+query, "")); p.Status != 422 || p.Errors[0].Field != want {
			t.Errorf("%s: %+v", query, p)
		}
	}
	if w := do(api, "GET", "/campaigns/"+unknownID+"/timeline", ""); w.Code != 404 {
		t.Errorf("an unknown campaign: %d", w.Code)
	}
}

func TestHealthSaysWhetherWebhooksAreSigned(t *testing.T) {
	b := newBack()
	for want, unsigned := range map[string]bool{`{"status":"ok","webhooks":"signed"}`: false, `{"status":"ok","webhooks":"unsigned"}`: true} {
		b.unsigned = unsigned
		if w := do(newAPIWith(t, b), "GET", "/healthz", "", "Authorization", ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%d %s, want %s", w.Code, w.Body, want)
		}
	}
}

// What was not sent cannot have arrived: nobody is looked up for it.
func TestAMessageSaysHowFarItCame(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	four := strings.Replace(tutorial, `"447700900002"`, `"447700900002","447700900003","447700900004"`, 1)
	made := decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", four).Body.Bytes()).ID
	path := "/campaigns/" + made + "/messages"
	if w := do(api, "GET", path, ""); w.Code != 200 || len(b.asked) > 0 || strings.Contains(w.Body.String(), "delivery") {
		t.Errorf("%d %s; %d asked for", w.Code, w.Body, len(b.asked))
	}
	var records []campaign.Message
	for i := range 3 {
		records = append(records, campaign.Message{
			To: sms.Number(fmt.Sprint(447700900001 + i)), Index: i, Batch: 1, State: campaign.Accepted, At: nine,
		})
	}
	if err := b.table.Record(t.Context(), made, records); err != nil {
		t.Fatal(err)
	}
	b.deliveries["447700900001"] = returns.Delivery{Fate: returns.Arrived, Parts: map[string]returns.Part{
		"a": {Status: sms.Delivered, At: nine.Add(time.Second)}, "b": {Status: sms.Delivered, At: nine.Add(time.Minute)},
		"c": {Status: sms.Expired, Code: "old", At: nine},
	}}
	b.deliveries["447700900002"] = returns.Delivery{Fate: returns.Undelivered, Parts: map[string]returns.Part{
		"a": {Status: sms.Undeliverable, Code: "vonage receipt 3", Reason: "the number is gone", At: nine},
	}}
	w := do(api, "GET", path, "")
	got := decoded[struct {
		Messages []struct {
			Number   string
			Delivery *struct {
				Status, Reason, Code string
				At                   time.Time
			}
		}
	}](t, w.Body.Bytes()).Messages
	if w.Code != 200 || len(got) != 4 || !slices.Equal(b.asked, []sms.Number{"447700900001", "447700900002", "447700900003"}) {
		t.Fatalf("%d %s; %d asked for", w.Code, w.Body, len(b.asked))
	}
	if d := got[0].Delivery; d == nil || d.Status != "delivered" || d.Code+d.Reason != "" || !d.At.Equal(nine.Add(time.Minute)) {
		t.Errorf("arrived: %+v", d)
	}
	if d := got[1].Delivery; d == nil || d.Status != "undelivered" || d.Code != "vonage receipt 3" || d.Reason != "the number is gone" {
		t.Errorf("did not arrive: %+v", d)
	}
	if got[2].Delivery != nil || got[3].Delivery != nil {
		t.Errorf("nothing is known of %+v", got[2:])
	}
	b.fails = errStore
	if w := do(api, "GET", path, ""); w.Code != 500 {
		t.Errorf("with a store at fault: %d", w.Code)
	}
}
