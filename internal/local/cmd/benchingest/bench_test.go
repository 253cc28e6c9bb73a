package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"sluice/internal/cmd/upload/parts"
)

func TestAListIsTheSameOneOfASeed(t *testing.T) {
	t.Parallel()
	for _, personal := range []bool{false, true} {
		one, again, other := content(t, list{2000, personal, 7}), content(t, list{2000, personal, 7}), content(t, list{2000, personal, 8})
		if one != again || one == other {
			t.Errorf("personal %t: again the same: %t, of another seed the same: %t", personal, one == again, one == other)
		}
	}
}

func content(t *testing.T, l list) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := l.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What a list is said to have is what a reader of numbers finds in it.
func TestAListHasWhatItIsSaidToHave(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	want, err := list{5000, true, 1}.write(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got, seen, nameless, ucs2 := made{rows: len(rows) - 1}, map[string]bool{}, 0, 0
	for _, row := range rows[1:] {
		if row[1] == "" {
			nameless++
		}
		if strings.ContainsAny(row[1], "ëçŁâễ") {
			ucs2++
		}
		n, err := phonenumbers.Parse(row[0], "GB")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			got.bad++
			continue
		}
		number := phonenumbers.Format(n, phonenumbers.E164)
		if seen[number] {
			got.duplicates++
		}
		seen[number] = true
	}
	if got != want || got.bad == 0 || got.duplicates == 0 || got.valid() != len(seen) {
		t.Errorf("found %+v, %d different, said are %+v", got, len(seen), want)
	}
	if nameless < 250 || ucs2 < 250 {
		t.Errorf("%d rows without a name, %d names that GSM-7 does not have", nameless, ucs2)
	}
	if !slices.Equal(rows[0], []string{"Mobile", "First name", "Town"}) {
		t.Errorf("the header is %q", rows[0])
	}
}

func TestNobodyHasTwoNumbers(t *testing.T) {
	t.Parallel()
	c, err := parts.NewCutter(strings.NewReader(content(t, list{30_000, false, 1})), parts.Usual(), false)
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range []int{20_000, 10_000} {
		if p, err := c.Next(); err != nil || p.Rows != want {
			t.Errorf("part %d has %d rows, %v, want %d", number, p.Rows, err, want)
		}
	}
}

func TestBoundsThatDoNotHoldAreSaid(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &report{out: &out}
	good := row{step: "upload", list: list{rows: 1000}, took: 2 * time.Second, longest: time.Second, processor: 20 * time.Millisecond, peak: 100 << 20, limit: "430MiB", memory: "512"}
	r.row(good)
	if err := r.end(); err != nil {
		t.Errorf("all holds, and the end is %v", err)
	}
	slow, large, gone := good, good, good
	slow.longest, large.peak, gone.peak = 11*time.Second, 600<<20, 0
	for _, bad := range []row{slow, large, gone} {
		r.row(bad)
	}
	want := "upload of 1000 bare numbers: a request took 11.0 s, the bound is 10 s\n" +
		"upload of 1000 bare numbers: a process had 600 MB, the bound is 512 MB\n" +
		"upload of 1000 bare numbers: the memory of the function cannot be read: did its process end?"
	if err := r.end(); err == nil || err.Error() != want {
		t.Errorf("the end is %v", err)
	}
	const line = "upload     1000 bare numbers                         2.00           500         1.00            20        100\n"
	if !strings.Contains(out.String(), line) || !strings.Contains(out.String(), "512 MB (MemorySize) and GOMEMLIMIT=430MiB") {
		t.Errorf("printed\n%s", &out)
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"it must be 1 to 1000000":              {"-recipients", "1 1000001"},
		"there must be 1 to 1000000 rows":      {"-make", "x", "-rows", "0"},
		"0 or 2 variables":                     {"-make", "x", "-variables", "1"},
		"there must be 0 and 1 at least":       {"-naive", "-1"},
		"0 parts at a time":                    {"-parallel", "0"},
		"find the platform":                    {"-dir", t.TempDir() + "/nowhere"},
		"make a list: open " + t.TempDir()[:1]: {"-make", "/nowhere/list.csv"},
	} {
		if err := run(t.Context(), args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want an error with %q", args, err, want)
		}
	}
	path := t.TempDir() + "/list.csv"
	if err := run(t.Context(), []string{"-make", path, "-rows", "10"}); err != nil {
		t.Error(err)
	}
	var s sizes
	if err := s.Set("10, 20 30"); err != nil || fmt.Sprint(&s) != "10 20 30" {
		t.Errorf("sizes are %s, %v", &s, err)
	}
}
