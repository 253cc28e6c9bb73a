package vonage_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"sluice/internal/vonage"
)

const formType = "application/x-www-form-urlencoded"

// What cannot be read, or can be read in two ways, is refused before anything is verified, and where nothing is.
func TestWebhooksThatCannotBeReadAreRefused(t *testing.T) {
	query := func(method, query, body string) *http.Request {
		r := httptest.NewRequest(method, "/webhooks", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", formType)
		return r
	}
	deep := strings.Repeat("[", 20_000)
	for _, c := range []struct {
		name string
		r    *http.Request
	}{
		{"a GET without a query", get("")},
		{"a GET with a body", query(http.MethodGet, "", receiptQuery)},
		{"a GET with both", query(http.MethodGet, receiptQuery, receiptQuery)},
		{"a POST with both", query(http.MethodPost, receiptQuery, receiptQuery)},
		{"a POST with a token in its query", query(http.MethodPost, "token=x", receiptQuery)},
		{"a POST with a query alone", query(http.MethodPost, receiptQuery, "")},
		{"a POST of nothing", post(formType, "")},
		{"a POST of no JSON", post("application/json", "")},
		{"a POST of nothing at all", post("", "")},
		{"a PUT", query(http.MethodPut, "", receiptQuery)},
		{"a DELETE with a query", query(http.MethodDelete, receiptQuery, "")},
		{"a form without a content type", post("", receiptQuery)},
		{"a page", post("text/html", "<html>")},
		{"several parts", post("multipart/form-data; boundary=x", "--x--")},
		{"a content type that is none", post("json", receiptJSON)},

		{"a parameter twice", get(receiptQuery + "&status=failed")},
		{"a parameter twice, differently encoded", get(receiptQuery + "&%73tatus=delivered")},
		{"a parameter twice, in a form", post(formType, receiptQuery+"&msisdn=14845552121")},
		{"a parameter twice, in JSON", post("application/json", `{"status":"failed",`+receiptJSON[1:])},
		{"a parameter twice, differently escaped", post("application/json", `{"\u0073tatus":"failed",`+receiptJSON[1:])},

		{"half an escape", get(receiptQuery + "&x=%4")},
		{"no escape", get(receiptQuery + "&x=%zz14845552121")},
		{"semicolons", get(strings.ReplaceAll(receiptQuery, "&", ";"))},
		{"a NUL", get(receiptQuery + "&x=%00")},
		{"a NUL in a name", get(receiptQuery + "&%00=x")},
		{"a NUL in JSON", post("application/json", `{"x":"\u0000",`+receiptJSON[1:])},
		{"a NUL in a name in JSON", post("application/json", `{"\u0000":"x",`+receiptJSON[1:])},
		{"no UTF-8", get(receiptQuery + "&x=%ff")},
		{"no UTF-8 in a form", post(formType, receiptQuery+"&x=\xff")},
		{"no UTF-8 in JSON", post("application/json", "{\"x\":\"\xff\","+receiptJSON[1:])},
		{"half of a letter", get(receiptQuery + "&x=%c3")},

		{"JSON that is cut off", post("application/json", receiptJSON[:len(receiptJSON)-1])},
		{"JSON that is cut off within a text", post("application/json", receiptJSON[:40])},
		{"JSON and more", post("application/json", receiptJSON+"{}")},
		{"a list", post("application/json", "["+receiptJSON+"]")},
		{"a text", post("application/json", `"14845552121"`)},
		{"null", post("application/json", "null")},
		{"an empty object", post("application/json", "{}")},
		{"an object in it", post("application/json", `{"x":{"y":"z"},`+receiptJSON[1:])},
		{"a list in it", post("application/json", `{"x":[],`+receiptJSON[1:])},
		{"a deep list in it", post("application/json", `{"x":`+deep)},
		{"a deep list", post("application/json", deep)},
		{"a name that is none", post("application/json", `{1:2}`)},
		{"a comma too many", post("application/json", receiptJSON[:len(receiptJSON)-1]+",}")},
		{"a number that is none", post("application/json", `{"x":01,`+receiptJSON[1:])},
		{"a byte order mark", post("application/json", "\ufeff"+receiptJSON)},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := again(t, c.r)
			refused(t, hooks(), request(), vonage.ErrUnreadable)
			refused(t, unsignedHooks(), request(), vonage.ErrUnreadable)
		})
	}
}

func TestWebhooksThatAreTooLargeAreRefused(t *testing.T) {
	fill := func(before, after string, more int) string {
		return before + strings.Repeat("a", vonage.MaxWebhookSize-len(before)-len(after)+more) + after
	}
	for name, request := range map[string]func(more int) *http.Request{
		"a query": func(more int) *http.Request { return get(fill(receiptQuery+"&x=", "", more)) },
		"a form":  func(more int) *http.Request { return post(formType, fill(receiptQuery+"&x=", "", more)) },
		"JSON": func(more int) *http.Request {
			return post("application/json", fill(`{"x":"`, `",`+receiptJSON[1:], more))
		},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, unsignedHooks(), request(1), vonage.ErrTooLarge)
			refused(t, hooks(), request(1000), vonage.ErrTooLarge)
			if _, err := unsignedHooks().Receipt(request(0)); err != nil {
				t.Errorf("the largest: %v", err)
			}
		})
	}
}

func TestWebhooksWhoseBodyIsCutOffAreRefused(t *testing.T) {
	r := post("application/json", "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(receiptJSON), iotest.ErrReader(errors.New("reset by 14845552121"))))
	_, err := unsignedHooks().Receipt(r)
	checkRefusal(t, "Receipt", err, vonage.ErrUnreadable)
}

func TestRequestsWithoutABodyAtAllAreRead(t *testing.T) {
	r := get(receiptQuery)
	r.Body = nil
	if got, err := unsignedHooks().Receipt(r); err != nil || got != receiptOf() {
		t.Errorf("got %v (%v)", got, err)
	}
}
