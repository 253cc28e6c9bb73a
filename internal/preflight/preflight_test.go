package preflight_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/campaign"
	"sluice/internal/pace"
	"sluice/internal/preflight"
	"sluice/internal/price"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

func TestWhoWouldBeSentTo(t *testing.T) {
	const a, b, c, d = "447700900001", "447700900002", "447700900003", "33612345678"
	row := func(number string) [2]string { return [2]string{number, "Ada"} }
	for name, test := range map[string]struct {
		parts [][][2]string
		out   outs
		want  preflight.Recipients
	}{
		"nobody":             {nil, nil, preflight.Recipients{}},
		"a part of nobody":   {[][][2]string{{}}, outs{a}, preflight.Recipients{}},
		"all":                {[][][2]string{{row(a), row(b)}, {row(c)}}, nil, preflight.Recipients{Rows: 3, Valid: 3}},
		"twice in a part":    {[][][2]string{{row(a), row(b), row(a)}}, nil, preflight.Recipients{Rows: 3, Valid: 2, Duplicate: 1}},
		"in two parts":       {[][][2]string{{row(a), row(b)}, {row(c), row(a)}}, nil, preflight.Recipients{Rows: 4, Valid: 3, Duplicate: 1}},
		"in three, and out":  {[][][2]string{{row(a)}, {row(a), row(b)}, {row(a)}}, outs{a}, preflight.Recipients{Rows: 4, Valid: 1, Duplicate: 2, OptedOut: 1}},
		"refused":            {[][][2]string{{row("hello"), row(a), row("")}}, nil, preflight.Recipients{Rows: 3, Valid: 1, Refused: 2}},
		"out who is not in":  {[][][2]string{{row(a)}}, outs{b, "1"}, preflight.Recipients{Rows: 1, Valid: 1}},
		"out who is refused": {[][][2]string{{row(a), row("x")}}, outs{a, a}, preflight.Recipients{Rows: 2, Refused: 1, OptedOut: 1}},
		"of several lengths": {[][][2]string{{row(d), row(a), row("1234567"), row("123456789012345")}}, outs{"123456789012345"}, preflight.Recipients{Rows: 4, Valid: 3, OptedOut: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lists{}
			for i, rows := range test.parts {
				l.uploads = append(l.uploads, part(t, i, greeting, rows...))
			}
			r, err := preflight.New(l, test.out, prices(nil), rates(0), at9).Uploaded(t.Context(), draft(greeting))
			if err != nil || r.Recipients != test.want {
				t.Errorf("got %+v, want %+v; %v", r.Recipients, test.want, err)
			}
			if n := r.Recipients; n.Rows != n.Valid+n.Refused+n.Duplicate+n.OptedOut {
				t.Errorf("%+v do not add up", n)
			}
			if len(r.Sample) != r.Recipients.Valid {
				t.Errorf("%d texts are shown, of %d", len(r.Sample), r.Recipients.Valid)
			}
		})
	}
}

// One list with all that can be counted: what is counted is of those who would be sent to, what forces UCS-2 is of all rows.
func TestTheWholeReport(t *testing.T) {
	long := fmt.Sprintf("%0160d", 0)
	l := &lists{uploads: []recipients.Upload{
		part(t, 3, greeting,
			[2]string{"447700900001", "Ada"},          // 1 segment
			[2]string{"447700900002", "d’Arc"},        // 1 in UCS-2
			[2]string{"447700900003", "J’’" + long},   // 171 characters: 3 in UCS-2, 2 in GSM-7
			[2]string{"447700900004", "☂’" + long},    // wants no texts
			[2]string{"33612345678", ""},              // 1, with the default
			[2]string{"4915112345678", "Ada" + long}), // 2, without a price
		part(t, 7, greeting,
			[2]string{"447700900001", "Zoë ☂"}, // stands in part 3
			[2]string{"447700900005", "Zoë"},   // 1: ë is not in GSM-7
			[2]string{"no number", ""}),
	}}
	c := draft(greeting)
	c.StartAt = nine.Add(time.Hour)
	p := preflight.New(l, outs{"447700900004"}, prices{"44": "0.04", "33": "0.0650", "447700900003": "0.1"}, rates(10), at9)
	got, err := p.Uploaded(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) time.Time { return nine.Add(time.Hour + d) }
	size := func(e sms.Encoding, segments, units int) sms.Size {
		return sms.Size{Encoding: e, Segments: segments, Units: units}
	}
	want := preflight.Report{
		Recipients: preflight.Recipients{Rows: 9, Valid: 6, Refused: 1, Duplicate: 1, OptedOut: 1},
		Segments:   preflight.Segments{Least: 1, Most: 3, Total: 9, Mean: 1.5},
		Encoding: preflight.Encoding{
			GSM7: 3, UCS2: 3, SegmentsAsGSM7: 8, Saves: 1,
			Forcing: []preflight.Forcing{{Character: "’", Texts: 3}, {Character: "ë", Texts: 2}, {Character: "☂", Texts: 2}},
		},
		// 3 × 0.04 + 3 × 0.1 + 0.065
		Price: &preflight.Price{Currency: "EUR", Total: 48_500_000, Saves: 10_000_000, Unpriced: 1},
		Plan: &preflight.Plan{
			Batches: 4, StartsAt: at(0), EndsAt: at(3 * time.Minute), BoundBy: preflight.ByPlan,
			Rates: []pace.Rate{
				{By: pace.Account, PerSecond: 20, Requests: 20, AtOnce: 20},
				{By: pace.Number, PerSecond: 10, Requests: 3, AtOnce: 3}, // the longest of all texts has three segments: three of them fill nine of ten
			},
			Timeline: []campaign.Planned{
				{Number: 1, From: 0, To: 2, Due: at(0), Done: at(0)}, // 6 of 7 are sent to: one of two, two of two
				{Number: 2, From: 2, To: 4, Due: at(time.Minute), Done: at(time.Minute + 50*time.Millisecond)},
				{Number: 3, From: 4, To: 6, Due: at(2 * time.Minute), Done: at(2*time.Minute + 50*time.Millisecond)},
				{Number: 4, From: 6, To: 7, Due: at(3 * time.Minute), Done: at(3 * time.Minute)},
			},
		},
		Sample: []preflight.Text{
			{Number: "447700900001", Text: "Hello Ada!", Size: size(sms.GSM7, 1, 10)},
			{Number: "447700900002", Text: "Hello d’Arc!", Size: size(sms.UCS2, 1, 12)},
			{Number: "447700900003", Text: "Hello J’’" + long + "!", Size: size(sms.UCS2, 3, 170)},
			{Number: "33612345678", Text: "Hello there!", Size: size(sms.GSM7, 1, 12)},
			{Number: "4915112345678", Text: "Hello Ada" + long + "!", Size: size(sms.GSM7, 2, 170)},
			{Number: "447700900005", Text: "Hello Zoë!", Size: size(sms.UCS2, 1, 10)},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(pace.Rate{})); diff != "" {
		t.Error(diff)
	}
	if got.Encoding.Forcing[0].CodePoint() != "U+2019" || got.Price.Total.String() != "0.4850" {
		t.Errorf("%s, %s", got.Encoding.Forcing[0].CodePoint(), got.Price.Total)
	}
}

func TestTheLeastSegmentsAreThoseOfTheShortestText(t *testing.T) {
	for name, lengths := range map[string][]int{
		"the first is": {10, 200, 400}, "a later one is": {200, 10, 400}, "the last is": {400, 200, 10},
	} {
		t.Run(name, func(t *testing.T) {
			var rows [][2]string
			for i, length := range lengths {
				rows = append(rows, [2]string{fmt.Sprint(447700900001 + i), fmt.Sprintf("%0*d", length, 0)})
			}
			r, err := preflight.New(nil, outs(nil), prices(nil), rates(0), at9).
				Proposed(t.Context(), draft("{{text}}"), part(t, 0, "{{text}}", rows...))
			if want := (preflight.Segments{Least: 1, Most: 3, Total: 6, Mean: 2}); err != nil || r.Segments != want {
				t.Errorf("got %+v, %v; want %+v", r.Segments, err, want)
			}
		})
	}
}

// A sum of prices cannot overflow as long as no list is longer than price takes it to be.
func TestAPriceCanBeAddedUpOverTheLongestList(t *testing.T) {
	if price.MaxTexts != recipients.MaxList {
		t.Errorf("a sum is of %d texts at most, a list of %d recipients", price.MaxTexts, recipients.MaxList)
	}
}

func TestWhatDecidesTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		size    int
		delay   time.Duration
		text    string
		maxRate float64
		sender  float64
		want    preflight.Bound
		ends    time.Duration
	}{
		"the plan":            {10, time.Hour, "Hello", 0, 0, preflight.ByPlan, 2*time.Hour + 450*time.Millisecond},
		"the account":         {30, time.Hour, "Hello", 0, 0, preflight.ByAccount, 1550 * time.Millisecond},
		"the campaign's own":  {30, time.Hour, "Hello", 1, 5, preflight.ByMaxRate, 29100 * time.Millisecond},
		"the sender's":        {30, time.Hour, "Hello", 10, 5, preflight.BySender, 5300 * time.Millisecond},
		"a sender's segments": {30, time.Hour, "“Hello” " + fmt.Sprintf("%0070d", 0), 10, 2, preflight.BySender, 29100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var rows [][2]string
			for i := range 30 {
				rows = append(rows, [2]string{fmt.Sprint(447700900001 + i), ""})
			}
			proposed := campaign.Campaign{Text: c.text, BatchSize: c.size, Delay: c.delay, MaxRate: c.maxRate, Status: campaign.Draft}
			r, err := preflight.New(nil, outs(nil), prices(nil), rates(c.sender), at9).
				Proposed(t.Context(), proposed, part(t, 0, c.text, rows...))
			if err != nil || r.Plan.BoundBy != c.want || r.Plan.EndsAt.Sub(nine).Round(time.Millisecond) != c.ends {
				t.Errorf("%s decides, and it ends after %v; want %s, %v; %v", r.Plan.BoundBy, r.Plan.EndsAt.Sub(nine), c.want, c.ends, err)
			}
		})
	}
}

func TestTheTimelineHasTheFirstBatchesAndTheLast(t *testing.T) {
	var rows [][2]string
	for i := range 60 {
		rows = append(rows, [2]string{fmt.Sprint(447700900001 + i), ""})
	}
	for size, want := range map[int][2]int{1: {21, 60}, 2: {21, 30}, 3: {20, 20}, 4: {15, 15}, 60: {1, 1}} {
		c := draft("Hello")
		c.BatchSize = size
		r, err := preflight.New(nil, outs(nil), prices(nil), rates(0), at9).Proposed(t.Context(), c, part(t, 0, "Hello", rows...))
		if err != nil {
			t.Fatal(err)
		}
		line := r.Plan.Timeline
		if last := line[len(line)-1]; len(line) != want[0] || last.Number != want[1] || last.To != 60 || r.Plan.EndsAt != last.Done {
			t.Errorf("batches of %d: %d are told, the last is %+v", size, len(line), last)
		}
	}
}

// A sample is of ten, and of the first pages only.
func TestTheSampleIsShort(t *testing.T) {
	var rows [][2]string
	var blocked outs
	for i := range 8000 {
		n := fmt.Sprint(447700900001 + i)
		rows = append(rows, [2]string{n, fmt.Sprint(i)})
		if i < 3*recipients.PageRows {
			blocked = append(blocked, sms.Number(n))
		}
	}
	for name, c := range map[string]struct {
		blocked      outs
		texts, pages int
	}{
		"the first page": {nil, 10, 1}, "the fourth": {blocked, 10, 4},
		"none of the first five": {append(blocked, numbersOf(rows[3000:6000])...), 0, 5},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lists{uploads: []recipients.Upload{part(t, 1, greeting, rows[:1500]...), part(t, 2, greeting, rows[1500:]...)}}
			r, err := preflight.New(l, c.blocked, prices(nil), rates(0), at9).Uploaded(t.Context(), draft(greeting))
			if err != nil || len(r.Sample) != c.texts || l.pages != c.pages {
				t.Errorf("%d texts of %d pages, want %d of %d; %v", len(r.Sample), l.pages, c.texts, c.pages, err)
			}
		})
	}
}

func numbersOf(rows [][2]string) []sms.Number {
	var numbers []sms.Number
	for _, r := range rows {
		numbers = append(numbers, sms.Number(r[0]))
	}
	return numbers
}

func TestOnlyTheMostForcingCharactersAreTold(t *testing.T) {
	l := &lists{}
	for n := range 2 {
		u := part(t, n, "Hello")
		u.Part.Forcing = make(map[string]int)
		for i := range 40 {
			u.Part.Forcing[string(rune(0x4e00+30*n+i))] = 100 - i
		}
		l.uploads = append(l.uploads, u)
	}
	r, err := preflight.New(l, outs(nil), prices(nil), rates(0), at9).Uploaded(t.Context(), draft("Hello"))
	if err != nil || len(r.Encoding.Forcing) != recipients.MaxForcing {
		t.Fatalf("%d characters; %v", len(r.Encoding.Forcing), err)
	}
	if first := r.Encoding.Forcing[0]; first.CodePoint() != "U+4E1E" || first.Texts != 100+70 {
		t.Errorf("the first is %s in %d texts", first.CodePoint(), first.Texts)
	}
}

func TestWhatHasNoPreflight(t *testing.T) {
	l := &lists{uploads: []recipients.Upload{part(t, 0, "Hello", [2]string{"447700900001", ""})}}
	p := preflight.New(l, outs(nil), prices(nil), rates(0), at9)
	running := draft("Hello")
	running.Status = campaign.Running
	var state campaign.StateError
	if _, err := p.Uploaded(t.Context(), running); !errors.As(err, &state) || state.Status != campaign.Running {
		t.Errorf("a running campaign: %v", err)
	}
	l.fault = recipients.ErrChanged
	if _, err := p.Uploaded(t.Context(), draft("Hello")); !errors.Is(err, campaign.ErrConflict) {
		t.Errorf("a list that changes: %v", err)
	}
	bad := preflight.New(&lists{}, outs(nil), prices{"44": "dear"}, rates(0), at9)
	if _, err := bad.Uploaded(t.Context(), draft("Hello")); err == nil {
		t.Error("prices that cannot be read are no fault")
	}
}
