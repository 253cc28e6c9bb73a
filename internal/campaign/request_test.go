package campaign_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/campaign"
	"sluice/internal/numberplan"
)

var now = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

func rows(numbers ...string) []campaign.Row {
	var rows []campaign.Row
	for _, n := range numbers {
		rows = append(rows, campaign.Row{Number: n})
	}
	return rows
}

func good() campaign.Request {
	return campaign.Request{
		Sender: "447700900000", Recipients: rows("+447700900001", "447700900002"), Text: "Hello, World!",
		BatchSize: 3, DelaySeconds: 3600,
	}
}

func TestCheckTakesTheTutorialsRequest(t *testing.T) {
	if _, problems := good().Check(numberplan.New(), now); len(problems) > 0 {
		t.Fatal(problems)
	}
}

func TestCheckNamesEverythingThatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*campaign.Request)
		want   []campaign.Problem // without their reasons
	}{
		"empty list":             {func(q *campaign.Request) { q.Recipients = nil }, []campaign.Problem{{Field: "recipients"}}},
		"row that is no number":  {func(q *campaign.Request) { q.Recipients[1].Number = "hello" }, []campaign.Problem{{Field: "recipients", Row: 2}}},
		"too many rows":          {func(q *campaign.Request) { q.Recipients = make([]campaign.Row, campaign.MaxRows+1) }, []campaign.Problem{{Field: "recipients"}}},
		"no batch size":          {func(q *campaign.Request) { q.BatchSize = 0 }, []campaign.Problem{{Field: "batch_size"}}},
		"negative batch size":    {func(q *campaign.Request) { q.BatchSize = -1 }, []campaign.Problem{{Field: "batch_size"}}},
		"negative delay":         {func(q *campaign.Request) { q.DelaySeconds = -1 }, []campaign.Problem{{Field: "delay_period"}}},
		"delay over 30 days":     {func(q *campaign.Request) { q.DelaySeconds = 30*86400 + 1 }, []campaign.Problem{{Field: "delay_period"}}},
		"empty text":             {func(q *campaign.Request) { q.Text = " \n" }, []campaign.Problem{{Field: "message_string"}}},
		"over-long text":         {func(q *campaign.Request) { q.Text = strings.Repeat("é", 3201) }, []campaign.Problem{{Field: "message_string"}}},
		"sender of 12 letters":   {func(q *campaign.Request) { q.Sender = "ABCDEFGHIJKL" }, []campaign.Problem{{Field: "sender"}}},
		"sender with a bang":     {func(q *campaign.Request) { q.Sender = "Hey!" }, []campaign.Problem{{Field: "sender"}}},
		"start in the past":      {func(q *campaign.Request) { q.StartAt = now.Add(-time.Hour) }, []campaign.Problem{{Field: "start_at"}}},
		"start in two years":     {func(q *campaign.Request) { q.StartAt = now.AddDate(2, 0, 0) }, []campaign.Problem{{Field: "start_at"}}},
		"name of 201 characters": {func(q *campaign.Request) { q.Name = strings.Repeat("n", 201) }, []campaign.Problem{{Field: "name"}}},
		"everything": {
			func(q *campaign.Request) { *q = campaign.Request{DelaySeconds: -1, Recipients: rows("", "x")} },
			[]campaign.Problem{
				{Field: "sender"}, {Field: "message_string"}, {Field: "batch_size"}, {Field: "delay_period"},
				{Field: "recipients", Row: 1}, {Field: "recipients", Row: 2},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := good()
			test.change(&q)
			_, problems := q.Check(numberplan.New(), now)
			if diff := cmp.Diff(test.want, problems, cmpopts.IgnoreFields(campaign.Problem{}, "Reason")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			for _, p := range problems {
				if p.Reason == "" {
					t.Errorf("%s has no reason", p.Field)
				}
			}
		})
	}
}

func TestCheckTakesTheLimitsThemselves(t *testing.T) {
	q := good()
	q.Text, q.DelaySeconds, q.Sender, q.BatchSize = strings.Repeat("é", 3200), 30*86400, "ABCDEFGHIJK", 1_000_000
	q.StartAt = now.Add(campaign.MaxStart)
	if _, problems := q.Check(numberplan.New(), now); len(problems) > 0 {
		t.Fatal(problems)
	}
}
