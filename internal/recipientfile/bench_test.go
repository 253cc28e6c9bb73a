package recipientfile_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"testing"

	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
)

// BenchmarkRead has 100,000 rows of a number and two values, and what encoding/csv alone takes for them.
func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	table, list := bytes.NewBufferString("number,first_name,code\n"), bytes.NewBufferString("[")
	for i := range rows {
		fmt.Fprintf(table, "+4477%08d,Ada %d,%06d\n", i, i%1000, i)
		fmt.Fprintf(list, `{"number":"+4477%08d","vars":{"first_name":"Ada %d","code":"%06d"}},`, i, i%1000, i)
	}
	list.Truncate(list.Len() - 1)
	list.WriteByte(']')
	template := templateOf(b, text)
	per := func(b *testing.B, n int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		if n != b.N*rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.Run("encoding/csv alone", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			reader := csv.NewReader(bytes.NewReader(table.Bytes()))
			reader.ReuseRecord = true
			for {
				_, err := reader.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			n-- // the header
		}
		per(b, n)
	})
	for _, c := range []struct {
		media   string
		content []byte
	}{{recipientfile.CSV, table.Bytes()}, {recipientfile.JSON, list.Bytes()}} {
		b.Run(c.media, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				_, err := recipientfile.Read(c.content, recipientfile.Options{Media: c.media, Template: template},
					func(recipients.Row) error { n++; return nil }, func(recipients.Refusal) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
			per(b, n)
		})
	}
	body := packed(b, table.String())
	b.Run("gzip", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := recipientfile.Unpack(body, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("digest", func(b *testing.B) {
		for b.Loop() {
			recipientfile.Digest(table.Bytes(), recipientfile.CSV, "", "")
		}
	})
}
