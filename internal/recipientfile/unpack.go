package recipientfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
)

// Unpack returns the content of a body, which is the body itself where it is not packed with gzip (RFC 1952; several members
// are one content). It stops at MaxUnpacked, however small the body is that holds more. The error is an *Error.
func Unpack(body []byte, packed bool) ([]byte, error) {
	if !packed {
		if len(body) > MaxBody {
			return nil, tooLarge("has %d bytes, of which it may have %d: send it in parts, or packed with gzip", len(body), MaxBody)
		}
		return body, nil
	}
	if len(body) > MaxPacked {
		return nil, tooLarge("has %d bytes, of which it may have %d where it is packed: send it in parts", len(body), MaxPacked)
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, unreadable("body", "is not packed with gzip, as Content-Encoding says")
	}
	var content bytes.Buffer
	content.Grow(sizeOf(body))
	if _, err := content.ReadFrom(io.LimitReader(reader, MaxUnpacked+1)); err != nil {
		return nil, unreadable("body", "cannot be unpacked with gzip: it is damaged, incomplete, or followed by something else")
	}
	if content.Len() > MaxUnpacked {
		return nil, tooLarge("has more than %d bytes when it is unpacked: send it in parts", MaxUnpacked)
	}
	return content.Bytes(), nil
}

// sizeOf is how much the last member says that it holds, in its last four bytes (RFC 1952, 2.3.1), and so all of it as a
// rule: a buffer of that size needs not grow. It is only believed as far as the packing can be so good.
func sizeOf(body []byte) int {
	const (
		best  = 1032              // to one, of DEFLATE
		spare = bytes.MinRead + 1 // with which a buffer sees the end, or that there is too much
	)
	said := int64(binary.LittleEndian.Uint32(body[len(body)-4:])) // a gzip header has ten bytes
	return int(min(said, MaxUnpacked, best*int64(len(body)))) + spare
}
