package returnstest

import (
	"fmt"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

var suppressionScenarios = map[string]func(bench){
	"a suppression comes back as it was stored":              suppressionComesBack,
	"suppressions are found in any number":                   findsSuppressions,
	"a suppression is stored over the version that was read": suppressionVersions,
	"those who suppress the same at once lose no mark":       suppressesAtOnce,
}

func (b bench) suppression(n sms.Number) optout.Suppression {
	b.Helper()
	found, err := b.Suppressions(b.Context(), []sms.Number{n})
	b.ok(err)
	return found[n]
}

func suppressionComesBack(b bench) {
	s := optout.Suppression{Number: "447700900001", Marks: map[optout.Scope]optout.Mark{
		optout.Everyone: {Since: start.Add(time.Millisecond), Cause: optout.ByText},
		"Sluice 2":      {Out: true, Since: start, Cause: optout.ByProvider, Campaign: idAt(0, "0000000000000000")},
		"447700900000":  {Out: true, Since: start.Add(-time.Hour), Cause: optout.ByOperator},
		"84433":         {},
	}}
	b.ok(b.Suppress(b.Context(), s))
	s.Version++
	b.equal(b.suppression(s.Number), s)
	s.Marks = map[optout.Scope]optout.Mark{"84433": {Out: true, Since: start, Cause: optout.ByText}}
	b.ok(b.Suppress(b.Context(), s))
	s.Version++
	b.equal(b.suppression(s.Number), s)
}

func findsSuppressions(b bench) {
	list := numbers(230)
	want := make(map[sms.Number]optout.Suppression)
	for _, n := range list[:40] {
		b.ok(b.Suppress(b.Context(), *stopped(n, 0)))
		want[n] = *stopped(n, 1)
	}
	got, err := b.Suppressions(b.Context(), append(list, list[0], list[229]))
	b.ok(err)
	b.equal(got, want)
	got, err = b.Suppressions(b.Context(), nil)
	b.ok(err)
	b.equal(len(got), 0)
}

func suppressionVersions(b bench) {
	n := numbers(1)[0]
	b.is(b.Suppress(b.Context(), *stopped(n, 1)), campaign.ErrConflict)
	b.equal(b.suppression(n), optout.Suppression{})
	b.ok(b.Suppress(b.Context(), *stopped(n, 0)))
	other, _ := stopped(n, 0).Lifted("", start)
	b.is(b.Suppress(b.Context(), other), campaign.ErrConflict)
	b.equal(b.suppression(n), *stopped(n, 1))
	other.Version = 1
	b.ok(b.Suppress(b.Context(), other))
	b.is(b.Suppress(b.Context(), *stopped(n, 1)), campaign.ErrConflict)
	b.equal(b.suppression(n).Out(), false)
}

// suppressOwn closes a scope of its own, over whatever is stored.
func (b bench) suppressOwn(n sms.Number, i int) error {
	return untilDone(func() error {
		found, err := b.Suppressions(b.Context(), []sms.Number{n})
		if err != nil {
			return err
		}
		s := found[n]
		s.Number = n
		s, _ = s.Stopped(optout.Scope(fmt.Sprint("Sender ", i)), optout.Mark{Since: start, Cause: optout.ByText})
		return b.Suppress(b.Context(), s)
	})
}

func suppressesAtOnce(b bench) {
	n := numbers(1)[0]
	b.equal(b.crowd(func(i int) error { return b.suppressOwn(n, i) }), map[error]int{nil: crowd})
	s := b.suppression(n)
	b.equal(s.Version, crowd)
	b.equal(len(s.Marks), crowd)
}
