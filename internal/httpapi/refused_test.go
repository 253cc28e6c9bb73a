package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

type refusedRow struct {
	Part, Row      int
	Number, Reason string
}

// refusedRows are those of an answer, in either format.
func refusedRows(t *testing.T, h http.Header, body *bytes.Buffer) []refusedRow {
	t.Helper()
	if h.Get("Content-Type") == "application/json" {
		page := decoded[struct {
			Refused []refusedRow
			Next    string
		}](t, body.Bytes())
		if (page.Next == "") != (linked(t, h) == "") || page.Refused == nil {
			t.Errorf("next is %q, and the link %q", page.Next, linked(t, h))
		}
		return page.Refused
	}
	var rows []refusedRow
	for _, cells := range readTable(t, body)[1:] {
		row := refusedRow{Number: cells[2], Reason: cells[3]}
		row.Part, _ = strconv.Atoi(cells[0])
		row.Row, _ = strconv.Atoi(cells[1])
		rows = append(rows, row)
	}
	return rows
}

func readTable(t *testing.T, body *bytes.Buffer) [][]string {
	t.Helper()
	rows, err := csv.NewReader(body).ReadAll()
	if err != nil || strings.Join(rows[0], ",") != "part,row,number,reason" {
		t.Fatalf("%v %q", err, rows)
	}
	return rows
}

// A reader of the refused rows may not be a program: cells that a spreadsheet would run are text.
func TestRefusedRowsAreATable(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, named)
	put(t, api, path+"/recipients/2", "number,first_name\n=cmd|' /C calc'!A0,a\n+1 23,b\n-1,c\n@SUM(1),d\n\"a,\"\"b\",e\n\"\t=1+1\",f\n"+
		"447700900001,\n1\u202e2,g\n"+strings.Repeat("7", 60)+",h\n")
	put(t, api, path+"/recipients/4", "number,first_name\n447700900002,Ada\n")
	put(t, api, path+"/recipients/7?first_row=900", "number,first_name\nzebra,Ada\n")
	w := do(api, "GET", path+"/recipients/refused?format=csv", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" || linked(t, w.Header()) != "" {
		t.Fatalf("%d %s", w.Code, w.Header())
	}
	rows := readTable(t, w.Body)
	for i, want := range []string{
		"part|row|number", "2|2|'=cmd|' /C calc'!A0", "2|3|'+1 23", "2|4|'-1", "2|5|'@SUM(1)", `2|6|a,"b`, "2|7|", "2|8|447700900001",
		"2|9|1\ufffd2", "2|10|" + strings.Repeat("7", 40) + "…", "7|900|zebra",
	} {
		got := strings.Join(rows[i][:3], "|")
		if !strings.HasPrefix(got, want) || rows[i][3] == "" {
			t.Errorf("row %d is %q %q, want %s", i, got, rows[i][3], want)
		}
		if cell := rows[i][2]; strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
			t.Errorf("row %d begins with %q", i, cell[:1])
		}
	}
	if len(rows) != 11 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestRefusedRowsAreRead(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	for part, n := range map[int]int{0: 3, 5: 2100, 6: 0, 900: 40} {
		put(t, api, fmt.Sprintf("%s/recipients/%d", path, part), numbers(part*100, 2)+strings.Repeat("zebra\n", n))
	}
	for _, c := range []struct {
		query       string
		rows, pages int
	}{
		{"limit=1000", 2143, 3}, {"limit=999", 2143, 3}, {"limit=1", 20, 20}, {"", 2143, 22}, {"part=5&limit=1000", 2100, 3}, {"part=5&limit=700", 2100, 3},
		{"part=6", 0, 1}, {"part=0&limit=3", 3, 1}, {"format=csv", 2143, 1}, {"format=csv&limit=2000", 2143, 2}, {"part=900&format=csv", 40, 1},
		{"after=5-2090&limit=20", 50, 3}, {"after=900-40", 0, 1}, {"after=5-999999", 40, 1}, {"part=5&after=900-0", 0, 1}, {"after=999-0", 0, 1},
	} {
		seen := make(map[string]bool)
		last, pages := "", 0
		for next := path + "/recipients/refused?" + c.query; next != "" && pages < c.pages+1 && len(seen) < c.rows+1; pages++ {
			w := do(api, "GET", next, "")
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", next, w.Code, w.Body)
			}
			for _, row := range refusedRows(t, w.Header(), w.Body) {
				at := fmt.Sprintf("%03d %06d", row.Part, row.Row)
				if seen[at] || at <= last || row.Number != "zebra" || row.Reason == "" {
					t.Errorf("%s: %+v after %s", c.query, row, last)
				}
				seen[at], last = true, at
			}
			if next = linked(t, w.Header()); c.query == "limit=1" && pages == 19 {
				next = ""
			}
		}
		if len(seen) != c.rows || pages != c.pages {
			t.Errorf("%s: %d rows on %d pages, want %d on %d", c.query, len(seen), pages, c.rows, c.pages)
		}
	}
	if c := ask[state](t, api, "POST", path+"/launch", ""); c.Refused != 2143 {
		t.Errorf("launched %+v", c)
	}
	w := do(api, "GET", path+"/recipients/refused?part=900", "")
	if rows := refusedRows(t, w.Header(), w.Body); len(rows) != 40 { // also of a list that is sealed
		t.Errorf("%d rows after the launch", len(rows))
	}
}

// A table of refused rows fits into one answer, in which every end of a line takes two bytes, and the next one goes on there.
func TestATableOfRefusedRowsFitsIntoALambdaAnswer(t *testing.T) {
	const n = 24_000
	api := newAPI(t)
	path := drafted(t, api, bare)
	put(t, api, path+"/recipients/1", "number\n"+strings.Repeat(strings.Repeat("🦓", 40)+"\n", n))
	w := do(api, "GET", path+"/recipients/refused?format=csv", "")
	if size := w.Body.Len() + strings.Count(w.Body.String(), "\n"); w.Code != 200 || size < 4<<20 || size > 4_500_000 {
		t.Errorf("%d, %d bytes", w.Code, size)
	}
	next := linked(t, w.Header())
	first := refusedRows(t, w.Header(), w.Body)
	w = do(api, "GET", next, "")
	rest := refusedRows(t, w.Header(), w.Body)
	if len(first)+len(rest) != n || rest[0].Row != first[len(first)-1].Row+1 || linked(t, w.Header()) != "" {
		t.Errorf("%d rows, then %d", len(first), len(rest))
	}
}
