package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRepace(t *testing.T) {
	api := newAPI(t)
	body := strings.Replace(tutorial, `"batch_size":3`, `"batch_size":1,"draft":true`, 1)
	var c struct {
		ID          string
		BatchSize   int `json:"batch_size"`
		DelayPeriod int `json:"delay_period"`
	}
	read := func(body []byte) {
		t.Helper()
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
	}
	read(do(api, "POST", "/campaigns", body).Body.Bytes())
	path := "/campaigns/" + c.ID
	for _, row := range []struct {
		body         string
		status       int
		size, delay  int
		fields, says string
	}{
		{`{"batch_size":2}`, 200, 2, 3600, "", ""},
		{`{"delay_period":0}`, 200, 2, 0, "", ""},
		{`{"batch_size":7,"delay_period":60}`, 200, 7, 60, "", ""},
		{`{"batch_size":0,"delay_period":-1}`, 422, 7, 60, "batch_size delay_period", ""},
		{`{"batch_size":1.5,"delay_period":"soon","sender":"x"}`, 422, 7, 60, "batch_size delay_period sender", ""},
		{`{"delay_period":2592001}`, 422, 7, 60, "delay_period", ""},
		{`{}`, 422, 7, 60, "body", "must have a field"},
		{``, 400, 7, 60, "", "the request has no body"},
	} {
		w := do(api, "PATCH", path, row.body)
		if w.Code != row.status {
			t.Errorf("%s: %d %s", row.body, w.Code, w.Body)
			continue
		}
		if w.Code != 200 {
			p := problemIn(t, w)
			var fields []string
			for _, e := range p.Errors {
				fields = append(fields, e.Field)
			}
			if got := strings.Join(fields, " "); got != row.fields || !strings.Contains(w.Body.String(), row.says) {
				t.Errorf("%s: %s", row.body, w.Body)
			}
		}
		read(do(api, "GET", path, "").Body.Bytes())
		if c.BatchSize != row.size || c.DelayPeriod != row.delay {
			t.Errorf("%s left %+v", row.body, c)
		}
	}
	problemIn(t, do(api, "PATCH", "/campaigns/"+unknownID, `{"batch_size":2}`))
	do(api, "POST", path+"/cancel", "")
	if w := do(api, "PATCH", path, `{"batch_size":2}`); w.Code != 409 {
		t.Errorf("a cancelled campaign: %d %s", w.Code, w.Body)
	}
}

func TestRetryAsksForANumberThatWasSentTo(t *testing.T) {
	api := newAPI(t)
	var c struct{ ID string }
	if err := json.Unmarshal(do(api, "POST", "/campaigns", tutorial).Body.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{
		c.ID + "/messages/447700900001/retry":      404, // nothing was sent yet
		c.ID + "/messages/447700900009/retry":      404,
		c.ID + "/messages/zebra/retry":             422,
		unknownID + "/messages/447700900001/retry": 404,
	} {
		w := do(api, "POST", "/campaigns/"+path, "")
		if p := problemIn(t, w); w.Code != status || status == 422 && p.Errors[0].Field != "path.number" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
