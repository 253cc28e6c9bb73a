package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPace(t *testing.T) {
	api := newAPI(t)
	for _, row := range []struct {
		method, key, body string
		status            int
		want              string // the answer, or the fields of the problem
	}{
		{"GET", "account", "", 200, `{"key":"account","unit":"requests","per_second":30,"headroom":4,"is_set":false,"rate":28.8}`},
		{"PUT", "account", `{"per_second":60}`, 200, `{"key":"account","unit":"requests","per_second":60,"headroom":4,"is_set":true,"rate":57.6}`},
		{"PUT", "account", `{"per_second":50,"headroom":0}`, 200, `{"key":"account","unit":"requests","per_second":50,"headroom":0,"is_set":true,"rate":50}`},
		{"PUT", "account", `{"per_second":40}`, 200, `{"key":"account","unit":"requests","per_second":40,"headroom":0,"is_set":true,"rate":40}`},
		{"GET", "account", "", 200, `{"key":"account","unit":"requests","per_second":40,"headroom":0,"is_set":true,"rate":40}`},
		{"DELETE", "account", "", 200, `{"key":"account","unit":"requests","per_second":30,"headroom":4,"is_set":false,"rate":28.8}`},
		{"GET", "sender:447700900000", "", 200, `{"key":"sender:447700900000","unit":"segments","headroom":0,"is_set":false}`},
		{"PUT", "sender:447700900000", `{"per_second":3}`, 200, `{"key":"sender:447700900000","unit":"segments","per_second":3,"headroom":4,"is_set":true,"rate":2.88}`},
		{"GET", "sender:+44%207700%20900000", "", 200, `{"key":"sender:447700900000","unit":"segments","per_second":3,"headroom":4,"is_set":true,"rate":2.88}`},
		{"DELETE", "sender:447700900000", "", 200, `{"key":"sender:447700900000","unit":"segments","headroom":0,"is_set":false}`},
		{"GET", "accounts", "", 422, "path.key"},
		{"GET", "sender:", "", 422, "path.key"},
		{"PUT", "campaign:1", `{"per_second":0.01,"headroom":51,"x":1}`, 422, "headroom path.key per_second x"},
		{"PUT", "account", `{"per_second":"fast"}`, 422, "per_second"},
		{"PUT", "account", `{"per_second":10001}`, 422, "per_second"},
		{"PUT", "account", `{}`, 422, "per_second"},
		{"PUT", "account", ``, 400, ""},
		{"POST", "account", `{}`, 405, ""},
	} {
		w := do(api, row.method, "/pace/"+row.key, row.body)
		if w.Code != row.status {
			t.Errorf("%s %s %s: %d %s", row.method, row.key, row.body, w.Code, w.Body)
			continue
		}
		if w.Code == 200 {
			if got := withoutTimes(t, w.Body.Bytes()); got != row.want {
				t.Errorf("%s %s %s: %s, want %s", row.method, row.key, row.body, got, row.want)
			}
			continue
		}
		var fields []string
		for _, e := range problemIn(t, w).Errors {
			fields = append(fields, e.Field)
		}
		if got := strings.Join(fields, " "); got != row.want {
			t.Errorf("%s %s %s: wrong are %q, want %q: %s", row.method, row.key, row.body, got, row.want, w.Body)
		}
	}
	if allow := do(api, "POST", "/pace/account", "{}").Header().Get("Allow"); allow != "GET, PUT, DELETE" {
		t.Errorf("it allows %q", allow)
	}
}

// withoutTimes is an answer less its instants.
func withoutTimes(t *testing.T, body []byte) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, name := range []string{"key", "unit", "per_second", "headroom", "is_set", "rate"} {
		if v, ok := fields[name]; ok {
			out += "," + `"` + name + `":` + string(v)
		}
	}
	return "{" + strings.TrimPrefix(out, ",") + "}"
}
