package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sluice/internal/httpapi"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

// suppress stores opt-outs of one number, by scope.
func (b *back) suppress(n sms.Number, scopes ...optout.Scope) {
	marks := make(map[optout.Scope]optout.Mark)
	for _, scope := range scopes {
		marks[scope] = optout.Mark{Out: true, Since: nine, Cause: optout.ByText, Campaign: thisOne}
	}
	b.suppressions[n] = optout.Suppression{Number: n, Marks: marks, Version: 1}
}

func TestANumberIsSuppressedAndLifted(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	const path = "/suppressions/447700900001"
	for _, row := range []struct {
		method, path, body string
		status             int
		want               string // the scopes that are closed, or the fields of the problem
	}{
		{"GET", path, "", 404, ""},
		{"PUT", path, `{"sender":"+44 7700 900000"}`, 200, "447700900000"},
		{"GET", path, "", 200, "447700900000"},
		{"PUT", "/suppressions/+44%20(7700)%20900-001", "", 200, "* 447700900000"},
		{"PUT", path, "{}", 200, "* 447700900000"},
		{"GET", "/suppressions/%2B447700900001", "", 200, "* 447700900000"},
		{"DELETE", path + "?sender=447700900000", "", 200, "*"},
		{"DELETE", path + "?sender=", "", 422, "query.sender"},
		{"DELETE", path + "?sender=*", "", 422, "query.sender"},
		{"DELETE", path, "", 200, ""},
		{"DELETE", path, "", 200, ""},
		{"GET", path, "", 404, ""},
		{"PUT", path, `{"sender":"a name that is too long","from":1}`, 422, "from sender"},
		{"PUT", path, `{"sender":""}`, 422, "sender"},
		{"PUT", path, `{"sender":`, 400, "body"},
		{"PUT", "/suppressions/zebra", `{"sender":7}`, 422, "path.number sender"},
		{"GET", "/suppressions/07700900001", "", 422, "path.number"},
		{"DELETE", "/suppressions/447700900001234567", "", 422, "path.number"},
		{"POST", path, "", 405, ""},
	} {
		w := do(api, row.method, row.path, row.body)
		var got []string
		if w.Code == 200 {
			for _, s := range decoded[struct{ Scopes []struct{ Scope string } }](t, w.Body.Bytes()).Scopes {
				got = append(got, s.Scope)
			}
		} else {
			for _, e := range problemIn(t, w).Errors {
				got = append(got, e.Field)
			}
		}
		if w.Code != row.status || strings.Join(got, " ") != row.want {
			t.Errorf("%s %s %s: %d %q, want %d %q: %s", row.method, row.path, row.body, w.Code, got, row.status, row.want, w.Body)
		}
	}
	b.suppress("447700900002", "*")
	want := `{"number":"447700900002","scopes":[{"scope":"*","since":"2026-03-01T09:00:00Z","cause":"text","campaign":"` + thisOne + `"}]}`
	if w := do(api, "GET", "/suppressions/447700900002", ""); strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%s, want %s", w.Body, want)
	}
	b.fails = errStore
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if w := do(api, method, path, ""); w.Code != 500 || strings.Contains(w.Body.String(), "fire") {
			t.Errorf("%s with a store at fault: %d %s", method, w.Code, w.Body)
		}
	}
}

func TestSuppressionsAreListed(t *testing.T) {
	b := newBack()
	for i := range 5 {
		b.suppress(sms.Number(fmt.Sprint(447700900001+i)), "*")
	}
	api := newAPIWith(t, b)
	var got []string
	for path := "/suppressions?limit=2"; path != ""; {
		w := do(api, "GET", path, "")
		page := decoded[struct {
			Suppressions []struct{ Number string }
			Next         string
		}](t, w.Body.Bytes())
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || len(page.Suppressions) > 2 {
			t.Fatalf("%d %s %s", w.Code, w.Header(), w.Body)
		}
		for _, s := range page.Suppressions {
			got = append(got, s.Number[9:])
		}
		if path = linked(t, w.Header()); (path == "") != (page.Next == "") {
			t.Errorf("next is %q, and the link %q", page.Next, path)
		}
	}
	if want := []string{"001", "002", "003", "004", "005"}; !slices.Equal(got, want) {
		t.Errorf("listed %q", got)
	}
	for query, field := range map[string]string{
		"limit=1001": "query.limit", "format=csv&limit=25001": "query.limit", "limit=0": "query.limit", "format=xlsx": "query.format", "offset=1": "query.offset",
	} {
		p := problemIn(t, do(api, "GET", "/suppressions?"+query, ""))
		if p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != field || p.Errors[0].Reason == "is not valid" {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

// linked is the path of the next page.
func linked(t *testing.T, h http.Header) string {
	t.Helper()
	link := h.Get("Link")
	path, ok := strings.CutSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	if link != "" && !ok {
		t.Fatalf("Link is %q", link)
	}
	return path
}

func TestTheListIsATable(t *testing.T) {
	b := newBack()
	for i := range 2500 {
		b.suppress(sms.Number(fmt.Sprint(447700900000+i)), "*")
	}
	b.suppress("447700900001", "447700900000", "*")
	b.suppress("447700900002", `=cmd|' /C calc'!A0`)
	b.suppress("447700900003", `a,"b`)
	lifted := b.suppressions["447700900004"]
	lifted.Marks = map[optout.Scope]optout.Mark{"*": {Since: nine, Cause: optout.ByText}}
	b.suppressions["447700900004"] = lifted
	api := newAPIWith(t, b)
	var rows [][]string
	pages := 0
	for path := "/suppressions?format=csv&limit=1200"; path != ""; pages++ {
		w := do(api, "GET", path, "")
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
			t.Fatalf("%d %s", w.Code, w.Header())
		}
		page, err := csv.NewReader(w.Body).ReadAll()
		if err != nil || strings.Join(page[0], ",") != "number,scope,since,cause" {
			t.Fatalf("%v %q", err, page[0])
		}
		rows = append(rows, page[1:]...)
		path = linked(t, w.Header())
	}
	if len(rows) != 2500 || pages != 3 { // one has two scopes, one none
		t.Errorf("%d rows on %d pages", len(rows), pages)
	}
	for i, want := range []string{
		"447700900000,*,2026-03-01T09:00:00Z,text", "447700900001,*,2026-03-01T09:00:00Z,text",
		"447700900001,447700900000,2026-03-01T09:00:00Z,text", "447700900002,'=cmd|' /C calc'!A0,2026-03-01T09:00:00Z,text",
		`447700900003,a,"b,2026-03-01T09:00:00Z,text`, "447700900005,*,2026-03-01T09:00:00Z,text",
	} {
		if got := strings.Join(rows[i], ","); got != want {
			t.Errorf("row %d is %s, want %s", i+1, got, want)
		}
	}
	b.fails = errStore
	problemIn(t, do(api, "GET", "/suppressions?format=csv", ""))
}

// A table of as many numbers as one answer has fits into one, in which every end of a line takes two bytes.
func TestATableFitsIntoALambdaAnswer(t *testing.T) {
	b := newBack()
	for i := range 26_000 {
		b.suppress(sms.Number(fmt.Sprint(447700900000000+i)), "*", "447700900000", "447700900001", "447700900002")
	}
	w := do(newAPIWith(t, b), "GET", "/suppressions?format=csv", "")
	if size := w.Body.Len() + strings.Count(w.Body.String(), "\n"); w.Code != 200 || size < 4<<20 || size > 5_500_000 || linked(t, w.Header()) == "" {
		t.Errorf("%d, %d bytes, link %q", w.Code, size, w.Header().Get("Link"))
	}
}

const listCSV = "number\n447700900001\n"

func TestNumbersAreImported(t *testing.T) {
	for _, c := range []struct{ name, kind, body string }{
		{"JSON", "application/json", `{"numbers":["447700900001","+44 7700 900002","447700900001"]}`},
		{"one a line", "text/csv", "447700900001\n+44 7700 900002\n447700900001"},
		{"without a kind", "", `{"numbers":["447700900001","+44 7700 900002","447700900001"]}`},
		{"a header", "text/csv; charset=UTF-8", "Number\r\n447700900001\r\n+44 (7700) 900-002\r\n447700900001\r\n"},
		{"a byte order mark", "text/csv", "\ufeffnumber\n447700900001\n447700900002\n447700900001\n"},
		{"several columns", "text/csv; header=present", "name,number,since\n\"Doe, J\",447700900001,x\nJ,447700900002\nK,447700900001,,,\n"},
		{"semicolons", "text/csv", "name;number\n\"a;\nb\";447700900001\nb,c;\"447700900002\"\nb;447700900001"},
		{"tabs", "text/csv", "name\tnumber\n\t447700900001\nb\t 447700900002 \nb\t447700900001"},
		{"blank lines", "text/csv", "\n\n447700900001,,\n,,\n \n447700900002\n\n447700900001\n\n"},
		{"what the list itself writes", "text/csv", "number,scope,since,cause\n447700900001,*,2026-03-01T09:00:00Z,text\n" +
			"447700900001,1,2026-03-01T09:00:00Z,text\n447700900002,*,,\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBack()
			w := do(newAPIWith(t, b), "POST", "/suppressions", c.body, "Content-Type", c.kind)
			if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != `{"imported":2,"duplicates":1}` {
				t.Fatalf("%d %s", w.Code, got)
			}
			stored := slices.Sorted(maps.Keys(b.suppressions))
			if !slices.Equal(stored, []sms.Number{"447700900001", "447700900002"}) {
				t.Errorf("stored %d others", len(stored))
			}
			for _, s := range b.suppressions {
				if m := s.Marks[optout.Everyone]; !m.Out || m.Cause != optout.ByOperator || time.Since(m.Since) > time.Minute {
					t.Errorf("stored %+v", m)
				}
			}
		})
	}
}

func TestAListWithABadRowIsRefusedWhole(t *testing.T) {
	noNumber := "is not a phone number in international form: 7 to 15 digits, with or without a leading +"
	for _, c := range []struct {
		name, kind, body string
		status           int
		says             string // the detail, or the rows
	}{
		{"rows of a table", "text/csv", "number,name\n447700900001,a\nzebra,b\n\n,c\n447700900002\n07700,d\n", 422, "3 5 7"},
		{"lines", "text/csv", "Phone\n447700900001\n4.477E+11\n", 422, "1 3"},
		{"rows of JSON", "application/json", `{"numbers":["447700900001","",7,"zebra"]}`, 422, "2 3 4"},
		{"one row", "text/csv", "447700900001\nzebra", 422, "numbers, row 2, " + noNumber},
		{"a number behind quotes over two lines", "text/csv", "name,number\n\"a\nb\",447700900001\nc,zebra\n", 422, "numbers, row 4, " + noNumber},
		{"no column of numbers", "text/csv", "phone,name\n447700900001,a\n", 400, "body has more than one column, and no first line that names one of them number"},
		{"a second column in a list", "text/csv", "447700900001\n447700900001,447700900002\n", 400, "body has more than one column, and no first line that names one of them number"},
		{"a quote that is not closed", "text/csv", "number\n447700900001\n\"447", 400, "body cannot be read as CSV: look at line 3, column 5"},
		{"bytes that are no UTF-8", "text/csv", "number\n\xff\xfe", 400, "body is not UTF-8 throughout"},
		{"nothing", "text/csv", "", 400, "the request has no body"},
		{"a header alone", "text/csv", "number\n", 422, "numbers must not be empty"},
		{"no numbers", "application/json", `{"numbers":[]}`, 422, "numbers must not be empty"},
		{"null", "application/json", `{"numbers":null}`, 422, "numbers must be a list"},
		{"another field", "application/json", `{"numbers":["447700900001"],"sender":"a"}`, 422, "sender is not a known field"},
		{"CSV called JSON", "application/json", listCSV, 400, "body cannot be read as JSON: look at line 1, column 3"},
		{"a form", "application/x-www-form-urlencoded", listCSV, 415, "the body must be CSV or JSON in UTF-8, and say so: " +
			"send the header Content-Type: text/csv (curl -H 'Content-Type: text/csv' --data-binary @file) or application/json"},
		{"Latin-1", "text/csv; charset=iso-8859-1", listCSV, 415, "the body must be CSV or JSON in UTF-8, and say so: " +
			"send the header Content-Type: text/csv (curl -H 'Content-Type: text/csv' --data-binary @file) or application/json"},
		{"too many", "text/csv", strings.Repeat("447700900001\n", 20_001), 422, "numbers must have at most 20000 rows: send a longer list in parts"},
		{"too much", "text/csv", strings.Repeat(" ", httpapi.MaxBody+1), 413, "the body has more than 5000000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBack()
			w := do(newAPIWith(t, b), "POST", "/suppressions", c.body, "Content-Type", c.kind)
			p := problemIn(t, w)
			var rows []string
			for _, e := range p.Errors {
				rows = append(rows, fmt.Sprint(e.Row))
			}
			if w.Code != c.status || p.Detail != c.says && strings.Join(rows, " ") != c.says {
				t.Errorf("%d %q, rows %q", w.Code, p.Detail, rows)
			}
			if len(b.suppressions) > 0 || strings.Contains(w.Body.String(), "zebra") || strings.Contains(w.Body.String(), "4477") {
				t.Errorf("%d stored; answered %s", len(b.suppressions), w.Body)
			}
		})
	}
}

func TestALargeListIsImported(t *testing.T) {
	var body strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&body, "%d\n", 447700000000+i)
	}
	b := newBack()
	w := do(newAPIWith(t, b), "POST", "/suppressions", body.String(), "Content-Type", "text/csv")
	if w.Code != 200 || len(b.suppressions) != 20_000 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	bad := problemIn(t, do(newAPIWith(t, b), "POST", "/suppressions", strings.Repeat("x\n", 19_999), "Content-Type", "text/csv"))
	if len(bad.Errors) != 1000 || !strings.HasPrefix(bad.Detail, "19999 things are wrong") {
		t.Errorf("%d bad rows: %s", len(bad.Errors), bad.Detail)
	}
}

// Whatever is posted as a table, all of its rows are taken or none, and none is repeated in the answer.
func FuzzImportCSV(f *testing.F) {
	for _, seed := range []string{
		listCSV, "447700900001", "\ufeffnumber;name\r\n447700900001;\"a\"\"b\"\r\n", "a\tnumber\n\t1", "\"number\"\n\"447700900001", ",\n;\n\t\n",
		"number,number\n1,447700900001", "a,b\n", "\r\r\n", "\x00,number\n\x00", "number\n\xff", "'447700900001\n=1+1",
	} {
		f.Add([]byte(seed))
	}
	b := newBack()
	api := newAPIWith(f, b)
	f.Fuzz(func(t *testing.T, body []byte) {
		clear(b.suppressions)
		w := do(api, http.MethodPost, "/suppressions", string(body), "Content-Type", "text/csv")
		if w.Code == http.StatusOK {
			got := decoded[struct{ Imported, Duplicates int }](t, w.Body.Bytes())
			if got.Imported == 0 || got.Imported != len(b.suppressions) || got.Imported+got.Duplicates > strings.Count(string(body), "\n")+1 {
				t.Errorf("%q: %+v, stored %d", body, got, len(b.suppressions))
			}
			return
		}
		if w.Code < 400 || w.Code > 499 || !utf8.Valid(w.Body.Bytes()) || len(b.suppressions) > 0 {
			t.Fatalf("%q: %d %q, stored %d", body, w.Code, w.Body, len(b.suppressions))
		}
		problemIn(t, w)
		for _, number := range longDigits.FindAllString(w.Body.String(), -1) {
			if strings.Contains(string(body), number) {
				t.Errorf("the answer repeats %s: %s", number, w.Body)
			}
		}
	})
}
