package dynamostore

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"sluice/internal/campaign"
	"sluice/internal/report"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

// attrBrief is all that totals need of a record, "accepted 2 23410 0.0666", and of a delivery, "23410 0.0666", but for codes and
// reasons. Where a million are added up, what is to be sent and read of each is what counts.
const attrBrief = "brief"

// briefItem is a record with its brief.
type briefItem struct {
	messageItem
	Brief string `dynamodbav:"brief"`
}

func briefed(m campaign.Message) briefItem {
	return briefItem{messageItem: itemOfMessage(m), Brief: briefOf(m)}
}

// none stands for a network or a price that is not known.
const none = "-"

// briefOf is the state, and of an accepted text its segments, its network and its price.
func briefOf(m campaign.Message) string {
	if m.State != campaign.Accepted {
		return string(m.State)
	}
	r := report.Row{Message: m}
	return strings.Join([]string{string(m.State), strconv.Itoa(r.Segments()), spent(r)}, " ")
}

// briefOfReceipts is the network and the price of a text by its receipts.
func briefOfReceipts(d returns.Delivery) string { return spent(report.Row{Delivery: &d}) }

func spent(r report.Row) string {
	price := none
	if p, known := r.Price(); known {
		price = p.String()
	}
	return cmp.Or(r.Network(), none) + " " + price
}

// errBrief: a brief does not tell what totals need.
var errBrief = errors.New("the brief of a record does not tell enough")

// recordOf is a row that adds up as the record does which has that brief.
func (i sumItem) recordOf() (report.Row, error) {
	m := campaign.Message{Code: i.Code.S, Reason: i.Reason.S}
	words := strings.Split(i.Brief.S, " ")
	m.State = campaign.State(words[0])
	if m.State != campaign.Accepted {
		if i.Brief.S == "" {
			return report.Row{}, errBrief
		}
		return report.Row{Message: m}, nil
	}
	if len(words) != 4 {
		return report.Row{}, errBrief
	}
	segments, err := strconv.Atoi(words[1])
	if err != nil || segments < 0 {
		return report.Row{}, errBrief
	}
	if m.Parts = make([]sms.Part, segments); segments > 0 {
		m.Parts[0] = sms.Part{Network: unlessNone(words[2]), Price: unlessNone(words[3])}
	}
	return report.Row{Message: m}, nil
}

// deliveryOf is a row that adds up as the delivery does which has that brief.
func (i sumItem) deliveryOf() (report.Row, error) {
	words := strings.Split(i.Brief.S, " ")
	d := returns.Delivery{Fate: returns.Fate(i.Fate.S)}
	if len(words) != 2 {
		return report.Row{}, errBrief
	}
	part := returns.Part{Status: sms.Delivered, Network: unlessNone(words[0]), Price: unlessNone(words[1])}
	if d.Fate == returns.Undelivered {
		part.Status, part.Code, part.Reason = sms.Undeliverable, i.Code.S, i.Reason.S
	}
	d.Parts = map[string]returns.Part{"": part}
	return report.Row{Delivery: &d}, nil
}

func unlessNone(word string) string {
	if word == none {
		return ""
	}
	return word
}
