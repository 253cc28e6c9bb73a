package recipientfile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sluice/internal/recipientfile"
)

func TestReadJSON(t *testing.T) {
	for _, c := range []struct {
		name, content, text string
		firstRow            int
		want                []string
	}{
		{"a bare list", `["` + one + `","+44 7700 900002"]`, "", 0, []string{"1 " + one, "2 +44 7700 900002"}},
		{"a list in an object", `{"recipients":["` + one + `"]}`, "", 0, []string{"1 " + one}},
		{"numbers that are numbers", `[447700900001, 123456789012345]`, "", 0, []string{"1 447700900001", "2 123456789012345"}},
		{"objects", `[{"number":"` + one + `"},{"number":447700900002,"vars":null}]`, "", 0, []string{"1 " + one, "2 " + two}},
		{"vars", `[{"number":"` + one + `","vars":{"first_name":"Ada","code":"1"}}]`, text, 0, []string{"1 " + one + "|Ada|1"}},
		{"vars before the number", `[{"vars":{"code":"1"},"number":"` + one + `"}]`, text, 0, []string{"1 " + one + "||1"}},
		{"vars in other spellings", `[{"number":"` + one + `","vars":{"firstName":"Ada","CODE":"1"}}]`, text, 0, []string{"1 " + one + "|Ada|1"}},
		{"a var that is a number", `[{"number":"1","vars":{"code":1.50}}]`, text, 0, []string{"1 1||1.50"}},
		{"a var that is null", `[{"number":"1","vars":{"code":null}}]`, text, 0, []string{"1 1||"}},
		{"vars that the text has no use for", `[{"number":"1","vars":{"code":"1","city":"London"}}]`, text, 0, []string{"1 1||1"}},
		{"a number without vars", `["1"]`, text, 0, []string{"1 1||"}},
		{"a byte order mark and white space", "\ufeff \n[ \"1\" ]\r\n", "", 0, []string{"1 1"}},
		{"escapes", `["\u0031\u0032",{"number":"3","vars":{"code":"\ud83d\ude00\n"}}]`, text, 0, []string{"1 12||", "2 3||😀"}},
		{"the client counts from another row", `["1","2"]`, "", 5000, []string{"5000 1", "5001 2"}},
		{"empty text is passed on", `["",{"number":" "}]`, "", 0, []string{"1 ", "2 "}},
		{"half of a surrogate pair", `[{"number":"1","vars":{"code":"\ud83d"}}]`, text, 0,
			[]string{"1 1! has U+FFFD, which stands for a lost character, in code"}},
		{"an escaped NUL", `["1\u0000",{"number":"1","vars":{"code":"\u0000"}}]`, text, 0,
			[]string{"1 1! has a character that has no place in a number", "2 1! has control characters in code"}},
		{"a value beyond measure", `[{"number":"1","vars":{"code":"` + strings.Repeat("x", 3201) + `"}}]`, text, 0,
			[]string{"1 1! has more than 3200 characters in code"}},
		{"a number beyond measure", `["` + strings.Repeat("9", 1_000_000) + `"]`, "", 0,
			[]string{"1 " + strings.Repeat("9", 40) + "…! is too long to be a number"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := recipientfile.Options{Media: recipientfile.JSON, Template: templateOf(t, c.text), FirstRow: c.firstRow}
			got, err := rowsOf(c.content, o)
			if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestReadRefusesJSON(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"nothing", "", "body is empty"},
		{"half a list", `["1",`, "body cannot be read as JSON: look at line 1, column 5"},
		{"a comma too many", "[\n\"1\",\n]", "body cannot be read as JSON: look at line 3, column 1"},
		{"two documents", `["1"]["2"]`, "body cannot be read as JSON: look at line 1, column 6"},
		{"CSV", "number\n1", "body cannot be read as JSON: look at line 1, column 3"},
		{"no list", `"1"`, `body must be a list of recipients, or an object {"recipients": [...]}`},
		{"null", `null`, `body must be a list of recipients, or an object {"recipients": [...]}`},
		{"an empty list", `[]`, "body has no recipients"},
		{"an empty object", `{}`, "body has no recipients"},
		{"an empty list in an object", `{"recipients":[]}`, "body has no recipients"},
		{"recipients that are none", `{"recipients":null}`, "recipients must be a list"},
		{"an unknown field", `{"recipients":["1"],"sender":"x"}`, "body has a field whose name is not known: it has recipients, and nothing else"},
		{"the list twice", `{"recipients":["1"],"recipients":["2"]}`, "body has the field recipients twice"},
		{"a list in capitals", `{"Recipients":["1"]}`, "body has a field whose name is not known: it has recipients, and nothing else"},
		{"a row that is null", `["1",null]`, "recipients, row 2, must be a phone number, or an object with a number and vars"},
		{"a row that is a list", `["1",["2",["3"]],"4"]`, "recipients, row 2, must be a phone number, or an object with a number and vars"},
		{"a row that is true", `[true]`, "recipients, row 1, must be a phone number, or an object with a number and vars"},
		{"a fraction", `[4.4]`, "recipients, row 1, must be a phone number, or an object with a number and vars"},
		{"a negative number", `[-447700900001]`, "recipients, row 1, must be a phone number, or an object with a number and vars"},
		{"a power of ten", `[{"number":4.477e11}]`, "recipients.number, row 1, must be text, or a whole number"},
		{"an unknown field of a row", `["1",{"number":"2","name":{"a":[1,{}]}}]`,
			"recipients, row 2, has a field whose name is not known: it has number and vars, and nothing else"},
		{"no number", `[{"vars":{}}]`, "recipients.number, row 1, is missing"},
		{"a number that is null", `[{"number":null}]`, "recipients.number, row 1, must be text, or a whole number"},
		{"a number that is an object", `[{"number":{"number":"1"}}]`, "recipients.number, row 1, must be text, or a whole number"},
		{"a number twice", `[{"number":"1","number":"2"}]`, "recipients, row 1, has a field twice"},
		{"vars twice", `[{"number":"1","vars":{},"vars":{}}]`, "recipients, row 1, has a field twice"},
		{"vars that are a list", `[{"number":"1","vars":["x"]}]`, "recipients.vars, row 1, must be an object of texts by the names of variables"},
		{"vars that are text", `[{"number":"1","vars":"x"}]`, "recipients.vars, row 1, must be an object of texts by the names of variables"},
		{"a var that is a list", `[{"number":"1","vars":{"code":["x"]}}]`, "recipients.vars, row 1, must be texts"},
		{"a var that is true", `[{"number":"1","vars":{"city":true}}]`, "recipients.vars, row 1, must be texts"},
		{"a var twice", `[{"number":"1","vars":{"code":"1","Code":"2"}}]`, "recipients.vars, row 1, has code twice"},
		{"vars without end", `[{"number":"1","vars":{` + strings.Repeat(`"x":1,`, 100_000) + `"x":1}}]`, "recipients.vars, row 1, has more than 1000 values"},
		{"several rows", `[null,"1",true,{}]`, "recipients, row 1, must be a phone number, or an object with a number and vars (and 2 more)"},
		{"bad rows without end", "[" + strings.Repeat("null,", 99_999) + "null]",
			"recipients, row 1, must be a phone number, or an object with a number and vars (and 99 more)"},
		{"bad rows without end in an object", `{"recipients":[` + strings.Repeat("{},", 99_999) + "{}]}",
			"recipients.number, row 1, is missing (and 99 more)"},
		{"bad fields without end", `[{"number":"1",` + strings.Repeat(`"x":1,`, 100_000) + `"x":1}]`,
			"recipients, row 1, has a field whose name is not known: it has number and vars, and nothing else (and 99 more)"},
		{"brackets without end", strings.Repeat("[", 1_000_000), "body cannot be read as JSON: look at line 1, column 10001"},
		{"brackets to the depth that is valid", strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999),
			"recipients, row 1, must be a phone number, or an object with a number and vars"},
		{"NUL", "[\"1\",\n\"\x00\"]", "body has a NUL character in line 2: it is no text"},
		{"Latin-1", "[\"1\",\n\"\xeb\"]", "body is not UTF-8 in line 2: save all of it as UTF-8"},
		{"UTF-16", "[\x00\"\x001\x00\"\x00]\x00", "body is UTF-16: save it as UTF-8 (CSV UTF-8 in a spreadsheet)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := rowsOf(c.content, recipientfile.Options{Media: recipientfile.JSON, Template: templateOf(t, text)})
			var fault *recipientfile.Error
			if !errors.As(err, &fault) || fault.TooLarge || fault.Error() != c.want {
				t.Errorf("got %v, want %s (%d rows)", err, c.want, len(got))
			}
		})
	}
}

func TestColumnsAreOfCSV(t *testing.T) {
	o := recipientfile.Options{Media: recipientfile.JSON, Columns: columnsOf(t, "number:x")}
	if _, err := rowsOf(`["1"]`, o); err == nil || err.Error() != "query.columns is for CSV only" {
		t.Errorf("got %v", err)
	}
}
