package parts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/internal/cmd/upload/parts"
	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
	"sluice/internal/sms"
)

// FuzzAgree: the API reads the same rows of the parts as it would of the whole file, each with its line.
func FuzzAgree(f *testing.F) {
	for _, seed := range []string{
		"number,name\n1234567,Ada\n2234567,\"a\nb\"\n\n3234567,\n", "1234567;a\nn/a;b\n3234567;c\n", "number\r1234567\r2234567",
		"\ufeffMobile\tx\r\n1234567\t\"\"\r\n2234567\ty\r\n", "name, number\n\"a\", \"1234567\"\n,\n b ,2234567\n", "x\n1234567\nbad\n,\n",
		"1234567\nbad\n12\n\"\"\n2234567\n", ",Ada\n1234567,Bo\n,Cy\n2234567,Di\n",
		" \n1234567;a\n2234567;b\n3234567;c\n4234567;d\n5234567;e\n",
		" \nnumber;name\n1234567;a\n2234567;\"c\n3234567;d\"\n4234567;e\n5234567;f\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		whole, err := read(file, 0)
		if err != nil {
			return
		}
		c, err := parts.NewCutter(strings.NewReader(file), parts.Limits{Rows: 2, Bytes: 1 << 20}, false)
		if err != nil {
			return
		}
		var all []string
		for {
			p, err := c.Next()
			if err != nil {
				if err.Error() == "EOF" {
					break
				}
				return
			}
			rows, err := read(string(p.Body), p.FirstLine)
			var faulty *recipientfile.Error
			if errors.As(err, &faulty) && isOfColumns(faulty) {
				return // a column is found in the whole, and not in the part: that is said
			}
			if err != nil {
				t.Fatalf("the part %q from line %d is not read: %v", p.Body, p.FirstLine, err)
			}
			all = append(all, rows...)
		}
		if !slices.Equal(all, whole) {
			t.Fatalf("the parts have %q, the whole has %q", all, whole)
		}
	})
}

// isOfColumns: nothing is wrong but that it is not clear which column is that of the numbers.
func isOfColumns(e *recipientfile.Error) bool {
	return !slices.ContainsFunc(e.Problems, func(p recipientfile.Problem) bool {
		return !strings.HasPrefix(p.Reason, "has no column of phone numbers") &&
			!strings.HasPrefix(p.Reason, "has more than one column that may be that of the phone numbers")
	})
}

func read(content string, first int) ([]string, error) {
	var rows []string
	text, err := sms.ParseTemplate("Hello")
	if err != nil {
		return nil, err
	}
	_, err = recipientfile.Read([]byte(content), recipientfile.Options{Media: recipientfile.CSV, Template: text, FirstRow: first},
		func(r recipients.Row) error { rows = append(rows, fmt.Sprint(r.At, r.Number)); return nil },
		func(r recipients.Refusal) error {
			rows = append(rows, fmt.Sprint(r.At, r.Number, r.Reason))
			return nil
		})
	return rows, err
}
