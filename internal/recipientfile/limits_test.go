package recipientfile_test

import (
	"errors"
	"strings"
	"testing"

	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
)

func TestReadEndsAtTheLimitOfRows(t *testing.T) {
	for media, contents := range map[string][2]string{
		recipientfile.CSV: {strings.Repeat(one+"\n", recipients.MaxRows), one + "\n"},
		recipientfile.JSON: {
			"[" + strings.Repeat(one+",", recipients.MaxRows-1) + one + "]",
			"[" + strings.Repeat(one+",", recipients.MaxRows) + `"` + strings.Repeat("x", 200) + `"]`,
		},
	} {
		all, more := contents[0], contents[1]
		if media == recipientfile.CSV {
			more = all + more
		}
		rows := 0
		count := func(recipients.Row) error { rows++; return nil }
		refuse := func(recipients.Refusal) error { rows++; return nil }
		if _, err := recipientfile.Read([]byte(all), recipientfile.Options{Media: media}, count, refuse); err != nil || rows != recipients.MaxRows {
			t.Errorf("%s: %d rows, %v", media, rows, err)
		}
		rows = 0
		_, err := recipientfile.Read([]byte(more), recipientfile.Options{Media: media}, count, refuse)
		var fault *recipientfile.Error
		if !errors.As(err, &fault) || !fault.TooLarge || err.Error() != "body has more than 100000 rows: send it in parts" || rows != recipients.MaxRows {
			t.Errorf("%s: %d rows, %v", media, rows, err)
		}
	}
}

// The largest body, and nearly nothing in it.
func TestReadEndsAtTheLimitOfLines(t *testing.T) {
	const tooMany = "body has more than 1000000 lines, most of them blank"
	for _, c := range []struct{ name, first, line, want string }{
		{"of no row, and line ends", "", "\n", "body is empty"},
		{"of one row, and empty lines", one + "\n", "\n", tooMany},
		{"of one row, and empty lines of Windows", one + "\n", "\r\n", tooMany},
		{"of one row, and lines of spaces", one + "\n", " \n", tooMany},
		{"of one row, and lines of commas", one + "\n", ",\n", tooMany},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := c.first + strings.Repeat(c.line, recipientfile.MaxUnpacked/len(c.line))
			got, err := rowsOf(body, recipientfile.Options{Media: recipientfile.CSV})
			var fault *recipientfile.Error
			if !errors.As(err, &fault) || fault.TooLarge != (c.want == tooMany) || fault.Error() != c.want {
				t.Errorf("got %v, and %d rows; want %s", err, len(got), c.want)
			}
		})
	}
}
