package app

import (
	"strconv"

	"sluice/internal/campaign"
	"sluice/internal/pace"
)

// pacing is under which limits a campaign's texts leave: the account's requests, its sender's segments, and its own texts.
func pacing(shared *pace.Pace, account pace.Limit) campaign.Pacing {
	return func(c campaign.Campaign, batch int) campaign.Pacer {
		segments := c.Segments()
		charges := []pace.Charge{
			{Key: pace.AccountKey, By: pace.Account, Limit: account},
			{
				Key: pace.SenderKey(string(c.Sender)), By: pace.Number, Units: segments,
				// As many as the account's requests carry.
				Limit: pace.Limit{PerSecond: account.PerSecond * float64(segments), Headroom: account.Headroom}, Implied: true,
			},
		}
		if c.MaxRate > 0 {
			charges = append(charges, pace.Charge{
				Key: pace.CampaignKey(c.ID), By: pace.Self, Generation: int64(c.Epoch),
				Limit: pace.Limit{PerSecond: c.MaxRate, Headroom: account.Headroom},
			})
		}
		return shared.For(pace.Taker{Group: c.ID, Sender: strconv.Itoa(batch)}, charges...)
	}
}
