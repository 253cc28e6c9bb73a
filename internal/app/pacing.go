package app

import (
	"context"
	"strconv"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/pace"
	"sluice/internal/preflight"
	"sluice/internal/sms"
)

// oneOffPacing is under which limits a single text leaves: those of the account and of its sender.
func oneOffPacing(shared *pace.Pace, account pace.Limit) oneoff.Pacing {
	return func(from sms.Sender, segments int) campaign.Pacer {
		return shared.For(pace.Taker{Group: "oneoffs", Sender: "courier"}, common(account, from, segments)...)
	}
}

// common are the limits that every text is under: the account's requests and its sender's segments.
func common(account pace.Limit, from sms.Sender, segments int) []pace.Charge {
	return []pace.Charge{
		{Key: pace.AccountKey, By: pace.Account, Limit: account},
		{
			Key: pace.SenderKey(string(from)), By: pace.Number, Units: segments,
			// As many as the account's requests carry.
			Limit: pace.Limit{PerSecond: account.PerSecond * float64(segments), Headroom: account.Headroom}, Implied: true,
		},
	}
}

// pacing is under which limits a campaign's texts leave: the account's requests, its sender's segments, and its own texts.
func pacing(shared *pace.Pace, account pace.Limit) campaign.Pacing {
	return func(c campaign.Campaign, batch int) campaign.Pacer {
		charges := common(account, c.Sender, c.Segments)
		if c.MaxRate > 0 {
			charges = append(charges, pace.Charge{
				Key: pace.CampaignKey(c.ID), By: pace.Self, Generation: int64(c.Epoch),
				Limit: pace.Limit{PerSecond: c.MaxRate, Headroom: account.Headroom},
			})
		}
		return shared.For(pace.Taker{Group: c.ID, Sender: strconv.Itoa(batch)}, charges...)
	}
}

// rates are what those limits allow to texts of so many segments.
func rates(pacing campaign.Pacing) preflight.Rates {
	return func(ctx context.Context, c campaign.Campaign, segments int) ([]pace.Rate, error) {
		c.Segments = segments
		return pacing(c, 0).Rates(ctx)
	}
}
