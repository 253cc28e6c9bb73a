package main_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/internal/vonage/vonagetest"
)

// TestThePrintedRequestIsSentInBatchesOnTime does not run beside the others here, because it measures time. A machine that
// is busy with something else may still hold a process up, so the measurement, and only it, is repeated.
func TestThePrintedRequestIsSentInBatchesOnTime(t *testing.T) {
	const tries = 3
	p := start(t, "VONAGE_WEBHOOKS=none")
	var late error
	for range tries {
		before := len(p.said())
		var created campaign
		paste(t, p.request(), &created)
		c := p.completed(created.ID)
		if c.Recipients != 7 || c.Counts.Accepted != 7 || c.Counts.ToSend+c.Counts.Failed+c.Counts.Unknown != 0 {
			t.Errorf("of 7 recipients: %+v", c.Counts)
		}
		if rows := p.rows(c.ID); rows["accepted"] != 7 || len(rows) != 1 {
			t.Errorf("rows are %v, the counts %+v", rows, c.Counts)
		}
		mustSayBatches(t, p, before, c.ID)
		if late = timing(t, p.ledger(), c.ID); late == nil {
			break
		}
		t.Log(late)
	}
	if late != nil {
		t.Errorf("%v, %d times", late, tries)
	}
	p.stop(syscall.SIGINT)
}

// mustSayBatches wants one line for each of the batches, in order, and no other.
func mustSayBatches(t *testing.T, p *platform, before int, id string) {
	t.Helper()
	waitFor(t, "three lines", func() bool { return len(p.said()) >= before+3 })
	lines := p.said()[before:]
	for i, size := range []int{3, 3, 1} {
		want := fmt.Sprintf(`^\d\d:\d\d:\d\d\.\d{3}  campaign %s  batch %d done: %d recipients, %d accepted, 0 failed, 0 unknown, `+
			`0 to send$`, id, i+1, size, size)
		if !regexp.MustCompile(want).MatchString(lines[i]) {
			t.Errorf("line %d is %q, want %s", i+1, lines[i], want)
		}
	}
	if len(lines) > 3 {
		t.Errorf("these lines tell of no batch: %q", lines[3:])
	}
}

// timing says what is wrong with the times of three batches of 3, 3 and 1 that were to start 2 s apart. Anything else
// about them is the test's failure at once.
func timing(t *testing.T, ledger []vonagetest.Entry, id string) error {
	t.Helper()
	const period, tolerance = 2 * time.Second, 300 * time.Millisecond
	ledger = slices.DeleteFunc(ledger, func(e vonagetest.Entry) bool { return e.ClientRef != id })
	slices.SortStableFunc(ledger, func(a, b vonagetest.Entry) int { return a.At.Compare(b.At) })
	var to []string
	for _, e := range ledger {
		if !e.Accepted() || e.From != "447700900000" || e.Text != "Hello, World!" {
			t.Errorf("the ledger has %+v", e)
		}
		to = append(to, e.To)
	}
	if len(to) != 7 {
		t.Fatalf("the ledger has %d requests of the campaign, want 7", len(to))
	}
	want := make([]string, 0, 7)
	for i := range 7 {
		want = append(want, fmt.Sprintf("44770090000%d", i+1))
	}
	for _, batch := range [][2]int{{0, 3}, {3, 6}, {6, 7}} {
		got := slices.Sorted(slices.Values(to[batch[0]:batch[1]]))
		if !slices.Equal(got, want[batch[0]:batch[1]]) {
			t.Fatalf("a batch went to %v, want %v", got, want[batch[0]:batch[1]])
		}
	}
	first, second, third := ledger[0].At, ledger[3].At, ledger[6].At
	for _, gap := range []time.Duration{second.Sub(first), third.Sub(second)} {
		if (gap - period).Abs() > tolerance {
			return fmt.Errorf("batches started %v and %v apart, want %v ± %v", second.Sub(first), third.Sub(second), period,
				tolerance)
		}
	}
	return nil
}

func TestCtrlCInTheMiddleOfACampaignLeavesNothing(t *testing.T) {
	t.Parallel()
	p := start(t, "VONAGE_RECEIPT_DELAY=0s", "VONAGE_COPIES=3") // so that webhooks are under way
	p.create("4477009", 300, 100, 0)
	waitFor(t, "texts to go out", func() bool { return len(p.ledger()) >= 10 })
	if pids := processes(t, p.dir); len(pids) < 3 {
		t.Fatalf("processes are %v, want the platform, an api and a sender", pids)
	}

	p.stop(syscall.SIGINT)

	if lines := p.saidBut("came back"); len(lines) > 0 {
		t.Errorf("no batch was done, but it said %q", lines)
	}
	t.Run("and a start on the same ports works at once", func(t *testing.T) {
		again := startAt(t, p.dir, p.ports)
		if c := again.completed(again.create("4477009", 1, 1, 0)); c.Counts.Accepted != 1 {
			t.Errorf("counts are %+v, want 1 accepted", c.Counts)
		}
		again.stop(syscall.SIGTERM)
	})
}

func TestForRealIsSaidFirst(t *testing.T) {
	t.Parallel()
	const key, secret = "realkey1", "the-real-word"
	vonage := vonagetest.New(vonagetest.Config{APIKey: key, APISecret: secret})
	var mu sync.Mutex
	keys := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		keys[r.FormValue("api_key")]++
		mu.Unlock()
		vonage.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	p := start(t, "VONAGE=real", "VONAGE_API_KEY="+key, "VONAGE_API_SECRET="+secret,
		"PARAMETERS=LogLevel=DEBUG VonageUrl="+server.URL+"/sms")

	first, _, _ := strings.Cut(p.out.String(), "\n")
	if !strings.HasPrefix(first, "VONAGE=real") || !strings.Contains(first, "money") {
		t.Errorf("the first line is %q", first)
	}
	for _, want := range []string{p.url("PORT"), "/webhooks/vonage/receipts", "/webhooks/vonage/inbound", "VONAGE_SIGNATURE_SECRET is not set"} {
		if !strings.Contains(strings.Split(p.out.String(), "\n")[1], want) {
			t.Errorf("the second line does not say %q: %s", want, p.out)
		}
	}
	if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.ports["VONAGE_PORT"])); err == nil {
		_ = conn.Close()
		t.Error("the stand-in for Vonage is there too")
	}
	var created campaign
	send(t, p.request(), &created)
	p.completed(created.ID)
	mu.Lock()
	defer mu.Unlock()
	if keys[key] != 7 || len(keys) != 1 {
		t.Errorf("requests by key are %v, want 7 of %s", keys, key)
	}
	if n := len(vonage.Accepted()); n != 7 {
		t.Errorf("%d were accepted, want 7", n)
	}
	if strings.Contains(p.out.String(), secret) {
		t.Error("the secret is in the output")
	}
	p.stop(syscall.SIGINT)
}

func TestNobodyIsSentTwiceWhenASenderIsKilled(t *testing.T) {
	t.Parallel()
	p := start(t, "VONAGE_WEBHOOKS=none")
	sender := p.dir + "/" + bootstrapAt("sender")
	id := p.create("4477009", 150, 50, 0)
	waitFor(t, "three senders in the middle of it", func() bool {
		return len(p.ledger()) >= 45 && len(processes(t, sender)) == 3
	})
	before := processes(t, sender)

	must(t, syscall.Kill(before[1], syscall.SIGKILL))

	waitFor(t, "the other two batches to be done", func() bool { return p.get(id).Batches.Done == 2 })
	if c := p.get(id); c.Status != "running" || c.Counts.Accepted < 100 {
		t.Errorf("the campaign is %s with %+v, want its third batch interrupted", c.Status, c.Counts)
	}
	if !strings.Contains(p.out.String(), "signal: killed") {
		t.Error("nothing is said of the process that was killed")
	}
	next := p.create("4478009", 60, 20, 0)
	if c := p.completed(next); c.Counts.Accepted != 60 {
		t.Errorf("counts of the next campaign are %+v, want 60 accepted", c.Counts)
	}
	after := processes(t, sender)
	if len(after) != 3 || slices.Contains(after, before[1]) {
		t.Errorf("senders were %v, %d was killed, now they are %v", before, before[1], after)
	}
	mustBeOnce(t, p.ledger())
	p.stop(syscall.SIGINT)
}
