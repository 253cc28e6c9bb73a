package parts

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// source is the file's content, unpacked and without a byte order mark.
type source struct {
	*bufio.Reader
	stored   *counter
	isPacked bool
}

const bufferBytes = 64 << 10

// What files begin with that are no UTF-8 text.
const (
	magicGzip     = "\x1f\x8b"   // RFC 1952, 2.3.1
	magicZip      = "PK\x03\x04" // APPNOTE.TXT, 4.3.7; also .xlsx, .ods, .numbers
	magicXLS      = "\xd0\xcf\x11\xe0"
	utf8Mark      = "\xef\xbb\xbf" // The Unicode Standard, 23.8
	utf16MarkLess = "\xff\xfe"
	utf16MarkMost = "\xfe\xff"
)

func newSource(r io.Reader) (*source, error) {
	s := &source{stored: &counter{from: r}}
	s.Reader = bufio.NewReaderSize(s.stored, bufferBytes)
	if bytes.HasPrefix(s.start(), []byte(magicGzip)) {
		unpacked, err := gzip.NewReader(s.Reader)
		if err != nil {
			return nil, fmt.Errorf("unpack the file: %w", err)
		}
		s.Reader, s.isPacked = bufio.NewReaderSize(unpacked, bufferBytes), true
	}
	start := s.start()
	for magic, what := range map[string]string{
		magicZip: "is a spreadsheet or a zip archive: save it as CSV UTF-8", magicXLS: "is a spreadsheet: save it as CSV UTF-8",
		utf16MarkLess: "is UTF-16: save it as CSV UTF-8", utf16MarkMost: "is UTF-16: save it as CSV UTF-8",
	} {
		if bytes.HasPrefix(start, []byte(magic)) {
			return nil, errors.New("the file " + what)
		}
	}
	if bytes.HasPrefix(start, []byte(utf8Mark)) {
		_, _ = s.Discard(len(utf8Mark)) // they are in the buffer
	}
	if start := s.start(); bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0 {
		s.Reader = bufio.NewReaderSize(oldLines{s.Reader}, bufferBytes)
	}
	return s, nil
}

// oldLines puts line feeds in place of the carriage returns that end lines in files of old spreadsheets.
type oldLines struct{ from io.Reader }

func (o oldLines) Read(p []byte) (int, error) {
	n, err := o.from.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// start is what the content begins with, as much as is at hand. An error comes again where it is read.
func (s *source) start() []byte {
	start, _ := s.Peek(bufferBytes)
	return start
}

// read is how many bytes of the file have been read; some too many where it is packed.
func (s *source) read() int64 {
	if s.isPacked {
		return s.stored.n
	}
	return s.stored.n - int64(s.Buffered())
}

type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}
