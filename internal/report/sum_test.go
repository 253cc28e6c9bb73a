package report_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

func accepted(parts ...sms.Part) report.Row {
	return report.Row{Message: campaign.Message{State: campaign.Accepted, Parts: parts}}
}

func (r row) with(fate returns.Fate, parts map[string]returns.Part) report.Row {
	r.Delivery = &returns.Delivery{Fate: fate, Parts: parts}
	return report.Row(r)
}

type row report.Row

func TestPrices(t *testing.T) {
	receipts := map[string]returns.Part{"a": {Price: "0.0125"}, "b": {Price: "0.0125"}, "c": {}}
	for _, c := range []struct {
		name string
		row  report.Row
		want string // empty: not known
	}{
		{"all decimals count", accepted(sms.Part{Price: "0.03330001"}, sms.Part{Price: "0.03330002"}), "0.06660003"},
		{"zeros that say nothing are left out", accepted(sms.Part{Price: "1.50000000"}), "1.5000"},
		{"more zeros than decimals are no more decimals", accepted(sms.Part{Price: "0.0300000000"}), "0.0300"},
		{"a whole number is a price", accepted(sms.Part{Price: "2"}), "2.0000"},
		{"nothing is a price too", accepted(sms.Part{Price: "0.00000000"}), "0.0000"},
		{"the largest", accepted(sms.Part{Price: "499.99999999"}), "499.99999999"},
		{"no price", accepted(sms.Part{}), ""},
		{"what is no decimal", accepted(sms.Part{Price: "1e3"}), ""},
		{"less than nothing", accepted(sms.Part{Price: "-0.03"}), ""},
		{"a point without decimals", accepted(sms.Part{Price: "1."}), ""},
		{"a comma", accepted(sms.Part{Price: "0,03"}), ""},
		{"decimals alone", accepted(sms.Part{Price: ".03"}), ""},
		{"more decimals than are counted", accepted(sms.Part{Price: "0.000000001"}), ""},
		{"too much to be a price", accepted(sms.Part{Price: "500.01"}), ""},
		{"parts without a price cost what the others do", accepted(sms.Part{Price: "0.03"}, sms.Part{}), "0.0300"},
		{"the answer's price is the price", row(accepted(sms.Part{Price: "0.03"})).with(returns.Arrived, receipts), "0.0300"},
		{"without one, the receipts' is", row(accepted(sms.Part{})).with(returns.Arrived, receipts), "0.0250"},
		{"receipts without a price", row(accepted(sms.Part{})).with(returns.Arrived, map[string]returns.Part{"c": {}}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			price, known := c.row.Price()
			if known != (c.want != "") || known && price.String() != c.want {
				t.Errorf("%s, %t, want %q", price, known, c.want)
			}
		})
	}
}

func TestTheNetworkIsTheAnswersOrTheReceipts(t *testing.T) {
	receipts := map[string]returns.Part{"a": {}, "b": {Network: "23420"}, "c": {Network: "23430"}}
	for want, r := range map[string]report.Row{
		"23410": row(accepted(sms.Part{}, sms.Part{Network: "23410"})).with(returns.Transit, receipts),
		"23420": row(accepted(sms.Part{})).with(returns.Transit, receipts),
		"":      accepted(sms.Part{}),
	} {
		if got := r.Network(); got != want {
			t.Errorf("network %q, want %q", got, want)
		}
	}
}

func TestTotals(t *testing.T) {
	failed := func(code, reason string) report.Row {
		return report.Row{Message: campaign.Message{State: campaign.Failed, Code: code, Reason: reason}}
	}
	gone := map[string]returns.Part{"b": {Status: sms.Undeliverable, Code: "3", Reason: "gone"}, "a": {Status: sms.Delivered}}
	rows := []report.Row{
		accepted(sms.Part{Network: "23410", Price: "0.04"}, sms.Part{Network: "23410", Price: "0.04"}),
		accepted(sms.Part{Network: "23420", Price: "0.05"}),
		row(accepted(sms.Part{Network: "23410"})).with(returns.Undelivered, gone),
		failed("vonage 6", "no"), failed("vonage 6", "no"), failed("vonage 7", "barred"),
		{Message: campaign.Message{State: campaign.Unknown, Code: "timeout", Reason: "no answer"}},
		{Message: campaign.Message{State: campaign.Skipped, Reason: "opted out"}},
		{Message: campaign.Message{State: campaign.Retrying}},
		row(failed("vonage 6", "no")).with(returns.Arrived, gone), // a receipt of the attempt before
	}
	want := report.Totals{
		Recipients: 12, Pending: 3, Accepted: 3, Failed: 4, Skipped: 1, Unknown: 1, Delivered: 7, Undelivered: 8,
		Cost: report.Cost{Texts: 3, Segments: 4, Price: 13_000_000, Unpriced: 1},
		Networks: []report.Network{
			{Name: "23410", Cost: report.Cost{Texts: 2, Segments: 3, Price: 8_000_000, Unpriced: 1}},
			{Name: "23420", Cost: report.Cost{Texts: 1, Segments: 1, Price: 5_000_000}},
		},
		Failures: []report.Failures{
			{Failure: report.Failure{State: campaign.Failed, Code: "vonage 6", Reason: "no"}, Texts: 3},
			{Failure: report.Failure{Code: "3", Reason: "gone"}, Texts: 1},
			{Failure: report.Failure{State: campaign.Failed, Code: "vonage 7", Reason: "barred"}, Texts: 1},
			{Failure: report.Failure{State: campaign.Skipped, Reason: "opted out"}, Texts: 1},
			{Failure: report.Failure{State: campaign.Unknown, Code: "timeout", Reason: "no answer"}, Texts: 1},
		},
	}
	returned := returns.Tally{Delivered: 7, Undelivered: 8}
	for cut := range len(rows) + 1 { // a sum of sums is the sum
		var sum, rest report.Sum
		for i, r := range rows {
			if i < cut {
				sum.Add(r)
			} else {
				rest.Add(r)
			}
		}
		sum.Merge(rest)
		if diff := cmp.Diff(want, sum.Totals(campaign.Campaign{Recipients: 12}, returned)); diff != "" {
			t.Errorf("cut at %d: %s", cut, diff)
		}
	}
	var sum report.Sum
	sum.Add(rows[0])
	got := sum.Totals(campaign.Campaign{Recipients: 12, Status: campaign.Cancelled}, returns.Tally{})
	if got.Pending != 0 || got.Skipped != 11 || len(got.Failures) != 1 || got.Failures[0].Texts != 11 {
		t.Errorf("of a cancelled campaign: %+v", got)
	}
}

// A provider that says something else each time fills neither the memory nor the answer.
func TestASumStaysSmall(t *testing.T) {
	const n = 20_000
	var sum, more report.Sum
	for i := range n {
		s := &sum
		if i%2 == 0 {
			s = &more
		}
		s.Add(accepted(sms.Part{Network: fmt.Sprint(i), Price: "0.01"}))
		s.Add(report.Row{Message: campaign.Message{State: campaign.Failed, Reason: fmt.Sprint(i)}})
	}
	sum.Merge(more)
	got := sum.Totals(campaign.Campaign{Recipients: 2 * n}, returns.Tally{})
	if len(got.Networks) > 3001 || len(got.Failures) > 3001 || got.Texts != n || got.Price != n*1_000_000 || got.Failed != n {
		t.Errorf("%d networks, %d errors, %+v", len(got.Networks), len(got.Failures), got.Cost)
	}
	texts := 0
	for _, f := range got.Failures {
		texts += f.Texts
	}
	if texts != n || got.Failures[0].Reason != "other" {
		t.Errorf("%d errors, the most of them %+v", texts, got.Failures[0])
	}
}
