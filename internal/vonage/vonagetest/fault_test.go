package vonagetest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/vonage/vonagetest"
)

// outcome is what a plain HTTP client sees.
func outcome(c *http.Client, base string, v url.Values) string {
	resp, err := c.PostForm(base+"/sms/json", v)
	if errors.Is(err, io.EOF) {
		return "dropped"
	} else if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.Status + " " + resp.Header.Get("Retry-After") + " " + strings.TrimSpace(string(body))
}

func do(t *testing.T, c *http.Client, method, address, body string) (int, string) {
	t.Helper()
	req, _ := http.NewRequest(method, address, strings.NewReader(body))
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(answer))
}

// Faults are set over HTTP and look the same over a socket and in process.
func TestFaults(t *testing.T) {
	const empty, garbage = `200 OK  {"messages":[]}`, `200 OK  <html><body>Be right back</body></html>`
	for _, c := range []struct {
		name, fault string
		want        string
		status      string
		ids         int
	}{
		{"a status", `{"kind":"status","code":9}`, `200 OK  {"message-count":"1","messages":[{"to":"447700900123","status":"9","error-text":"Refused with status 9"}]}`, "9", 0},
		{"a status with its text", `{"kind":"status","code":1,"text":"please wait [ 5 ]"}`, `200 OK  {"message-count":"1","messages":[{"to":"447700900123","status":"1","error-text":"please wait [ 5 ]"}]}`, "1", 0},
		{"an HTTP status", `{"kind":"http","code":500}`, "500 Internal Server Error  Internal Server Error", "", 0},
		{"an HTTP status with a wait", `{"kind":"http","code":429,"retry_after":7}`, "429 Too Many Requests 7 Too Many Requests", "", 0},
		{"an HTTP status after acceptance", `{"kind":"http","code":502,"accept":true}`, "502 Bad Gateway  Bad Gateway", "0", 1},
		{"dropped before acceptance", `{"kind":"drop-before"}`, "dropped", "", 0},
		{"dropped after acceptance", `{"kind":"drop-after"}`, "dropped", "0", 1},
		{"empty", `{"kind":"empty"}`, empty, "", 0},
		{"empty after acceptance", `{"kind":"empty","accept":true}`, empty, "0", 1},
		{"garbage", `{"kind":"garbage"}`, garbage, "", 0},
		{"garbage after acceptance", `{"kind":"garbage","accept":true}`, garbage, "0", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := vonagetest.New(config)
			server := httptest.NewServer(fake)
			defer server.Close()
			for _, via := range []struct {
				client *http.Client
				base   string
			}{{client(fake), "http://fake"}, {server.Client(), server.URL}} {
				fake.Reset()
				if code, answer := do(t, via.client, "POST", via.base+"/faults", c.fault); code != http.StatusNoContent {
					t.Fatalf("got %d %s", code, answer)
				}
				if diff := cmp.Diff(c.want, outcome(via.client, via.base, form())); diff != "" {
					t.Errorf("via %s (-want +got):\n%s", via.base, diff)
				}
				ledger := fake.Ledger()
				if len(ledger) != 1 || ledger[0].Status != c.status || len(ledger[0].MessageIDs) != c.ids || !strings.Contains(c.fault, ledger[0].Fault) {
					t.Errorf("via %s the ledger has %+v", via.base, ledger)
				}
				if code, _ := do(t, via.client, "DELETE", via.base+"/faults", ""); code != http.StatusNoContent {
					t.Errorf("got %d", code)
				}
				if got := outcome(via.client, via.base, form()); !strings.Contains(got, `"status":"0"`) {
					t.Errorf("without faults: got %s", got)
				}
			}
		})
	}
}

func TestFaultsAreCounted(t *testing.T) {
	unlimited := config
	unlimited.Rate = -1
	fake := vonagetest.New(unlimited)
	err := fake.Inject(
		vonagetest.Fault{Kind: "status", Code: 7, To: "447700900007"},
		vonagetest.Fault{Kind: "status", Code: 5, Skip: 2, Times: 2},
		vonagetest.Fault{Kind: "http", Code: 500, Skip: 4},
	)
	if err != nil {
		t.Fatal(err)
	}
	c := client(fake)
	var seen []string
	for _, to := range []string{
		"447700900001", "447700900007", "447700900002", "bad", "447700900003", "447700900004", "447700900005", "447700900006", "447700900008",
	} {
		outcome(c, "http://fake", form("to", to))
		e := fake.Ledger()[len(fake.Ledger())-1]
		seen = append(seen, e.To[len(e.To)-2:]+":"+e.Status+e.Fault)
	}
	// A request counts towards Skip only with the rule that it comes to: the third rule passes over 1, 2, 5 and 6.
	want := []string{"01:0", "07:7status", "02:0", "ad:3", "03:5status", "04:5status", "05:0", "06:0", "08:http"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFaultsThatMakeNoSenseAreRefusedWhole(t *testing.T) {
	fake := vonagetest.New(config)
	c := client(fake)
	for name, body := range map[string]string{
		"an unknown kind":            `{"kind":"explode"}`,
		"no kind":                    `{}`,
		"status without a code":      `{"kind":"status"}`,
		"http with a status code":    `{"kind":"http","code":9}`,
		"a field that is not known":  `{"kind":"hang","forever":true}`,
		"a count that is negative":   `{"kind":"hang","times":-1}`,
		"something that is not JSON": `hang`,
	} {
		if code, answer := do(t, c, "POST", "http://fake/faults", body); code != http.StatusBadRequest || answer == "" {
			t.Errorf("%s: got %d %q, want 400 with the reason", name, code, answer)
		}
	}
	if err := fake.Inject(vonagetest.Fault{Kind: "drop-before"}, vonagetest.Fault{Kind: "?"}); err == nil {
		t.Error("no error for an unknown kind")
	}
	if got := outcome(c, "http://fake", form()); !strings.Contains(got, `"status":"0"`) {
		t.Errorf("a refused fault struck: %s", got)
	}
}

func TestFaultKeepsSomeParts(t *testing.T) {
	fake := vonagetest.New(config)
	if err := fake.Inject(vonagetest.Fault{Kind: "status", Code: 1, Keep: 2}); err != nil {
		t.Fatal(err)
	}
	got := outcome(client(fake), "http://fake", form("text", strings.Repeat("a", 400)))
	if strings.Count(got, `"status":"0"`) != 2 || strings.Count(got, `"status":"1"`) != 1 || !strings.Contains(got, `"message-count":"3"`) {
		t.Errorf("got %s, want two parts accepted and one refused", got)
	}
	if e := fake.Ledger()[0]; !e.Accepted() || len(e.MessageIDs) != 2 {
		t.Errorf("the ledger has %+v", e)
	}
}
