package recipientfile

import (
	"bytes"
	"unicode/utf8"
)

// textOf is the content without a byte order mark, if it is text.
func textOf(content []byte) ([]byte, error) {
	switch {
	case len(bytes.TrimSpace(content)) == 0:
		return nil, unreadable("body", "is empty")
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return nil, unreadable("body", "is a workbook (.xlsx, .ods) or an archive (.zip): save it as CSV in UTF-8")
	case bytes.HasPrefix(content, []byte("\x1f\x8b")):
		return nil, unreadable("body", "is packed with gzip: say so with Content-Encoding: gzip")
	case isUTF16(content):
		return nil, unreadable("body", "is UTF-16: save it as UTF-8 (CSV UTF-8 in a spreadsheet)")
	}
	if at := bytes.IndexByte(content, 0); at >= 0 {
		return nil, unreadable("body", "has a NUL character in line %d: it is no text", lineOf(content, at))
	}
	if at := invalid(content); at >= 0 {
		return nil, unreadable("body", "is not UTF-8 in line %d: save all of it as UTF-8", lineOf(content, at))
	}
	return bytes.TrimPrefix(content, []byte("\ufeff")), nil
}

// isUTF16 knows a byte order mark of UTF-16 or UTF-32, and Latin letters without one: every other byte is zero.
func isUTF16(content []byte) bool {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) ||
		bytes.HasPrefix(content, []byte("\x00\x00\xfe\xff")) {
		return true
	}
	head := content[:min(len(content), 8)]
	if len(head) < 8 {
		return false
	}
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	return zeros[0]+zeros[1] == len(head)/2 && (zeros[0] == 0 || zeros[1] == 0)
}

// invalid is where the first byte stands that is not UTF-8, -1 where there is none.
func invalid(content []byte) int {
	if utf8.Valid(content) {
		return -1
	}
	for at := 0; at < len(content); {
		r, size := utf8.DecodeRune(content[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// lineOf counts lines as editors do, from 1.
func lineOf(content []byte, at int) int { return 1 + bytes.Count(content[:at], []byte("\n")) }
