package returns

import (
	"maps"
	"slices"
	"time"

	"sluice/internal/sms"
)

// Fate is how far the text to one recipient has come.
type Fate string

// The fates. The last two may still change: a text that was sent again by a person may arrive yet.
const (
	Transit     Fate = "in_transit"
	Arrived     Fate = "delivered"
	Undelivered Fate = "undelivered"
)

func (f Fate) tally() Tally {
	switch f {
	case Arrived:
		return Tally{Delivered: 1}
	case Undelivered:
		return Tally{Undelivered: 1}
	default:
		return Tally{}
	}
}

// instead is what changes in the counts when a recipient's text has that fate and no longer the other.
func (f Fate) instead(of Fate) Tally {
	now, then := f.tally(), of.tally()
	return Tally{Delivered: now.Delivered - then.Delivered, Undelivered: now.Undelivered - then.Undelivered}
}

// Part is the furthest that is known of one part.
type Part struct {
	Status         sms.Delivery
	Code, Reason   string
	Network, Price string
	At             time.Time
}

// Delivery is what the receipts say of the text to one recipient.
type Delivery struct {
	To   sms.Number
	Fate Fate
	// Parts are by message id; Whole: one of them is of the whole text.
	Parts map[string]Part
	Whole bool
	// Version is how often it was stored; 0 is never.
	Version int
}

// maxParts bounds what is kept of one recipient: twice as much as a text of 3,200 characters in UCS-2 has.
const maxParts = 96

// Failure is why a text did not arrive: of its parts that will not, the first by its id.
func (d Delivery) Failure() (Part, bool) {
	for _, id := range slices.Sorted(maps.Keys(d.Parts)) {
		if p := d.Parts[id]; p.Status.Final() && p.Status != sms.Delivered {
			return p, d.Fate == Undelivered
		}
	}
	return Part{}, false
}

// made is of what a text is: of so many parts, whose ids are the record's, where it has them.
type made struct {
	parts int
	ids   []string
}

// fold adds receipts, and says whether anything changed. The order of receipts makes no difference, nor how often each
// comes.
func (d Delivery) fold(receipts []sms.Receipt, of made) (Delivery, bool) {
	before := d
	d.Parts = maps.Clone(d.Parts)
	if d.Parts == nil {
		d.Parts = make(map[string]Part)
	}
	for _, r := range receipts {
		if p, ok := d.Parts[r.MessageID]; !ok && len(d.Parts) == maxParts || ok && !beats(r, p) {
			continue
		}
		d.Parts[r.MessageID] = Part{
			Status: r.Status, Code: r.Code, Reason: r.Reason, Network: r.Network, Price: r.Price, At: r.At,
		}
		d.Whole = d.Whole || r.Whole
	}
	d.Fate = d.fate(of)
	return d, d.Fate != before.Fate || !maps.Equal(d.Parts, before.Parts)
}

// beats decides between two receipts for one part: by how far it came, then by time, then by what is said.
func beats(r sms.Receipt, p Part) bool {
	if r.Status != p.Status {
		return r.Status > p.Status
	}
	if !r.At.Equal(p.At) {
		return r.At.Before(p.At)
	}
	return r.Code > p.Code
}

// fate follows from the parts. Where more came than the text has, a person sent it again, and the better attempt counts:
// the one whose parts the record names, or the one before, of which it is only known how many they were.
func (d Delivery) fate(of made) Fate {
	if d.Whole {
		of.parts = 1
	}
	var named, others attempt
	for id, p := range d.Parts {
		if slices.Contains(of.ids, id) {
			named.add(p)
		} else {
			others.add(p)
		}
	}
	if len(of.ids) == 0 {
		return others.fate(of.parts)
	}
	last := named.fate(len(of.ids))
	if last != Arrived && others.fate(of.parts) == Arrived {
		return Arrived
	}
	return last
}

// attempt is how many parts of it arrived, and of how many it is known what became of them.
type attempt struct{ arrived, final int }

func (a *attempt) add(p Part) {
	if p.Status == sms.Delivered {
		a.arrived++
	}
	if p.Status.Final() {
		a.final++
	}
}

func (a attempt) fate(parts int) Fate {
	switch {
	case a.arrived >= parts:
		return Arrived
	case a.final >= parts:
		return Undelivered
	default:
		return Transit
	}
}
