package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"sluice/internal/httpapi"
)

// bomb is so many bytes of nothing, packed.
func bomb(t testing.TB, size int64) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func inUTF16(text string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// Whatever is wrong with a file is said, with the rows where it is of rows, and nothing is stored or repeated.
func TestAHostileListIsRefusedWhole(t *testing.T) {
	const text, json = "text/csv", "application/json"
	file := "number,first_name\n447700900001,Zebra\n"
	for _, c := range []struct {
		name, kind, encoding, query, body string
		status                            int
		says                              string // part of the detail
	}{
		{"nothing", text, "", "", "", 400, "the request has no body"},
		{"a quote that is not closed", text, "", "", file + "447700900002,\"Zebra\n447700900003,b\n", 422, "begins with line 3"},
		{"a quote within a cell", text, "", "", file + "447700900002,Ze\"bra\"\n", 422, "line 3, column 16"},
		{"NUL", text, "", "", file + "447700900002,Ze\x00bra\n", 422, "NUL character in line 3"},
		{"UTF-16", text, "", "", inUTF16(file), 422, "UTF-8"},
		{"Latin-1", text, "", "", file + "447700900002,Z\xe9bra\n", 422, "UTF-8"},
		{"bytes that are no UTF-8 in JSON", json, "", "", `[{"number":"447700900001","vars":{"first_name":"Z` + "\xe9" + `bra"}}]`, 422, "UTF-8"},
		{"no column of numbers", text, "", "", "first_name,Zebra\nAda,Zebra\n", 422, "number"},
		{"two columns of numbers", text, "", "", "phone,mobile,first_name\n447700900001,447700900002,Zebra\n", 422, "number"},
		{"no column for a variable", text, "", "", "number,zebra\n447700900001,Zebra\n", 422, "first_name"},
		{"a column that is not there", text, "", "?columns=first_name:Zebra", file, 422, "columns"},
		{"a variable that is not there", text, "", "?columns=surname:first_name", file, 422, "columns"},
		{"columns without a colon", text, "", "?columns=zebra", file, 422, "columns"},
		{"columns of JSON", json, "", "?columns=first_name:zebra", `["447700900001"]`, 422, "columns"},
		{"a line of 10 MB", text, "gzip", "", packed(t, file+strings.Repeat("Zebra", 2<<20)+"\n"), 422, "a row of more than 262144 bytes"},
		{"JSON that ends early", json, "", "", `{"recipients":["447700900001"`, 422, "look at line 1, column 29"},
		{"JSON that is no list", json, "", "", `{"recipients":{"number":"447700900001"}}`, 422, "recipients"},
		{"another field", json, "", "", `{"recipients":["447700900001"],"zebra":"447700900002"}`, 422, ""},
		{"no JSON", json, "", "", file, 422, "look at line 1, column 3"},
		{"JSON twice", json, "", "", `["447700900001"]["447700900002"]`, 422, "look at line 1, column 17"},
		{"JSON of great depth", json, "", "", strings.Repeat("[", 100_000), 422, "cannot be read as JSON"},
		{"packed, and not said so", text, "", "", packed(t, file), 422, "say so with Content-Encoding: gzip"},
		{"not packed, and said so", text, "gzip", "", file, 422, "gzip"},
		{"packed and cut off", text, "gzip", "", packed(t, file+strings.Repeat("447700900002,Zebra\n", 50))[:60], 422, "gzip"},
		{"packed and damaged", text, "gzip", "", damaged(packed(t, file)), 422, "gzip"},
		{"a bomb", text, "gzip", "", bomb(t, 1<<26), 413, "20000000"},
		{"too many rows", text, "", "", file + strings.Repeat("1,Zebra\n", 100_000), 413, "100000"},
		{"too many rows of JSON", json, "", "", "[" + strings.Repeat(`"1",`, 100_000) + `"1"]`, 413, "100000"},
		{"too large", text, "", "", strings.Repeat("0", httpapi.MaxBody+1), 413, "body has 5000001 bytes, of which it may have 5000000"},
		{"too large, packed", text, "gzip", "", strings.Repeat("0", 4_700_001), 413, "body has 4700001 bytes, of which it may have 4700000 where it is packed"},
		{"a file that does not say what it is", "", "", "", file, 415, "must be CSV or JSON in UTF-8, and say so"},
		{"nothing, of no kind", "", "", "", "", 415, "must be CSV or JSON in UTF-8, and say so"},
		{"packed, of no kind", "", "gzip", "", packed(t, file), 415, "must be CSV or JSON in UTF-8, and say so"},
		{"plain text", "text/plain", "", "", file, 415, "must be CSV or JSON in UTF-8, and say so"},
		{"a form", "application/x-www-form-urlencoded", "", "", file, 415, "must be CSV or JSON in UTF-8, and say so"},
		{"a spreadsheet", "application/vnd.ms-excel", "", "", file, 415, "must be CSV or JSON in UTF-8, and say so"},
		{"another charset", "text/csv; charset=utf-16", "", "", inUTF16(file), 415, "must be CSV or JSON in UTF-8, and say so"},
		{"a kind that cannot be read", "text/csv;;", "", "", file, 415, "must be CSV or JSON in UTF-8, and say so"},
		{"brotli", text, "br", "", file, 415, "Content-Encoding: gzip"},
		{"packed twice", text, "gzip, gzip", "", packed(t, packed(t, file)), 415, "Content-Encoding: gzip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := newAPI(t)
			path := drafted(t, api, named)
			w := do(api, "PUT", path+"/recipients/1"+c.query, c.body, "Content-Type", c.kind, "Content-Encoding", c.encoding)
			p := problemIn(t, w)
			if p.Status != c.status || !strings.Contains(p.Detail, c.says) {
				t.Errorf("%d %s, want %d and %q", p.Status, p.Detail, c.status, c.says)
			}
			if c.status == 413 && !strings.Contains(p.Detail, "send it in parts") {
				t.Errorf("does not say what to do: %s", p.Detail)
			}
			if c.encoding == "br" && w.Header().Get("Accept-Encoding") != "gzip" {
				t.Errorf("headers %s", w.Header())
			}
			if said := w.Body.String(); strings.Contains(strings.ToLower(said), "zebra") || strings.Contains(said, "4477") {
				t.Errorf("the answer repeats what was sent: %s", said)
			}
			all := ask[partList](t, api, "GET", path+"/recipients", "")
			if state := ask[state](t, api, "GET", path, ""); len(all.Parts) > 0 || state.Recipients != 0 {
				t.Errorf("stored %+v", all)
			}
		})
	}
}

// damaged has another checksum.
func damaged(packed string) string {
	b := []byte(packed)
	b[len(b)-5] ^= 1
	return string(b)
}

// A file that is unreadable leaves what is there.
func TestAPartOutlivesWhatCannotReplaceIt(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	first := put(t, api, path+"/recipients/1", numbers(0, 10))
	problemIn(t, do(api, "PUT", path+"/recipients/1", "number\n\"", "Content-Type", "text/csv"))
	if all := ask[partList](t, api, "GET", path+"/recipients", ""); len(all.Parts) != 1 || all.Parts[0].Digest != first.Digest || all.Accepted != 10 {
		t.Errorf("%+v", all)
	}
}

// Of many refused rows the answer has the first hundred.
func TestAnUploadAnswersTheFirstRefusedRows(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	file := numbers(0, 1) + strings.Repeat("zebra\n", 1500)
	for range 2 { // the second time it is there already
		got := put(t, api, path+"/recipients/1", file)
		if got.Refused != 1500 || len(got.Refusals) != 100 || got.Refusals[0].Row != 3 || got.Refusals[99].Row != 102 || got.Refusals[0].Reason == "" {
			t.Errorf("%s, %d shown", got.counts(), len(got.Refusals))
		}
	}
}

// The answer tells the columns where the file was read, so that a misspelt header does not pass unseen.
func TestAnUploadAnswersTheColumns(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, strings.Replace(named, "{{first_name}}", "{{first_name|there}} in {{city|town}}", 1)) + "/recipients/1"
	columns := func(query, body string, headers ...string) map[string]string {
		t.Helper()
		return ask[struct{ Columns map[string]string }](t, api, "PUT", path+query, body, headers...).Columns
	}
	file := "Mobile;Vorname;City\n447700900001;Zebra;London\n"
	for _, c := range []struct {
		name, query string
		want        map[string]string
	}{
		{"read", "", map[string]string{"number": "Mobile", "first_name": "", "city": "City"}},
		{"there already", "", nil},
		{"read in another way", "?columns=first_name:Vorname", map[string]string{"number": "Mobile", "first_name": "Vorname", "city": "City"}},
	} {
		if got := columns(c.query, file, "Content-Type", "text/csv"); !maps.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if w := do(api, "PUT", path, `["447700900001"]`); w.Code != 200 || strings.Contains(w.Body.String(), "columns") {
		t.Errorf("JSON: %d %s", w.Code, w.Body)
	}
}

func TestTheLargestFileIsTaken(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	padding := strings.Repeat(" ", httpapi.MaxBody-len(`["447700000000"]`))
	if got := ask[uploaded](t, api, "PUT", path+"/recipients/1", `["447700000000"]`+padding); got.Accepted != 1 {
		t.Errorf("%s", got.counts())
	}
}

// Whatever is uploaded, it is stored whole or not at all, and an answer that is no success repeats nothing of it.
func FuzzUpload(f *testing.F) {
	for _, seed := range []string{
		"number,first_name\n447700900001,Ada\n", "\ufeffPhone;First Name\r\n\"447700900001\";\"A\"\"da\"\r\n", "447700900001\n", "number\n\"",
		"number\tfirst_name\n=cmd()\t\u202eadA\n", `["447700900001"]`, `{"recipients":[{"number":"447700900001","vars":{"first_name":"Ada"}},7,null]}`,
		"[", "{}", "null", "\x00", "\xff\xfe", "number,number,first_name\n1,2,3\n", inUTF16("number\n"), "number,first_name\n447700900001\n,,,,\n",
		string(bomb(f, 100)), "\r\r\n;,\t\n",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	api := newAPI(f)
	w := do(api, "POST", "/campaigns", named)
	_, id, _ := strings.Cut(w.Body.String(), `{"id":"`)
	path := "/campaigns/" + id[:26]
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		headers := []string{"Content-Type", "text/csv"}
		if isJSON {
			headers[1] = "application/json"
		}
		if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
			headers = append(headers, "Content-Encoding", "gzip")
		}
		before := do(api, "GET", path+"/recipients", "").Body.String()
		w := do(api, "PUT", path+"/recipients/1", string(body), headers...)
		after := do(api, "GET", path+"/recipients", "").Body.String()
		if w.Code == http.StatusOK {
			got := decoded[uploaded](t, w.Body.Bytes())
			all := decoded[partList](t, []byte(after))
			if got.Rows != got.Accepted+got.Refused+got.Duplicates || len(all.Parts) != 1 || all.Accepted != got.Accepted {
				t.Errorf("%q: %+v, then %s", body, got, after)
			}
			return
		}
		if w.Code < 400 || w.Code > 499 || !utf8.Valid(w.Body.Bytes()) || before != after {
			t.Fatalf("%q: %d %q; %s, then %s", body, w.Code, w.Body, before, after)
		}
		problemIn(t, w)
		for _, number := range longDigits.FindAllString(w.Body.String(), -1) {
			if strings.Contains(string(body), number) {
				t.Errorf("the answer repeats %s: %s", number, w.Body)
			}
		}
	})
}
