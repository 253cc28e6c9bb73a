package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestTheStandInIsSetByTheEnvironment(t *testing.T) {
	t.Parallel()
	const texts, latency, spread = 10, 50 * time.Millisecond, 500 * time.Millisecond
	p := start(t, "VONAGE_SENDER_RATE=2", "VONAGE_JITTER=2s", "VONAGE_LATENCY="+latency.String())
	refusals := make([]string, texts)
	var all sync.WaitGroup
	for i := range texts {
		all.Go(func() { refusals[i] = p.text(fmt.Sprintf("4477009%05d", i), strings.Repeat("a", 161)) }) // two parts
	}
	all.Wait()
	answered, ledger := time.Now(), p.ledger()
	if len(ledger) != texts {
		t.Fatalf("the ledger has %d requests, want %d", len(ledger), texts)
	}
	first, last := ledger[0].At, ledger[texts-1].At
	if last.Sub(first) < spread {
		t.Errorf("texts sent at the same moment arrived within %v, want at least %v", last.Sub(first), spread)
	}
	if took := answered.Sub(last); took < latency {
		t.Errorf("the last answer took %v, want at least %v", took, latency)
	}
	accepted := 0
	for i, e := range ledger {
		switch refusal := refusals[i]; {
		case refusal == "":
			accepted++
		case !strings.HasPrefix(refusal, "Throughput Rate Exceeded - please wait [ "):
			t.Errorf("a text was refused with %q", refusal)
		}
		if e.Accepted() && len(e.MessageIDs) != 2 {
			t.Errorf("a text has the parts %v, want two", e.MessageIDs)
		}
	}
	if most := 1 + int(last.Sub(first)/time.Second); accepted == 0 || accepted > most {
		t.Errorf("%d texts of two parts were taken within %v, want at most %d", accepted, last.Sub(first), most)
	}
	p.stop(syscall.SIGINT)
}

// text sends one through the stand-in, and returns why it was refused.
func (p *platform) text(to, text string) string {
	p.t.Helper()
	form := url.Values{
		"api_key": {"local123"}, "api_secret": {"local-secret"}, "from": {"447700900000"}, "to": {to}, "text": {text},
	}
	resp, err := http.PostForm(p.url("VONAGE_PORT")+"/sms/json", form)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	var answer struct{ Messages []map[string]string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Messages) == 0 {
		p.t.Errorf("answered with %+v, %v", answer, err)
		return ""
	}
	return answer.Messages[0]["error-text"]
}
