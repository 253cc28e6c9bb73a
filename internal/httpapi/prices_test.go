package httpapi_test

import (
	"strings"
	"testing"
)

func TestPrices(t *testing.T) {
	api := newAPI(t)
	const table = `{"currency":"EUR","prices":{"336":"0.0650","44":"0.0400","447700900001":"0.04125"}}`
	for _, row := range []struct {
		method, body string
		status       int
		want         string // the answer, or the fields of the problem
	}{
		{"GET", "", 404, ""},
		{"DELETE", "", 204, ""},
		{"PUT", `{"currency":"EUR","prices":{"44":"0.04","336":"0.06500000","447700900001":"0.04125"}}`, 200, table},
		{"GET", "", 200, table},
		{"PUT", `{"currency":"eur","prices":{"44":"1,5","045":"1","+46":"1","47":"1001"}}`, 422, "currency prices.+46 prices.045 prices.44 prices.47"},
		{"PUT", `{"currency":"EUR","prices":{"447700900001":"x"}}`, 422, "prices.447700…"},
		{"PUT", `{"currency":"EUR","prices":{"Ada":"1"}}`, 422, "prices"},
		{"PUT", `{"currency":"EUR","prices":{}}`, 422, "prices"},
		{"PUT", `{"currency":"EUR","prices":null}`, 422, "prices"},
		{"PUT", `{"currency":"EUR","prices":{"44":0.04}}`, 422, "prices.44"},
		{"PUT", `{"x":1}`, 422, "currency prices x"},
		{"PUT", ``, 400, ""},
		{"POST", `{}`, 405, ""},
		{"GET", "", 200, table}, // what was refused has changed nothing
		{"PUT", `{"currency":"GBP","prices":{"1":"0"}}`, 200, `{"currency":"GBP","prices":{"1":"0.0000"}}`},
		{"DELETE", "", 204, ""},
		{"GET", "", 404, ""},
	} {
		w := do(api, row.method, "/prices", row.body)
		if w.Code != row.status {
			t.Errorf("%s %s: %d %s", row.method, row.body, w.Code, w.Body)
			continue
		}
		if w.Code < 300 {
			if got := strings.TrimSpace(w.Body.String()); got != row.want {
				t.Errorf("%s %s: %s, want %s", row.method, row.body, got, row.want)
			}
			continue
		}
		var fields []string
		for _, e := range problemIn(t, w).Errors {
			fields = append(fields, e.Field)
		}
		if got := strings.Join(fields, " "); got != row.want {
			t.Errorf("%s %s: wrong are %q, want %q: %s", row.method, row.body, got, row.want, w.Body)
		}
		if strings.Contains(w.Body.String(), "447700900001") {
			t.Errorf("the answer names what may be a person's number: %s", w.Body)
		}
	}
	if allow := do(api, "POST", "/prices", "{}").Header().Get("Allow"); allow != "GET, PUT, DELETE" {
		t.Errorf("it allows %q", allow)
	}
}
