package recipientfile_test

import (
	"maps"
	"strings"
	"testing"

	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
)

// What was read is told, so that a header that is not spelt as its variable does not pass for a column.
func TestReadTellsTheColumns(t *testing.T) {
	const greeting = "Hello {{first_name|there}} in {{city|town}}"
	long := strings.Repeat("Vorname ", 6)
	for _, c := range []struct {
		name, media, content, text, columns string
		want                                recipientfile.Columns
	}{
		{"headers as they stand in the file", recipientfile.CSV, "City; First Name ;Mobile\nLondon;Ada;" + one, greeting, "",
			recipientfile.Columns{"number": "Mobile", "first_name": "First Name", "city": "City"}},
		{"none for a variable with a default", recipientfile.CSV, "Mobile;Vorname\n" + one + ";Ada", greeting, "",
			recipientfile.Columns{"number": "Mobile", "first_name": "", "city": ""}},
		{"a column that is named", recipientfile.CSV, "Mobile;VORNAME\n" + one + ";Ada", greeting, "first_name:Vorname",
			recipientfile.Columns{"number": "Mobile", "first_name": "VORNAME", "city": ""}},
		{"no header", recipientfile.CSV, "Ada," + one, greeting, "", recipientfile.Columns{"number": "column 2", "first_name": "", "city": ""}},
		{"no header above the numbers", recipientfile.CSV, "City,\nLondon," + one, greeting, "",
			recipientfile.Columns{"number": "column 2", "first_name": "", "city": "City"}},
		{"a header that cannot be shown as it is", recipientfile.CSV, "n\x1bumber," + long + "\n" + one + ",Ada", greeting, "first_name:" + long,
			recipientfile.Columns{"number": "number", "first_name": long[:40] + "…", "city": ""}},
		{"no variables", recipientfile.CSV, "number,City\n" + one + ",London", "Hello", "", recipientfile.Columns{"number": "number"}},
		{"a variable that is called number", recipientfile.CSV, "phone\n" + one, "Hello {{number|you}}", "", recipientfile.Columns{"number": ""}},
		{"JSON has none", recipientfile.JSON, `["` + one + `"]`, greeting, "", nil},
		{"nor has a file that cannot be used", recipientfile.CSV, "number,City\n" + one + ",\"", greeting, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := recipientfile.Options{Media: c.media, Template: templateOf(t, c.text), Columns: columnsOf(t, c.columns)}
			got, _ := recipientfile.Read([]byte(c.content), o, func(recipients.Row) error { return nil }, func(recipients.Refusal) error { return nil })
			if !maps.Equal(got, c.want) || (got == nil) != (c.want == nil) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
