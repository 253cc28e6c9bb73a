package recipientfile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// text has the variables of the tests: one that is needed, and one that has a default.
const text = "Hello {{first_name|there}}, your code is {{code}}"

func templateOf(t testing.TB, text string) sms.Template {
	t.Helper()
	template, err := sms.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func columnsOf(t testing.TB, text string) recipientfile.Columns {
	t.Helper()
	columns, err := recipientfile.ParseColumns(text)
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// rowsOf reads, and writes what it got: "row number|value|value", with an exclamation mark where it was refused.
func rowsOf(content string, o recipientfile.Options) ([]string, error) {
	var got []string
	_, err := recipientfile.Read([]byte(content), o, func(r recipients.Row) error {
		got = append(got, fmt.Sprintf("%d %s", r.At, strings.Join(append([]string{r.Number}, r.Values...), "|")))
		return nil
	}, func(r recipients.Refusal) error {
		got = append(got, fmt.Sprintf("%d %s! %s", r.At, r.Number, r.Reason))
		return nil
	})
	return got, err
}

const (
	one, two = "447700900001", "447700900002"
	shifted  = "has more cells than the first line: is one of them without its quotation marks?"
)

func TestReadCSV(t *testing.T) {
	for _, c := range []struct {
		name, content, text, columns string
		firstRow                     int
		want                         []string
	}{
		{"one number", one, "", "", 0, []string{"1 " + one}},
		{"numbers without a header", one + "\n" + two + "\n", "", "", 0, []string{"1 " + one, "2 " + two}},
		{"a header", "number\n" + one, "", "", 0, []string{"2 " + one}},
		{"variables", "number,first_name,code\n" + one + ",Ada,1\n", text, "", 0, []string{"2 " + one + "|Ada|1"}},
		{"in any order, with others between", "code;city;First Name;Phone\n1;London;Ada;" + one, text, "", 0, []string{"2 " + one + "|Ada|1"}},
		{"tabs", "code\tnumber\n1\t" + one, text, "", 0, []string{"2 " + one + "||1"}},
		{"a byte order mark", "\ufeffnumber,code\n" + one + ",1", text, "", 0, []string{"2 " + one + "||1"}},
		{"a byte order mark before a quoted header", "\ufeff\"number\",code\n" + one + ",1", text, "", 0, []string{"2 " + one + "||1"}},
		{"line ends of Windows", "number,code\r\n" + one + ",1\r\n", text, "", 0, []string{"2 " + one + "||1"}},
		{"line ends of an old kind", "number,code\r" + one + ",1\r" + two + ",2\r", text, "", 0, []string{"2 " + one + "||1", "3 " + two + "||2"}},
		{"blank lines, and lines of commas", "\n\nnumber,code\n\n,\n" + one + ",1\n \n" + two + ",2\n\n", text, "", 0,
			[]string{"6 " + one + "||1", "8 " + two + "||2"}},
		{"a line of spaces does not say what divides", " \nnumber;code\n" + one + ";1,5", text, "", 0, []string{"3 " + one + "||1,5"}},
		{"quoted cells", `"number","code"` + "\n" + `"` + one + `","1,2 ""3"""`, text, "", 0, []string{"2 " + one + `||1,2 "3"`}},
		{"a quoted cell with line breaks", "number,code\n" + one + ",\"1\r\n2\n\n3\"\n" + two + ",2", text, "", 0,
			[]string{"2 " + one + "||1\n2\n\n3", "6 " + two + "||2"}},
		{"a space before a quotation mark", "number, code\n" + one + `, "1,2"`, text, "", 0, []string{"2 " + one + "||1,2"}},
		{"empty cells beside tabs", "number\tcity\tcode\n" + one + "\t\t1", text, "", 0, []string{"2 " + one + "||1"}},
		{"spaces around cells", "number , code\n " + one + " , 1 2 \u00a0\n", text, "", 0, []string{"2 " + one + "||1 2"}},
		{"cells that are missing at the end", "number,code,first_name\n" + one + ",1\n" + two, text, "", 0, []string{"2 " + one + "||1", "3 " + two + "||"}},
		{"empty cells too many", "number,code\n" + one + ",1,,\n", text, "", 0, []string{"2 " + one + "||1"}},
		{"cells too many", "number,code\n" + one + ",Lovelace, Ada\n" + two + ",2", text, "", 0,
			[]string{"2 " + one + "! " + shifted, "3 " + two + "||2"}},
		{"a wrong number is passed on, for another to judge", "number\n123\nAda\n", "", "", 0, []string{"2 123", "3 Ada"}},
		{"a row without a number", "number,code\n,1\n", text, "", 0, []string{"2 ||1"}},
		{"a number in formula", "number\n\"=\"\"" + one + "\"\"\"", "", "", 0, []string{`2 ="` + one + `"`}},
		{"a formula in a value is a value", "number,code\n" + one + ",=cmd()", text, "", 0, []string{"2 " + one + "||=cmd()"}},
		{"marks of direction", "number,code\n\u202a" + one + "\u202c,\u200f\u05d0\u200e", text, "", 0, []string{"2 \u202a" + one + "\u202c||\u200f\u05d0\u200e"}},
		{"a value with braces is no text", "number,code\n" + one + ",{{number}}", text, "", 0, []string{"2 " + one + "||{{number}}"}},
		{"a number beyond measure", "number\n" + strings.Repeat("1", 101), "", "", 0,
			[]string{"2 " + strings.Repeat("1", 40) + "…! is too long to be a number"}},
		{"control characters in a value", "number,code\n" + one + ",a\x1bb", text, "", 0, []string{"2 " + one + "! has control characters in code"}},
		{"control characters in a number", "number,code\n" + one + "\x07,1", text, "", 0, []string{"2 " + one + "! has a character that has no place in a number"}},
		{"control characters in a column that is not looked at", "number,x\n" + one + ",a\x1bb", "", "", 0, []string{"2 " + one}},
		{"what was lost on the way", "number,code\n" + one + ",Zo\ufffd", text, "", 0,
			[]string{"2 " + one + "! has U+FFFD, which stands for a lost character, in code"}},
		{"the longest value", "number,code\n" + one + "," + strings.Repeat("é", 3200), text, "", 0, []string{"2 " + one + "||" + strings.Repeat("é", 3200)}},
		{"a value beyond measure", "number,code\n" + one + "," + strings.Repeat("é", 3201), text, "", 0,
			[]string{"2 " + one + "! has more than 3200 characters in code"}},
		{"the client counts from another row", "number,code\n\n" + one + ",1\n\n" + two + ",2", text, "", 5000,
			[]string{"5000 " + one + "||1", "5002 " + two + "||2"}},
		{"without a header too", one + "\n" + two, "", "", 11, []string{"11 " + one, "12 " + two}},
		{"columns that are named", "Handy 1,Handy 2,Vorname,PIN\n1," + one + ",Ada,7", text, "number:handy_2,first_name:Vorname,code:PIN", 0,
			[]string{"2 " + one + "|Ada|7"}},
		{"one column for two things", "id\n" + one, "Call {{code}}", "number:id,code:id", 0, []string{"2 " + one + "|" + one}},
		{"numbers known by what they are", "Name,Kontakt,PLZ\nAda," + one + ",10115\nBob,+44 7700 900-002,20095", "", "", 0,
			[]string{"2 " + one, "3 +44 7700 900-002"}},
		{"among dates", "Name,Since,Line\nAda,2026-11-23,07700 900001\nBob,23.11.2026,07700 900002", "", "", 0,
			[]string{"2 07700 900001", "3 07700 900002"}},
		{"nine of ten", "Name,Line\n" + strings.Repeat("Ada,"+one+"\n", 9) + "Bob,none\n", "", "", 0,
			append(lines(2, 9, one), "11 none")},
		{"two columns and no header", "Ada," + one + "\nBob," + two, "", "", 0, []string{"1 " + one, "2 " + two}},
		{"a wrong number in the first row is no header", "Ada,0770\nBob," + two + "\nEve," + one + strings.Repeat("\nX,"+one, 9), "", "", 0,
			append([]string{"1 0770", "2 " + two, "3 " + one}, lines(4, 9, one)...)},
		{"a number that a spreadsheet has spoilt is no header", "4.477E+11\n" + one + "\n" + two, "", "", 0,
			[]string{"1 4.477E+11", "2 " + one, "3 " + two}},
		{"a number with an extension is no header", "07700900001 ext 5\n" + one + "\n" + two, "", "", 0,
			[]string{"1 07700900001 ext 5", "2 " + one, "3 " + two}},
		{"a number with the letter O is no header", "O7700900001\n" + one + "\n" + two, "", "", 0,
			[]string{"1 O7700900001", "2 " + one, "3 " + two}},
		{"phone wins where number holds none", "number,phone\n1," + one + "\n2," + two, "", "", 0, []string{"2 " + one, "3 " + two}},
		{"number wins where there is a phone too", "phone,number\n1," + one, "", "", 0, []string{"2 " + one}},
		{"a variable that is called as a number is", "mobile,phone\n1," + one, "Call {{mobile}}", "", 0, []string{"2 " + one + "|1"}},
		{"a variable that is called number", "number\n" + one, "You are {{number}}", "", 0, []string{"2 " + one + "|" + one}},
		{"a word for mobile in the first row is no header", one + ",mobile\n" + two + ",mobile", "", "", 0, []string{"1 " + one, "2 " + two}},
		{"a comma in quotes does not say what divides", `"number,x";code` + "\n" + one + ";1", "{{code}}", "", 0, []string{"2 " + one + "|1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := recipientfile.Options{
				Media: recipientfile.CSV, Template: templateOf(t, c.text), Columns: columnsOf(t, c.columns), FirstRow: c.firstRow,
			}
			got, err := rowsOf(c.content, o)
			if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// lines are rows of one number.
func lines(from, n int, number string) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%d %s", from+i, number))
	}
	return list
}

const (
	noNumbers  = "body has no column of phone numbers: call it number in the first line, or say which one it is with columns=number:header"
	twoNumbers = "body has more than one column that may be that of the phone numbers: say which one it is with columns=number:header"
)

func TestReadRefusesCSV(t *testing.T) {
	for _, c := range []struct{ name, content, text, columns, want string }{
		{"nothing", "", "", "", "body is empty"},
		{"white space alone", "\ufeff\r\n \n", "", "", "body has no recipients"},
		{"a header alone", "number,code\n", text, "", "body has no recipients"},
		{"lines of commas alone", ",,\n,,\n", "", "", "body has no recipients"},
		{"a quotation mark inside a cell", "number,code\n" + one + ",5\" pipe", text, "",
			"body has a quotation mark inside a cell that is not in quotes, in line 2, column 15"},
		{"letters behind a closing quotation mark", "number,code\n" + one + ",\"a\"b", text, "",
			"body has a quoted cell that does not end as it should, in line 2, column 16"},
		{"a quotation mark that nothing closes", "number,code\n" + one + ",\"a\n" + two + ",b\n", text, "",
			"body has a quoted cell that does not end as it should, in the row that begins with line 2"},
		{"NUL", "number,code\n" + one + ",1\n" + two + ",\x00", text, "", "body has a NUL character in line 3: it is no text"},
		{"Latin-1", "number,code\n" + one + ",Zo\xeb", text, "", "body is not UTF-8 in line 2: save all of it as UTF-8"},
		{"two encodings", "number,code\n" + one + ",Zoë\n" + two + ",Zo\xeb\n", text, "", "body is not UTF-8 in line 3: save all of it as UTF-8"},
		{"half of a surrogate pair", "number,code\n" + one + ",\xed\xa0\xbd", text, "", "body is not UTF-8 in line 2: save all of it as UTF-8"},
		{"an overlong form", "number,code\n" + one + ",\xc0\xaf", text, "", "body is not UTF-8 in line 2: save all of it as UTF-8"},
		{"UTF-16", "\xff\xfen\x00u\x00m\x00", "", "", "body is UTF-16: save it as UTF-8 (CSV UTF-8 in a spreadsheet)"},
		{"UTF-16, big end first", "\xfe\xff\x00n\x00u", "", "", "body is UTF-16: save it as UTF-8 (CSV UTF-8 in a spreadsheet)"},
		{"UTF-16 without a mark", "n\x00u\x00m\x00b\x00e\x00", "", "", "body is UTF-16: save it as UTF-8 (CSV UTF-8 in a spreadsheet)"},
		{"a workbook", "PK\x03\x04\x14\x00", "", "", "body is a workbook (.xlsx, .ods) or an archive (.zip): save it as CSV in UTF-8"},
		{"gzip that does not say so", "\x1f\x8b\x08\x00", "", "", "body is packed with gzip: say so with Content-Encoding: gzip"},
		{"no numbers", "name,city\nAda,London\n", "", "", noNumbers},
		{"numbers in too few rows", "name,x\nAda," + one + "\nBob,none\nEve,none", "", "", noNumbers},
		{"names alone", "Ada\nBob\n", "", "", noNumbers},
		{"two columns of numbers by name", "phone,mobile\n" + one + "," + two, "", "", twoNumbers},
		{"number and phone that both hold numbers", "number,phone\n" + one + "," + two, "", "", twoNumbers},
		{"number twice", "number,Number\n" + one + "," + two, "", "", twoNumbers},
		{"two columns of numbers by what they are", "a,b\n" + one + "," + two, "", "", twoNumbers},
		{"two columns of numbers without a header", one + "," + two, "", "", twoNumbers},
		{"no column for a variable", "number,name\n" + one + ",Ada", text, "",
			"body has no column for code, which has no default in the text: name one in the first line, or with columns="},
		{"no header for a variable", one + ",1", text, "",
			"body has no column for code, which has no default in the text: name one in the first line, or with columns="},
		{"a variable twice", "number,code,CODE\n" + one + ",1,2", text, "", "body has more than one column code"},
		{"two things at once", "name\nAda", text, "",
			"body has no column for code, which has no default in the text: name one in the first line, or with columns= (and 1 more)"},
		{"a named column that is not there", "number,x\n" + one + ",1", text, "code:y", "query.columns names a header for code that the first line does not have"},
		{"a named number that is not there", "number,code\n" + one + ",1", text, "number:Handy", "query.columns names a header for number that the first line does not have"},
		{"a named column that is there twice", "number,x,X\n" + one + ",1,2", text, "code:x", "query.columns names a header for code that the first line has more than once"},
		{"a column for no variable", "number,code,x\n" + one + ",1,2", text, "name:x", "query.columns names a column of name, which is no variable of the text"},
		{"cells without number", "number" + strings.Repeat(",", 1000) + "\n" + one, "", "", "body has a row of more than 1000 cells, in line 1"},
		{"a row of 10 MB", "number,code\n" + one + "," + strings.Repeat("x", 10_000_000), text, "",
			"body has a row of more than 262144 bytes, which begins with line 2: is a quotation mark missing?"},
		{"a row of 10 MB in many lines", "number,code\n" + one + ",\"" + strings.Repeat("x\n", 5_000_000), text, "",
			"body has a row of more than 262144 bytes, which begins with line 2: is a quotation mark missing?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := recipientfile.Options{Media: recipientfile.CSV, Template: templateOf(t, c.text), Columns: columnsOf(t, c.columns)}
			got, err := rowsOf(c.content, o)
			var fault *recipientfile.Error
			if !errors.As(err, &fault) || fault.TooLarge || fault.Error() != c.want {
				t.Errorf("got %v, want %s (rows %q)", err, c.want, got)
			}
		})
	}
}

func TestReadEndsWithTheCallersError(t *testing.T) {
	enough := errors.New("enough")
	stop := func(recipients.Row) error { return enough }
	stopRefused := func(recipients.Refusal) error { return enough }
	for _, c := range []struct{ media, content string }{
		{recipientfile.CSV, one}, {recipientfile.CSV, "number\n" + strings.Repeat("1", 101)},
		{recipientfile.JSON, `["1"]`}, {recipientfile.JSON, `{"recipients":["` + strings.Repeat("1", 101) + `"]}`},
	} {
		if _, err := recipientfile.Read([]byte(c.content), recipientfile.Options{Media: c.media}, stop, stopRefused); err != enough {
			t.Errorf("%s: got %v", c.content, err)
		}
	}
}

func TestParseColumns(t *testing.T) {
	for _, c := range []struct{ name, text, want, fault string }{
		{"none", "", "map[]", ""},
		{"pairs", "number:Mobile,first_name:Vorname", "map[first_name:Vorname number:Mobile]", ""},
		{"spaces, and capitals of a variable", " Number : Mobile phone , First_Name:x", "map[first_name:x number:Mobile phone]", ""},
		{"a colon in a header", "number:Tel: mobile", "map[number:Tel: mobile]", ""},
		{"a comma in a header", `"number:Phone, mobile",code:x`, "map[code:x number:Phone, mobile]", ""},
		{"no colon", "number", "", "query.columns must be pairs of a variable and a header, such as number:Mobile,first_name:Vorname"},
		{"no header", "number: ", "", "query.columns must be pairs of a variable and a header, such as number:Mobile,first_name:Vorname"},
		{"no variable", ":Mobile", "", "query.columns must be pairs of a variable and a header, such as number:Mobile,first_name:Vorname"},
		{"no variable's name", "first name:Vorname", "", "query.columns must be pairs of a variable and a header, such as number:Mobile,first_name:Vorname"},
		{"a comma at the end", "number:Mobile,", "", "query.columns must be pairs of a variable and a header, such as number:Mobile,first_name:Vorname"},
		{"a variable twice", "code:a,CODE:b", "", "query.columns names the column of code twice"},
		{"two lines", "number:a\ncode:b", "", "query.columns must be pairs such as number:Mobile,first_name:Vorname, on one line"},
		{"a quotation mark", `number:"a`, "", "query.columns must be pairs such as number:Mobile,first_name:Vorname, on one line"},
		{"22 pairs", strings.Repeat("a:b,", 21) + "a:b", "", "query.columns has 22 pairs, of which it may have 21"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := recipientfile.ParseColumns(c.text)
			if c.fault != "" {
				if err == nil || err.Error() != c.fault {
					t.Errorf("got %v, want %s", err, c.fault)
				}
				return
			}
			if err != nil || fmt.Sprint(map[string]string(got)) != c.want {
				t.Errorf("got %v, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestDigestTellsContentsAndWaysToReadThemApart(t *testing.T) {
	// printf 'a\0text/csv\0number:x\0007' | sha256sum
	const want = "0ad3b5aaec6b409f3d3f91e8f50983b6b4810eb82fe84871325e7805d9ba896d"
	if got := recipientfile.Digest([]byte("a"), recipientfile.CSV, "number:x", "7"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	seen := make(map[string]string)
	for _, d := range [][4]string{
		{"a", recipientfile.CSV, "", ""}, {"a", recipientfile.JSON, "", ""}, {"b", recipientfile.CSV, "", ""},
		{"a", recipientfile.CSV, "x", ""}, {"a", recipientfile.CSV, "", "x"}, {"", "", "", ""},
	} {
		digest := recipientfile.Digest([]byte(d[0]), d[1], d[2], d[3])
		if before, ok := seen[digest]; ok || len(digest) != 64 {
			t.Errorf("%q has the digest of %s: %s", d, before, digest)
		}
		seen[digest] = fmt.Sprint(d)
	}
}

// checkRows holds for whatever is read.
func checkRows(t *testing.T, content []byte, o recipientfile.Options) {
	t.Helper()
	rows, last := 0, -1
	good := func(at int, text ...string) {
		if rows++; at <= last {
			t.Fatalf("row %d after row %d", at, last)
		}
		last = at
		for _, s := range text {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\x7f\ufffd") {
				t.Fatalf("%q was let through", s)
			}
		}
	}
	_, err := recipientfile.Read(content, o, func(r recipients.Row) error {
		good(r.At, append(r.Values, r.Number)...)
		if len(r.Values) != len(o.Template.Variables()) {
			t.Fatalf("%d values", len(r.Values))
		}
		return nil
	}, func(r recipients.Refusal) error {
		good(r.At, r.Number, r.Reason)
		return nil
	})
	var fault *recipientfile.Error
	switch {
	case err == nil && rows == 0:
		t.Fatal("no rows, and no fault")
	case err != nil && (!errors.As(err, &fault) || len(fault.Problems) == 0 || !utf8.ValidString(err.Error())):
		t.Fatalf("%q", err)
	}
	if err == nil && !utf8.Valid(content) {
		t.Fatal("what is not UTF-8 was read")
	}
}
