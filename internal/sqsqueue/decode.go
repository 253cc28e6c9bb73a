package sqsqueue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"sluice/internal/campaign"
)

// errIncomplete says what a body must hold.
var errIncomplete = errors.New("campaign, batch and epoch are required; the campaign not empty, the numbers not negative")

// Decode reads a delivery from the body of its message. It refuses whatever Enqueue does not write: a body from
// elsewhere is to reach the dead-letter queue, not to be guessed at. The delivery has no delay: it has served it.
func Decode(body string) (campaign.Delivery, error) {
	var d struct {
		Campaign     string
		Batch, Epoch *int
	}
	if err := read(body, "a delivery", &d); err != nil {
		return campaign.Delivery{}, err
	}
	if d.Campaign == "" || d.Batch == nil || d.Epoch == nil || *d.Batch < 0 || *d.Epoch < 0 {
		return campaign.Delivery{}, fmt.Errorf("decode a delivery: %w", errIncomplete)
	}
	return campaign.Delivery{Campaign: d.Campaign, Batch: *d.Batch, Epoch: *d.Epoch}, nil
}

// read reads one JSON value, of which every field must be known, and nothing behind it. what is what it should be.
func read(body, what string, v any) error {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("decode %s: %w", what, unquoted(err, what))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode %s: there is more after its end", what)
	}
	return nil
}

// unquoted says what is wrong with a body without repeating any of it, as encoding/json does: it is from elsewhere, and
// the error is logged.
func unquoted(err error, what string) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON, as byte %d shows", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is not JSON: it ends too early")
	case errors.As(err, &mistyped):
		return fmt.Errorf("it has another form than %s, as byte %d shows", what, mistyped.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return fmt.Errorf("it has a field that %s does not have", what)
	default:
		return fmt.Errorf("it has a value that %s cannot have", what)
	}
}
