package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
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

// api is as much of the API as the command needs: it refuses every hundredth row, and answers after a second.
type api struct {
	mu    sync.Mutex
	parts []map[string]any
	fails int // so many more requests to store are answered with 503
	// columns is what it says that it has read.
	columns map[string]string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Second)
	a.mu.Lock()
	defer a.mu.Unlock()
	var answer any
	switch {
	case r.Header.Get("Authorization") != "Bearer local":
		w.WriteHeader(http.StatusUnauthorized)
		answer = map[string]any{"detail": "the key is not known"}
	case r.Method == http.MethodPut && a.fails > 0:
		a.fails--
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.Method == http.MethodPut:
		answer = a.put(r)
	case r.Method == http.MethodDelete:
		a.parts = nil
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/recipients"):
		answer = map[string]any{"parts": a.parts}
	default:
		answer = map[string]any{"status": "draft"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (a *api) put(r *http.Request) any {
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		return err.Error()
	}
	body, _ := io.ReadAll(unpacked)
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00text/csv\x00%s\x00%s", body, r.URL.Query().Get("columns"), r.URL.Query().Get("first_row")))
	rows := bytes.Count(body, []byte("\n")) - 1
	number, _ := strconv.Atoi(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	p := map[string]any{
		"part": number, "digest": fmt.Sprintf("%x", h), "rows": rows, "refused": rows / 100, "accepted": rows - rows/100,
	}
	a.parts = slices.DeleteFunc(a.parts, func(p map[string]any) bool { return p["part"] == number })
	a.parts = append(a.parts, p)
	answer := maps.Clone(p)
	answer["columns"] = a.columns
	return answer
}

// session runs the command as a person would.
type session struct {
	*testing.T
	api           api
	file          string
	out, complain bytes.Buffer
	isTerminal    bool
}

func inBubble(t *testing.T, scenario func(*session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &session{T: t, file: filepath.Join(t.TempDir(), "list.csv")}
		s.write(2500)
		scenario(s)
	})
}

// write makes the file, of n rows.
func (s *session) write(n int) {
	s.Helper()
	var b strings.Builder
	b.WriteString("number\n")
	for i := range n {
		fmt.Fprintln(&b, 447700900000+i)
	}
	if err := os.WriteFile(s.file, []byte(b.String()), 0o600); err != nil {
		s.Fatal(err)
	}
}

// upload runs it, a thousand rows to a part.
func (s *session) upload(ctx context.Context, args ...string) int {
	s.Helper()
	s.out.Reset()
	s.complain.Reset()
	o, err := readOptions(append([]string{"-file", s.file, "-campaign", "C1", "-parallel", "1"}, args...),
		func(string) string { return "" }, &s.complain)
	if err != nil {
		s.Fatal(err)
	}
	o.limits = parts.Limits{Rows: 1000, Bytes: 100_000}
	o.client = &http.Client{Transport: inprocess.Transport(&s.api)}
	p := program{in: strings.NewReader("number\n447700900000\n"), out: &s.out, complain: &s.complain, isTerminal: s.isTerminal}
	status := p.upload(ctx, o)
	if strings.Contains(s.out.String()+s.complain.String(), "4477009") {
		s.Errorf("a number was printed: %s%s", &s.out, &s.complain)
	}
	return status
}

func (s *session) want(status, wantStatus int, out, complain string) {
	s.Helper()
	if status != wantStatus || s.out.String() != out || s.complain.String() != complain {
		s.Errorf("ended with %d, want %d, and printed\n%s%s\nwant\n%s%s", status, wantStatus, &s.out, &s.complain, out, complain)
	}
}

const next = `What would be sent, and what it would cost:
    curl -sS -H "Authorization: Bearer local" 'http://127.0.0.1:3000/campaigns/C1/preflight'
To launch it:
    curl -sS -X POST -H "Authorization: Bearer local" 'http://127.0.0.1:3000/campaigns/C1/launch'
`

const refused = `The refused rows, each with its line and why:
    curl -sS -H "Authorization: Bearer local" 'http://127.0.0.1:3000/campaigns/C1/recipients/refused?format=csv'
`

func TestAnUploadIsToldLineByLine(t *testing.T) {
	inBubble(t, func(s *session) {
		s.want(s.upload(s.Context()), exitDone, `part 1, lines 2 to 1001, stored: 990 accepted, 10 refused (40 % of the file)
part 2, lines 1002 to 2001, stored: 990 accepted, 10 refused (80 % of the file)
part 3, lines 2002 to 2501, stored: 495 accepted, 5 refused (100 % of the file)
2,500 rows of list.csv: 2,475 accepted, 25 refused. 3 parts, of which 3 were sent now.
`+refused+next, "")
	})
}

func TestAnInterruptedUploadSaysHowFarItIs(t *testing.T) {
	inBubble(t, func(s *session) {
		ctx, cancel := context.WithTimeout(s.Context(), 4500*time.Millisecond)
		defer cancel()
		s.want(s.upload(ctx), exitFailed, `part 1, lines 2 to 1001, stored: 990 accepted, 10 refused (40 % of the file)
part 2, lines 1002 to 2001, stored: 990 accepted, 10 refused (80 % of the file)
`, `upload: interrupted. The same command goes on from where it is
The campaign has 2,000 rows of list.csv, in 2 parts.
`)
		time.Sleep(time.Minute)
		s.want(s.upload(s.Context()), exitDone, `part 1, lines 2 to 1001, was there already: 990 accepted, 10 refused (40 % of the file)
part 2, lines 1002 to 2001, was there already: 990 accepted, 10 refused (80 % of the file)
part 3, lines 2002 to 2501, was there already: 495 accepted, 5 refused (100 % of the file)
2,500 rows of list.csv: 2,475 accepted, 25 refused. 3 parts, of which 0 were sent now.
`+refused+next, "") // the third had taken effect
	})
}

func TestAnotherFileIsNotPutInItsPlaceUnasked(t *testing.T) {
	inBubble(t, func(s *session) {
		s.upload(s.Context())
		s.write(5)
		s.want(s.upload(s.Context()), exitFailed, "", "upload: part 1 of the campaign holds something else than this file does there (1000 rows); "+
			"nothing was overwritten. To put the file in its place: REPLACE=1. To add the file to what is there: FIRST_PART=4\n")
		s.want(s.upload(s.Context(), "-first-part", "2"), exitFailed, "", "upload: part 2 of the campaign holds something else than this file does "+
			"there (1000 rows); nothing was overwritten. To put the file in its place: REPLACE=1. To add the file to what is there: FIRST_PART=4\n")
		s.want(s.upload(s.Context(), "-first-part", "4"), exitDone, "part 4, lines 2 to 6, stored: 5 accepted, 0 refused (100 % of the file)\n"+
			"5 rows of list.csv: 5 accepted, 0 refused. 1 part, of which 1 was sent now.\n"+next, "")
		s.want(s.upload(s.Context(), "-replace"), exitDone, "part 1, lines 2 to 6, stored: 5 accepted, 0 refused (100 % of the file)\n"+
			"5 rows of list.csv: 5 accepted, 0 refused. 1 part, of which 1 was sent now.\n"+
			"Removed behind the file's end: part 2 to 4.\n"+next, "")
	})
}

func TestWhatIsBehindTheEndIsNamed(t *testing.T) {
	inBubble(t, func(s *session) {
		s.upload(s.Context(), "-first-part", "7")
		s.write(1)
		status := s.upload(s.Context())
		s.want(status, exitDone, "part 1, lines 2 to 2, stored: 1 accepted, 0 refused (100 % of the file)\n"+
			"1 row of list.csv: 1 accepted, 0 refused. 1 part, of which 1 was sent now.\n"+
			"The list also has part 7 to 9, behind this file's end. If the file is the whole list, REPLACE=1 removes what is behind it.\n"+next, "")
	})
}

func TestAPersonSeesABar(t *testing.T) {
	inBubble(t, func(s *session) {
		s.isTerminal = true
		s.api.fails = 1
		if status := s.upload(s.Context()); status != exitDone {
			t.Fatalf("%d: %s", status, &s.complain)
		}
		shown := s.out.String()
		for _, want := range []string{
			"\rlist.csv [........................]   0 %  0 rows\r",
			"\rthe API answered 503 service unavailable: trying again in 0.", " s\n\rlist.csv [",
			"\rlist.csv [#########...............]  40 %  1,000 rows, ",
			"\rlist.csv [########################] 100 %  2,500 rows         \n2,500 rows of list.csv: ",
		} {
			if !strings.Contains(shown, want) {
				t.Errorf("there is no %q in %q", want, shown)
			}
		}
	})
}

func TestAPipeIsUploadedWithoutItsSize(t *testing.T) {
	inBubble(t, func(s *session) {
		s.want(s.upload(s.Context(), "-file", "-"), exitDone, "part 1, lines 2 to 2, stored: 1 accepted, 0 refused\n"+
			"1 row of the standard input: 1 accepted, 0 refused. 1 part, of which 1 was sent now.\n"+next, "")
		s.isTerminal = true
		if s.upload(s.Context(), "-file", "-"); !strings.HasPrefix(s.out.String(), "\rthe standard input 0 rows\rthe standard input 1 rows\n") {
			t.Errorf("the bar is %q", &s.out)
		}
	})
}

func TestTheEndSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*session)
		args   []string
		want   string
	}{
		{"no such file", func(s *session) { _ = os.Remove(s.file) }, nil, "list.csv: no such file or directory\n"},
		{"a folder", func(s *session) { s.file = filepath.Dir(s.file) }, nil, "is a folder\n"},
		{"an empty file", func(s *session) { s.write(0) }, nil, "upload: the file has no rows\n"},
		{"a spreadsheet", func(s *session) { _ = os.WriteFile(s.file, []byte("PK\x03\x04"), 0o600) }, nil,
			"upload: the file is a spreadsheet or a zip archive: save it as CSV UTF-8\n"},
		{"no more numbers", func(s *session) { s.upload(s.Context(), "-first-part", "997"); s.write(3) }, []string{"-first-part", "999"},
			"nothing was overwritten. To put the file in its place: REPLACE=1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(s *session) {
				c.change(s)
				if status := s.upload(s.Context(), c.args...); status != exitFailed || !strings.HasSuffix(s.complain.String(), c.want) {
					t.Errorf("ended with %d: %s, want %s", status, &s.complain, c.want)
				}
			})
		})
	}
}

func TestTheKeyStandsInNoCommandLine(t *testing.T) {
	var out bytes.Buffer
	o, err := readOptions([]string{"-file", "f", "-campaign", "C1", "-api", "https://api.example.com/"},
		func(name string) string { return map[string]string{keyVariable: "secret"}[name] }, io.Discard)
	if err != nil || o.key != "secret" {
		t.Fatalf("%v, the key is %q", err, o.key)
	}
	o.report(&out, parts.Result{Refused: 1})
	if strings.Contains(out.String(), "secret") || !strings.Contains(out.String(), `Bearer $SLUICE_KEY" 'https://api.example.com/campaigns/C1/launch'`) {
		t.Errorf("printed %s", &out)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	good := []string{"-file", "f", "-campaign", "C1"}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "usage: make upload FILE="},
		{"no file", []string{"-campaign", "C1"}, "usage: make upload FILE="},
		{"no campaign", []string{"-file", "f"}, "usage: make upload FILE="},
		{"a part too high", append(good, "-first-part", "1000"), "FIRST_PART is 1000: it must be 0 to 999"},
		{"a part too low", append(good, "-first-part", "-1"), "FIRST_PART is -1: it must be 0 to 999"},
		{"none at a time", append(good, "-parallel", "0"), "0 parts at the same moment: it must be 1 to 32"},
		{"a key in the clear", append(good, "-api", "http://api.example.com"), "it must begin with https://, or the key would travel in the clear"},
		{"no address", append(good, "-api", "api.example.com"), "API must be like https://"},
		{"an address with a name in it", append(good, "-api", "https://u:p@example.com"), "API must be like https://"},
		{"a word too many", append(good, "more"), "1 words too many"},
		{"an unknown flag", append(good, "-number", "1"), "not defined: -number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, complain bytes.Buffer
			p := program{getenv: func(string) string { return "" }, out: &out, complain: &complain}
			if status := p.run(t.Context(), c.args); status != exitUsage || !strings.Contains(complain.String(), c.want) {
				t.Errorf("ended with %d: %s, want %s", status, &complain, c.want)
			}
		})
	}
	p := program{getenv: func(string) string { return "" }, complain: io.Discard}
	if status := p.run(t.Context(), []string{"-h"}); status != exitDone {
		t.Errorf("help ends with %d", status)
	}
	for _, api := range []string{"http://localhost:3000", "http://[::1]:3000/", "https://x.example.com/stage"} {
		if _, err := readOptions(append(good, "-api", api), p.getenv, io.Discard); err != nil {
			t.Errorf("%s is refused: %v", api, err)
		}
	}
}

func TestDuplicatesAreTold(t *testing.T) {
	var out bytes.Buffer
	options{path: "list.csv", key: localKey}.report(&out, parts.Result{Parts: 2, Rows: 1200, Accepted: 1195, Duplicates: 5})
	const want = "1,200 rows of list.csv: 1,195 accepted, 0 refused, 5 with a number that stands twice. 2 parts, of which 0 were sent now.\n"
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("printed %s", &out)
	}
}

func TestNumbersAreNamedInSpans(t *testing.T) {
	for want, numbers := range map[string][]int{"": nil, "3": {3}, "3, 5 to 7, 9 to 10": {3, 5, 6, 7, 9, 10}} {
		if got := spans(numbers); got != want {
			t.Errorf("%v are %q, want %q", numbers, got, want)
		}
	}
}
