package recipients_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// digits reads numbers as they stand.
type digits struct{}

var errDigits = errors.New("is no number")

func (digits) Parse(text, region string) (sms.Number, error) {
	n, err := sms.ParseNumber(region + text)
	if err != nil {
		return "", errDigits
	}
	return n, nil
}

func (digits) Knows(string) bool { return true }

func builder(t *testing.T, text string) *recipients.Builder {
	t.Helper()
	template, err := sms.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return recipients.NewBuilder(digits{}, "", template)
}

func number(i int) sms.Number { return sms.Number(fmt.Sprintf("4477%08d", i)) }

func TestAPartTellsWhatBecameOfEachRow(t *testing.T) {
	b := builder(t, "Hello {{name}}, see you on {{day|Saturday}}!")
	for i, row := range []struct{ number, name, day string }{
		{"447700900001", "Ada", "Sunday"},
		{"447700900002", "Zoë", ""},
		{"447700900001", "Ada", "Monday"},                     // stands there
		{"hello", "Ada", ""},                                  // no number
		{"447700900003", "", ""},                              // no name
		{"447700900004", "’Ada’", ""},                         // UCS-2
		{"447700900005", strings.Repeat("n", 3200), "Sunday"}, // too long
		{"447700900006", strings.Repeat("é", 161), ""},
	} {
		b.Add(recipients.Row{At: i + 2, Number: row.number, Values: []string{row.name, row.day}})
	}
	at := time.Unix(1, 0)
	u := b.Upload(3, "d", at)
	want := recipients.Part{
		Number: 3, Digest: "d", Accepted: 4, Refused: 3, Repeated: 1, Pages: []int{4}, RefusedPages: 1, Segments: 2,
		Forcing: map[string]int{"ë": 1, "’": 1}, StoredAt: at,
	}
	if diff := cmp.Diff(want, u.Part); diff != "" {
		t.Errorf("part (-want +got):\n%s", diff)
	}
	wantRefused := []recipients.Refusal{
		{At: 5, Number: "hello", Reason: errDigits.Error()},
		{At: 6, Number: "447700900003", Reason: "has no name, for which the text has no default"},
		{At: 8, Number: "447700900005", Reason: "has a text of 3226 characters, of which there may be 3200"},
	}
	if diff := cmp.Diff(wantRefused, u.Refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	wantEntries := []recipients.Entry{
		{Number: "447700900001", Segments: 1, Plain: 1},
		{Number: "447700900002", Segments: 1, Plain: 1, UCS2: true},
		{Number: "447700900004", Segments: 1, Plain: 1, UCS2: true},
		{Number: "447700900006", Segments: 2, Plain: 2},
	}
	if diff := cmp.Diff(wantEntries, u.Pages[0].Entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Zoë", ""}, u.Pages[0].Recipients[1].Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestATextWithoutVariablesIsMeasuredOnce(t *testing.T) {
	b := builder(t, "Schön, dass Sie da sind … 👋")
	for i := range 3 {
		b.Add(recipients.Row{At: i + 1, Number: string(number(i))})
	}
	u := b.Upload(0, "d", time.Time{})
	if diff := cmp.Diff(map[string]int{"…": 3, "👋": 3}, u.Part.Forcing); diff != "" {
		t.Errorf("forcing (-want +got):\n%s", diff)
	}
	if e := u.Pages[0].Entries[2]; e != (recipients.Entry{Number: number(2), Segments: 1, Plain: 1, UCS2: true}) {
		t.Errorf("entry %+v", e)
	}
	if u.Pages[0].Recipients[0].Values != nil {
		t.Error("values, where the text has no variables")
	}
}

// Where there are more characters than are told, those that stand in most texts are.
func TestTheCharactersThatForceMostTextsAreKept(t *testing.T) {
	const first, more = 0x4e00, 10
	b := builder(t, "{{text}}")
	want := make(map[string]int)
	for i := range recipients.MaxForcing + more {
		character, texts := string(rune(first+i)), 1
		if i >= more {
			texts = 2
			want[character] = texts
		}
		for n := range texts {
			b.Add(recipients.Row{At: 2*i + n + 1, Number: string(number(2*i + n)), Values: []string{character}})
		}
	}
	if diff := cmp.Diff(want, b.Upload(0, "d", time.Time{}).Part.Forcing); diff != "" {
		t.Errorf("forcing (-want +got):\n%s", diff)
	}
}

func TestAPartHasTheSegmentsOfItsLongestText(t *testing.T) {
	b := builder(t, "{{text}}")
	for i, length := range []int{200, 400, 10} {
		b.Add(recipients.Row{At: i + 1, Number: string(number(i)), Values: []string{strings.Repeat("x", length)}})
	}
	if got := b.Upload(0, "d", time.Time{}).Part.Segments; got != 3 {
		t.Errorf("%d segments, want 3", got)
	}
}

func TestAnEmptyTextIsRefused(t *testing.T) {
	b := builder(t, "{{text}}")
	b.Add(recipients.Row{At: 1, Number: "447700900001", Values: []string{" "}})
	if r := b.Refused(); len(r) != 1 || r[0].Reason != "has an empty text" {
		t.Errorf("refused %+v", r)
	}
}

func TestPagesAreCutByRowsAndByBytes(t *testing.T) {
	b := builder(t, "Hi")
	for i := range 2500 {
		b.Add(recipients.Row{At: i, Number: string(number(i))})
	}
	u := b.Upload(0, "", time.Time{})
	if diff := cmp.Diff([]int{1000, 1000, 500}, u.Part.Pages); diff != "" || !u.Part.Even() {
		t.Errorf("bare numbers: even %v, pages (-want +got):\n%s", u.Part.Even(), diff)
	}
	b = builder(t, "{{v}}")
	for i := range 200 {
		b.Add(recipients.Row{At: i, Number: string(number(i)), Values: []string{strings.Repeat("v", 3200)}})
	}
	u = b.Upload(0, "", time.Time{})
	if diff := cmp.Diff([]int{81, 81, 38}, u.Part.Pages); diff != "" || u.Part.Even() {
		t.Errorf("long values: even %v, pages (-want +got):\n%s", u.Part.Even(), diff)
	}
	b = builder(t, "{{v}}")
	for i := range 119 {
		b.Add(recipients.Row{At: i, Number: string(number(i)), Values: []string{strings.Repeat("v", 3200)}})
	}
	u = b.Upload(0, "", time.Time{})
	if diff := cmp.Diff([]int{81, 38}, u.Part.Pages); diff != "" || u.Part.Even() {
		t.Errorf("two pages of long values: even %v, pages (-want +got):\n%s", u.Part.Even(), diff)
	}
}

func TestWhatShouldBeANumberIsShownInPart(t *testing.T) {
	b := builder(t, "Hi")
	b.Refuse(1, strings.Repeat("ü", 1000), "is no number")
	if got := b.Refused()[0].Number; got != strings.Repeat("ü", 40)+"…" {
		t.Errorf("shown: %d characters", len([]rune(got)))
	}
}
