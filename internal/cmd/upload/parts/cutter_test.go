package parts_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/cmd/upload/parts"
)

type cut struct {
	Body              string
	Rows, First, Last int
	shift             int
}

var withoutShift = cmpopts.IgnoreUnexported(cut{})

func cutAll(t *testing.T, r io.Reader, l parts.Limits) ([]cut, int64, error) {
	t.Helper()
	c, err := parts.NewCutter(r, l, false)
	if err != nil {
		return nil, 0, err
	}
	var all []cut
	var read int64
	for {
		p, err := c.Next()
		if errors.Is(err, io.EOF) {
			return all, read, nil
		}
		if err != nil {
			return all, read, err
		}
		all, read = append(all, cut{string(p.Body), p.Rows, p.FirstLine, p.LastLine, p.Shift}), read+p.Read
	}
}

func TestAFileIsCutAtTheBordersOfItsRecords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		want       []cut
	}{
		{"the header is in each part", "number\n1234567\n2234567\n3234567\n", []cut{
			{Body: "number\n1234567\n2234567\n", Rows: 2, First: 2, Last: 3}, {Body: "number\n3234567\n", Rows: 1, First: 4, Last: 4}}},
		{"without a header there is none", "1234567,Ada\n2234567,Bo\n3234567,Cy\n", []cut{
			{Body: "1234567,Ada\n2234567,Bo\n", Rows: 2, First: 1, Last: 2}, {Body: "3234567,Cy\n", Rows: 1, First: 3, Last: 3}}},
		{"a number as people write it is no header", "Ada;+44 (7700) 900-123\nBo;x\n", []cut{
			{Body: "Ada;+44 (7700) 900-123\nBo;x\n", Rows: 2, First: 1, Last: 2}}},
		{"a quoted line end is none", "number,text\n1234567,\"a\nb\"\"\n,c\"\n2234567,\n3234567,\"\n\"\n", []cut{
			{Body: "number,text\n1234567,\"a\nb\"\"\n,c\"\n2234567,\n", Rows: 2, First: 2, Last: 5}, {Body: "number,text\n3234567,\"\n\"\n", Rows: 1, First: 6, Last: 7}}},
		{"a header has quoted line ends", "\"the\nnumber\",b\n1234567,\n2234567,\n3234567,\n", []cut{
			{Body: "\"the\nnumber\",b\n1234567,\n2234567,\n", Rows: 2, First: 3, Last: 4}, {Body: "\"the\nnumber\",b\n3234567,\n", Rows: 1, First: 5, Last: 5}}},
		{"CRLF stays", "number\r\n1234567\r\n2234567\r\n\"3\r\n234567\"\r\n", []cut{
			{Body: "number\r\n1234567\r\n2234567\r\n", Rows: 2, First: 2, Last: 3}, {Body: "number\r\n\"3\r\n234567\"\r\n", Rows: 1, First: 4, Last: 5}}},
		{"a byte order mark goes", "\ufeffnumber\n1234567\n", []cut{{Body: "number\n1234567\n", Rows: 1, First: 2, Last: 2}}},
		{"a byte order mark before a number goes", "\ufeff1234567\n2234567", []cut{{Body: "1234567\n2234567\n", Rows: 2, First: 1, Last: 2}}},
		{"the last line end may be missing", "number\n1234567", []cut{{Body: "number\n1234567\n", Rows: 1, First: 2, Last: 2}}},
		{"semicolons", "number;text\n1234567;5,\"\n2234567;\"a;\nb\"\n3234567;\"\"\n", []cut{
			{Body: "number;text\n1234567;5,\"\n2234567;\"a;\nb\"\n", Rows: 2, First: 2, Last: 4}, {Body: "number;text\n3234567;\"\"\n", Rows: 1, First: 5, Last: 5}}},
		{"tabs", "number\ttext\n1234567\t\"a\nb\"\n", []cut{{Body: "number\ttext\n1234567\t\"a\nb\"\n", Rows: 1, First: 2, Last: 3}}},
		{"a quote within a plain field is a character", "number,size\n1234567,5\" x\n2234567,6\"\n", []cut{
			{Body: "number,size\n1234567,5\" x\n2234567,6\"\n", Rows: 2, First: 2, Last: 3}}},
		{"empty lines are no rows", "\n\r\nnumber\n\n1234567\n\n2234567\n\n\n3234567\n\n\n\n", []cut{
			{Body: "number\n1234567\n\n2234567\n", Rows: 2, First: 5, Last: 7}, {Body: "number\n3234567\n\n\n\n", Rows: 1, First: 10, Last: 10}}},
		{"blank records are no rows", "number,name\n,\n\" \", \n1234567,Ada\n,\"\"\n", []cut{
			{Body: "number,name\n1234567,Ada\n,\"\"\n", Rows: 1, First: 4, Last: 4}}},
		{"a quote may follow spaces", "number, text\n1234567,  \"a\nb\"\n2234567,\u00a0\"a\nb\"\n", []cut{
			{Body: "number, text\n1234567,  \"a\nb\"\n2234567,\u00a0\"a\nb\"\n", Rows: 2, First: 2, Last: 5}}},
		{"but not in a file with tabs", "number\ttext\n1234567\t \"a\n2234567\tb\"\n", []cut{
			{Body: "number\ttext\n1234567\t \"a\n2234567\tb\"\n", Rows: 2, First: 2, Last: 3}}},
		{"carriage returns alone", "number\r1234567\r\"2\r234567\"\r3234567", []cut{
			{Body: "number\n1234567\n\"2\n234567\"\n", Rows: 2, First: 2, Last: 4}, {Body: "number\n3234567\n", Rows: 1, First: 5, Last: 5}}},
		{"a date and a long number are no telephone number", "Nr,2026-11-23,12345678901234567890\n1234567,2,3\n", []cut{
			{Body: "Nr,2026-11-23,12345678901234567890\n1234567,2,3\n", Rows: 1, First: 2, Last: 2}}},
		{"a header has a letter", "12,3\n1234567,4\n", []cut{{Body: "12,3\n1234567,4\n", Rows: 2, First: 1, Last: 2}}},
		{"an empty file", "", nil},
		{"a byte order mark alone", "\ufeff", nil},
		{"empty lines alone", "\n\r\n\n", nil},
		{"a header alone", "number,name", nil},
		{"a quoted header", "\"number\"\n1234567\n", []cut{{Body: "\"number\"\n1234567\n", Rows: 1, First: 2, Last: 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, _ = io.WriteString(w, c.file)
			must(t, w.Close())
			for how, r := range map[string]io.Reader{
				"whole": strings.NewReader(c.file), "byte by byte": iotest.OneByteReader(strings.NewReader(c.file)),
				"packed": bytes.NewReader(packed.Bytes()),
			} {
				size := int64(len(c.file))
				if how == "packed" {
					size = int64(packed.Len())
				}
				got, read, err := cutAll(t, r, parts.Limits{Rows: 2, Bytes: 1000})
				if diff := cmp.Diff(c.want, got, withoutShift); err != nil || diff != "" {
					t.Errorf("%s: %v (-want +got):\n%s", how, err, diff)
				}
				if len(got) > 0 && read != size {
					t.Errorf("%s: %d bytes were read, want %d", how, read, size)
				}
			}
		})
	}
}

// Without a header, what has no number would be taken for one at the start of a part.
func TestNoPartBeginsWithARowThatLooksLikeAHeader(t *testing.T) {
	t.Parallel()
	file := strings.Repeat("1234567,Ada\n", 40) + "n/a,Bo\nnone,Cy\n" + strings.Repeat("2234567,Di\n", 39)
	for _, c := range []struct {
		name, file string
		want       []int
	}{
		{"without a header", file, []int{42, 39}},
		{"with one", "number,name\n" + file, []int{40, 40, 1}},
		{"nothing but such rows", "1234567,Ada\n" + strings.Repeat("n/a,Bo\n", 100), []int{44, 44, 13}},
	} {
		got, _, err := cutAll(t, strings.NewReader(c.file), parts.Limits{Rows: 40, Bytes: 1000})
		must(t, err)
		var rows []int
		for _, p := range got {
			rows = append(rows, p.Rows)
		}
		if !slices.Equal(rows, c.want) {
			t.Errorf("%s: parts have %v rows, want %v", c.name, rows, c.want)
		}
	}
}

func TestLinesOfAPartAreFoundInTheFile(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"without a header": "1234567\n2234567\n3234567\n4234567\nmarked 7\n",
		"with one":         "\n\"num\nber\"\n\n1234567\n2234567\n3234567\nmarked 7\n",
	} {
		got, _, err := cutAll(t, strings.NewReader(file), parts.Limits{Rows: 2, Bytes: 1000})
		must(t, err)
		found := false
		for _, p := range got {
			for i, line := range strings.Split(p.Body, "\n") {
				if line == "marked 7" {
					found = true
					if want := 1 + strings.Count(file[:strings.Index(file, "marked")], "\n"); i+1+p.shift != want {
						t.Errorf("%s: line %d of a part is line %d of the file, want %d", name, i+1, i+1+p.shift, want)
					}
				}
			}
		}
		if !found {
			t.Errorf("%s: the line is in no part", name)
		}
	}
}

func TestNamedColumnsHaveAHeader(t *testing.T) {
	t.Parallel()
	c, err := parts.NewCutter(strings.NewReader("1234567,2\n2234567,3\n3234567,4\n"), parts.Limits{Rows: 1, Bytes: 100}, true)
	must(t, err)
	for want := range 2 {
		if p, err := c.Next(); err != nil || p.FirstLine != want+2 || !strings.HasPrefix(string(p.Body), "1234567,2\n") {
			t.Errorf("part %d is %q, %v", want, p.Body, err)
		}
	}
}

func TestAPartKeepsToItsBytes(t *testing.T) {
	t.Parallel()
	const row = "1234567,twenty bytes\n" // 21 of them
	got, _, err := cutAll(t, strings.NewReader("number,n\n"+strings.Repeat(row, 5)), parts.Limits{Rows: 100, Bytes: 9 + 2*21})
	must(t, err)
	var rows []int
	for _, p := range got {
		rows = append(rows, p.Rows)
		if len(p.Body) > 51 {
			t.Errorf("a part has %d bytes, want 51 at most", len(p.Body))
		}
	}
	if !slices.Equal(rows, []int{2, 2, 1}) {
		t.Errorf("parts have %v rows, want 2, 2, 1", rows)
	}
}

func TestLongRecordsAreCutAnywhereButWithin(t *testing.T) {
	t.Parallel()
	huge := "1234567,\"" + strings.Repeat("a line of it\n", 100_000) + "\"\n"
	file := "number,text\n2234567,b\n" + huge + "3234567,c\n"
	got, _, err := cutAll(t, strings.NewReader(file), parts.Limits{Rows: 10, Bytes: 12 + len(huge)})
	must(t, err)
	want := []cut{{Body: "number,text\n2234567,b\n", Rows: 1, First: 2, Last: 2}, {Body: "number,text\n" + huge, Rows: 1, First: 3, Last: 100_003}, {Body: "number,text\n3234567,c\n", Rows: 1, First: 100_004, Last: 100_004}}
	if diff := cmp.Diff(want, got, withoutShift); diff != "" {
		t.Errorf("parts (-want +got):\n%.2000s", diff)
	}
}

func TestWhatCannotBeCutIsSaid(t *testing.T) {
	t.Parallel()
	endless := "number,text\n1234567,\"" + strings.Repeat("x", 1<<20)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, list(1000))
	must(t, w.Close())
	for _, c := range []struct{ name, file, want string }{
		{"a record that is too long", endless, "the record that begins on line 2 has more than 988 bytes: is a quote missing there?"},
		{"a first line that is too long", strings.Repeat("1", 1001), "line 1 has more than 1000 bytes"},
		{"a quote that is never closed", "number\n1234567\n\"22\n33\n", "a quote in the record that begins on line 3 is never closed"},
		{"what may be a header or a row", ",Ada\n1234567,Bo\n2234567,Cy\n", "the first line may be a header or a recipient, whose number is missing"},
		{"a spreadsheet", "PK\x03\x04 and so on", "is a spreadsheet or a zip archive: save it as CSV UTF-8"},
		{"an old spreadsheet", "\xd0\xcf\x11\xe0\xa1", "is a spreadsheet: save it as CSV UTF-8"},
		{"UTF-16", "\xff\xfen\x00", "is UTF-16: save it as CSV UTF-8"},
		{"UTF-16 the other way round", "\xfe\xff\x00n", "is UTF-16: save it as CSV UTF-8"},
		{"half of a packed file", packed.String()[:packed.Len()/2], "unexpected EOF"},
		{"what only begins as a packed file", "\x1f\x8bnothing of the kind", "unpack the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := cutAll(t, strings.NewReader(c.file), parts.Limits{Rows: 10, Bytes: 1000})
			wantError(t, err, c.want)
			if err != nil && strings.Contains(err.Error(), "234567") {
				t.Errorf("the error quotes the file: %v", err)
			}
		})
	}
}

// FuzzCut: every record is in exactly one part, whatever the file is.
func FuzzCut(f *testing.F) {
	for _, seed := range []string{"number\n1234567\n", "a;b\n\"1\n2\";3\n", "1234567\t\"\"\"\"\r\n\r\nx", "\ufeffa,\"b\nc\"\n1234567,\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		whole, _, err := cutAll(t, strings.NewReader(file), parts.Limits{Rows: 1 << 30, Bytes: 1 << 30})
		if err != nil {
			return
		}
		pieces, _, err := cutAll(t, strings.NewReader(file), parts.Limits{Rows: 1, Bytes: 1 << 30})
		if err != nil || len(whole) > 1 {
			t.Fatalf("%d parts, %v", len(whole), err)
		}
		if len(whole) == 0 {
			if len(pieces) != 0 {
				t.Fatalf("%d pieces of nothing", len(pieces))
			}
			return
		}
		rows := 0
		for _, p := range pieces {
			rows += p.Rows
		}
		if rows != whole[0].Rows || pieces[0].First != whole[0].First || pieces[len(pieces)-1].Last != whole[0].Last {
			t.Fatalf("%d rows in pieces, %d in all: %+v, %+v", rows, whole[0].Rows, pieces, whole)
		}
		want, total := strip(whole[0].Body), 0
		for _, p := range pieces {
			total += len(strip(p.Body))
		}
		header := 0 // its length; a single piece may have one, but then is the whole
		if len(pieces) > 1 {
			header = (total - len(want)) / (len(pieces) - 1)
		}
		joined := want[:header]
		for _, p := range pieces {
			joined += strip(p.Body)[header:]
		}
		if joined != want {
			t.Fatalf("the pieces are %q, the whole is %q", joined, want)
		}
	})
}

// strip takes away what blank records may consist of, of which a part may have more or fewer.
func strip(body string) string {
	return strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "", "\v", "", "\f", "", "\u00a0", "", ",", "", ";", "", `"`, "").Replace(body)
}
