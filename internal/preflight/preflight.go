package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/pace"
	"sluice/internal/price"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// Lists reads the lists of drafts: what a recipients.Store says of these holds.
type Lists interface {
	Parts(ctx context.Context, campaign string) ([]recipients.Part, error)
	Entries(ctx context.Context, campaign string, p recipients.Part, visit func(page int, entries []recipients.Entry) error) error
	PageOf(ctx context.Context, campaign string, p recipients.Part, page int) ([]recipients.Recipient, error)
}

// OptOuts knows who of many wants no texts from a sender. It may miss what was recorded in the last seconds.
type OptOuts interface {
	Among(ctx context.Context, from sms.Sender, crowd optout.Crowd) ([]sms.Number, error)
}

// Prices returns the operator's table; the zero Table where there is none.
type Prices interface {
	Prices(ctx context.Context) (price.Table, error)
}

// Rates are those of the limits that a campaign would be under, the widest first, where the longest of its texts has so many
// segments.
type Rates func(ctx context.Context, c campaign.Campaign, segments int) ([]pace.Rate, error)

// Preflight makes reports. It may be used concurrently.
type Preflight struct {
	lists  Lists
	outs   OptOuts
	prices Prices
	rates  Rates
	now    func() time.Time
}

// New returns a preflight. now is its clock.
func New(lists Lists, outs OptOuts, prices Prices, rates Rates, now func() time.Time) *Preflight {
	return &Preflight{lists: lists, outs: outs, prices: prices, rates: rates, now: now}
}

// Uploaded reports on a draft, as if it were launched now. campaign.StateError for what is no draft, campaign.ErrConflict where
// the list is changing.
func (p *Preflight) Uploaded(ctx context.Context, c campaign.Campaign) (Report, error) {
	if c.Status != campaign.Draft {
		return Report{}, campaign.StateError{Action: "preflight", Status: c.Status}
	}
	r, err := p.report(ctx, c, p.lists)
	if errors.Is(err, recipients.ErrChanged) {
		err = fmt.Errorf("%w: %w", campaign.ErrConflict, err)
	}
	if err != nil {
		return Report{}, fmt.Errorf("preflight of campaign %s: %w", c.ID, err)
	}
	return r, nil
}

// Proposed reports on a campaign that is not stored, with its list.
func (p *Preflight) Proposed(ctx context.Context, c campaign.Campaign, u recipients.Upload) (Report, error) {
	r, err := p.report(ctx, c, proposal(u))
	if err != nil {
		return Report{}, fmt.Errorf("preflight: %w", err)
	}
	return r, nil
}

func (p *Preflight) report(ctx context.Context, c campaign.Campaign, lists Lists) (Report, error) {
	parts, err := lists.Parts(ctx, c.ID)
	if err != nil {
		return Report{}, fmt.Errorf("list the parts: %w", err)
	}
	f := newFold(parts)
	rates, err := p.ratesOf(ctx, c, f.segments)
	if err != nil {
		return Report{}, err
	}
	if f.stride, err = p.stride(ctx, c, rates, f.segments); err != nil {
		return Report{}, err
	}
	if err := f.read(ctx, lists, c.ID, parts); err != nil {
		return Report{}, err
	}
	out, err := p.outs.Among(ctx, c.Sender, f)
	if err != nil {
		return Report{}, err
	}
	f.leaveOut(out)
	table, err := p.prices.Prices(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("read the prices: %w", err)
	}
	r := f.report(table)
	if r.Plan, err = p.plan(ctx, c, f, rates); err != nil {
		return Report{}, err
	}
	r.Sample, err = sample(ctx, lists, c, parts, f)
	return r, err
}

func (p *Preflight) ratesOf(ctx context.Context, c campaign.Campaign, segments int) ([]pace.Rate, error) {
	rates, err := p.rates(ctx, c, max(1, segments))
	if err != nil {
		return nil, fmt.Errorf("read the limits: %w", err)
	}
	return rates, nil
}

// stride is for a list whose longest text has so many segments, and rates that are of those.
func (p *Preflight) stride(ctx context.Context, c campaign.Campaign, rates []pace.Rate, segments int) (*stride, error) {
	var limits []pace.Rate
	if segments > 1 && slices.ContainsFunc(rates, bySegments) {
		for n := 1; n <= segments; n++ {
			each, err := p.ratesOf(ctx, c, n)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(each, bySegments); i >= 0 { // it may have been taken away this moment
				limits = append(limits, each[i])
			}
		}
	}
	if len(limits) < segments {
		limits = nil
	}
	return newStride(limits, campaign.FlowOf(rates).Apart, campaign.MaxChunk, c.BatchSize), nil
}

func bySegments(r pace.Rate) bool { return r.By == pace.Number }

// flow is how texts leave, also those of several lengths.
func (f *fold) flow(rates []pace.Rate) campaign.Flow {
	flow := campaign.FlowOf(rates)
	perSecond := f.stride.perSecond()
	if perSecond == 0 {
		return flow
	}
	flow.PerSecond = perSecond
	for _, r := range rates {
		if !bySegments(r) {
			flow.PerSecond = min(flow.PerSecond, r.Requests)
		}
	}
	return flow
}

// plan is nil where nobody is on the list. The rates are those of its longest texts.
func (p *Preflight) plan(ctx context.Context, c campaign.Campaign, f *fold, rates []pace.Rate) (*Plan, error) {
	if f.Len() == 0 {
		return nil, nil
	}
	c.Recipients = f.Len()
	forecast := c.Forecast(f.counts.Valid, p.now(), f.flow(rates))
	first, last := forecast.Batch(1), forecast.Batch(forecast.Batches())
	plan := &Plan{Batches: last.Number, StartsAt: first.Due, EndsAt: last.Done, BoundBy: slowest(rates), Rates: rates}
	if forecast.ByPlan() {
		plan.BoundBy = ByPlan
	}
	for n := 1; n <= min(MaxTimeline, last.Number); n++ {
		plan.Timeline = append(plan.Timeline, forecast.Batch(n))
	}
	if last.Number > MaxTimeline {
		plan.Timeline = append(plan.Timeline, last)
	}
	return plan, nil
}

// slowest is the limit that allows the fewest texts, the widest of several.
func slowest(rates []pace.Rate) Bound {
	least := rates[0]
	for _, r := range rates {
		if r.Requests < least.Requests {
			least = r
		}
	}
	return LimitOf(least.By)
}

// proposal is a list that is in no store: a single part.
type proposal recipients.Upload

func (u proposal) Parts(context.Context, string) ([]recipients.Part, error) {
	return []recipients.Part{u.Part}, nil
}

func (u proposal) Entries(_ context.Context, _ string, _ recipients.Part, visit func(int, []recipients.Entry) error) error {
	for i, page := range u.Pages {
		if err := visit(i, page.Entries); err != nil {
			return err
		}
	}
	return nil
}

func (u proposal) PageOf(_ context.Context, _ string, _ recipients.Part, page int) ([]recipients.Recipient, error) {
	return u.Pages[page].Recipients, nil
}
