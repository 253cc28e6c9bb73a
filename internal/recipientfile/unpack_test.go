package recipientfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sluice/internal/recipientfile"
	"sluice/internal/recipients"
)

// packed is some contents, each of them a member.
func packed(t testing.TB, contents ...string) []byte {
	t.Helper()
	var body bytes.Buffer
	for _, content := range contents {
		w, _ := gzip.NewWriterLevel(&body, gzip.BestSpeed)
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return body.Bytes()
}

// bomb is a small body that holds a great many times x.
func bomb(t testing.TB, megabytes int) []byte {
	t.Helper()
	var body bytes.Buffer
	w, _ := gzip.NewWriterLevel(&body, gzip.BestSpeed)
	block := bytes.Repeat([]byte("x"), 1_000_000)
	for range megabytes {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

func TestUnpack(t *testing.T) {
	for _, c := range []struct {
		name   string
		body   []byte
		packed bool
		want   string
	}{
		{"what is not packed", []byte("number\n1"), false, "number\n1"},
		{"the longest body", bytes.Repeat([]byte("x"), recipientfile.MaxBody), false, strings.Repeat("x", recipientfile.MaxBody)},
		{"what is packed", packed(t, "number\n1"), true, "number\n1"},
		{"several members", packed(t, "number\n", "", "1\n", "2\n"), true, "number\n1\n2\n"},
		{"the most that a body may hold", packed(t, strings.Repeat("x", recipientfile.MaxUnpacked)), true, strings.Repeat("x", recipientfile.MaxUnpacked)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := recipientfile.Unpack(c.body, c.packed)
			if err != nil || string(got) != c.want {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	const damaged = "body cannot be unpacked with gzip: it is damaged, incomplete, or followed by something else"
	whole := packed(t, "number\n"+one)
	broken := slices.Clone(whole)
	broken[len(broken)-6] ^= 1 // of the checksum
	lying := slices.Clone(whole)
	lying[len(lying)-1] = 0xff // of the length
	for _, c := range []struct {
		name   string
		body   []byte
		packed bool
		large  bool
		want   string
	}{
		{"nothing", nil, true, false, "body is not packed with gzip, as Content-Encoding says"},
		{"text", []byte("number\n1234567"), true, false, "body is not packed with gzip, as Content-Encoding says"},
		{"a header alone", whole[:10], true, false, damaged},
		{"a body that was cut off", whole[:len(whole)-1], true, false, damaged},
		{"a wrong checksum", broken, true, false, damaged},
		{"a wrong length", lying, true, false, damaged},
		{"something behind it", append(slices.Clone(whole), "more"...), true, false, damaged},
		{"zeros behind it", append(slices.Clone(whole), 0, 0, 0, 0), true, false, damaged},
		{"half a member behind it", append(slices.Clone(whole), whole[:15]...), true, false, damaged},
		{"too long a body", make([]byte, recipientfile.MaxBody+1), false, true,
			"body has 5000001 bytes, of which it may have 5000000: send it in parts, or packed with gzip"},
		{"too long a packed body", make([]byte, recipientfile.MaxPacked+1), true, true,
			"body has 4700001 bytes, of which it may have 4700000 where it is packed: send it in parts"},
		{"too much in it", packed(t, strings.Repeat("x", recipientfile.MaxUnpacked+1)), true, true,
			"body has more than 20000000 bytes when it is unpacked: send it in parts"},
		{"too much in many members", bytes.Repeat(packed(t, strings.Repeat("x", 1_000_000)), 21), true, true,
			"body has more than 20000000 bytes when it is unpacked: send it in parts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := recipientfile.Unpack(c.body, c.packed)
			var fault *recipientfile.Error
			if !errors.As(err, &fault) || fault.TooLarge != c.large || err.Error() != c.want || got != nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// allocated is how many bytes were taken from memory meanwhile, given back or not.
func allocated(do func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// Whatever is sent, memory is bounded by the length of the content: all that is taken in turn, not only what is held at once.
func TestMemoryIsBoundedWhateverIsSent(t *testing.T) {
	const (
		size = recipientfile.MaxUnpacked / 5 // all of it takes as many times longer
		most = 8*size + 16<<20
	)
	read := func(media string, content []byte) func() {
		o := recipientfile.Options{Media: media, Template: templateOf(t, text)}
		return func() {
			_, _ = recipientfile.Read(content, o, func(recipients.Row) error { return nil }, func(recipients.Refusal) error { return nil })
		}
	}
	full := func(row string) []byte { return bytes.Repeat([]byte(row), size/len(row)) }
	large := bomb(t, 100)
	for name, do := range map[string]func(){
		"a bomb of 100 MB": func() {
			if _, err := recipientfile.Unpack(large, true); err == nil {
				t.Error("it was unpacked")
			}
		},
		"many empty members":         func() { _, _ = recipientfile.Unpack(bytes.Repeat(packed(t, ""), 100_000), true) },
		"one line of commas":         read(recipientfile.CSV, full(",")),
		"lines of commas":            read(recipientfile.CSV, full(strings.Repeat(",", 250_000)+"\n")),
		"lines of cells":             read(recipientfile.CSV, full(strings.Repeat("x,", 400)+"\n")),
		"lines alone":                read(recipientfile.CSV, full("\n")),
		"quoted lines":               read(recipientfile.CSV, append([]byte("number\n\""), full("\n")...)),
		"one cell":                   read(recipientfile.CSV, full("x")),
		"one quoted cell":            read(recipientfile.CSV, append([]byte(`"`), full("x")...)),
		"quotation marks":            read(recipientfile.CSV, full(`"`)),
		"columns without number":     read(recipientfile.CSV, append([]byte("number"), full(",code")...)),
		"refused rows":               read(recipientfile.CSV, append([]byte("number,code\n"), full(strings.Repeat("9", 180)+",1\n")...)),
		"one string":                 read(recipientfile.JSON, append(append([]byte(`["`), full("x")...), `"]`...)),
		"brackets":                   read(recipientfile.JSON, full("[")),
		"fields that nobody knows":   read(recipientfile.JSON, append(append([]byte(`[{"a":1`), full(`,"a":1`)...), "}]"...)),
		"an entry that is too deep":  read(recipientfile.JSON, append(append([]byte(`[{"a":[1`), full(`,[[]]`)...), "]}]"...)),
		"vars that nobody asked for": read(recipientfile.JSON, append(append([]byte(`[{"number":"1","vars":{"a":1`), full(`,"b":1`)...), "}}]"...)),
	} {
		t.Run(name, func(t *testing.T) {
			if n := allocated(do); n > most {
				t.Errorf("%d MB were allocated, of which it may be %d", n>>20, most>>20)
			} else {
				t.Logf("%d MB", n>>20)
			}
		})
	}
}
