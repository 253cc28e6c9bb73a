package returnstest

import (
	"slices"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/optout"
	"sluice/internal/sms"
)

var importScenarios = map[string]func(bench){
	"an import closes everyone for all its numbers":           imports,
	"an import keeps the marks that are there":                importsOverMarks,
	"an import may be repeated":                               importsAgain,
	"an import loses nothing that is stored at the same time": importsAtOnce,
	"whom anything blocks is listed once, in pages":           listsSuppressed,
	"all whom anything blocks can be read at once":            readsAllSuppressed,
	"nobody is listed where nothing blocks anybody":           listsNobody,
}

var imported = optout.Mark{Out: true, Since: start.Add(time.Minute), Cause: optout.ByOperator}

func imports(b bench) {
	list := numbers(250)
	b.ok(b.SuppressAll(b.Context(), nil, imported))
	b.ok(b.SuppressAll(b.Context(), slices.Concat(list, list[:30], list[240:]), imported))
	got, err := b.Suppressions(b.Context(), list)
	b.ok(err)
	want := make(map[sms.Number]optout.Suppression)
	for _, n := range list {
		want[n] = optout.Suppression{
			Number: n, Version: 1, Marks: map[optout.Scope]optout.Mark{optout.Everyone: imported},
		}
	}
	b.equal(got, want)
}

func importsOverMarks(b bench) {
	n := numbers(1)[0]
	s := optout.Suppression{Number: n, Marks: map[optout.Scope]optout.Mark{
		optout.Everyone: {Since: start, Cause: optout.ByText}, "Sluice": {Out: true, Since: start, Cause: optout.ByText},
		"84433": {Since: start, Cause: optout.ByText, Campaign: "A"},
	}}
	b.ok(b.Suppress(b.Context(), s))
	b.ok(b.SuppressAll(b.Context(), numbers(2), imported))
	s.Marks[optout.Everyone], s.Version = imported, 2
	b.equal(b.suppression(n), s)
	b.equal(len(b.suppressed(10)), 2)
	s.Version = 1
	b.is(b.Suppress(b.Context(), s), campaign.ErrConflict) // who has read what was before
	lifted, _ := b.suppression(n).Lifted("", start.Add(time.Hour))
	b.ok(b.Suppress(b.Context(), lifted))
	b.ok(b.SuppressAll(b.Context(), []sms.Number{n}, imported))
	b.equal([]any{b.suppression(n).Version, b.suppression(n).Out()}, []any{4, true})
}

func importsAgain(b bench) {
	list := numbers(200)
	b.ok(b.SuppressAll(b.Context(), list[:130], imported)) // as far as it came
	again := imported
	again.Since = again.Since.Add(time.Minute)
	slices.Reverse(list)
	b.ok(b.SuppressAll(b.Context(), list, again))
	got, err := b.Suppressions(b.Context(), list)
	b.ok(err)
	b.equal(len(got), len(list))
	for _, s := range got {
		b.equal(s.Marks, map[optout.Scope]optout.Mark{optout.Everyone: again})
	}
	listed := b.suppressed(50)
	b.equal(len(listed), len(list))
	for _, times := range listed {
		b.equal(times, 1)
	}
}

func importsAtOnce(b bench) {
	list := numbers(3)
	answers := b.crowd(func(i int) error {
		if i%4 == 0 {
			return b.SuppressAll(b.Context(), list, imported)
		}
		return b.suppressOwn(list[i%3], i)
	})
	b.equal(answers, map[error]int{nil: crowd})
	marks, versions := 0, 0
	for _, n := range list {
		s := b.suppression(n)
		b.equal(s.Marks[optout.Everyone], imported)
		marks, versions = marks+len(s.Marks), versions+s.Version
	}
	b.equal(marks, len(list)+crowd*3/4)
	b.equal(versions, len(list)*crowd/4+crowd*3/4)
}

// suppressed leafs through the list and returns how often each number is in it.
func (b bench) suppressed(limit int) map[sms.Number]int {
	b.Helper()
	listed := make(map[sms.Number]int)
	for after, pages := "", 0; pages < 2000; pages++ {
		page, next, err := b.SuppressionsAfter(b.Context(), after, limit)
		b.ok(err)
		for _, s := range page {
			listed[s.Number]++
		}
		if next == "" {
			return listed
		}
		b.equal(len(page), limit)
		after = next
	}
	b.Fatal("the list has no end")
	return nil
}

func listsSuppressed(b bench) {
	list := numbers(1300)
	want := make(map[sms.Number]int)
	for _, n := range list[:1000] {
		want[n] = 1
	}
	b.ok(b.SuppressAll(b.Context(), list, imported))
	for _, n := range list[1000:] {
		lifted, _ := b.suppression(n).Lifted("", start)
		b.ok(b.Suppress(b.Context(), lifted))
	}
	for _, limit := range []int{77, 999, 1000, 1001} {
		b.equal(b.suppressed(limit), want)
	}
	page, _, err := b.SuppressionsAfter(b.Context(), "", 1)
	b.ok(err)
	b.equal(page, []optout.Suppression{b.suppression(page[0].Number)})
	_, next, err := b.SuppressionsAfter(b.Context(), "", 500)
	b.ok(err)
	b.ok(b.SuppressAll(b.Context(), numbers(1400)[1300:], imported)) // wherever these come
	rest, _, err := b.SuppressionsAfter(b.Context(), next, 2000)
	b.ok(err)
	old := 0
	for _, s := range rest {
		old += want[s.Number]
	}
	b.equal(old, 500)
}

func listsNobody(b bench) {
	b.equal(b.suppressed(10), map[sms.Number]int{})
	for _, n := range numbers(20) {
		back := optout.Suppression{Number: n, Marks: map[optout.Scope]optout.Mark{optout.Everyone: {Since: start}}}
		b.ok(b.Suppress(b.Context(), back))
	}
	b.equal(b.suppressed(10), map[sms.Number]int{})
}

func readsAllSuppressed(b bench) {
	read := func() map[sms.Number]int {
		found := make(map[sms.Number]int)
		b.ok(b.AllSuppressions(b.Context(), func(page []optout.Suppression) {
			for _, s := range page {
				b.equal(s, b.suppression(s.Number))
				found[s.Number]++
			}
		}))
		return found
	}
	b.equal(read(), map[sms.Number]int{})
	list := numbers(500)
	want := make(map[sms.Number]int)
	for _, n := range list[:400] {
		want[n] = 1
	}
	b.ok(b.SuppressAll(b.Context(), list, imported))
	for _, n := range list[400:] {
		lifted, _ := b.suppression(n).Lifted("", start)
		b.ok(b.Suppress(b.Context(), lifted))
	}
	b.ok(b.Suppress(b.Context(), optout.Suppression{Number: "33612345678", Marks: map[optout.Scope]optout.Mark{
		"Sluice": {Out: true, Since: start, Cause: optout.ByText},
	}}))
	want["33612345678"] = 1
	b.equal(read(), want)
}
