package campaigntest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// What parts hold.
var ofRows = map[string]func(*testing.T, bench){
	"values come back, whatever they hold": valuesComeBack,
	"entries come back, page by page":      entriesComeBack,
	"refused rows come back, page by page": refusalsComeBack,
}

func valuesComeBack(_ *testing.T, b bench) {
	b.draft("A", 0)
	rows := [][]string{
		nil, {}, {""}, {"", "", ""}, {"a\nb\r\n", "\x00", "\u2028"}, {"😀👨‍👩‍👧", "नमस्ते", "\u202eabc"},
		{strings.Repeat("é", recipients.MaxValue)}, {`"{}",;` + "\t", `\u0000`}, {strings.Repeat("x", 200_000)}, nil, {"last"},
	}
	var page []recipients.Recipient
	for i, values := range rows {
		page = append(page, recipients.Recipient{Number: Numbers(20)[i], Values: values})
	}
	p := b.put("A", upload(1, "one", 0, page, people(0, 2)))
	got, err := b.PageOf(b.Context(), "A", p, 0)
	b.ok(err)
	b.equal(got, page)
	list := b.sealed("A").List()
	for i := range page {
		got, err := b.Recipients(b.Context(), list, i, i+1, len(page))
		b.ok(err)
		b.equal(got, page[i:i+1])
	}
}

func entriesComeBack(_ *testing.T, b bench) {
	b.draft("A", 0)
	var u recipients.Upload
	u.Part = recipients.Part{Number: 3, Digest: "many", StoredAt: Start}
	var all []recipients.Entry
	for n := range 230 { // more pages than are read at once
		page := recipients.Page{}
		for i := range 3 {
			e := recipients.Entry{Number: sms.Number(fmt.Sprintf("4479%08d", n*3+i)), Segments: 1 + n%3, Plain: 1 + n%3}
			if (n+i)%5 == 0 {
				e.UCS2, e.Plain = true, 1
			}
			page.Entries = append(page.Entries, e)
			page.Recipients = append(page.Recipients, recipients.Recipient{Number: e.Number})
		}
		all = append(all, page.Entries...)
		u.Pages, u.Part.Pages = append(u.Pages, page), append(u.Part.Pages, 3)
	}
	u.Part.Accepted = len(all)
	p := b.put("A", u)
	b.equal(b.entries("A", p), all)
	stop := errors.New("stop")
	visited := 0
	b.is(b.Entries(b.Context(), "A", p, func(int, []recipients.Entry) error { visited++; return stop }), stop)
	b.equal(visited, 1)
}

func refusalsComeBack(_ *testing.T, b bench) {
	b.draft("A", 0)
	u := upload(1, "bad", 2001)
	u.Refused[0] = recipients.Refusal{At: 1, Number: "", Reason: ""}
	u.Refused[1] = recipients.Refusal{At: 1 << 40, Number: "=cmd()\n\x00'\"", Reason: "’ is no digit"}
	p := b.put("A", u)
	var all []recipients.Refusal
	for page := range p.RefusedPages {
		rows, err := b.Refusals(b.Context(), "A", p, page)
		b.ok(err)
		all = append(all, rows...)
	}
	b.equal(all, u.Refused)
	_, err := b.Refusals(b.Context(), "A", p, p.RefusedPages)
	b.is(err, recipients.ErrNotFound)
}
