package parts_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/cmd/upload/parts"
	"sluice/internal/inprocess"
)

const (
	api = "http://api.local"
	key = "the-key"
)

// server has one campaign, and behaves as the API does with its list.
type server struct {
	mu     sync.Mutex
	status string
	parts  map[int]content
	puts   int
	// before is asked about each request before it takes effect, after when it has; nil for nothing. A status that is not
	// 0 is the answer, -1 cuts the connection.
	before, after func(r *http.Request, n int) int
	requests      int
	underWay      int
	most          int // of PUTs under way at the same moment
	takes         time.Duration
}

// content is a part. Rows are its records, each with the line of the file that it begins on.
type content struct {
	digest            string
	columns, firstRow string
	rows              []string
	refused           int
	packed            bool
}

func newServer() *server { return &server{status: "draft", parts: map[int]content{}} }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.begin(r)
	defer s.end()
	if s.before != nil && s.fail(w, s.before(r, n)) {
		return
	}
	time.Sleep(s.takes)
	status, answer := s.answer(r)
	if s.after != nil && s.fail(w, s.after(r, n)) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) begin(r *http.Request) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.underWay++; r.Method == http.MethodPut {
		s.most = max(s.most, s.underWay)
	}
	return s.requests
}

func (s *server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay--
}

func (s *server) fail(w http.ResponseWriter, status int) bool {
	switch status {
	case 0:
		return false
	case -1:
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	return true
}

func problem(status int, detail string, reasons ...string) (int, any) {
	var list []map[string]any
	for i, reason := range reasons {
		list = append(list, map[string]any{"field": "body", "row": i + 1, "reason": reason})
	}
	return status, map[string]any{"status": status, "detail": detail, "errors": list}
}

func (s *server) answer(r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+key {
		return problem(http.StatusUnauthorized, "there is no such key")
	}
	path, found := strings.CutPrefix(r.URL.Path, "/campaigns/C1")
	if !found {
		return problem(http.StatusNotFound, "there is no such campaign")
	}
	if path == "" {
		return http.StatusOK, map[string]any{"status": s.status}
	}
	path = strings.TrimPrefix(path, "/recipients")
	if path == "" {
		return http.StatusOK, map[string]any{"parts": s.list()}
	}
	number, err := strconv.Atoi(strings.TrimPrefix(path, "/"))
	switch {
	case err != nil || number > 999:
		return problem(http.StatusUnprocessableEntity, "there is no such part")
	case s.status != "draft":
		return problem(http.StatusConflict, "the campaign is "+s.status)
	case r.Method == http.MethodDelete:
		return s.remove(number)
	default:
		return s.put(r, number)
	}
}

func (s *server) list() []any {
	list := []any{}
	for _, number := range slices.Sorted(maps.Keys(s.parts)) {
		list = append(list, s.parts[number].described(number))
	}
	return list
}

func (c content) described(number int) map[string]any {
	return map[string]any{
		"part": number, "digest": c.digest, "rows": len(c.rows), "accepted": len(c.rows) - c.refused, "refused": c.refused,
	}
}

func (s *server) remove(number int) (int, any) {
	if _, there := s.parts[number]; !there {
		return problem(http.StatusNotFound, "there is no such part")
	}
	delete(s.parts, number)
	return http.StatusNoContent, nil
}

func (s *server) put(r *http.Request, number int) (int, any) {
	c := content{columns: r.URL.Query().Get("columns"), firstRow: r.URL.Query().Get("first_row")}
	body, err := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" && err == nil {
		var unpacked io.Reader
		if unpacked, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(unpacked)
		}
		c.packed = true
	}
	if err != nil {
		return problem(http.StatusUnprocessableEntity, err.Error())
	}
	if len(body) > 20_000_000 {
		return problem(http.StatusRequestEntityTooLarge, "the body has more than 20000000 bytes")
	}
	media := r.Header.Get("Content-Type")
	c.digest = fmt.Sprintf("%x", sha256.Sum256([]byte(string(body)+"\x00"+media+"\x00"+c.columns+"\x00"+c.firstRow)))
	if err := c.read(body); err != nil {
		return problem(http.StatusUnprocessableEntity, err.Error(), "is no CSV", "is no number")
	}
	s.parts[number] = c
	s.puts++
	return http.StatusOK, c.described(number)
}

// read counts lines from the first row, as the API does.
func (c *content) read(body []byte) error {
	first, err := strconv.Atoi(c.firstRow)
	if err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord = -1
	offset, isFirst := 0, true
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if fields[0] == "number" {
			continue
		}
		if isFirst {
			offset, isFirst = first-line, false
		}
		if fields[0] == "bad" {
			c.refused++
		}
		c.rows = append(c.rows, fmt.Sprintf("%d:%s", line+offset, strings.Join(fields, "|")))
	}
}

// count is how many parts there are.
func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.parts)
}

// rows are those of all parts, in order.
func (s *server) rows() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []string
	for _, number := range slices.Sorted(maps.Keys(s.parts)) {
		rows = append(rows, s.parts[number].rows...)
	}
	return rows
}

// upload uploads a file, three rows to a part.
func upload(ctx context.Context, s *server, file string, change ...func(*parts.Uploader)) (parts.Result, error) {
	u := parts.Uploader{
		Client:   &parts.Client{Base: api, Key: key, HTTP: &http.Client{Transport: inprocess.Transport(s)}},
		Campaign: "C1", First: 1, Parallel: 4, Limits: parts.Limits{Rows: 3, Bytes: 200},
	}
	for _, c := range change {
		c(&u)
	}
	return u.Upload(ctx, strings.NewReader(file))
}

// list is a file of n rows, of which every tenth is bad.
func list(n int) string {
	var b strings.Builder
	b.WriteString("number,name\r\n")
	for i := range n {
		number := fmt.Sprint(447700900000 + i)
		if i%10 == 9 {
			number = "bad"
		}
		fmt.Fprintf(&b, "%s,\"Ada, %d\"\r\n", number, i)
	}
	return b.String()
}

func inBubble(t *testing.T, scenario func(*testing.T)) {
	t.Helper()
	synctest.Test(t, scenario)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("got %v, want an error with %q", err, w)
		}
	}
}

func inprocessHandler(h http.HandlerFunc) http.RoundTripper { return inprocess.Transport(h) }
