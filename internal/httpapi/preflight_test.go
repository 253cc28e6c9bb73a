package httpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/pace"
	"sluice/internal/preflight"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// canned is a preflight that knows its answer.
type canned struct {
	report preflight.Report
	fails  error
	asked  []campaign.Campaign
	upload recipients.Upload
}

func (f *canned) Uploaded(_ context.Context, c campaign.Campaign) (preflight.Report, error) {
	f.asked = append(f.asked, c)
	return f.report, f.fails
}

func (f *canned) Proposed(_ context.Context, c campaign.Campaign, u recipients.Upload) (preflight.Report, error) {
	f.asked, f.upload = append(f.asked, c), u
	return f.report, f.fails
}

const foreseenWhole = `{
	"recipients":{"rows":9,"valid":5,"refused":1,"duplicate":2,"opted_out":1},
	"segments":{"least":1,"mean":1.333,"most":3,"total":7},
	"encoding":{"gsm7":3,"ucs2":2,"forcing":[{"character":"’","code_point":"U+2019","texts":4}],"segments_as_gsm7":5,"saves":2},
	"price":{"currency":"EUR","total":"0.2800","saves":"0.08125","unpriced":1},
	"plan":{"batches":2,"starts_at":"2026-03-01T09:00:00Z","ends_at":"2026-03-01T09:01:00.1Z","seconds":60.1,"bound_by":"sender",
		"rates":[{"limit":"account","per_second":28.8,"unit":"texts","texts_per_second":28.8},
			{"limit":"sender","per_second":9.6,"unit":"segments","texts_per_second":2.88},
			{"limit":"max_rate","per_second":4.8,"unit":"texts","texts_per_second":4.8}],
		"timeline":[{"batch":1,"at":"2026-03-01T09:00:00Z","from":0,"recipients":4,"done_at":"2026-03-01T09:00:00.2Z"},
			{"batch":2,"at":"2026-03-01T09:01:00Z","from":4,"recipients":2,"done_at":"2026-03-01T09:01:00.1Z"}]},
	"sample":[{"number":"**********01","text":"Hello d’Arc!","segments":1,"encoding":"UCS-2"}]}`

func wholeReport() preflight.Report {
	nine := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	end := nine.Add(60*time.Second + 100*time.Millisecond)
	return preflight.Report{
		Recipients: preflight.Recipients{Rows: 9, Valid: 5, Refused: 1, Duplicate: 2, OptedOut: 1},
		Segments:   preflight.Segments{Least: 1, Most: 3, Total: 7, Mean: 4. / 3},
		Encoding: preflight.Encoding{
			GSM7: 3, UCS2: 2, SegmentsAsGSM7: 5, Saves: 2, Forcing: []preflight.Forcing{{Character: "’", Texts: 4}},
		},
		Price: &preflight.Price{Currency: "EUR", Total: 28_000_000, Saves: 8_125_000, Unpriced: 1},
		Plan: &preflight.Plan{
			Batches: 2, StartsAt: nine, EndsAt: end, BoundBy: preflight.BySender,
			Rates: []pace.Rate{
				{By: pace.Account, PerSecond: 28.8, Requests: 28.8, AtOnce: 30},
				{By: pace.Number, PerSecond: 9.6, Requests: 2.88, AtOnce: 3},
				{By: pace.Self, PerSecond: 4.8, Requests: 4.8, AtOnce: 5},
			},
			Timeline: []campaign.Planned{
				{Number: 1, From: 0, To: 4, Due: nine, Done: nine.Add(200 * time.Millisecond)},
				{Number: 2, From: 4, To: 6, Due: nine.Add(time.Minute), Done: end},
			},
		},
		Sample: []preflight.Text{{Number: "447700900001", Text: "Hello d’Arc!", Size: sms.Measure("Hello d’Arc!")}},
	}
}

func TestPreflightAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		report preflight.Report
		want   string
	}{
		"all there is": {wholeReport(), foreseenWhole},
		"nobody, and no prices": {preflight.Report{}, `{"recipients":{"rows":0,"valid":0,"refused":0,"duplicate":0,"opted_out":0},
			"segments":{"least":0,"mean":0,"most":0,"total":0},
			"encoding":{"gsm7":0,"ucs2":0,"forcing":[],"segments_as_gsm7":0,"saves":0},"sample":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBack()
			api := newAPIWith(t, b)
			b.forecast.report = c.report
			answer := do(api, "POST", "/preflight", tutorial)
			if diff := cmp.Diff(read(t, c.want), read(t, answer.Body.String())); answer.Code != 200 || diff != "" {
				t.Errorf("%d: %s", answer.Code, diff)
			}
			if a := b.forecast.asked; len(a) != 1 || a[0].ID != "" || a[0].Sender != "447700900000" || a[0].BatchSize != 3 {
				t.Errorf("asked for %+v", a)
			}
			if b.forecast.upload.Part.Accepted != 2 {
				t.Errorf("asked with %d recipients", b.forecast.upload.Part.Accepted)
			}
			if list := do(api, "GET", "/campaigns", ""); !strings.Contains(list.Body.String(), `"campaigns":[]`) {
				t.Errorf("something is stored: %s", list.Body)
			}
			made := do(api, "POST", "/campaigns", strings.Replace(tutorial, "{", `{"draft":true,`, 1))
			id, _ := read(t, made.Body.String())["id"].(string)
			answer = do(api, "GET", "/campaigns/"+id+"/preflight", "")
			if diff := cmp.Diff(read(t, c.want), read(t, answer.Body.String())); answer.Code != 200 || diff != "" {
				t.Errorf("%d: %s", answer.Code, diff)
			}
			if a := b.forecast.asked; len(a) != 2 || a[1].ID != id || a[1].Status != campaign.Draft {
				t.Errorf("asked for %+v", a)
			}
		})
	}
}

func read(t *testing.T, text string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return o
}

func TestWhatHasNoPreflight(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	draft := read(t, do(api, "POST", "/campaigns", strings.Replace(tutorial, "{", `{"draft":true,`, 1)).Body.String())["id"].(string)
	for _, row := range []struct {
		name, method, path, body string
		fails                    error
		status                   int
		field                    string
	}{
		{"a bad body", "POST", "/preflight", strings.Replace(tutorial, `"447700900002"`, `"hello"`, 1), nil, 422, "recipients"},
		{"an unknown field", "POST", "/preflight", strings.Replace(tutorial, "{", `{"x":1,`, 1), nil, 422, "x"},
		{"no body", "POST", "/preflight", "", nil, 400, ""},
		{"another method", "GET", "/preflight", "", nil, 405, ""},
		{"an unknown campaign", "GET", "/campaigns/" + unknownID + "/preflight", "", nil, 404, ""},
		{"no id", "GET", "/campaigns/x/preflight", "", nil, 404, ""},
		{"one that runs", "GET", "/campaigns/" + draft + "/preflight", "", campaign.StateError{Action: "preflight", Status: campaign.Running}, 409, ""},
		{"one whose list changes", "GET", "/campaigns/" + draft + "/preflight", "", campaign.ErrConflict, 409, ""},
		{"a fault", "POST", "/preflight", tutorial, errStore, 500, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			b.forecast.fails = row.fails
			w := do(api, row.method, row.path, row.body)
			if w.Code != row.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			p := problemIn(t, w)
			if row.field != "" && (len(p.Errors) != 1 || p.Errors[0].Field != row.field) {
				t.Errorf("wrong is %+v", p.Errors)
			}
			if strings.Contains(w.Body.String(), errStore.Error()) {
				t.Errorf("a fault is told: %s", w.Body)
			}
		})
	}
	if n := len(b.forecast.asked); n != 3 {
		t.Errorf("asked %d times, want only by the last three", n)
	}
}
