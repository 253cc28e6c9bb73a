package report_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// desk is one campaign, in memory: who has a record, and who has a receipt.
type desk struct {
	report.Store // what else there is, nobody calls

	campaign  campaign.Campaign
	records   map[sms.Number]campaign.Message
	arrived   map[sms.Number]bool
	looked    int  // at so many of the list
	unlisted  bool // records were asked for by state
	fault     error
	deliverer []sms.Number
}

const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func newDesk(recipients int) *desk {
	return &desk{
		campaign: campaign.Campaign{ID: id, Recipients: recipients, Status: campaign.Running},
		records:  make(map[sms.Number]campaign.Message), arrived: make(map[sms.Number]bool),
	}
}

func person(i int) sms.Number { return sms.Number(fmt.Sprintf("4477%08d", i)) }

func (d *desk) record(i int, state campaign.State) {
	d.records[person(i)] = campaign.Message{To: person(i), Index: i, Batch: 1, State: state}
}

func (d *desk) Campaign(_ context.Context, of string) (campaign.Campaign, error) {
	if of != id {
		return campaign.Campaign{}, campaign.ErrNotFound
	}
	return d.campaign, d.fault
}

func (d *desk) Messages(_ context.Context, _ string, after, limit int) ([]campaign.Message, error) {
	var list []campaign.Message
	for i := after; i < min(after+limit, d.campaign.Recipients); i++ {
		m, ok := d.records[person(i)]
		if !ok {
			m = campaign.Message{To: person(i), Index: i, State: campaign.Pending}
		}
		list = append(list, m)
	}
	d.looked += len(list)
	return list, d.fault
}

// store is the desk's other side, on which Messages means something else.
type store struct{ *desk }

func (s store) Messages(_ context.Context, _ string, numbers []sms.Number) (map[sms.Number]campaign.Message, error) {
	found := make(map[sms.Number]campaign.Message)
	for _, n := range numbers {
		if m, ok := s.records[n]; ok {
			found[n] = m
		}
	}
	return found, s.fault
}

func (s store) Deliveries(_ context.Context, _ string, numbers []sms.Number) (map[sms.Number]returns.Delivery, error) {
	s.deliverer = append(s.deliverer, numbers...)
	found := make(map[sms.Number]returns.Delivery)
	for _, n := range numbers {
		if s.arrived[n] {
			found[n] = returns.Delivery{To: n, Fate: returns.Arrived}
		}
	}
	return found, s.fault
}

func (s store) Records(_ context.Context, _ string, state campaign.State, after string, limit int) ([]campaign.Message, string, error) {
	s.unlisted = true
	if after != "" && after != "more" {
		return nil, "", report.ErrCursor
	}
	return []campaign.Message{{To: person(7), Batch: 1, State: state}}, "more", s.fault
}

func (d *desk) all(t *testing.T, q report.Query) (rows []report.Row, sizes []int) {
	t.Helper()
	for range 1000 {
		page, next, err := report.New(d, store{d}).Page(t.Context(), id, q)
		if err != nil {
			t.Fatal(err)
		}
		rows, sizes = append(rows, page...), append(sizes, len(page))
		if next == "" {
			return rows, sizes
		}
		q.After = next
	}
	t.Fatal("the list has no end")
	return nil, nil
}

func TestTheListIsThatOfTheCampaign(t *testing.T) {
	d := newDesk(2500)
	d.record(0, campaign.Accepted)
	d.record(3, campaign.Failed)
	d.arrived[person(0)] = true
	rows, sizes := d.all(t, report.Query{Limit: 1000})
	if len(rows) != 2500 || !slices.Equal(sizes, []int{1000, 1000, 500}) {
		t.Errorf("pages of %v", sizes)
	}
	for i, r := range rows {
		if r.Message.Index != i || (r.Delivery != nil) != (i == 0) {
			t.Errorf("row %d is of index %d, with the delivery %v", i, r.Message.Index, r.Delivery)
		}
	}
	if !slices.Equal(d.deliverer, []sms.Number{person(0), person(3)}) {
		t.Errorf("the deliveries of %d were asked for, who was sent to are two", len(d.deliverer))
	}
}

// One page looks at 5,000, though nobody among them is asked for.
func TestThoseWithoutARecordAreFoundByWalkingTheList(t *testing.T) {
	const n = 12_000
	d := newDesk(n)
	for i := range n {
		if i != 5500 && i != 11_999 {
			d.record(i, campaign.Accepted)
		}
	}
	rows, sizes := d.all(t, report.Query{State: campaign.Pending, Limit: 100})
	if len(rows) != 2 || rows[0].Message.To != person(5500) || rows[1].Message.To != person(11_999) ||
		!slices.Equal(sizes, []int{0, 1, 1}) || d.looked != n {
		t.Errorf("%d rows in pages of %v, at %d looked", len(rows), sizes, d.looked)
	}
	if d.unlisted {
		t.Error("records were asked for")
	}
	for _, limit := range []int{1, 2, 3} { // a page that is full in the middle of what was read
		d = newDesk(10)
		d.record(4, campaign.Failed)
		if rows, _ := d.all(t, report.Query{State: campaign.Pending, Limit: limit}); len(rows) != 9 {
			t.Errorf("in pages of %d: %d rows", limit, len(rows))
		}
	}
}

func TestThoseWithARecordAreFoundWhereTheRecordsAre(t *testing.T) {
	for _, c := range []struct {
		state  campaign.State
		status campaign.Status
		walks  bool
	}{
		{campaign.Accepted, campaign.Running, false}, {campaign.Failed, campaign.Running, false},
		{campaign.Unknown, campaign.Cancelled, false}, {campaign.Skipped, campaign.Completed, false},
		{campaign.Skipped, campaign.Cancelled, true}, {campaign.Pending, campaign.Running, true},
	} {
		for _, after := range []string{"", "0"} {
			d := newDesk(20)
			d.campaign.Status = c.status
			if _, _, err := report.New(d, store{d}).Page(t.Context(), id, report.Query{State: c.state, After: after, Limit: 10}); err != nil {
				t.Error(err)
			}
			if walked := d.looked > 0; walked != c.walks || d.unlisted == c.walks {
				t.Errorf("%s of a campaign that is %s: the list was walked: %t", c.state, c.status, walked)
			}
		}
	}
}

// Between two pages, the campaign is cancelled.
func TestAListGoesOnAsItBegan(t *testing.T) {
	d := newDesk(20)
	q := report.Query{State: campaign.Skipped, Limit: 10}
	_, next, err := report.New(d, store{d}).Page(t.Context(), id, q)
	if err != nil || next != "more" {
		t.Fatal(next, err)
	}
	d.campaign.Status, q.After = campaign.Cancelled, next
	if _, _, err = report.New(d, store{d}).Page(t.Context(), id, q); err != nil || d.looked > 0 {
		t.Errorf("%v, looked at %d of the list", err, d.looked)
	}
	q.After = "another"
	if _, _, err = report.New(d, store{d}).Page(t.Context(), id, q); !errors.Is(err, report.ErrCursor) {
		t.Error(err)
	}
	q.After = strconv.Itoa(10)
	if _, _, err = report.New(d, store{d}).Page(t.Context(), id, q); err != nil || d.looked != 10 {
		t.Errorf("%v, looked at %d of the list", err, d.looked)
	}
}

func TestARowByNumber(t *testing.T) {
	d := newDesk(20)
	d.record(1, campaign.Accepted)
	d.record(2, campaign.Retrying)
	d.arrived[person(1)] = true
	reporter := report.New(d, store{d})
	if r, err := reporter.Row(t.Context(), id, person(1)); err != nil || r.Message.State != campaign.Accepted || r.Delivery == nil {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := reporter.Row(t.Context(), id, person(2)); err != nil || r.Message.State != campaign.Pending || r.Message.Index != 2 {
		t.Errorf("who is sent to again: %+v, %v", r, err)
	}
	d.campaign.Status = campaign.Cancelled
	if r, err := reporter.Row(t.Context(), id, person(2)); err != nil || r.Message.State != campaign.Skipped || r.Message.Reason == "" {
		t.Errorf("who would have been sent to again: %+v, %v", r, err)
	}
	if _, err := reporter.Row(t.Context(), id, person(3)); !errors.Is(err, campaign.ErrNoMessage) {
		t.Errorf("who was not sent to: %v", err)
	}
	if _, err := reporter.Row(t.Context(), "another", person(1)); !errors.Is(err, campaign.ErrNotFound) {
		t.Errorf("an unknown campaign: %v", err)
	}
}
