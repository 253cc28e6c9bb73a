package httpapi

import (
	"cmp"
	"context"

	"sluice/internal/report"
)

// totalsView is what became of all recipients, as clients see it.
type totalsView struct {
	Recipients int `json:"recipients"`
	Status     struct {
		Pending  int `json:"pending"`
		Accepted int `json:"accepted"`
		Failed   int `json:"failed"`
		Skipped  int `json:"skipped"`
		Unknown  int `json:"unknown"`
	} `json:"status" doc:"Recipients by status: they add up to all of them"`
	Delivered   int `json:"delivered" doc:"Texts that arrived, all parts of them, by the receipts"`
	Undelivered int `json:"undelivered" doc:"Texts of which some part will not arrive"`
	costView
	Networks []networkView `json:"networks" nullable:"false" doc:"The accepted texts by the recipient's operator, the most texts first"`
	Errors   []failureView `json:"errors" nullable:"false" doc:"Why texts were not sent or did not arrive, the most texts first"`
}

type costView struct {
	Texts    int    `json:"texts" doc:"Texts that the provider accepted"`
	Segments int    `json:"segments" doc:"Parts that it named; by the Messages API a whole text is one"`
	Price    string `json:"price" doc:"What it says that they cost, in the account's currency" example:"39.6000"`
	Unpriced int    `json:"unpriced" doc:"Texts of which it has not said what they cost"`
}

type networkView struct {
	Network string `json:"network" doc:"MCC-MNC; empty where the provider did not name it" example:"23410"`
	costView
}

type failureView struct {
	Status string `json:"status" enum:"failed,skipped,unknown,undelivered"`
	Code   string `json:"code,omitempty" doc:"The provider's own word for it"`
	Reason string `json:"reason,omitempty"`
	Texts  int    `json:"texts"`
}

func costViewOf(c report.Cost) costView {
	return costView{Texts: c.Texts, Segments: c.Segments, Price: c.Price.String(), Unpriced: c.Unpriced}
}

func totalsViewOf(t report.Totals) totalsView {
	v := totalsView{
		Recipients: t.Recipients, Delivered: t.Delivered, Undelivered: t.Undelivered, costView: costViewOf(t.Cost),
		Networks: make([]networkView, 0, len(t.Networks)), Errors: make([]failureView, 0, len(t.Failures)),
	}
	v.Status.Pending, v.Status.Accepted, v.Status.Failed = t.Pending, t.Accepted, t.Failed
	v.Status.Skipped, v.Status.Unknown = t.Skipped, t.Unknown
	for _, n := range t.Networks {
		v.Networks = append(v.Networks, networkView{Network: n.Name, costView: costViewOf(n.Cost)})
	}
	for _, f := range t.Failures {
		v.Errors = append(v.Errors, failureView{
			Status: cmp.Or(string(f.State), "undelivered"), Code: f.Code, Reason: f.Reason, Texts: f.Texts,
		})
	}
	return v
}

type totalsOutput struct{ Body totalsView }

func (m *messages) totals(ctx context.Context, in *idInput) (*totalsOutput, error) {
	found, err := m.reports.Totals(ctx, in.ID)
	if err != nil {
		return nil, problemOf(ctx, err, m.log)
	}
	return &totalsOutput{Body: totalsViewOf(found)}, nil
}
