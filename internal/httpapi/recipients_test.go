package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// uploaded is what the API says of a part.
type uploaded struct {
	Part, Rows, Accepted, Refused, Duplicates int

	Digest   string
	StoredAt time.Time `json:"stored_at"`
	Refusals []struct {
		Row    int
		Reason string
	}
	RefusedHref string `json:"refused_href"`
}

// counts are the numbers, for comparisons.
func (u uploaded) counts() string {
	return fmt.Sprintf("part %d: %d rows, %d accepted, %d refused, %d duplicates", u.Part, u.Rows, u.Accepted, u.Refused, u.Duplicates)
}

// rows are those that were refused.
func (u uploaded) rows() string {
	var rows []string
	for _, r := range u.Refusals {
		rows = append(rows, fmt.Sprint(r.Row))
	}
	return strings.Join(rows, " ")
}

type partList struct {
	Parts             []uploaded
	Accepted, Refused int
}

type state struct {
	ID, Status                      string
	Recipients, Duplicates, Refused int
}

const (
	bare  = `{"sender":"447700900000","message_string":"Hello!","batch_size":3,"delay_period":3600,"draft":true}`
	named = `{"sender":"447700900000","message_string":"Hello, {{first_name}}!","batch_size":3,"delay_period":3600,"draft":true}`
)

// drafted makes a campaign of that body and returns its path.
func drafted(t *testing.T, api http.Handler, body string) string {
	t.Helper()
	w := do(api, "POST", "/campaigns", body)
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return "/campaigns/" + decoded[state](t, w.Body.Bytes()).ID
}

// ask makes a request that must be answered with 200.
func ask[T any](t *testing.T, api http.Handler, method, path, body string, headers ...string) T {
	t.Helper()
	w := do(api, method, path, body, headers...)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return decoded[T](t, w.Body.Bytes())
}

// put uploads CSV.
func put(t *testing.T, api http.Handler, path, body string) uploaded {
	t.Helper()
	return ask[uploaded](t, api, "PUT", path, body, "Content-Type", "text/csv")
}

func digestOf(body, media, columns, firstRow string) string {
	sum := sha256.Sum256([]byte(body + "\x00" + media + "\x00" + columns + "\x00" + firstRow))
	return hex.EncodeToString(sum[:])
}

func packed(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// numbers is a file of n numbers from the i-th.
func numbers(i, n int) string {
	var b strings.Builder
	b.WriteString("number\n")
	for ; n > 0; i, n = i+1, n-1 {
		fmt.Fprintf(&b, "4477%08d\n", i)
	}
	return b.String()
}

func TestPartsAreUploadedListedAndRemoved(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, named)
	csv := "Phone,First name,Town\r\n+44 7700 900001,Ada,London\r\n447700900002,Grace,\r\n447700900001,Ada again,\r\nzebra,Alan,\r\n447700900003,,\r\n"
	got := put(t, api, path+"/recipients/3", csv)
	if want := "part 3: 5 rows, 2 accepted, 2 refused, 1 duplicates"; got.counts() != want || got.rows() != "5 6" ||
		got.Digest != digestOf(csv, "text/csv", "", "") || got.RefusedHref != path+"/recipients/refused?part=3" || time.Since(got.StoredAt) > time.Minute {
		t.Errorf("%+v, want %s", got, want)
	}
	list := `{"recipients":["447700900004",{"number":"447700900005","vars":{"first_name":"Barbara"}}]}`
	got = ask[uploaded](t, api, "PUT", path+"/recipients/0", list)
	if want := "part 0: 2 rows, 1 accepted, 1 refused, 0 duplicates"; got.counts() != want || got.rows() != "1" ||
		got.Digest != digestOf(list, "application/json", "", "") {
		t.Errorf("%+v, want %s", got, want)
	}
	got = put(t, api, path+"/recipients/999", "number,first_name\n447700900001,Ada\n")
	if got.counts() != "part 999: 1 rows, 1 accepted, 0 refused, 0 duplicates" || got.RefusedHref != "" || got.Refusals == nil {
		t.Errorf("%+v", got)
	}
	all := ask[partList](t, api, "GET", path+"/recipients", "")
	if len(all.Parts) != 3 || all.Parts[0].Part != 0 || all.Parts[2].Part != 999 || all.Accepted != 4 || all.Refused != 3 ||
		all.Parts[1].counts() != "part 3: 5 rows, 2 accepted, 2 refused, 1 duplicates" {
		t.Errorf("%+v", all)
	}
	if c := ask[state](t, api, "GET", path, ""); c.Recipients != 4 || c.Refused != 3 || c.Duplicates != 1 {
		t.Errorf("the draft is %+v", c)
	}
	if w := do(api, "DELETE", path+"/recipients/0", ""); w.Code != 204 || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if p := problemIn(t, do(api, "DELETE", path+"/recipients/0", "")); p.Status != 404 || p.Detail != "there is no such part" {
		t.Errorf("%+v", p)
	}
	c := ask[state](t, api, "POST", path+"/launch", "")
	if c.Status != "running" || c.Recipients != 2 || c.Duplicates != 2 || c.Refused != 2 {
		t.Errorf("launched %+v", c)
	}
}

func TestWhatIsUploadedAgainIsThereAlready(t *testing.T) {
	b := newBack()
	api := newAPIWith(t, b)
	path := drafted(t, api, bare)
	file := numbers(0, 5) + "zebra\n447700000000\n"
	first := put(t, api, path+"/recipients/1?first_row=10", file)
	for _, again := range []struct{ what, body, encoding string }{
		{"the same", file, ""}, {"the same, packed", packed(t, file), "gzip"}, {"the same, packed with another name", packed(t, file), "X-GZIP"},
		{"the same, said not to be packed", file, "identity"},
	} {
		got := ask[uploaded](t, api, "PUT", path+"/recipients/1?first_row=10", again.body,
			"Content-Type", "Text/CSV; charset=UTF-8", "Content-Encoding", again.encoding)
		if got.counts() != first.counts() || got.Digest != first.Digest || got.rows() != "15" || got.rows() != first.rows() ||
			got.RefusedHref != first.RefusedHref || !got.StoredAt.Equal(first.StoredAt) {
			t.Errorf("%s: %+v, first %+v", again.what, got, first)
		}
	}
	if c := ask[state](t, api, "GET", path, ""); c.Recipients != 5 || c.Refused != 1 || c.Duplicates != 1 {
		t.Errorf("the draft is %+v", c)
	}
	// What is read in another way is another part.
	for query, row := range map[string]string{"": "7", "?first_row=1": "6", "?columns=number:number": "7"} {
		if got := put(t, api, path+"/recipients/1"+query, file); got.Digest == first.Digest || got.rows() != row {
			t.Errorf("%q: %+v", query, got)
		}
	}
}

func TestAPartIsReplaced(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	put(t, api, path+"/recipients/1", numbers(0, 2500)+"zebra\n")
	put(t, api, path+"/recipients/2", numbers(9000, 10))
	put(t, api, path+"/recipients/1", numbers(5000, 20)+"447700009000\n")
	all := ask[partList](t, api, "GET", path+"/recipients", "")
	if len(all.Parts) != 2 || all.Accepted != 31 || all.Refused != 0 {
		t.Errorf("%+v", all)
	}
	if c := ask[state](t, api, "POST", path+"/launch", ""); c.Recipients != 30 || c.Duplicates != 1 || c.Refused != 0 {
		t.Errorf("launched %+v", c)
	}
}

// What came with a draft is its part 0, and is replaced as any other.
func TestWhatCameWithADraftIsPartNought(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, strings.Replace(bare, `"draft"`, `"recipients":["447700900001","447700900002"],"draft"`, 1))
	if all := ask[partList](t, api, "GET", path+"/recipients", ""); len(all.Parts) != 1 || all.Parts[0].Part != 0 || all.Accepted != 2 {
		t.Errorf("%+v", all)
	}
	put(t, api, path+"/recipients/0", "447700900003\n")
	if c := ask[state](t, api, "POST", path+"/launch", ""); c.Recipients != 1 {
		t.Errorf("launched %+v", c)
	}
}

func TestPartsComeInAnyOrderAndAtTheSameTime(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			n := (i*7 + 5) % 12 // each once
			w := do(api, "PUT", fmt.Sprintf("%s/recipients/%d", path, n), numbers(n*90, 100), "Content-Type", "text/csv")
			if w.Code != http.StatusOK {
				t.Errorf("part %d: %d %s", n, w.Code, w.Body)
			}
		})
	}
	group.Wait()
	if all := ask[partList](t, api, "GET", path+"/recipients", ""); len(all.Parts) != 12 || all.Accepted != 1200 {
		t.Errorf("%d parts, %d accepted", len(all.Parts), all.Accepted)
	}
	if c := ask[state](t, api, "POST", path+"/launch", ""); c.Recipients != 1090 || c.Duplicates != 110 {
		t.Errorf("launched %+v", c)
	}
}

// The same part at the same time, in two contents: one of them is there in the end, whole.
func TestTheSamePartIsUploadedTwiceAtTheSameTime(t *testing.T) {
	api := newAPI(t)
	path := drafted(t, api, bare)
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			w := do(api, "PUT", path+"/recipients/1", numbers(i%2*5000, 1500+i%2), "Content-Type", "text/csv")
			if w.Code != http.StatusOK && w.Code != http.StatusConflict {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	all := ask[partList](t, api, "GET", path+"/recipients", "")
	c := ask[state](t, api, "POST", path+"/launch", "")
	if len(all.Parts) != 1 || all.Accepted != c.Recipients || c.Recipients != 1500 && c.Recipients != 1501 {
		t.Errorf("%+v, launched %+v", all, c)
	}
}

func TestAListIsForDraftsAndForPartsThatThereCanBe(t *testing.T) {
	api := newAPI(t)
	launched, cancelled := drafted(t, api, tutorial), drafted(t, api, bare)
	do(api, "POST", cancelled+"/cancel", "")
	path := drafted(t, api, bare)
	unknown := "/campaigns/" + unknownID
	file := numbers(0, 1)
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"PUT", launched + "/recipients/1", 409, "cannot change the recipients of a campaign that is running"},
		{"DELETE", launched + "/recipients/1", 409, "cannot change the recipients of a campaign that is running"},
		{"PUT", cancelled + "/recipients/1", 409, "cannot change the recipients of a campaign that is cancelled"},
		{"PUT", unknown + "/recipients/1", 404, "there is no such campaign"},
		{"DELETE", unknown + "/recipients/1", 404, "there is no such campaign"},
		{"GET", unknown + "/recipients", 404, "there is no such campaign"},
		{"GET", unknown + "/recipients/refused", 404, "there is no such campaign"},
		{"PUT", "/campaigns/x/recipients/1", 404, "there is no such campaign"},
		{"DELETE", path + "/recipients/1", 404, "there is no such part"},
		{"GET", path + "/recipients/refused?part=1", 404, "there is no such part"},
		{"PUT", path + "/recipients/1000", 422, "path.part must be at most 999"},
		{"PUT", path + "/recipients/-1", 422, "path.part must be at least 0"},
		{"PUT", path + "/recipients/one", 422, "path.part must be a whole number"},
		{"PUT", path + "/recipients/refused", 422, "path.part must be a whole number"},
		{"DELETE", path + "/recipients/99999999999999999999", 422, "path.part must be a whole number"},
		{"PUT", path + "/recipients/1?first_row=0", 422, "query.first_row must be at least 1"},
		{"PUT", path + "/recipients/1?first_row=x", 422, "query.first_row must be a whole number"},
		{"PUT", path + "/recipients/1?column=number:number", 422, "query.column is not a known parameter"},
		{"PUT", path + "/recipients/1?columns=" + strings.Repeat("x", 4001), 422, "query.columns must have at most 4000 characters"},
		{"GET", path + "/recipients/refused?part=1000", 422, "query.part must be at most 999"},
		{"GET", path + "/recipients/refused?part=x", 422, "query.part must be a whole number"},
		{"GET", path + "/recipients/refused?after=x", 422, "query.after must be the next of another page"},
		{"GET", path + "/recipients/refused?limit=1001", 422, "query.limit must be at most 1000"},
		{"GET", path + "/recipients/refused?limit=25001&format=csv", 422, "query.limit must be at most 25000"},
		{"GET", path + "/recipients/refused?format=xlsx", 422, "query.format must be one of json, csv"},
		{"GET", path + "/recipients/1", 405, "this path takes PUT and DELETE only"},
		{"POST", path + "/recipients", 405, "this path takes GET only"},
		{"POST", path + "/launch", 422, "recipients must not be empty"},
	} {
		p := problemIn(t, do(api, c.method, c.path, file, "Content-Type", "text/csv"))
		if p.Status != c.status || p.Detail != c.says {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, p.Status, p.Detail, c.status, c.says)
		}
	}
	if w := do(api, "PUT", path+"/recipients/1", file, "Authorization", ""); w.Code != 401 {
		t.Errorf("without a key: %d", w.Code)
	}
	if w := do(api, "GET", path, ""); decoded[state](t, w.Body.Bytes()).Recipients != 0 {
		t.Errorf("the draft is %s", w.Body)
	}
}

// The answers of each route, and what a client must know before it uploads.
func TestTheDocumentHasLists(t *testing.T) {
	d := document(t)
	for operation, status := range map[string]string{
		"put /campaigns/{id}/recipients/{part}": "200", "delete /campaigns/{id}/recipients/{part}": "204",
		"get /campaigns/{id}/recipients": "200", "get /campaigns/{id}/recipients/refused": "200",
	} {
		method, path, _ := strings.Cut(operation, " ")
		responses, _ := at(d, "paths", path, method, "responses").(object)
		if len(responses) != 2 || responses[status] == nil ||
			status == "200" && at(responses, status, "content", "application/json", "schema") == nil {
			t.Errorf("%s answers %v", operation, responses)
		}
	}
	if at(d, "paths", "/campaigns/{id}/recipients/refused", "get", "responses", "200", "content", "text/csv", "schema", "type") != "string" {
		t.Error("the refused rows cannot be had as a table")
	}
	put := at(d, "paths", "/campaigns/{id}/recipients/{part}", "put")
	content := at(put, "requestBody", "content")
	forms := asList(at(content, "application/json", "schema", "oneOf"))
	if at(content, "text/csv", "schema", "format") != nil || at(content, "text/csv", "example") == nil || len(forms) != 2 ||
		at(forms[0], "properties", "recipients", "maxItems") != float64(100_000) || at(forms[1], "type") != "array" {
		t.Errorf("a part is %v", content)
	}
	said, _ := at(put, "description").(string)
	for _, limit := range []string{"100000 rows", "5000000 bytes", "4700000", "20000000", "1000000 recipients", "it is safe to repeat", "below 5000000 bytes", "send it packed"} {
		if !strings.Contains(said, limit) {
			t.Errorf("does not say %s: %s", limit, said)
		}
	}
	for _, p := range asList(at(put, "parameters")) {
		if at(p, "name") == "part" && (at(p, "schema", "minimum") != 0.0 || at(p, "schema", "maximum") != 999.0) {
			t.Errorf("part is %v", p)
		}
	}
}
