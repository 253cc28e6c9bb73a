package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/arrivals"
	"sluice/internal/local/process"
)

// TestMain lets the test's executable be the peers' too.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-peer") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestLimitersThatDoNotKnowOfEachOtherArriveTwiceAsOften(t *testing.T) {
	t.Parallel()
	s := limited(50, 2, 1, twoLimiters)
	s.jitter, s.seconds = 0, 1
	if err := s.measure(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if refused := s.run.Refused(); len(s.run) != 100 || refused < 20 || refused > 50 {
		t.Errorf("%d of %d were refused", refused, len(s.run))
	}
}

func TestALoopWaitsForItsAnswers(t *testing.T) {
	t.Parallel()
	s := &subject{rate: 50, seconds: 1, peers: []peer{{pause: 50 * time.Millisecond}}}
	if err := s.measure(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if len(s.run) != 4 {
		t.Fatalf("%d arrived, want 4", len(s.run))
	}
	if apart := s.run[1].At.Sub(s.run[0].At); apart < latency+s.peers[0].pause {
		t.Errorf("they are %v apart", apart)
	}
}

func TestAPeerThatCannotRunIsToldOf(t *testing.T) {
	t.Parallel()
	p := peer{url: "http://127.0.0.1:1", limit: 1, texts: -1, burst: -1}
	if err := p.start(t.Context()); err != nil {
		t.Errorf("nothing to send is no fault: %v", err)
	}
	s := &subject{name: "Sluice", rate: 30, senders: 1, seconds: 1}
	if err := s.measure(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "Sluice at 30 a second: ") {
		t.Errorf("a folder without a platform: %v", err)
	}
}

func TestABatchIsLateByItsFirstTextAndTheFirstBatchIsLeftOut(t *testing.T) {
	t.Parallel()
	plan := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	after := func(d time.Duration) time.Time { return plan.Add(d) }
	list := []string{"a", "b", "c", "d", "e"}
	batches := []process.Batch{
		{Number: 1, DueAt: plan}, {Number: 2, DueAt: after(2 * time.Second)}, {Number: 3, DueAt: after(4 * time.Second)},
	}
	ledger := []process.Entry{
		{To: "a", At: after(time.Second)}, {To: "d", At: after(2001 * time.Millisecond)},
		{To: "c", At: after(2002 * time.Millisecond)}, {To: "e", At: after(3999 * time.Millisecond)},
	}
	got, err := late(list, batches, ledger)
	if want := []time.Duration{time.Millisecond, -time.Millisecond}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if _, err := late(list, batches, ledger[:3]); err == nil {
		t.Error("a batch that was not sent is no fault")
	}
}

// sent makes a run of so many requests in each second, of which those over the limit are refused.
func sent(limit int, seconds ...int) arrivals.Run {
	var run arrivals.Run
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for second, n := range seconds {
		for i := range n {
			at := start.Add(time.Duration(second)*time.Second + time.Duration(i)*time.Second/time.Duration(n))
			run = append(run, arrivals.Arrival{At: at, Refused: i >= limit})
		}
	}
	return run
}

func TestTheChartShowsEveryWholeSecondToScale(t *testing.T) {
	t.Parallel()
	all := []*subject{
		{name: "Sluice", rate: 30, senders: 5, run: sent(30, 15, 30, 0, 30, 1)},
		{name: `<loop> & "co"`, rate: 30, peers: []peer{{}}, run: sent(30, 60, 1)},
	}
	var out bytes.Buffer
	if err := chart(&out, all); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(out.Bytes())); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("it is not well formed: %v\n%s", err, &out)
		}
	}
	for _, want := range []string{
		"second 1: 15 accepted, 0 refused", "second 3: 0 accepted, 0 refused", "second 4: 30 accepted, 0 refused",
		"second 1: 30 accepted, 30 refused", "&lt;loop&gt; &amp; &#34;co&#34;", "Sluice, 5 senders", "seconds since",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(out.String(), "second 5") {
		t.Error("it shows a second that was not over")
	}
	picture := newPicture(all)
	bars := picture.Panels[1].Bars
	if b := bars[0]; b.AcceptedHeight != b.RefusedHeight || b.RefusedY+b.RefusedHeight != b.AcceptedY ||
		b.AcceptedY != picture.LimitY || b.AcceptedY+b.AcceptedHeight != float64(picture.Base) {
		t.Errorf("what was refused does not stand on what was accepted, up to the limit: %+v", b)
	}
	if chart(io.Discard, nil) == nil {
		t.Error("there is a chart of nothing")
	}
}

func TestThePlotIsOfSluiceAndOfWhatWouldBeWrittenOtherwise(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range plotted(subjects(15)) {
		names = append(names, s.title())
	}
	if want := []string{"Sluice, 5 senders", loopName, twoLimiters}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

func TestTheReportHasALineForEach(t *testing.T) {
	t.Parallel()
	all := subjects(15)
	for _, s := range all {
		s.run = sent(s.rate, s.rate, s.rate, s.rate)
	}
	var out bytes.Buffer
	if err := report(&out, all, []time.Duration{time.Millisecond}, []time.Duration{0}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "100."); got < len(all) {
		t.Errorf("%d lines with all of the rate used, want %d:\n%s", got, len(all), &out)
	}
	if !strings.Contains(out.String(), "1.0 ms") {
		t.Errorf("it does not say how late batches start:\n%s", &out)
	}
}
