package returnstest

import (
	"errors"
	"strings"
	"time"

	"sluice/internal/campaign"
	"sluice/internal/oneoff"
	"sluice/internal/optout"
	"sluice/internal/returns"
	"sluice/internal/sms"
)

var receptionScenarios = map[string]func(bench){
	"all of a reception is stored":                       keepsAll,
	"parts of a reception may be missing":                keepsSome,
	"a reception is refused whole when a part was there": keepConflicts,
	"one of many who keep the same at once does":         keepsOnce,
	"a reply's text comes back whatever is in it":        keepsTexts,
	"the parts of a long text have versions":             fragmentVersions,
}

func reply(id, campaignID string, at time.Time) *returns.Reply {
	return &returns.Reply{
		ID: id, Campaign: campaignID, From: "447700900001", To: "Sluice", Text: "Yes, please!", Status: returns.Open,
		ReceivedAt: at, At: at.Add(-time.Second),
	}
}

func text(id string) *oneoff.Text {
	return &oneoff.Text{
		ID: id, Kind: oneoff.Confirmation, From: "Sluice", To: "447700900001", Body: "You will get no more texts.",
		State: campaign.Pending, CreatedAt: start, LookAt: start.Add(time.Minute),
	}
}

func stopped(n sms.Number, version int) *optout.Suppression {
	return &optout.Suppression{Number: n, Version: version, Marks: map[optout.Scope]optout.Mark{
		optout.Everyone: {Out: true, Since: start, Cause: optout.ByText, Campaign: "A"},
	}}
}

func fragments(key string, version int) *returns.Fragments {
	return &returns.Fragments{
		Key: key, Total: 3, First: "m2", ReceivedAt: start, Version: version,
		Parts: map[int]returns.Fragment{2: {MessageID: "m2", Text: " 📵 "}, 12: {MessageID: "m12"}},
	}
}

func whole() returns.Reception {
	return returns.Reception{
		Reply: reply("R", "A", start), Suppression: stopped("447700900001", 0), OneOff: text("T"),
		Fragments: fragments("F", 0), Campaign: "A", Minute: start, Tally: returns.Tally{OptedOut: 1},
	}
}

func (b bench) keep(r returns.Reception) {
	b.Helper()
	b.ok(b.Keep(b.Context(), r))
}

// holds holds what is stored against a reception that was kept.
func (b bench) holds(r returns.Reception) {
	b.Helper()
	r.Reply.Version, r.OneOff.Version = r.Reply.Version+1, r.OneOff.Version+1
	r.Suppression.Version, r.Fragments.Version = r.Suppression.Version+1, r.Fragments.Version+1
	b.replied(*r.Reply)
	b.equal(b.oneOff(r.OneOff.ID), *r.OneOff)
	b.equal(b.suppression(r.Suppression.Number), *r.Suppression)
	b.equal(b.fragments(r.Fragments.Key), *r.Fragments)
	b.equal(b.total(r.Campaign), r.Tally)
	b.equal(b.minutes(r.Campaign, start, 10), []returns.Minute{{At: r.Minute, Tally: r.Tally}})
}

func (b bench) replied(want returns.Reply) {
	b.Helper()
	got, err := b.Reply(b.Context(), want.ID)
	b.ok(err)
	if got != want { // printed, it shows only some of it
		b.Fatalf("got %+v, want %+v", struct{ returns.Reply }{got}, struct{ returns.Reply }{want})
	}
}

func (b bench) fragments(key string) returns.Fragments {
	b.Helper()
	f, err := b.Fragments(b.Context(), key)
	b.ok(err)
	return f
}

func keepsAll(b bench) {
	r := whole()
	r.Reply.Batch, r.Reply.Missing, r.Reply.Keyword, r.Reply.Status = 3, true, optout.Stop, returns.Handled
	r.Reply.OneOff, r.Reply.AnsweredAt, r.Reply.ClosedAt = "T", start.Add(time.Second), start.Add(time.Minute)
	b.keep(r)
	b.holds(r)
}

func keepsSome(b bench) {
	b.keep(returns.Reception{})
	b.keep(returns.Reception{Campaign: "A", Minute: start})
	b.equal(len(b.minutes("A", start, 10)), 0)
	b.keep(returns.Reception{Reply: reply("R", "", start), Minute: start, Tally: returns.Tally{Replied: 1}})
	want := *reply("R", "", start)
	want.Version = 1
	b.replied(want)
	b.keep(returns.Reception{Fragments: fragments("F", 0)})
	b.keep(returns.Reception{OneOff: text("T")})
	b.equal(b.oneOff("T").Version, 1)
	b.keep(returns.Reception{
		Suppression: stopped("447700900001", 0), Campaign: "A", Minute: start, Tally: returns.Tally{OptedOut: 1},
	})
	b.equal(b.total("A"), returns.Tally{OptedOut: 1})
}

func keepConflicts(b bench) {
	b.keep(whole())
	another := returns.Reception{
		Reply: reply("R2", "A", start), Suppression: stopped("447700900002", 0), OneOff: text("T2"),
		Fragments: fragments("F2", 0), Campaign: "A", Minute: start, Tally: returns.Tally{OptedOut: 1},
	}
	for what, spoil := range map[string]func(*returns.Reception){
		"the reply is there":                    func(r *returns.Reception) { r.Reply = whole().Reply },
		"the text is there":                     func(r *returns.Reception) { r.OneOff = whole().OneOff },
		"the suppression is there":              func(r *returns.Reception) { r.Suppression = whole().Suppression },
		"the suppression is of another version": func(r *returns.Reception) { r.Suppression = stopped("447700900001", 2) },
		"the suppression is not there":          func(r *returns.Reception) { r.Suppression = stopped("447700900002", 1) },
		"the fragments are there":               func(r *returns.Reception) { r.Fragments = fragments("F", 0) },
		"the fragments are of another version":  func(r *returns.Reception) { r.Fragments = fragments("F", 2) },
		"the fragments are not there":           func(r *returns.Reception) { r.Fragments = fragments("F2", 1) },
	} {
		r := another
		spoil(&r)
		if err := b.Keep(b.Context(), r); !errors.Is(err, campaign.ErrConflict) {
			b.Fatalf("%s: got error %v", what, err)
		}
	}
	b.holds(whole()) // all as it was
	_, err := b.Reply(b.Context(), "R2")
	b.is(err, campaign.ErrNotFound)
	_, err = b.OneOff(b.Context(), "T2")
	b.is(err, campaign.ErrNotFound)
	b.equal(b.fragments("F2"), returns.Fragments{Key: "F2"})
	b.keep(another)
	b.equal(b.total("A"), returns.Tally{OptedOut: 2})
}

func keepsOnce(b bench) {
	answers := b.crowd(func(int) error { return b.Keep(b.Context(), whole()) })
	b.equal(answers, map[error]int{nil: 1, campaign.ErrConflict: crowd - 1})
	b.holds(whole())
}

func keepsTexts(b bench) {
	for id, body := range map[string]string{
		"none": "", "blank": " \t\r\n", "long": strings.Repeat("Ő📵 ", 1000), "quoted": `"\u0000" & <b> #pk :v`,
		"right to left": "\u202eمرحبا", "joined": "👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿", "control": "a\x00b\x1b",
	} {
		r, t := reply(id, "A", start), text(id)
		r.Text, t.Body = body, body
		b.keep(returns.Reception{Reply: r, OneOff: t})
		r.Version, t.Version = 1, 1
		b.replied(*r)
		b.equal(b.oneOff(id), *t)
	}
}

func fragmentVersions(b bench) {
	b.equal(b.fragments("F"), returns.Fragments{Key: "F"})
	f := *fragments("F", 0)
	b.keep(returns.Reception{Fragments: &f})
	f.Version++
	b.equal(b.fragments("F"), f)
	f.Parts[1], f.Done = returns.Fragment{MessageID: "m1", Text: strings.Repeat("一", 153)}, true
	b.keep(returns.Reception{Fragments: &f})
	b.is(b.Keep(b.Context(), returns.Reception{Fragments: &f}), campaign.ErrConflict)
	f.Version++
	b.equal(b.fragments("F"), f)
	anew := returns.Fragments{Key: "F", Version: f.Version, First: "m9", Total: 2, ReceivedAt: start.Add(time.Hour),
		Parts: map[int]returns.Fragment{1: {MessageID: "m9", Text: "again"}}}
	b.keep(returns.Reception{Fragments: &anew})
	anew.Version++
	b.equal(b.fragments("F"), anew)
}
