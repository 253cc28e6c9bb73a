package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// listed is a campaign of five people: two were sent to, one could not be, of one it is unknown, one waits.
func listed(t *testing.T, b *back, api http.Handler) (path string) {
	t.Helper()
	five := strings.Replace(tutorial, `"447700900002"`, `"447700900002","447700900003","447700900004","447700900005"`, 1)
	made := decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", five).Body.Bytes()).ID
	parts := []sms.Part{{MessageID: "a", Network: "23410", Price: "0.03330000"}, {MessageID: "b", Price: "0.03330000"}}
	if err := b.table.Record(t.Context(), made, []campaign.Message{
		{To: "447700900001", Index: 0, Batch: 1, State: campaign.Accepted, Parts: parts, At: nine},
		{To: "447700900002", Index: 1, Batch: 1, State: campaign.Accepted, Parts: parts[:1], At: nine.Add(1234 * time.Millisecond)},
		{To: "447700900003", Index: 2, Batch: 1, State: campaign.Failed, Code: "vonage 6", Reason: `=HYPERLINK("x","y"),` + "\n", At: nine},
		{To: "447700900004", Index: 3, Batch: 2, State: campaign.Unknown, Code: "timeout", Reason: "+no answer", At: nine},
	}); err != nil {
		t.Fatal(err)
	}
	b.deliveries["447700900001"] = returns.Delivery{Fate: returns.Arrived, Parts: map[string]returns.Part{"a": {Status: sms.Delivered, At: nine}}}
	return "/campaigns/" + made
}

func TestMessagesAsATable(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := listed(t, b, api)
	w := do(api, "GET", path+"/messages?format=csv", "")
	want := "number,index,batch,status,code,reason,segments,network,price,sent_at,delivery\n" +
		"447700900001,0,1,accepted,,,2,23410,0.0666,2026-03-01T09:00:00Z,delivered\n" +
		"447700900002,1,1,accepted,,,1,23410,0.0333,2026-03-01T09:00:01.234Z,\n" +
		`447700900003,2,1,failed,vonage 6,"'=HYPERLINK(""x"",""y""),` + "\n" + `",,,,2026-03-01T09:00:00Z,` + "\n" +
		"447700900004,3,2,unknown,timeout,'+no answer,,,,2026-03-01T09:00:00Z,\n" +
		"447700900005,4,,pending,,,,,,,\n"
	if got := w.Body.String(); got != want {
		t.Errorf("answered\n%s\nwant\n%s", got, want)
	}
	if media := w.Header().Get("Content-Type"); w.Code != 200 || media != "text/csv; charset=utf-8; header=present" || w.Header().Get("Link") != "" {
		t.Errorf("%d %s %s", w.Code, media, w.Header().Get("Link"))
	}
	if w = do(api, "GET", path+"/messages?format=csv&status=failed", ""); strings.Count(w.Body.String(), "447700900003") != 1 ||
		strings.Contains(w.Body.String(), "accepted") {
		t.Errorf("of those that failed: %s", w.Body)
	}
}

// Whoever follows the links has the whole list, whichever way it is asked for.
func TestTheLinksOfMessagesLeadToTheEnd(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := listed(t, b, api)
	for query, want := range map[string]string{
		"limit=2": "12345", "limit=2&format=csv": "12345", "limit=1&format=csv&status=accepted": "12", "limit=1&status=accepted": "12",
		"status=pending&limit=1": "5", "status=unknown": "4", "status=skipped": "", "limit=2&after=3": "45", "status=failed&after=0": "3",
	} {
		var found []string
		next := path + "/messages?" + query
		for range 20 {
			w := do(api, "GET", next, "")
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", next, w.Code, w.Body)
			}
			found = append(found, numbersIn(t, w.Body.String(), strings.Contains(query, "csv"))...)
			link, more := strings.CutPrefix(w.Header().Get("Link"), "<")
			if !more {
				next = ""
				break
			}
			next = strings.TrimSuffix(link, `>; rel="next"`)
		}
		slices.Sort(found)
		if got := strings.Join(found, ""); got != want || next != "" {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// numbersIn are the last digits of the numbers in an answer.
func numbersIn(t *testing.T, answer string, isTable bool) (digits []string) {
	t.Helper()
	var numbers []string
	if isTable {
		rows, err := csv.NewReader(strings.NewReader(answer)).ReadAll()
		if err != nil || len(rows) == 0 || rows[0][0] != "number" {
			t.Fatalf("%v: %s", err, answer)
		}
		for _, row := range rows[1:] {
			numbers = append(numbers, row[0])
		}
	} else {
		for _, m := range decoded[struct{ Messages []struct{ Number string } }](t, []byte(answer)).Messages {
			numbers = append(numbers, m.Number)
		}
	}
	for _, n := range numbers {
		digits = append(digits, n[len(n)-1:])
	}
	return digits
}

func TestBadQueriesOfMessagesAreRefused(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := listed(t, b, api)
	for query, field := range map[string]string{
		"status=sent": "query.status", "status=retrying": "query.status", "format=xml": "query.format", "limit=1001": "query.limit",
		"limit=5001&format=csv": "query.limit", "limit=0": "query.limit", "after=x": "query.after", "after=-1": "query.after",
		"after=1000000001": "query.after", "status=failed&after=1000000001": "query.after", "status=failed&after=x": "query.after",
		"status=failed&after=MAo0%0A": "query.after", "status=failed&format=csv&after=aaa": "query.after", "state=failed": "query.state",
	} {
		w := do(api, "GET", path+"/messages?"+query, "")
		if p := problemIn(t, w); w.Code != 422 || len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	for _, query := range []string{"", "?format=csv", "?status=failed", "?status=pending"} {
		if w := do(api, "GET", "/campaigns/"+unknownID+"/messages"+query, ""); w.Code != 404 {
			t.Errorf("of an unknown campaign, %s: %d", query, w.Code)
		}
	}
	b.fails = errStore
	for _, query := range []string{"", "?format=csv", "?status=failed"} {
		if w := do(api, "GET", path+"/messages"+query, ""); w.Code != 500 || strings.Contains(w.Body.String(), "fire") {
			t.Errorf("with a store at fault: %d %s", w.Code, w.Body)
		}
	}
}

// A page of CSV is bounded by its rows, and the next begins where it ended.
func TestAPageOfTheTableHasFiveThousandRows(t *testing.T) {
	numbers := make([]string, 5003)
	for i := range numbers {
		numbers[i] = fmt.Sprintf(`"4478%08d"`, i)
	}
	api := newAPI(t)
	body := strings.Replace(tutorial, `"447700900001","447700900002"`, strings.Join(numbers, ","), 1)
	path := "/campaigns/" + decoded[struct{ ID string }](t, do(api, "POST", "/campaigns", body).Body.Bytes()).ID + "/messages"
	w := do(api, "GET", path+"?format=csv", "")
	if lines := strings.Count(w.Body.String(), "\n"); lines != 5001 || w.Header().Get("Link") != "<"+path+`?after=5000&format=csv&limit=5000>; rel="next"` {
		t.Errorf("%d lines, then %s", lines, w.Header().Get("Link"))
	}
	w = do(api, "GET", path+"?after=5000&format=csv&limit=5000", "")
	if lines := strings.Count(w.Body.String(), "\n"); lines != 4 || w.Header().Get("Link") != "" {
		t.Errorf("%d lines, then %s", lines, w.Header().Get("Link"))
	}
}

func TestOneMessage(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := listed(t, b, api)
	want := `{"number":"447700900001","index":0,"status":"accepted","batch":1,"message_ids":["a","b"],"segments":2,"network":"23410",` +
		`"price":"0.0666","at":"2026-03-01T09:00:00Z","delivery":{"status":"delivered","at":"2026-03-01T09:00:00Z"}}`
	if w := do(api, "GET", path+"/messages/+44%207700%20900001", ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
	for of, status := range map[string]int{
		path + "/messages/447700900005": 404, path + "/messages/447700900009": 404, path + "/messages/zebra": 422,
		"/campaigns/" + unknownID + "/messages/447700900001": 404,
	} {
		if w := do(api, "GET", of, ""); w.Code != status {
			t.Errorf("%s: %d %s", of, w.Code, w.Body)
		} else {
			problemIn(t, w)
		}
	}
}

func TestTotals(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := listed(t, b, api)
	want := `{"recipients":5,"status":{"pending":1,"accepted":2,"failed":1,"skipped":0,"unknown":1},"delivered":0,"undelivered":0,` +
		`"texts":2,"segments":3,"price":"0.0999","unpriced":0,` +
		`"networks":[{"network":"23410","texts":2,"segments":3,"price":"0.0999","unpriced":0}],` +
		`"errors":[{"status":"failed","code":"vonage 6","reason":"=HYPERLINK(\"x\",\"y\"),\n","texts":1},` +
		`{"status":"unknown","code":"timeout","reason":"+no answer","texts":1}]}`
	if w := do(api, "GET", path+"/totals", ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s\nwant %s", w.Code, w.Body, want)
	}
	if w := do(api, "GET", "/campaigns/"+unknownID+"/totals", ""); w.Code != 404 {
		t.Errorf("of an unknown campaign: %d", w.Code)
	}
}
