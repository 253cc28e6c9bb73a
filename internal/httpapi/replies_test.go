package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

const (
	replyID     = "7QY5T2M0K3C8V6B9N4PDXW1ZRA"
	thisOne     = "01K9SAMP1E0000000000000000"
	unknownHere = "7QY5T2M0K3C8V6B9N4PDXW1ZRB"
)

var nine = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func aReply() returns.Reply {
	return returns.Reply{
		ID: replyID, Campaign: thisOne, Batch: 2, From: "447700900001", To: "447700900000", Text: "What does it cost?",
		Status: returns.Open, ReceivedAt: nine.Add(2 * time.Second), At: nine,
	}
}

type replyAnswer struct {
	ID, Campaign, Number, Sender, Text, Status, Keyword string
	Batch                                               int
	ReceivedAt                                          time.Time `json:"received_at"`
	Answer                                              *struct{ Text, Status, Reason, Delivery string }
}

func decoded[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

func TestAReplyIsShownWithItsNumberAndAnswer(t *testing.T) {
	b := newBack()
	b.replies[replyID] = aReply()
	api := newAPIWith(t, b)
	w := do(api, "GET", "/replies/"+replyID, "")
	want := `{"id":"` + replyID + `","campaign":"` + thisOne + `","batch":2,"number":"447700900001","sender":"447700900000",` +
		`"text":"What does it cost?","status":"open","received_at":"2026-03-01T09:00:02Z","sent_at":"2026-03-01T09:00:00Z"}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != want {
		t.Errorf("%d %s, want %s", w.Code, got, want)
	}
	for delivery, said := range map[sms.Delivery]string{
		0: "", sms.DeliveryAccepted: "in_transit", sms.Delivered: "delivered", sms.Undeliverable: "undelivered",
	} {
		reply := aReply()
		reply.Status, reply.OneOff = returns.Answered, "A1"
		b.replies[replyID] = reply
		b.texts["A1"] = oneoff.Text{ID: "A1", Body: "Nothing.", State: campaign.Failed, Reason: "absent", Delivery: delivery}
		got := decoded[replyAnswer](t, do(api, "GET", "/replies/"+replyID, "").Body.Bytes())
		if a := got.Answer; a == nil || a.Text != "Nothing." || a.Status != "failed" || a.Reason != "absent" || a.Delivery != said {
			t.Errorf("%s: answer %+v", delivery, a)
		}
	}
}

func TestAnAnswerIsQueuedOnce(t *testing.T) {
	b := newBack()
	b.replies[replyID] = aReply()
	api := newAPIWith(t, b)
	w := do(api, "POST", "/replies/"+replyID+"/answer", `{"text":"Nothing, it is free."}`)
	got := decoded[replyAnswer](t, w.Body.Bytes())
	if w.Code != http.StatusAccepted || got.Status != "answered" || got.Answer == nil || got.Answer.Status != "pending" || len(b.queued) != 1 {
		t.Fatalf("%d %s, queued %q", w.Code, w.Body, b.queued)
	}
	if sent := b.texts[b.queued[0]]; sent.Body != "Nothing, it is free." || sent.To != "447700900001" || sent.From != "447700900000" {
		t.Errorf("the text is another")
	}
	w = do(api, "POST", "/replies/"+replyID+"/answer", `{"text":"Again."}`)
	if p := problemIn(t, w); w.Code != http.StatusConflict || p.Detail != "cannot answer a reply that is answered" || len(b.queued) != 1 {
		t.Errorf("again: %d %s, queued %q", w.Code, p.Detail, b.queued)
	}
}

func TestAnAnswerThatCannotBeGivenIsRefused(t *testing.T) {
	long := strings.Repeat("é", 1600)
	for _, c := range []struct {
		name, id, body string
		change         func(*back)
		status         int
		says           string
	}{
		{"a reply that is not there", unknownHere, `{"text":"a"}`, nil, 404, "there is no such reply"},
		{"an id of another form", "1", `{"text":"a"}`, nil, 404, "there is no such reply"},
		{"no body", replyID, ``, nil, 400, "the request has no body"},
		{"no text", replyID, `{}`, nil, 422, "text is missing"},
		{"an empty text", replyID, `{"text":""}`, nil, 422, "text must not be empty"},
		{"spaces", replyID, `{"text":" \n\t "}`, nil, 422, "text must not be empty"},
		{"too much", replyID, `{"text":"` + long + `é"}`, nil, 422, "text must have at most 1600 characters"},
		{"a control character", replyID, `{"text":"a\u0007"}`, nil, 422, "text must be free of control characters"},
		{"a number", replyID, `{"text":1}`, nil, 422, "text must be a string"},
		{"a person who opted out", replyID, `{"text":"a"}`, func(b *back) {
			b.suppressions["447700900001"] = optout.Suppression{
				Number: "447700900001", Marks: map[optout.Scope]optout.Mark{optout.Everyone: {Out: true}},
			}
		}, 409, "the person has opted out"},
		{"a reply to what cannot send", replyID, `{"text":"a"}`, func(b *back) {
			r := aReply()
			r.To = "a keyword, say"
			b.replies[replyID] = r
		}, 409, "nothing can be sent from"},
		{"a closed reply", replyID, `{"text":"a"}`, func(b *back) {
			r := aReply()
			r.Status = returns.Closed
			b.replies[replyID] = r
		}, 409, "cannot answer a reply that is closed"},
		{"a store at fault", replyID, `{"text":"a"}`, func(b *back) { b.fails = errStore }, 500, "something went wrong on our side"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBack()
			b.replies[replyID] = aReply()
			if c.change != nil {
				c.change(b)
			}
			w := do(newAPIWith(t, b), "POST", "/replies/"+c.id+"/answer", c.body)
			if p := problemIn(t, w); w.Code != c.status || !strings.HasPrefix(p.Detail, c.says) || len(b.queued) > 0 {
				t.Errorf("%d %q, want %d %q; queued %q", w.Code, p.Detail, c.status, c.says, b.queued)
			}
		})
	}
	b := newBack()
	b.replies[replyID] = aReply()
	if w := do(newAPIWith(t, b), "POST", "/replies/"+replyID+"/answer", `{"text":"`+long+`"}`); w.Code != http.StatusAccepted {
		t.Errorf("1600 characters: %d %s", w.Code, w.Body)
	}
}

func TestAReplyIsClosed(t *testing.T) {
	b := newBack()
	b.replies[replyID] = aReply()
	api := newAPIWith(t, b)
	for range 2 { // closing it again changes nothing
		w := do(api, "POST", "/replies/"+replyID+"/close", "")
		if got := decoded[replyAnswer](t, w.Body.Bytes()); w.Code != 200 || got.Status != "closed" || b.total.Closed != 1 {
			t.Errorf("%d %s, counted %+v", w.Code, w.Body, b.total)
		}
	}
	handled := aReply()
	handled.Status, handled.Keyword = returns.Handled, optout.Stop
	b.replies[replyID] = handled
	if w := do(api, "POST", "/replies/"+replyID+"/close", ""); w.Code != http.StatusConflict {
		t.Errorf("a handled one: %d %s", w.Code, w.Body)
	}
	if got := decoded[replyAnswer](t, do(api, "GET", "/replies/"+replyID, "").Body.Bytes()); got.Keyword != "stop" || got.Status != "handled" {
		t.Errorf("a handled one is %+v", got)
	}
	for _, id := range []string{unknownHere, "x"} {
		for _, call := range []string{"GET /replies/" + id, "POST /replies/" + id + "/close"} {
			method, path, _ := strings.Cut(call, " ")
			if p := problemIn(t, do(api, method, path, "")); p.Status != 404 || p.Detail != "there is no such reply" {
				t.Errorf("%s: %+v", call, p)
			}
		}
	}
	if p := problemIn(t, do(api, "GET", "/campaigns/x/timeline", "")); p.Detail != "there is no such campaign" {
		t.Errorf("a campaign: %+v", p)
	}
}

func TestRepliesAreListed(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	made := decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", tutorial).Body.Bytes()).ID
	for i, of := range []string{made, "", made, "", made} {
		r := aReply()
		r.ID, r.Campaign, r.ReceivedAt = fmt.Sprintf("%026d", i), of, nine.Add(time.Duration(i)*time.Minute)
		if i == 2 {
			r.Status = returns.Closed
		}
		b.replies[r.ID] = r
	}
	for _, c := range []struct {
		query, want string
		next        string
	}{
		{"open=true", "0 1 3 4", ""},
		{"open=true&limit=3", "0 1 3", "3"},
		{"open=true&limit=3&after=3", "4", ""},
		{"open=true&campaign=" + made, "0 4", ""},
		{"open=true&campaign=none", "1 3", ""},
		{"campaign=" + made, "4 2 0", ""},
		{"open=false&campaign=" + made + "&limit=2", "4 2", "2"},
		{"campaign=none", "3 1", ""},
	} {
		w := do(api, "GET", "/replies?"+c.query, "")
		list := decoded[struct {
			Replies []replyAnswer
			Next    string
		}](t, w.Body.Bytes())
		var ids []string
		for _, r := range list.Replies {
			ids = append(ids, strings.TrimLeft(r.ID[:25], "0")+r.ID[25:])
		}
		if got := strings.Join(ids, " "); w.Code != 200 || got != c.want || list.Next != c.next {
			t.Errorf("%s: %d %q, next %q; want %q, next %q", c.query, w.Code, got, list.Next, c.want, c.next)
		}
	}
	for query, want := range map[string]struct {
		status int
		fields []string
	}{
		"":                             {422, []string{"query.campaign"}},
		"open=false":                   {422, []string{"query.campaign"}},
		"campaign=all":                 {422, []string{"query.campaign"}},
		"open=maybe&campaign=none":     {422, []string{"query.open"}},
		"open=true&limit=0":            {422, []string{"query.limit"}},
		"open=true&x=1":                {422, []string{"query.x"}},
		"open=true&limit=1001":         {422, []string{"query.limit"}},
		"campaign=" + unknownID:        {404, nil},
		"open=1&campaign=" + unknownID: {404, nil},
	} {
		w := do(api, "GET", "/replies?"+query, "")
		var fields []string
		for _, e := range problemIn(t, w).Errors {
			fields = append(fields, e.Field)
		}
		if w.Code != want.status || !slices.Equal(fields, want.fields) {
			t.Errorf("%q: %d %q: %s", query, w.Code, fields, w.Body)
		}
	}
}

// Whatever is posted, the answer is queued or the client's fault in its proper form.
func FuzzAnswerBody(f *testing.F) {
	for _, seed := range []string{
		`{"text":"Yes"}`, `{"text":" "}`, `{"text":null}`, `{"Text":"a","text":"b"}`, "", "null", "[]", `"\ud83d"`, `{"text":"\u0000"}`,
		`{"447700900001":1}`, "\ufeff{\"text\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	b := newBack()
	api := newAPIWith(f, b)
	f.Fuzz(func(t *testing.T, body []byte) {
		b.replies[replyID], b.queued = aReply(), nil
		w := do(api, http.MethodPost, "/replies/"+replyID+"/answer", string(body))
		if w.Code == http.StatusAccepted {
			got := decoded[replyAnswer](t, w.Body.Bytes())
			if len(b.queued) != 1 || strings.TrimSpace(got.Answer.Text) == "" || utf8.RuneCountInString(got.Answer.Text) > 1600 {
				t.Errorf("%q was taken as %q, queued %q", body, got.Answer.Text, b.queued)
			}
			return
		}
		if w.Code < 400 || w.Code > 499 || len(b.queued) > 0 {
			t.Fatalf("%q: %d %s, queued %q", body, w.Code, w.Body, b.queued)
		}
		problemIn(t, w)
	})
}

// A cursor is the store's own: no client makes one, but many mistake one.
func TestACursorThatNoPageGaveIsRefused(t *testing.T) {
	api := newAPI(t)
	for _, path := range []string{
		"/replies?open=true&after=zz", "/replies?campaign=none&after=zz", "/suppressions?after=aaa", "/suppressions?format=csv&after=aaa",
	} {
		w := do(api, "GET", path, "")
		p := problemIn(t, w)
		if w.Code != 422 || p.Detail != "query.after must be the next of another page" || len(p.Errors) != 1 || p.Errors[0].Field != "query.after" {
			t.Errorf("%s: %d %+v", path, w.Code, p)
		}
	}
}

// An id may be longer than a key of the table.
func TestAnIDOfAnotherFormIsNotLookedFor(t *testing.T) {
	b := newBack()
	b.fails = errStore
	api := newAPIWith(t, b)
	found := 0
	each(document(t), func(method, path string, _ object) {
		if !strings.Contains(path, "{id}") {
			return
		}
		found++
		want := "there is no such campaign"
		if strings.HasPrefix(path, "/replies/") {
			want = "there is no such reply"
		}
		path = strings.ReplaceAll(path, "{number}", "447700900001")
		for _, id := range []string{strings.Repeat("A", 3000), strings.Repeat("A", 27), "A", "%20", strings.ToLower(replyID)} {
			w := do(api, strings.ToUpper(method), strings.ReplaceAll(path, "{id}", id), "")
			if p := problemIn(t, w); w.Code != http.StatusNotFound || p.Detail != want {
				t.Errorf("%s %s: %d %s", method, path, w.Code, p.Detail)
			}
		}
	})
	if found < 10 {
		t.Errorf("%d routes have an id", found)
	}
}
