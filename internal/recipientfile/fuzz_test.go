package recipientfile_test

import (
	"bytes"
	"errors"
	"testing"

	"sluice/internal/recipientfile"
)

func FuzzCSV(f *testing.F) {
	for _, content := range []string{
		"", one, "number\n" + one, "number,code\r\n" + one + ",\"1,\n2\"\r\n", "code;number\n1;" + one, "code\tnumber\n\t" + one,
		"\ufeffnumber,code\n" + one + ",1", "number,code\n" + one + ",\"", "\"number,code", "a\"b", "number\r" + one + "\r" + two, "=cmd()\n",
		"Name,x\nAda," + one, "\xff\xfen\x00", "number\n\x00", "number\n\xed\xa0\xbd", "number,code\n" + one + ",\u202e\x1b\u200f", ",,\n,,\n", "\n\n\"\n\n",
	} {
		f.Add([]byte(content), "", 0)
		f.Add([]byte(content), "number:x,code:number", 7)
	}
	f.Fuzz(func(t *testing.T, content []byte, names string, firstRow int) {
		columns, err := recipientfile.ParseColumns(names)
		if err != nil {
			columns = nil
		}
		if firstRow > 1<<40 { // a row is counted from there
			firstRow = 1
		}
		checkRows(t, content, recipientfile.Options{
			Media: recipientfile.CSV, Template: templateOf(t, text), Columns: columns, FirstRow: firstRow,
		})
		checkRows(t, content, recipientfile.Options{Media: recipientfile.CSV})
	})
}

func FuzzJSON(f *testing.F) {
	for _, content := range []string{
		"", "[]", "{}", "null", `["` + one + `"]`, `[447700900001]`, `{"recipients":["1",{"number":"2","vars":{"code":"x","first_name":null}}]}`,
		`[{"number":"1","number":"2","vars":{},"vars":[]}]`, `[{"number":{"a":[{}]},"x":[[[1]]]},null,true,1.5]`, `["\ud83d\u0000"]`,
		"\ufeff[\"1\"]", `["1"]x`, `{"recipients":["1"],"recipients":[]}`, "[\"\xff\"]", "[[[[[[[[", `[{"vars":{"code":{"code":"1"},"Code":2}}]`,
	} {
		f.Add([]byte(content), 0)
	}
	f.Fuzz(func(t *testing.T, content []byte, firstRow int) {
		if firstRow > 1<<40 {
			firstRow = 1
		}
		checkRows(t, content, recipientfile.Options{Media: recipientfile.JSON, Template: templateOf(t, text), FirstRow: firstRow})
		checkRows(t, content, recipientfile.Options{Media: recipientfile.JSON})
	})
}

func FuzzGzip(f *testing.F) {
	whole := packed(f, "number\n"+one)
	for _, body := range [][]byte{
		nil, whole, whole[:20], append(bytes.Clone(whole), whole...), append(bytes.Clone(whole), 0), packed(f, ""), bomb(f, 21), []byte("\x1f\x8b\x08\x00"),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		content, err := recipientfile.Unpack(body, true)
		var fault *recipientfile.Error
		switch {
		case err != nil && (!errors.As(err, &fault) || content != nil):
			t.Fatalf("%d bytes, %v", len(content), err)
		case len(content) > recipientfile.MaxUnpacked:
			t.Fatalf("%d bytes", len(content))
		case err == nil:
			checkRows(t, content, recipientfile.Options{Media: recipientfile.CSV})
		}
		if n := allocated(func() { _, _ = recipientfile.Unpack(body, true) }); n > 4*recipientfile.MaxUnpacked {
			t.Fatalf("%d bytes were allocated", n)
		}
	})
}
