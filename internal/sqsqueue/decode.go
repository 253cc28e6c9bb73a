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
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return campaign.Delivery{}, fmt.Errorf("decode a delivery: %w", unquoted(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return campaign.Delivery{}, errors.New("decode a delivery: there is more after its end")
	}
	if d.Campaign == "" || d.Batch == nil || d.Epoch == nil || *d.Batch < 0 || *d.Epoch < 0 {
		return campaign.Delivery{}, fmt.Errorf("decode a delivery: %w", errIncomplete)
	}
	return campaign.Delivery{Campaign: d.Campaign, Batch: *d.Batch, Epoch: *d.Epoch}, nil
}

// unquoted says what is wrong with a body without repeating any of it, as encoding/json does: it is from elsewhere, and
// the error is logged.
func unquoted(err error) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not JSON, as byte %d shows", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is not JSON: it ends too early")
	case errors.As(err, &mistyped):
		return fmt.Errorf("it has another form than a delivery, as byte %d shows", mistyped.Offset)
	default:
		return errors.New("it has a field that a delivery does not have")
	}
}
