package simulation_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/httpapi"
	"sluice/internal/local"
	"sluice/internal/simulation"
)

// What is in the bodies below and never in an answer.
const (
	privateNumber = "447700900777"
	privateText   = "zebra crossing"
)

// with is a good request but for these fields; a nil value takes the field away.
func with(changes simulation.JSON) simulation.JSON {
	body := simulation.Tutorial(0, 3, 3600)
	body["recipients"], body["message_string"] = []any{"+" + privateNumber}, privateText
	for name, value := range changes {
		body[name] = value
		if value == nil {
			delete(body, name)
		}
	}
	return body
}

// written is a good request as text, with this at its end.
func written(more string) string {
	return fmt.Sprintf(`{"sender":"447700900000","recipients":["%s"],"message_string":"%s","batch_size":3,"delay_period":60%s}`,
		privateNumber, privateText, more)
}

type refusal struct {
	body   any
	status int
	// places are the fields, with their rows, that must be named, each once, in this order.
	places  string
	headers []string
}

var refusals = map[string]refusal{
	"no body":                    {nil, 400, "", nil},
	"broken JSON":                {`{"sender": "447700900000", "recipients": [`, 400, "body", nil},
	"no JSON at all":             {"sender=" + privateNumber, 400, "body", nil},
	"more after the end":         {written("") + "}", 400, "body", nil},
	"a list":                     {"[" + written("") + "]", 422, "body", nil},
	"a string":                   {`"` + privateText + `"`, 422, "body", nil},
	"null":                       {"null", 422, "body", nil},
	"nested without end":         {strings.Repeat("[", 100_000), 400, "body", nil},
	"nested deeply in a field":   {written(`,"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000)), 422, "x", nil},
	"bytes that are no UTF-8":    {strings.Replace(written(""), "zebra", "z\xffbra", 1), 400, "body", nil},
	"a field twice":              {written(`,"batch_size":4`), 400, "body", nil},
	"a field twice, in capitals": {written(`,"BATCH_SIZE":4`), 400, "body", nil},
	"5 MB and a byte":            {bytes.Repeat([]byte(" "), httpapi.MaxBody+1), 413, "", nil},

	"an empty object":     {"{}", 422, "batch_size delay_period message_string recipients sender", nil},
	"an unknown field":    {with(simulation.JSON{"batchsize": 3}), 422, "batchsize", nil},
	"a number for a name": {with(simulation.JSON{"+" + privateNumber: 3}), 422, "body", nil},
	"a text for a name":   {with(simulation.JSON{privateText: 3}), 422, "body", nil},
	"everything wrong at once": {
		simulation.JSON{
			"sender": "", "recipients": []any{"+" + privateNumber, privateText, 7, ""}, "message_string": " \n", "batch_size": 0,
			"delay_period": -1, "name": strings.Repeat("n", campaign.MaxName+1), "start_at": "1999-01-01T00:00:00Z",
			"draft": "yes", "unknown": 1, "other": nil,
		}, 422,
		"batch_size delay_period draft message_string name other sender start_at unknown recipients/2 recipients/3 recipients/4", nil,
	},
	"null for every field": {
		`{"sender":null,"recipients":null,"message_string":null,"batch_size":null,"delay_period":null}`, 422,
		"batch_size delay_period message_string recipients sender", nil,
	},

	"no recipients":              {with(simulation.JSON{"recipients": []any{}}), 422, "recipients", nil},
	"too many recipients":        {with(simulation.JSON{"recipients": make([]int, campaign.MaxRows+1)}), 422, "recipients", nil},
	"a recipient that is a name": {with(simulation.JSON{"recipients": []any{privateNumber, privateText}}), 422, "recipients/2", nil},
	"a recipient without its +":  {with(simulation.JSON{"recipients": []any{"00" + privateNumber}}), 422, "recipients/1", nil},
	"a national number":          {with(simulation.JSON{"recipients": []any{"0" + privateNumber[2:]}}), 422, "recipients/1", nil},
	"recipients as numbers":      {with(simulation.JSON{"recipients": []any{447700900777, nil, 1.5}}), 422, "recipients/1 recipients/2 recipients/3", nil},
	"recipients as other objects": {
		with(simulation.JSON{"recipients": []any{
			simulation.JSON{"phone": privateNumber}, simulation.JSON{"number": privateNumber, "name": "zebra"},
			simulation.JSON{"number": privateNumber, "vars": "zebra"}, simulation.JSON{"number": privateNumber, "vars": simulation.JSON{"name": 7}},
			simulation.JSON{"number": 7},
		}}), 422, "recipients/1 recipients/2 recipients/3 recipients/4 recipients/5", nil,
	},
	"a recipient without a value": {
		with(simulation.JSON{"message_string": "{{name}} {{day|zebra}}", "recipients": []any{
			simulation.JSON{"number": privateNumber, "vars": simulation.JSON{"Name": "zebra"}}, privateNumber[:11] + "8",
		}}), 422, "recipients/2", nil,
	},
	"a text that becomes too long": {
		with(simulation.JSON{"message_string": "{{name}}!", "recipients": []any{
			simulation.JSON{"number": privateNumber, "vars": simulation.JSON{"name": strings.Repeat("n", campaign.MaxText)}},
		}}), 422, "recipients/1", nil,
	},
	"a variable that is none": {with(simulation.JSON{"message_string": "zebra {{first name}}"}), 422, "message_string", nil},
	"a region that is none":   {with(simulation.JSON{"region": "XX"}), 422, "region", nil},

	"batch_size 0":            {with(simulation.JSON{"batch_size": 0}), 422, "batch_size", nil},
	"batch_size negative":     {with(simulation.JSON{"batch_size": -3}), 422, "batch_size", nil},
	"batch_size fractional":   {with(simulation.JSON{"batch_size": 2.5}), 422, "batch_size", nil},
	"batch_size huge":         {with(simulation.JSON{"batch_size": 1e18}), 422, "batch_size", nil},
	"batch_size past all":     {strings.Replace(written(""), ":3,", ":1e400,", 1), 422, "batch_size", nil},
	"batch_size below all":    {strings.Replace(written(""), ":3,", ":-1e400,", 1), 422, "batch_size", nil},
	"delay_period negative":   {with(simulation.JSON{"delay_period": -1}), 422, "delay_period", nil},
	"delay_period fractional": {with(simulation.JSON{"delay_period": 0.5}), 422, "delay_period", nil},
	"delay_period 30 days and a second": {
		with(simulation.JSON{"delay_period": int(campaign.MaxPeriod.Seconds()) + 1}), 422, "delay_period", nil,
	},

	"an empty text":              {with(simulation.JSON{"message_string": ""}), 422, "message_string", nil},
	"a text of spaces":           {with(simulation.JSON{"message_string": " \t\r\n "}), 422, "message_string", nil},
	"a text that is too long":    {with(simulation.JSON{"message_string": strings.Repeat("é", campaign.MaxText+1)}), 422, "message_string", nil},
	"a text with NUL":            {with(simulation.JSON{"message_string": "zebra\x00"}), 422, "message_string", nil},
	"a text with half an emoji":  {strings.Replace(written(""), "zebra", `\ud83d`, 1), 422, "message_string", nil},
	"a name that is too long":    {with(simulation.JSON{"name": strings.Repeat("n", campaign.MaxName+1)}), 422, "name", nil},
	"a name with a control code": {with(simulation.JSON{"name": "a\x1bb"}), 422, "name", nil},
	"a sender of 12 letters":     {with(simulation.JSON{"sender": "abcdefghijkl"}), 422, "sender", nil},
	"a sender with a sign":       {with(simulation.JSON{"sender": "Sale!"}), 422, "sender", nil},
	"a sender of two digits":     {with(simulation.JSON{"sender": "12"}), 422, "sender", nil},
	"a start that is past":       {with(simulation.JSON{"start_at": "1999-12-31T00:00:00Z"}), 422, "start_at", nil},
	"a start in the year 1":      {with(simulation.JSON{"start_at": "0001-01-01T00:00:00Z"}), 422, "start_at", nil},
	"a start in two years":       {with(simulation.JSON{"start_at": "2002-01-01T00:00:00Z"}), 422, "start_at", nil},
	"a start without an offset":  {with(simulation.JSON{"start_at": "2000-01-02T09:00:00"}), 422, "start_at", nil},
	"a start in words":           {with(simulation.JSON{"start_at": "tomorrow"}), 422, "start_at", nil},

	"a form":                  {written(""), 415, "", []string{"Content-Type", "application/x-www-form-urlencoded"}},
	"plain text":              {written(""), 415, "", []string{"Content-Type", "text/plain"}},
	"JSON in Latin 1":         {written(""), 415, "", []string{"Content-Type", "application/json; charset=iso-8859-1"}},
	"a kind that is no kind":  {written(""), 415, "", []string{"Content-Type", ";;"}},
	"an over-long repeat key": {written(""), 422, "header.Idempotency-Key", []string{"Idempotency-Key", strings.Repeat("k", campaign.MaxIdempotencyKey+1)}},
}

// wrongTypes adds, for each field, the types that it does not take.
func wrongTypes(rows map[string]refusal) {
	values := map[string]any{
		"a string": "zebra", "a number": 7, "true": true, "a list": []any{1}, "an object": simulation.JSON{"a": 1},
	}
	takes := map[string]string{
		"sender": "a string", "message_string": "a string", "name": "a string", "start_at": "", "batch_size": "a number",
		"delay_period": "a number", "draft": "true", "recipients": "a list",
	}
	for field, own := range takes {
		for kind, value := range values {
			if kind != own {
				rows[field+" as "+kind] = refusal{with(simulation.JSON{field: value}), 422, field, nil}
			}
		}
	}
	for _, field := range []string{"sender", "recipients", "message_string", "batch_size", "delay_period"} {
		rows["without "+field] = refusal{with(simulation.JSON{field: nil}), 422, field, nil}
	}
}

func TestABadCampaignIsRefusedWholeAndChangesNothing(t *testing.T) {
	rows := make(map[string]refusal)
	for name, row := range refusals {
		rows[name] = row
	}
	wrongTypes(rows)
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		before := w.Writes()
		for name, row := range rows {
			t.Run(name, func(t *testing.T) {
				a := w.Ask(http.MethodPost, "/campaigns", row.body, append(w.Key(), row.headers...)...)
				if a.Status != row.status {
					t.Fatalf("%d, want %d: %.500s", a.Status, row.status, a.Body)
				}
				p := problemIn(t, a)
				if got := p.places(); !slices.Equal(got, strings.Fields(row.places)) {
					t.Errorf("named %q, want %q", got, row.places)
				}
				for _, private := range []string{privateNumber[4:], "zebra", "nnnn", "kkkk"} {
					if bytes.Contains(a.Body, []byte(private)) {
						t.Errorf("the answer repeats the request: %.500s", a.Body)
					}
				}
			})
		}
		nothingHappened(t, w, before)
	})
}

// nothingHappened since the table had been written to so often, and for some time to come.
func nothingHappened(t *testing.T, w *simulation.World, before int) {
	t.Helper()
	time.Sleep(time.Hour)
	list := simulation.Call[struct{ Campaigns []simulation.Campaign }](w, http.StatusOK, http.MethodGet, "/campaigns", nil)
	if wrote := w.Writes() - before; wrote > 0 || len(list.Campaigns) > 0 || len(w.Delays()) > 0 || len(w.Vonage.Ledger()) > 0 {
		t.Errorf("%d writes, %d campaigns, %d messages queued, %d texts", wrote, len(list.Campaigns), len(w.Delays()), len(w.Vonage.Ledger()))
	}
}

// What is larger than a Lambda event can be does not reach the function: API Gateway answers by itself.
func TestABodyTooLargeForLambdaIsRefused(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		if status, answer := w.Do(http.MethodPost, "/campaigns", bytes.Repeat([]byte(" "), 7<<20)); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d: %s", status, answer)
		}
	})
}

var routes = []struct{ method, path string }{
	{"POST", "/campaigns"}, {"GET", "/campaigns"}, {"GET", "/campaigns/{id}"}, {"GET", "/campaigns/{id}/batches"},
	{"GET", "/campaigns/{id}/messages"}, {"POST", "/campaigns/{id}/launch"}, {"POST", "/campaigns/{id}/pause"},
	{"POST", "/campaigns/{id}/resume"}, {"POST", "/campaigns/{id}/cancel"}, {"PUT", "/campaigns/{id}/recipients/1"},
	{"DELETE", "/campaigns/{id}/recipients/1"}, {"GET", "/campaigns/{id}/recipients"}, {"GET", "/campaigns/{id}/recipients/refused"},
	{"GET", "/campaigns/{id}/totals"},
	{"GET", "/campaigns/{id}/messages/447700900001"},
	{"GET", "/campaigns/{id}/tests/T00000000000000000000000000"},
}

func TestWithoutAKnownKeyNothingIsDone(t *testing.T) {
	keys := map[string][]string{
		"none": nil, "another": {"Authorization", "Bearer another"}, "empty": {"Authorization", "Bearer "},
		"no scheme": {"Authorization", "simulated-key"}, "another scheme": {"Authorization", "Basic simulated-key"},
		"two": {"Authorization", "Bearer simulated-key simulated-key"}, "in the query only": nil,
	}
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		before := w.Writes()
		for name, headers := range keys {
			for _, r := range routes {
				path := strings.Replace(r.path, "{id}", local.SampleID, 1)
				if name == "in the query only" {
					path += "?key=simulated-key&authorization=Bearer+simulated-key"
				}
				a := w.Ask(r.method, path, written(""), headers...)
				if a.Status != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s: %s %s: %d %s", name, r.method, path, a.Status, a.Body)
				}
				problemIn(t, a)
			}
		}
		nothingHappened(t, w, before)
	})
}

func TestACampaignThatIsNotThereIsNotFoundByAnyRoute(t *testing.T) {
	ids := []string{
		"01K9N0SVCHCAMPA1GN00000000", "x", "01k9n0svchcampa1gn00000000", strings.Repeat("0", 3000), "%00", "%25zz",
		"CAMPAIGN", "01K9N0SVCHCAMPA1GN00000000%20", "..;", "é",
	}
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		before := w.Writes()
		for _, r := range routes {
			for _, id := range ids {
				if !strings.Contains(r.path, "{id}") {
					continue
				}
				var body any
				if r.method == http.MethodPut {
					body = "[]"
				}
				a := w.Ask(r.method, strings.Replace(r.path, "{id}", id, 1), body, w.Key()...)
				if a.Status == http.StatusBadRequest && id == "%25zz" { // API Gateway decodes a path twice
					continue
				}
				if a.Status != http.StatusNotFound {
					t.Errorf("%s %s of %.40q: %d %s", r.method, r.path, id, a.Status, a.Body)
					continue
				}
				problemIn(t, a)
			}
		}
		nothingHappened(t, w, before)
	})
}

// API Gateway has no route for these and answers by itself; httpapi's own answers are tested there.
func TestWhatNoRouteTakesIsNotFound(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		before := w.Writes()
		for _, r := range []struct{ method, path string }{
			{"GET", "/"}, {"GET", "/campaign"}, {"DELETE", "/campaigns"}, {"PUT", "/campaigns/" + local.SampleID},
			{"GET", "/campaigns/" + local.SampleID + "/pause"}, {"POST", "/campaigns/" + local.SampleID + "/start"},
			{"POST", "/healthz"}, {"GET", "/openapi.yaml"},
		} {
			if status, answer := w.Do(r.method, r.path, nil); status != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", r.method, r.path, status, answer)
			}
		}
		nothingHappened(t, w, before)
	})
}

func TestBadParametersAreNamed(t *testing.T) {
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		body := simulation.Tutorial(2, 1, 60)
		body["draft"] = true
		campaign := "/campaigns/" + w.Create(body).ID
		before := w.Writes()
		for path, want := range map[string]string{
			"/campaigns?limit=0": "query.limit", "/campaigns?limit=101": "query.limit", "/campaigns?limit=-1": "query.limit",
			"/campaigns?limit=ten": "query.limit", "/campaigns?limit=1.5": "query.limit", "/campaigns?limit": "query.limit",
			"/campaigns?limit=99999999999999999999": "query.limit", "/campaigns?after=x": "query.after",
			"/campaigns?after=" + strings.Repeat("0", 3000): "query.after", "/campaigns?after=x&limit=x": "query.after query.limit",
			"/campaigns?page=2": "query.page", "/campaigns?" + privateNumber + "=1": "query", "/campaigns?limit=%zz": "",
			campaign + "/batches?after=-1": "query.after", campaign + "/batches?limit=1001": "query.limit",
			campaign + "/batches?after=9223372036854775807":                           "query.after",
			campaign + "/messages?after=x&limit=0":                                    "query.after query.limit",
			campaign + "/messages?after=9223372036854775807&limit=1000":               "query.after",
			campaign + "?verbose=1":                                                   "query.verbose",
			campaign + "/messages?after=" + privateNumber + "&limit=" + privateNumber: "query.after query.limit",
		} {
			a := w.Ask(http.MethodGet, path, nil, w.Key()...)
			if a.Status != http.StatusUnprocessableEntity && (a.Status != http.StatusBadRequest || want != "") {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
				continue
			}
			if got := problemIn(t, a).places(); !slices.Equal(got, strings.Fields(want)) || bytes.Contains(a.Body, []byte(privateNumber)) {
				t.Errorf("%s: named %q, want %q: %s", path, got, want, a.Body)
			}
		}
		if wrote := w.Writes() - before; wrote > 0 {
			t.Errorf("%d writes", wrote)
		}
	})
}

func TestAnActionThatTheStatusDoesNotAllowIsAConflict(t *testing.T) {
	allowed := map[string]string{
		"draft": "launch cancel", "running": "pause cancel", "paused": "resume cancel", "completed": "", "cancelled": "",
	}
	simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
		for status, may := range allowed {
			id := campaignThatIs(w, status)
			before := w.Writes()
			for _, action := range []string{"launch", "pause", "resume", "cancel"} {
				if slices.Contains(strings.Fields(may), action) {
					continue
				}
				a := w.Ask(http.MethodPost, "/campaigns/"+id+"/"+action, nil, w.Key()...)
				if a.Status != http.StatusConflict {
					t.Errorf("%s a campaign that is %s: %d %s", action, status, a.Status, a.Body)
					continue
				}
				if p := problemIn(t, a); p.Detail != "cannot "+action+" a campaign that is "+status {
					t.Errorf("%s a campaign that is %s: %s", action, status, p.Detail)
				}
			}
			if now := w.Get(id).Status; now != status || w.Writes() > before {
				t.Errorf("%s became %s, with %d writes", status, now, w.Writes()-before)
			}
		}
	})
}

func campaignThatIs(w *simulation.World, status string) string {
	body := simulation.Tutorial(2, 1, 3600)
	body["draft"] = status == "draft"
	if status == "completed" {
		body["delay_period"] = 0
	}
	c := w.Create(body)
	switch status {
	case "paused":
		w.Act(c.ID, "pause")
	case "cancelled":
		w.Act(c.ID, "cancel")
	case "completed":
		w.Until(c.ID, "completed", time.Minute)
	}
	time.Sleep(61 * time.Second) // the first batch is done, the second an hour off, and no tick is at work
	return c.ID
}
