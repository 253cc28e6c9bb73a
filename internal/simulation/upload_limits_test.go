package simulation_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
	"sluice/internal/simulation"
)

// The largest bodies fit into the event of 6 MB in which they come: as text, in which every quotation mark and every end of a
// line takes two bytes, and packed, as base64.
func TestTheLargestPartsReachTheFunction(t *testing.T) {
	for name, c := range map[string]struct {
		body    []byte
		headers []string
	}{
		"text":   {quoted(recipientfile.MaxBody), []string{"Content-Type", asCSV}},
		"packed": {noise(t, recipientfile.MaxPacked), []string{"Content-Type", asCSV, "Content-Encoding", "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			simulation.Run(t, simulation.Options{}, func(w *simulation.World) {
				path := "/campaigns/" + w.Create(draft("Hello!", 1, 0)).ID + "/recipients/1"
				type part struct{ Accepted, Refused, Duplicates int }
				got := simulation.Call[part](w, http.StatusOK, http.MethodPut, path, c.body, c.headers...)
				if got != (part{Accepted: recipients.MaxRows}) {
					t.Errorf("%+v", got)
				}
				more := append(bytes.Clone(c.body), ' ')
				status, answer := w.Do(http.MethodPut, path, more, c.headers...)
				if status != http.StatusRequestEntityTooLarge || !strings.Contains(string(answer), "send it in parts") {
					t.Errorf("a byte more: %d %s", status, answer)
				}
			})
		})
	}
}

// quoted is a table of so many bytes, of as many rows as there may be, all of whose cells are quoted.
func quoted(size int) []byte {
	b := bytes.NewBufferString("\"number\",\"name\"\r\n")
	room := (size - b.Len()) / recipients.MaxRows
	for i := range recipients.MaxRows {
		row := fmt.Sprintf("\"4478%08d\",\"%s\"\r\n", i, strings.Repeat("n", room-len("\"447800000000\",\"\"\r\n")))
		b.WriteString(row)
	}
	b.Write(bytes.Repeat([]byte("\n"), size-b.Len()))
	return b.Bytes()
}

// noise is a packed table of so many bytes, of as many rows as there may be, and of empty lines that are packed badly.
func noise(t *testing.T, size int) []byte {
	t.Helper()
	draw := newDraw(1)
	table := bytes.NewBufferString("number,note\n")
	for i := range recipients.MaxRows {
		note := make([]byte, 36)
		for j := range note {
			note[j] = byte(draw.Uint32())
		}
		fmt.Fprintf(table, "4478%08d,%s\n", i, hex.EncodeToString(note))
	}
	body := member(t, table.Bytes(), gzip.DefaultCompression)
	for fill := size - len(body); fill > 0; fill-- {
		all := append(bytes.Clone(body), member(t, bytes.Repeat([]byte("\n"), fill), gzip.NoCompression)...)
		if len(all) == size {
			return all
		}
	}
	t.Fatalf("the table has %d bytes: it cannot be filled up to %d", len(body), size)
	return nil
}

// member is a content that is packed; several of them are one (RFC 1952, section 2.2).
func member(t *testing.T, content []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
