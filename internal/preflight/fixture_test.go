package preflight_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/pace"
	"sluice/internal/preflight"
	"sluice/internal/price"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

var nine = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// numbering takes numbers as they are.
type numbering struct{}

func (numbering) Parse(text, _ string) (sms.Number, error) { return sms.ParseNumber(text) }
func (numbering) Knows(string) bool                        { return true }

// part builds one of rows: a number, and what the one variable is.
func part(t testing.TB, number int, text string, rows ...[2]string) recipients.Upload {
	t.Helper()
	template, err := sms.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	b := recipients.NewBuilder(numbering{}, "", template)
	for i, row := range rows {
		r := recipients.Row{At: i + 1, Number: row[0]}
		if len(template.Variables()) > 0 {
			r.Values = []string{row[1]}
		}
		b.Add(r)
	}
	return b.Upload(number, fmt.Sprint("digest ", number), nine)
}

// lists are parts in memory, by number.
type lists struct {
	uploads []recipients.Upload
	fault   error
	pages   int // that were read
}

func (l *lists) Parts(context.Context, string) ([]recipients.Part, error) {
	var parts []recipients.Part
	for _, u := range l.uploads {
		parts = append(parts, u.Part)
	}
	return parts, nil
}

func (l *lists) of(p recipients.Part) recipients.Upload {
	for _, u := range l.uploads {
		if u.Part.Number == p.Number {
			return u
		}
	}
	return recipients.Upload{}
}

func (l *lists) Entries(_ context.Context, _ string, p recipients.Part, visit func(int, []recipients.Entry) error) error {
	for i, page := range l.of(p).Pages {
		if err := visit(i, page.Entries); err != nil {
			return err
		}
	}
	return l.fault
}

func (l *lists) PageOf(_ context.Context, _ string, p recipients.Part, page int) ([]recipients.Recipient, error) {
	l.pages++
	return l.of(p).Pages[page].Recipients, nil
}

// outs are opted out.
type outs []sms.Number

func (o outs) Among(_ context.Context, _ sms.Sender, crowd optout.Crowd) ([]sms.Number, error) {
	var found []sms.Number
	for _, n := range o {
		if crowd.Has(n) {
			found = append(found, n)
		}
	}
	return found, nil
}

type prices map[string]string

func (p prices) Prices(context.Context) (price.Table, error) {
	if p == nil {
		return price.Table{}, nil
	}
	table, problems := price.NewTable("EUR", p)
	if len(problems) > 0 {
		return table, errors.New(problems[0].Reason)
	}
	return table, nil
}

// rates are an account's of 20 a second, and, where they are set, a sender's in segments and the campaign's own.
func rates(sender float64) preflight.Rates {
	return func(_ context.Context, c campaign.Campaign, segments int) ([]pace.Rate, error) {
		all := []pace.Rate{pace.RateOf(pace.Account, pace.Limit{PerSecond: 20}, 1)}
		if sender > 0 {
			all = append(all, pace.RateOf(pace.Number, pace.Limit{PerSecond: sender}, segments))
		}
		if c.MaxRate > 0 {
			all = append(all, pace.RateOf(pace.Self, pace.Limit{PerSecond: c.MaxRate}, 1))
		}
		return all, nil
	}
}

func at9() time.Time { return nine }

func draft(text string) campaign.Campaign {
	return campaign.Campaign{
		ID: "A", Sender: "Sluice", Text: text, BatchSize: 2, Delay: time.Minute, Status: campaign.Draft,
	}
}

const greeting = "Hello {{first_name|there}}!"
