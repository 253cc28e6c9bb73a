package vonagetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/inprocess"
	"sluice/internal/vonage/vonagetest"
)

var config = vonagetest.Config{APIKey: "key45678", APISecret: "secret"}

func form(changes ...string) url.Values {
	v := url.Values{
		"api_key": {"key45678"}, "api_secret": {"secret"}, "from": {"Acme"}, "to": {"447700900123"},
		"text": {"Hello"}, "type": {"text"}, "client-ref": {"run-1"},
	}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
	return v
}

func client(h http.Handler) *http.Client { return &http.Client{Transport: inprocess.Transport(h)} }

func post(t *testing.T, c *http.Client, v url.Values) string {
	t.Helper()
	resp, err := c.PostForm("http://fake/sms/json", v)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %v: %s, %v", resp.Status, resp.Header, body, err)
	}
	return strings.TrimSpace(string(body))
}

// Every answer is what Vonage's reference shows: HTTP 200, and strings for all values.
func TestFakeAnswersAsVonageDoes(t *testing.T) {
	refused := func(status, text string) string {
		return fmt.Sprintf(`{"message-count":"1","messages":[{"status":%q,"error-text":%q}]}`, status, text)
	}
	part := func(n int, balance string) string {
		return fmt.Sprintf(`{"to":"447700900123","message-id":"0A%014X","status":"0","remaining-balance":%q,`+
			`"message-price":"0.04120000","network":"23420","client-ref":"run-1"}`, n, balance)
	}
	one := `{"message-count":"1","messages":[` + part(1, "999999.95880000") + `]}`
	two := `{"message-count":"2","messages":[` + part(1, "999999.95880000") + `,` + part(2, "999999.91760000") + `]}`
	for _, c := range []struct {
		name   string
		form   url.Values
		want   string
		status string
		ids    int
	}{
		{"accepted", form(), one, "0", 1},
		{"the type is text by default", form("type", ""), one, "0", 1},
		{"161 letters are two parts", form("text", strings.Repeat("a", 161)), two, "0", 2},
		{"71 letters as unicode are two parts", form("text", strings.Repeat("a", 71), "type", "unicode"), two, "0", 2},
		{"70 emoji as text are one part of question marks", form("text", strings.Repeat("😀", 70)), one, "0", 1},
		{"71 units as unicode are two parts", form("text", strings.Repeat("😀", 36), "type", "unicode"), two, "0", 2},
		{"wrong secret", form("api_secret", "other"), refused("4", "Bad Credentials"), "4", 0},
		{"wrong key", form("api_key", "other"), refused("4", "Bad Credentials"), "4", 0},
		{"no credentials", form("api_key", "", "api_secret", ""), refused("4", "Bad Credentials"), "4", 0},
		{"no number", form("to", ""), refused("2", "Missing to param"), "2", 0},
		{"no sender", form("from", ""), refused("2", "Missing from param"), "2", 0},
		{"no text", form("text", ""), refused("2", "Missing text param"), "2", 0},
		{"a number with a plus", form("to", "+447700900123"), refused("3", "to address is not numeric"), "3", 0},
		{"a number too short", form("to", "123456"), refused("3", "to address is not numeric"), "3", 0},
		{"a type that it does not know", form("type", "binary"), refused("3", "Invalid value for parameter: type"), "3", 0},
		{"a client-ref of 41 characters", form("client-ref", strings.Repeat("x", 41)), refused("3", "Invalid value for parameter: client-ref"), "3", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := vonagetest.New(config)
			if diff := cmp.Diff(c.want, post(t, client(fake), c.form)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			ledger := fake.Ledger()
			if len(ledger) != 1 || ledger[0].Status != c.status || len(ledger[0].MessageIDs) != c.ids {
				t.Errorf("the ledger has %+v", ledger)
			}
		})
	}
}

func TestFakeTakesBasicAuthorization(t *testing.T) {
	fake := vonagetest.New(config)
	for secret, want := range map[string]string{"secret": `"status":"0"`, "wrong": `"status":"4"`} {
		req, _ := http.NewRequest("POST", "http://fake/sms/json", strings.NewReader(form("api_key", "", "api_secret", "").Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("key45678", secret)
		resp, err := client(fake).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(body), want) {
			t.Errorf("with secret %s: got %s", secret, body)
		}
	}
}

func TestFakeThrottlesInFixedWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(config)
		c := client(fake)
		burst := func(n int) (accepted int, last string) {
			for range n {
				last = post(t, c, form())
				if strings.Contains(last, `"status":"0"`) {
					accepted++
				}
			}
			return accepted, last
		}
		time.Sleep(300 * time.Millisecond) // windows begin with a request, not with a second
		opened := time.Now().UnixMilli()
		if n, _ := burst(20); n != 20 {
			t.Errorf("%d of the first 20 accepted", n)
		}
		time.Sleep(529 * time.Millisecond)
		n, last := burst(11)
		if n != 10 {
			t.Errorf("%d more accepted in the window, want 10", n)
		}
		want := fmt.Sprintf(`{"message-count":"1","messages":[{"status":"1","error-text":"Exceeded maximum MT throughput[ MAX [ 30 ] `+
			`INTERVAL [ 1000 ] COUNT [ 30 ] LAST INT-START [ %d ] TIME_SINCE_LAST_INTERVAL_START [ 529 ]  ] "}]}`, opened)
		if last != want {
			t.Errorf("got  %s\nwant %s", last, want)
		}
		time.Sleep(470 * time.Millisecond)
		if n, _ := burst(1); n != 0 {
			t.Error("accepted a millisecond before the window ended")
		}
		time.Sleep(time.Millisecond)
		if n, _ := burst(31); n != 30 {
			t.Errorf("%d accepted in the next window, want 30", n)
		}
		if got := len(fake.Ledger()); got != 63 {
			t.Errorf("the ledger has %d requests, want all 63", got)
		}
	})
}

func TestFakeRateIsConfigurable(t *testing.T) {
	for rate, want := range map[int]int{0: 30, 1: 1, 45: 45, -1: 100} {
		synctest.Test(t, func(t *testing.T) {
			limited := config
			limited.Rate = rate
			fake := vonagetest.New(limited)
			for range 100 {
				post(t, client(fake), form())
			}
			if got := fake.Accepted()[vonagetest.Recipient{ClientRef: "run-1", To: "447700900123"}]; got != want {
				t.Errorf("rate %d: %d accepted in an instant, want %d", rate, got, want)
			}
		})
	}
}

func TestFakeJudgesOnArrivalAndAnswersLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := config
		slow.Latency = 400 * time.Millisecond
		fake := vonagetest.New(slow)
		start := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { post(t, client(fake), form()) })
		}
		time.Sleep(time.Millisecond)
		if n := len(fake.Ledger()); n != 10 {
			t.Errorf("the ledger has %d entries before the answers, want 10", n)
		}
		all.Wait()
		if took := time.Since(start); took != slow.Latency {
			t.Errorf("took %v, want %v", took, slow.Latency)
		}
		for _, e := range fake.Ledger() {
			if !e.At.Equal(start) || e.At.Location() != time.UTC {
				t.Errorf("entered at %v, want %v", e.At, start)
			}
		}
	})
}

func TestFakeLedgerOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := vonagetest.New(config)
		c := client(fake)
		get := func() string {
			resp, err := c.Get("http://fake/ledger")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			return strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", "")
		}
		if got := get(); got != "[]" {
			t.Errorf("an empty ledger is %s", got)
		}
		post(t, c, form())
		time.Sleep(1500 * time.Millisecond)
		post(t, c, form("to", "x"))
		want := `[{"at":"2000-01-01T00:00:00Z","to":"447700900123","from":"Acme","text":"Hello","type":"text","client_ref":"run-1","status":"0","message_ids":["0A00000000000001"]},` +
			`{"at":"2000-01-01T00:00:01.5Z","to":"x","from":"Acme","text":"Hello","type":"text","client_ref":"run-1","status":"3","message_ids":[]}]`
		if diff := cmp.Diff(want, get()); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		fake.Reset()
		if got := get(); got != "[]" {
			t.Errorf("after Reset the ledger is %s", got)
		}
		if got := post(t, c, form()); !strings.Contains(got, "0A00000000000002") {
			t.Errorf("after Reset a message id comes again: %s", got)
		}
	})
}

func TestFakeIsFastWithALongLedger(t *testing.T) {
	const requests = 8_000
	unlimited := config
	unlimited.Rate = -1
	fake := vonagetest.New(unlimited)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range requests / 4 {
				post(t, client(fake), form("to", fmt.Sprintf("4477%03d%05d", i, j)))
			}
		})
	}
	all.Wait()
	resp, err := client(fake).Get("http://fake/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var ledger []vonagetest.Entry
	if err := json.NewDecoder(resp.Body).Decode(&ledger); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for i, e := range ledger {
		ids[e.MessageIDs[0]] = true
		if i > 0 && e.At.Before(ledger[i-1].At) {
			t.Fatalf("entry %d is out of order", i)
		}
	}
	if len(ledger) != requests || len(ids) != requests || len(fake.Accepted()) != requests {
		t.Errorf("%d entries, %d message ids, %d recipients; want %d of each", len(ledger), len(ids), len(fake.Accepted()), requests)
	}
}
