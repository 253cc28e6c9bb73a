package returnstest

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

var deliveryScenarios = map[string]func(bench){
	"a delivery comes back as it was stored":                  deliveryComesBack,
	"deliveries are found in any number":                      findsDeliveries,
	"a delivery is stored over the version that was read":     deliveryVersions,
	"of a fold with a conflict nothing is written":            foldsNothing,
	"a fold takes so many deliveries and minutes and no more": foldLimit,
	"those who fold the same at once lose nothing":            foldsAtOnce,
	"an empty fold changes nothing":                           foldsEmpty,
}

func delivered(to sms.Number, version int) returns.Delivery {
	return returns.Delivery{
		To: to, Fate: returns.Arrived, Version: version,
		Parts: map[string]returns.Part{"id": {Status: sms.Delivered, Network: "23410", Price: "0.0333", At: start}},
	}
}

// fold folds without conflict and returns what is then to be read.
func (b bench) fold(id string, d returns.Delivery) returns.Delivery {
	b.Helper()
	b.ok(b.Fold(b.Context(), id, []returns.Delivery{d}, nil))
	d.Version++
	b.equal(b.delivery(id, d.To), d)
	return d
}

func (b bench) delivery(id string, to sms.Number) returns.Delivery {
	b.Helper()
	found, err := b.Deliveries(b.Context(), id, []sms.Number{to})
	b.ok(err)
	return found[to]
}

func deliveryComesBack(b bench) {
	d := returns.Delivery{
		To: "447700900001", Fate: returns.Undelivered, Whole: true, Parts: map[string]returns.Part{
			"0A0000000123ABCD1": {
				Status: sms.Undeliverable, Code: "vonage receipt 9", Reason: "numéro illégal ☎ 📵", Network: "23410",
				Price: "0.03330000", At: start.Add(123 * time.Millisecond),
			},
			"a.b#c:d e/📵": {Status: sms.DeliveryBuffered, At: start},
			"":            {Status: sms.DeliveryUnknown, At: start.Add(-time.Hour)},
		},
	}
	d = b.fold("A", d)
	d.Fate, d.Whole, d.Parts = returns.Transit, false, map[string]returns.Part{"id": {Status: sms.DeliveryAccepted, At: start}}
	d = b.fold("A", d)
	d.Parts = make(map[string]returns.Part)
	for i := range 96 {
		d.Parts[fmt.Sprint("0A0000000123ABCD", i)] = returns.Part{
			Status: sms.Expired, Reason: strings.Repeat("long ", 50), At: start,
		}
	}
	b.fold("A", d)
}

func findsDeliveries(b bench) {
	list := numbers(130)
	want := make(map[sms.Number]returns.Delivery)
	for _, to := range list[:120] {
		want[to] = delivered(to, 1)
	}
	b.ok(b.Fold(b.Context(), "A", fresh(list[:60]), nil))
	b.ok(b.Fold(b.Context(), "A", fresh(list[60:120]), nil))
	got, err := b.Deliveries(b.Context(), "A", append(list, list[0]))
	b.ok(err)
	b.equal(got, want)
	for id, some := range map[string][]sms.Number{"B": list, "A": nil} {
		got, err = b.Deliveries(b.Context(), id, some)
		b.ok(err)
		b.equal(len(got), 0)
	}
	messages, err := b.Messages(b.Context(), "A", list)
	b.ok(err)
	b.equal(len(messages), 0)
}

func fresh(list []sms.Number) []returns.Delivery {
	var all []returns.Delivery
	for _, to := range list {
		all = append(all, delivered(to, 0))
	}
	return all
}

func deliveryVersions(b bench) {
	to := numbers(1)[0]
	none := delivered(to, 1)
	b.is(b.Fold(b.Context(), "A", []returns.Delivery{none}, nil), campaign.ErrConflict)
	b.equal(b.delivery("A", to), returns.Delivery{})
	first := b.fold("A", delivered(to, 0))
	b.is(b.Fold(b.Context(), "A", fresh(numbers(1)), nil), campaign.ErrConflict)
	second := first
	second.Fate = returns.Undelivered
	b.fold("A", second)
	b.is(b.Fold(b.Context(), "A", []returns.Delivery{first}, nil), campaign.ErrConflict)
	b.equal(b.delivery("A", to).Fate, returns.Undelivered)
}

func foldsNothing(b bench) {
	list := numbers(3)
	b.fold("A", delivered(list[1], 0))
	tallies := map[time.Time]returns.Tally{start: {Delivered: 3}}
	b.is(b.Fold(b.Context(), "A", fresh(list), tallies), campaign.ErrConflict)
	b.equal(b.delivery("A", list[0]), returns.Delivery{})
	b.equal(b.total("A"), returns.Tally{})
	b.equal(len(b.minutes("A", start, 10)), 0)
}

func foldLimit(b bench) {
	list := numbers(returns.MaxFold)
	tallies := map[time.Time]returns.Tally{start: {Delivered: returns.MaxFold - 1}}
	err := b.Fold(b.Context(), "A", fresh(list), tallies)
	if err == nil || errors.Is(err, campaign.ErrConflict) {
		b.Fatalf("%d deliveries and a minute: %v", len(list), err)
	}
	b.equal(b.delivery("A", list[0]), returns.Delivery{})
	b.ok(b.Fold(b.Context(), "A", fresh(list[1:]), tallies))
	b.equal(b.total("A"), returns.Tally{Delivered: returns.MaxFold - 1})
}

func foldsEmpty(b bench) {
	b.ok(b.Fold(b.Context(), "A", nil, nil))
	b.ok(b.Fold(b.Context(), "A", nil, map[time.Time]returns.Tally{start: {}}))
	b.equal(b.total("A"), returns.Tally{})
	b.equal(len(b.minutes("A", start, 10)), 0)
}

// Everybody adds a part to each of the same recipients, whose fates change with every third part.
func foldsAtOnce(b bench) {
	list := numbers(5)
	answers := b.crowd(func(i int) error {
		return untilDone(func() error {
			stored, err := b.Deliveries(b.Context(), "A", list)
			if err != nil {
				return err
			}
			changed, tally := withPart(stored, list, fmt.Sprint("part", i))
			return b.Fold(b.Context(), "A", changed, map[time.Time]returns.Tally{start.Add(time.Duration(i%3) * time.Minute): tally})
		})
	})
	b.equal(answers, map[error]int{nil: crowd})
	stored, err := b.Deliveries(b.Context(), "A", list)
	b.ok(err)
	rows := returns.Tally{}
	for _, d := range stored {
		b.equal([]int{len(d.Parts), d.Version}, []int{crowd, crowd})
		if d.Fate == returns.Arrived {
			rows.Delivered++
		}
	}
	b.equal(rows, returns.Tally{Delivered: len(list)})
	b.equal(b.total("A"), rows)
	sum := returns.Tally{}
	for _, m := range b.minutes("A", start, 10) {
		sum = sum.Plus(m.Tally)
	}
	b.equal(sum, rows)
}

func withPart(stored map[sms.Number]returns.Delivery, list []sms.Number, id string) (all []returns.Delivery, t returns.Tally) {
	for _, to := range list {
		d := stored[to]
		d.To, d.Parts = to, maps.Clone(d.Parts)
		if d.Parts == nil {
			d.Parts = make(map[string]returns.Part)
		}
		if d.Fate == returns.Arrived {
			t.Delivered--
		}
		d.Parts[id] = returns.Part{Status: sms.Delivered, At: start}
		d.Fate = returns.Transit
		if len(d.Parts)%3 == crowd%3 {
			d.Fate = returns.Arrived
			t.Delivered++
		}
		all = append(all, d)
	}
	return all, t
}
