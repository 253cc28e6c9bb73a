package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"sluice/internal/cmd/upload/parts"
)

// report says what the campaign has now, and what comes next.
func (o options) report(out io.Writer, r parts.Result) {
	fmt.Fprintf(out, "%s of %s: %s accepted, %s refused%s. %s, of which %s sent now.\n", count(r.Rows, "row"), o.name(),
		grouped(r.Accepted), grouped(r.Refused), duplicates(r.Duplicates), count(r.Parts, "part"), are(r.Sent))
	if len(r.Removed) > 0 {
		fmt.Fprintf(out, "Removed behind the file's end: part %s.\n", spans(r.Removed))
	}
	if len(r.Surplus) > 0 {
		fmt.Fprintf(out, "The list also has part %s, behind this file's end. If the file is the whole list, REPLACE=1 removes what is behind it.\n",
			spans(r.Surplus))
	}
	if r.Refused > 0 {
		o.curl(out, "The refused rows, each with its line and why", "", "/recipients/refused?format=csv")
	}
	o.curl(out, "What would be sent, and what it would cost", "", "/preflight")
	o.curl(out, "To launch it", "-X POST ", "/launch")
}

// warn names variables that the file fills in nowhere. Their headers may only be spelt in another way.
func (o options) warn(out io.Writer, r parts.Result) {
	if len(r.Missing) == 0 {
		return
	}
	says := "its default stands in every text (name the column with"
	if len(r.Missing) > 1 {
		says = "their defaults stand in every text (name the columns with"
	}
	var columns []string
	if o.columns != "" {
		columns = append(columns, o.columns)
	}
	for _, name := range r.Missing {
		columns = append(columns, name+":…")
	}
	fmt.Fprintf(out, "upload: no column for %s: %s COLUMNS=%s and REPLACE=1)\n", strings.Join(r.Missing, ", "), says, strings.Join(columns, ","))
}

func (o options) curl(out io.Writer, purpose, flags, path string) {
	key := localKey
	if o.key != localKey {
		key = "$" + keyVariable
	}
	fmt.Fprintf(out, "%s:\n    curl -sS %s-H \"Authorization: Bearer %s\" '%s/campaigns/%s%s'\n", purpose, flags, key, o.api, o.campaign, path)
}

// duplicates are those within parts. Those across parts are found at the launch.
func duplicates(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s with a number that stands twice", grouped(n))
}

// spans names numbers, which are in order: "3, 5 to 9".
func spans(numbers []int) string {
	var words []string
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		word := strconv.Itoa(numbers[i])
		if last > i {
			word += " to " + strconv.Itoa(numbers[last])
		}
		words, i = append(words, word), last+1
	}
	return strings.Join(words, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(n) + " " + what + "s"
}

func are(n int) string {
	if n == 1 {
		return "1 was"
	}
	return grouped(n) + " were"
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
