package simulation_test

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/internal/simulation"
	"sluice/internal/vonage/vonagetest"
)

// told is what the API says of one recipient.
type told struct {
	Number, Status, Code, Reason, Network, Price, At string
	Index, Batch, Segments                           int
	Delivery                                         struct{ Status, Code, Reason string }
}

// cells are those of a line of CSV.
func (m told) cells() []string {
	unlessZero := func(n int) string { return strings.TrimPrefix(strconv.Itoa(n), "0") }
	return []string{
		m.Number, strconv.Itoa(m.Index), unlessZero(m.Batch), m.Status, m.Code, m.Reason, unlessZero(m.Segments), m.Network, m.Price,
		m.At, m.Delivery.Status,
	}
}

// totals are what the API says of all.
type totals struct {
	Recipients int
	Status     struct{ Pending, Accepted, Failed, Skipped, Unknown int }
	Delivered  int
	Undelivered,
	Texts, Segments, Unpriced int
	Price    string
	Networks []struct {
		Network, Price            string
		Texts, Segments, Unpriced int
	}
	Errors []struct {
		Status, Code, Reason string
		Texts                int
	}
}

type test struct {
	ID, Number, Status, Text, Reason, Code, Delivery string
	Segments                                         int
}

// follow asks for every page behind a link, and returns their bodies.
func follow(t *testing.T, w *simulation.World, path string) [][]byte {
	t.Helper()
	var pages [][]byte
	for range 3000 {
		a := w.Ask(http.MethodGet, path, nil, w.Key()...)
		if a.Status != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, a.Status, a.Body)
		}
		pages = append(pages, a.Body)
		link, more := strings.CutPrefix(a.Header.Get("Link"), "<")
		if !more {
			return pages
		}
		path = strings.TrimSuffix(link, `>; rel="next"`)
	}
	t.Fatalf("%s has no end", path)
	return nil
}

func toldOf(t *testing.T, w *simulation.World, id string, query url.Values) (all []told) {
	t.Helper()
	for _, page := range follow(t, w, "/campaigns/"+id+"/messages?"+query.Encode()) {
		all = append(all, simulation.Decode[struct{ Messages []told }](w, page).Messages...)
	}
	return all
}

func byIndex(a, b told) int { return cmp.Compare(a.Index, b.Index) }

// reportsAgree holds the reports of a campaign to each other: pages by status, CSV, single rows and totals.
func reportsAgree(t *testing.T, w *simulation.World, id string) totals {
	t.Helper()
	rows := toldOf(t, w, id, url.Values{"limit": {"1000"}})
	for _, limit := range []string{"7", "1000"} {
		var parts []told
		for _, status := range []string{"pending", "accepted", "failed", "skipped", "unknown"} {
			some := toldOf(t, w, id, url.Values{"limit": {limit}, "status": {status}})
			if slices.ContainsFunc(some, func(m told) bool { return m.Status != status }) {
				t.Errorf("of those who are %s, some are not", status)
			}
			parts = append(parts, some...)
		}
		if slices.SortFunc(parts, byIndex); !slices.Equal(parts, rows) {
			t.Errorf("%d rows by status in pages of %s, %d in all", len(parts), limit, len(rows))
		}
	}
	for _, query := range []string{"format=csv", "format=csv&limit=13"} {
		var lines [][]string
		for _, page := range follow(t, w, "/campaigns/"+id+"/messages?"+query) {
			table, err := csv.NewReader(strings.NewReader(string(page))).ReadAll()
			if err != nil || len(table) == 0 || table[0][0] != "number" {
				t.Fatalf("%v: %s", err, page)
			}
			lines = append(lines, table[1:]...)
		}
		for i, line := range lines {
			if !slices.Equal(line, rows[i].cells()) {
				t.Fatalf("line %d of CSV is %q, of JSON %q", i, line, rows[i].cells())
			}
		}
		if len(lines) != len(rows) {
			t.Errorf("%d lines of CSV, %d of JSON", len(lines), len(rows))
		}
	}
	for _, r := range rows[:min(len(rows), 30)] {
		status, answer := w.Do(http.MethodGet, "/campaigns/"+id+"/messages/"+r.Number, nil)
		switch {
		case status == http.StatusNotFound && r.Batch == 0 && r.At == "":
		case status != http.StatusOK || simulation.Decode[told](w, answer) != r:
			t.Errorf("by number: %d %s, in the list %+v", status, answer, r)
		}
	}
	return totalsAgree(t, w, id, rows)
}

// totalsAgree adds the rows up.
func totalsAgree(t *testing.T, w *simulation.World, id string, rows []told) totals {
	t.Helper()
	got := simulation.Call[totals](w, http.StatusOK, http.MethodGet, "/campaigns/"+id+"/totals", nil)
	var want totals
	price := new(big.Rat)
	count := map[string]*int{
		"pending": &want.Status.Pending, "accepted": &want.Status.Accepted, "failed": &want.Status.Failed,
		"skipped": &want.Status.Skipped, "unknown": &want.Status.Unknown,
	}
	networks, errors := make(map[string]int), make(map[string]int)
	for _, r := range rows {
		*count[r.Status]++
		switch r.Status {
		case "accepted":
			want.Texts++
			want.Segments += r.Segments
			networks[r.Network]++
			if cost, ok := new(big.Rat).SetString(r.Price); ok {
				price.Add(price, cost)
			} else {
				want.Unpriced++
			}
		case "failed", "skipped", "unknown":
			errors[fmt.Sprint(r.Status, r.Code, r.Reason)]++
		}
		switch r.Delivery.Status {
		case "delivered":
			want.Delivered++
		case "undelivered":
			want.Undelivered++
			errors[fmt.Sprint("undelivered", r.Delivery.Code, r.Delivery.Reason)]++
		}
	}
	sum, ok := new(big.Rat).SetString(got.Price)
	if !ok || sum.Cmp(price) != 0 || got.Status != want.Status || got.Recipients != len(rows) || got.Texts != want.Texts ||
		got.Segments != want.Segments || got.Unpriced != want.Unpriced || got.Delivered != want.Delivered || got.Undelivered != want.Undelivered {
		t.Errorf("the totals are %+v, the rows come to %+v and %s", got, want, price.FloatString(8))
	}
	for _, n := range got.Networks {
		if networks[n.Network] != n.Texts {
			t.Errorf("%d texts to network %q by the totals, %d by the rows", n.Texts, n.Network, networks[n.Network])
		}
		delete(networks, n.Network)
	}
	for _, e := range got.Errors {
		if what := fmt.Sprint(e.Status, e.Code, e.Reason); errors[what] != e.Texts {
			t.Errorf("%d texts have %q by the totals, %d by the rows", e.Texts, what, errors[what])
		} else {
			delete(errors, what)
		}
	}
	if len(networks)+len(errors) > 0 {
		t.Errorf("not in the totals: %v, %v", networks, errors)
	}
	return got
}

// Some fail, some are unknown and resolved or not, some have opted out; one is sent to again.
func TestReportsAddUp(t *testing.T) {
	for _, api := range []string{"sms", "messages"} {
		t.Run(api, func(t *testing.T) {
			o := simulation.Options{
				Parameters: map[string]string{"VonageApi": api, "BrakePercent": "100"},
				Vonage: vonagetest.Config{Latency: 100 * time.Millisecond, Returns: vonagetest.Returns{
					Delivered: .7, Failed: .15, Buffered: .3, Copies: 2, Early: .1, Jitter: time.Second,
					Delay: vonagetest.Curve{Median: 2 * time.Second, P95: 4 * time.Second},
				}},
			}
			simulation.Run(t, o, func(w *simulation.World) { addUp(t, w) })
		})
	}
}

func addUp(t *testing.T, w *simulation.World) {
	t.Helper()
	if err := w.Vonage.Inject(
		vonagetest.Fault{Kind: vonagetest.FaultStatus, Code: 6, Skip: 5, Times: 3},
		vonagetest.Fault{Kind: vonagetest.FaultDropAfter, Skip: 20, Times: 2},
		vonagetest.Fault{Kind: vonagetest.FaultDropBefore, Skip: 40, Times: 2},
	); err != nil {
		t.Fatal(err)
	}
	people := simulation.Recipients(120)
	for _, out := range people[100:104] {
		if status, answer := w.Do(http.MethodPut, "/suppressions/"+out, nil); status >= 300 {
			t.Fatalf("%d: %s", status, answer)
		}
	}
	body := simulation.Tutorial(120, 30, 60)
	body["message_string"] = backText
	c := w.Create(body)
	time.Sleep(70 * time.Second)
	w.Act(c.ID, "pause")
	time.Sleep(30 * time.Second)
	if half := reportsAgree(t, w, c.ID); half.Status.Pending != 60 || half.Status.Accepted == 0 {
		t.Errorf("half of it: %+v", half)
	}
	w.Act(c.ID, "resume")
	w.Until(c.ID, "completed", 10*time.Minute)
	w.UntilQuiet()
	all := reportsAgree(t, w, c.ID)
	if all.Status.Pending != 0 || all.Status.Failed == 0 || all.Status.Unknown == 0 || all.Status.Skipped != 4 || all.Delivered == 0 ||
		all.Undelivered == 0 || all.Price == "0.0000" {
		t.Errorf("%+v", all)
	}
	failed := toldOf(t, w, c.ID, url.Values{"status": {"failed"}})[0].Number
	simulation.Call[simulation.Campaign](w, http.StatusOK, http.MethodPost, "/campaigns/"+c.ID+"/messages/"+failed+"/retry", nil)
	if again := reportsAgree(t, w, c.ID); again.Status.Pending+again.Status.Accepted != 1+all.Status.Accepted ||
		again.Status.Failed != all.Status.Failed-1 {
		t.Errorf("while one is sent to again: %+v", again)
	}
	time.Sleep(5 * time.Minute)
	if again := reportsAgree(t, w, c.ID); again.Status.Accepted != all.Status.Accepted+1 {
		t.Errorf("after one was sent to again: %+v, before %+v", again.Status, all.Status)
	}
}

// Whom a cancelled campaign did not come to is skipped, and has no record.
func TestReportsOfACancelledCampaign(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		if status, answer := w.Do(http.MethodPut, "/suppressions/"+simulation.Recipients(1)[0], nil); status >= 300 {
			t.Fatalf("%d: %s", status, answer)
		}
		c := w.Create(simulation.Tutorial(90, 30, 3600))
		time.Sleep(10 * time.Second)
		w.Act(c.ID, "cancel")
		time.Sleep(time.Minute)
		if got := reportsAgree(t, w, c.ID); got.Status.Skipped != 61 || got.Status.Accepted != 29 || len(got.Errors) != 2 {
			t.Errorf("%+v", got)
		}
	})
}
