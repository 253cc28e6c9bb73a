package report

import (
	"cmp"
	"slices"

	"sluice/internal/campaign"
	"sluice/internal/price"
	"sluice/internal/returns"
)

// maxKinds bounds how many different networks, and how many different errors, are told apart: what comes later goes
// together. The world has some 2,000 networks.
const maxKinds = 3000

// other is the network of those who are not told apart, and the reason of such errors.
const other = "other"

// Cost is what some texts come to.
type Cost struct {
	Texts, Segments int
	// Price is that of those whose price is known; Unpriced are the others.
	Price    price.Amount
	Unpriced int
}

// Plus adds up.
func (c Cost) Plus(o Cost) Cost {
	return Cost{
		Texts: c.Texts + o.Texts, Segments: c.Segments + o.Segments, Price: c.Price + o.Price, Unpriced: c.Unpriced + o.Unpriced,
	}
}

// Failure is why a text was not sent, or did not arrive.
type Failure struct {
	// State is Failed, Skipped or Unknown; empty of an accepted text that did not arrive.
	State        campaign.State
	Code, Reason string
}

// Sum adds up rows, in whatever order. Its size is bounded, however many there are. The zero value is of none; it may not
// be used concurrently.
type Sum struct {
	states   map[campaign.State]int
	networks map[string]Cost
	failures map[Failure]int
}

// Add adds a row. One without a record, or of a recipient who is sent to again, has only its receipts.
func (s *Sum) Add(r Row) {
	if s.states == nil {
		s.states, s.networks, s.failures = make(map[campaign.State]int), make(map[string]Cost), make(map[Failure]int)
	}
	m := r.Message
	switch m.State {
	case campaign.Accepted:
		s.states[m.State]++
		cost := Cost{Texts: 1, Segments: r.Segments()}
		if paid, known := r.Price(); known {
			cost.Price = paid
		} else {
			cost.Unpriced = 1
		}
		s.spend(r.Network(), cost)
	case campaign.Failed, campaign.Skipped, campaign.Unknown:
		s.states[m.State]++
		s.fail(Failure{State: m.State, Code: m.Code, Reason: m.Reason}, 1)
	}
	if d := r.Delivery; d != nil && d.Fate == returns.Undelivered {
		why, _ := d.Failure()
		s.fail(Failure{Code: why.Code, Reason: why.Reason}, 1)
	}
}

func (s *Sum) spend(network string, c Cost) {
	if _, known := s.networks[network]; !known && len(s.networks) >= maxKinds {
		network = other
	}
	s.networks[network] = s.networks[network].Plus(c)
}

func (s *Sum) fail(f Failure, n int) {
	if _, known := s.failures[f]; !known && len(s.failures) >= maxKinds {
		f.Code, f.Reason = "", other
	}
	s.failures[f] += n
}

// Merge adds another sum.
func (s *Sum) Merge(o Sum) {
	if s.states == nil {
		*s = o
		return
	}
	for state, n := range o.states {
		s.states[state] += n
	}
	for network, c := range o.networks {
		s.spend(network, c)
	}
	for f, n := range o.failures {
		s.fail(f, n)
	}
}

// Totals are what became of all recipients of a campaign.
type Totals struct {
	Recipients int
	// Pending + Accepted + Failed + Skipped + Unknown = Recipients.
	Pending, Accepted, Failed, Skipped, Unknown int
	// Delivered and Undelivered are of the texts, by their receipts.
	Delivered, Undelivered int
	// Cost is of the accepted texts, Networks the same by network, the most texts first.
	Cost
	Networks []Network
	Failures []Failures
}

// Network is what the texts to one operator come to. Name is its MCC-MNC, empty where the provider did not name it.
type Network struct {
	Name string
	Cost
}

// Failures are how many texts have one failure.
type Failures struct {
	Failure
	Texts int
}

// Totals are those of a campaign with these records. Who has no record is still to be sent to, or will not be.
func (s Sum) Totals(c campaign.Campaign, returned returns.Tally) Totals {
	t := Totals{
		Recipients: c.Recipients, Accepted: s.states[campaign.Accepted], Failed: s.states[campaign.Failed],
		Skipped: s.states[campaign.Skipped], Unknown: s.states[campaign.Unknown],
		Delivered: returned.Delivered, Undelivered: returned.Undelivered,
	}
	rest := max(0, c.Recipients-t.Accepted-t.Failed-t.Skipped-t.Unknown)
	if c.Status != campaign.Cancelled {
		t.Pending = rest
	} else if rest > 0 {
		t.Skipped += rest
		t.Failures = append(t.Failures, Failures{Failure{State: campaign.Skipped, Reason: cancelled}, rest})
	}
	for name, cost := range s.networks {
		t.Cost = t.Plus(cost)
		t.Networks = append(t.Networks, Network{Name: name, Cost: cost})
	}
	slices.SortFunc(t.Networks, func(a, b Network) int { return cmp.Or(b.Texts-a.Texts, cmp.Compare(a.Name, b.Name)) })
	for f, n := range s.failures {
		t.Failures = append(t.Failures, Failures{Failure: f, Texts: n})
	}
	slices.SortFunc(t.Failures, func(a, b Failures) int {
		return cmp.Or(b.Texts-a.Texts, cmp.Compare(a.State, b.State), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Reason, b.Reason))
	})
	return t
}
