package campaign_test

import (
	"context"
	"math"
	"testing"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/pace"
	"sluice/internal/pace/pacetest"
)

// lead is how long after the launch the first text leaves: slots are reserved ahead.
const lead = 100 * time.Millisecond

// flow is that of an account with 20 requests a second, and of narrower limits.
func flow(perSecond float64, atOnce int) campaign.Flow {
	return campaign.Flow{PerSecond: perSecond, AtOnce: atOnce, Apart: 50 * time.Millisecond}
}

func TestForecastByHand(t *testing.T) {
	account := flow(20, 20)
	const min, sec, ms = time.Minute, time.Second, time.Millisecond
	type batch struct{ number, from, to int }
	for name, c := range map[string]struct {
		list, texts, size int
		delay             time.Duration
		startsIn          time.Duration
		flow              campaign.Flow
		batches           int
		byPlan            bool
		of                batch         // that is looked at
		due, done         time.Duration // after the launch
		ends              time.Duration
	}{
		"one recipient": {1, 1, 3, min, 0, account, 1, false, batch{1, 0, 1}, 0, lead, lead},
		// 99 texts of 50 ms after the first.
		"one batch": {100, 100, 100, min, 0, account, 1, false, batch{1, 0, 100}, 0, lead + 4950*ms, lead + 4950*ms},
		// The third starts at 2 min, and has 9 × 50 ms to go.
		"far apart":                 {30, 30, 10, min, 0, account, 3, true, batch{3, 20, 30}, 2 * min, 2*min + 450*ms, 2*min + 450*ms},
		"the first of them":         {30, 30, 10, min, 0, account, 3, true, batch{1, 0, 10}, 0, lead + 450*ms, 2*min + 450*ms},
		"a last batch of one":       {21, 21, 10, min, 0, account, 3, true, batch{3, 20, 21}, 2 * min, 2 * min, 2 * min},
		"larger than the list":      {5, 5, 1000, min, 0, account, 1, false, batch{1, 0, 5}, 0, lead + 200*ms, lead + 200*ms},
		"no time between them":      {100, 100, 10, 0, 0, account, 10, false, batch{2, 10, 20}, 0, lead + 950*ms, lead + 4950*ms},
		"one at a time, far apart":  {4, 4, 1, sec, 0, account, 4, true, batch{4, 3, 4}, 3 * sec, 3 * sec, 3 * sec},
		"a start that is ahead":     {20, 20, 10, min, 30 * min, account, 2, true, batch{1, 0, 10}, 30 * min, 30*min + 450*ms, 31*min + 450*ms},
		"a start that has passed":   {20, 20, 10, min, -min, account, 2, true, batch{2, 10, 20}, min, min + 450*ms, min + 450*ms},
		"one batch, to start later": {20, 20, 20, min, min, account, 1, false, batch{1, 0, 20}, min, min + 950*ms, min + 950*ms},
		// Each takes 2 s and is due every second: the fifth starts when the 160 before it have left.
		"they overlap": {200, 200, 40, sec, 0, account, 5, false, batch{5, 160, 200}, 4 * sec, lead + 8*sec + 1950*ms, lead + 8*sec + 1950*ms},
		// Each takes 2 s, and there are 2 s between them: the last waits for the tenth of a second that the first came late.
		"they just do not fit": {80, 80, 40, 2 * sec, 0, account, 2, false, batch{2, 40, 80}, 2 * sec, lead + 2*sec + 1950*ms, lead + 2*sec + 1950*ms},
		"they just fit":        {78, 78, 38, 2 * sec, 0, account, 3, true, batch{3, 76, 78}, 4 * sec, 4*sec + 50*ms, 4*sec + 50*ms},
		// The pace falls behind, and a small last batch comes at its time only if there is nothing left over: 4 × 2.5 s > 4 s.
		"a small one behind large ones": {201, 201, 50, sec, 0, account, 5, false, batch{5, 200, 201}, 4 * sec, lead + 10*sec, lead + 10*sec},
		// Five at once, 50 ms apart, every second: of 12 the last is the second of the third five.
		"a rate of its own":         {12, 12, 100, min, 0, flow(5, 5), 1, false, batch{1, 0, 12}, 0, lead + 2*sec + 50*ms, lead + 2*sec + 50*ms},
		"a rate of less than one":   {3, 3, 100, min, 0, flow(0.5, 1), 1, false, batch{1, 0, 3}, 0, lead + 4*sec, lead + 4*sec},
		"a rate that fills its own": {60, 60, 10, 2 * sec, 0, flow(5, 5), 6, false, batch{6, 50, 60}, 10 * sec, lead + 10*sec + 1200*ms, lead + 10*sec + 1200*ms},
		// A half of each batch is sent to: nobody waits for the others.
		"some want none":   {100, 50, 50, sec, 0, account, 2, false, batch{2, 50, 100}, sec, lead + 1250*ms + 1200*ms, lead + 1250*ms + 1200*ms},
		"all of them do":   {100, 0, 50, sec, 0, account, 2, true, batch{2, 50, 100}, sec, sec, sec},
		"a million at 20":  {1_000_000, 1_000_000, 1000, 10 * sec, 0, account, 1000, false, batch{1000, 999_000, 1_000_000}, 9990 * sec, lead + 49_950*sec + 49_950*ms, lead + 49_950*sec + 49_950*ms},
		"a million, spare": {1_000_000, 1_000_000, 100, 10 * sec, 0, account, 10_000, true, batch{2, 100, 200}, 10 * sec, 10*sec + 4950*ms, 99_990*sec + 4950*ms},
	} {
		t.Run(name, func(t *testing.T) {
			asked := campaign.Campaign{Recipients: c.list, BatchSize: c.size, Delay: c.delay}
			if c.startsIn != 0 {
				asked.StartAt = now.Add(c.startsIn)
			}
			f := asked.Forecast(c.texts, now, c.flow)
			if f.Batches() != c.batches || f.ByPlan() != c.byPlan {
				t.Fatalf("%d batches, by plan: %v; want %d, %v", f.Batches(), f.ByPlan(), c.batches, c.byPlan)
			}
			got := f.Batch(c.of.number)
			want := campaign.Planned{Number: c.of.number, From: c.of.from, To: c.of.to, Due: now.Add(c.due), Done: now.Add(c.done)}
			if got.Done = near(got.Done, want.Done); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if end := f.Batch(f.Batches()).Done; near(end, now.Add(c.ends)) != now.Add(c.ends) {
				t.Errorf("it ends after %v, want %v", end.Sub(now), c.ends)
			}
		})
	}
}

// near is the wanted instant where the other is no further off than rounding makes it.
func near(got, want time.Time) time.Time {
	if got.Sub(want).Abs() < time.Millisecond {
		return want
	}
	return got
}

// The rates are those that the pacer gives out: what a limit of segments allows in texts.
func TestFlowOfLimits(t *testing.T) {
	account := pace.Charge{Key: pace.AccountKey, By: pace.Account, Limit: pace.Limit{PerSecond: 30, Headroom: 0.04}}
	sender := func(segments int, perSecond float64) pace.Charge {
		return pace.Charge{
			Key: pace.SenderKey("Sluice"), By: pace.Number, Units: segments, Limit: pace.Limit{PerSecond: perSecond, Headroom: 0.04},
		}
	}
	own := pace.Charge{Key: pace.CampaignKey("1"), By: pace.Self, Generation: 1, Limit: pace.Limit{PerSecond: 2.5}}
	implied := sender(3, 90)
	implied.Implied = true
	for name, c := range map[string]struct {
		charges []pace.Charge
		want    campaign.Flow
		limits  int
	}{
		"the account's":              {[]pace.Charge{account}, campaign.Flow{PerSecond: 28.8, AtOnce: 30}, 1},
		"a sender's that is implied": {[]pace.Charge{account, implied}, campaign.Flow{PerSecond: 28.8, AtOnce: 30}, 1},
		"a sender's, one segment":    {[]pace.Charge{account, sender(1, 10)}, campaign.Flow{PerSecond: 9.6, AtOnce: 10}, 2},
		"a sender's, two segments":   {[]pace.Charge{account, sender(2, 10)}, campaign.Flow{PerSecond: 4.8, AtOnce: 5}, 2},
		// Three texts fill a window of 1/0.96 s but for one segment, which is lost: 3 × 0.96 and not 9.6 / 3.
		"a sender's, three segments":        {[]pace.Charge{account, sender(3, 10)}, campaign.Flow{PerSecond: 2.88, AtOnce: 3}, 2},
		"a sender's, more than in a second": {[]pace.Charge{account, sender(3, 1)}, campaign.Flow{PerSecond: 0.32, AtOnce: 1}, 2},
		"a sender's that is no limit":       {[]pace.Charge{account, sender(2, 100)}, campaign.Flow{PerSecond: 28.8, AtOnce: 30}, 2},
		"the campaign's own":                {[]pace.Charge{account, own}, campaign.Flow{PerSecond: 2.5, AtOnce: 3}, 2},
		"all of them":                       {[]pace.Charge{account, sender(3, 10), own}, campaign.Flow{PerSecond: 2.5, AtOnce: 3}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := pace.New(&pacetest.Memory{}, pace.NewClock(time.Now, nil), campaign.MaxChunk).For(pace.Taker{}, c.charges...)
			rates, err := p.Rates(t.Context())
			if err != nil || len(rates) != c.limits {
				t.Fatalf("%d limits, want %d; %v", len(rates), c.limits, err)
			}
			got := campaign.FlowOf(rates)
			if math.Abs(got.PerSecond-c.want.PerSecond) > 1e-5 || got.AtOnce != c.want.AtOnce || got.Apart.Round(time.Microsecond) != 34722*time.Microsecond {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// A limit that is set while this process has another in mind is asked for.
func TestRatesAreThoseOfTheStore(t *testing.T) {
	store := &pacetest.Memory{}
	account := pace.Limit{PerSecond: 30}
	p := pace.New(store, pace.NewClock(time.Now, nil), campaign.MaxChunk).For(pace.Taker{},
		pace.Charge{Key: pace.AccountKey, By: pace.Account, Limit: account},
		pace.Charge{Key: pace.SenderKey("Sluice"), By: pace.Number, Units: 2, Limit: pace.Limit{PerSecond: 60}, Implied: true})
	limits := pace.NewLimits(store, account, time.Now)
	for key, perSecond := range map[string]float64{pace.AccountKey: 20, pace.SenderKey("Sluice"): 8} {
		if err := limits.Set(context.Background(), key, pace.Limit{PerSecond: perSecond}); err != nil {
			t.Fatal(err)
		}
	}
	rates, err := p.Rates(t.Context())
	if err != nil || len(rates) != 2 {
		t.Fatalf("%+v, %v", rates, err)
	}
	if a, s := rates[0], rates[1]; a.By != pace.Account || a.PerSecond != 20 || s.By != pace.Number || s.PerSecond != 8 || s.Requests != 4 {
		t.Errorf("%+v", rates)
	}
}
