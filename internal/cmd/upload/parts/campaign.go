package parts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Stored is a part that the campaign has. Duplicates are rows whose number stands earlier in the part.
type Stored struct {
	Part   int
	Digest string
	// Rows is the sum of the next three.
	Rows, Accepted, Refused, Duplicates int
	StoredAt                            time.Time `json:"stored_at"`
	// Columns are headers of the file by what was read from them, empty for a variable without a column; nil where nothing
	// was read now.
	Columns map[string]string
}

// campaign is the list of one, over the API.
type campaign struct {
	*Client
	id string
}

func (c campaign) path() string { return "/campaigns/" + url.PathEscape(c.id) }

func (c campaign) partPath(number int) string {
	return c.path() + "/recipients/" + strconv.Itoa(number)
}

// draft is an error where the list cannot be changed.
func (c campaign) draft(ctx context.Context) error {
	var found struct{ Status string }
	if err := c.call(ctx, request{method: http.MethodGet, path: c.path()}, &found); err != nil {
		return fmt.Errorf("look at the campaign: %w", err)
	}
	if found.Status != "draft" {
		return fmt.Errorf("the campaign is %s: recipients are uploaded while it is a draft (\"draft\": true), before it is launched", found.Status)
	}
	return nil
}

// stored are all parts, by number.
func (c campaign) stored(ctx context.Context) (map[int]Stored, error) {
	var list struct{ Parts []Stored }
	if err := c.call(ctx, request{method: http.MethodGet, path: c.path() + "/recipients"}, &list); err != nil {
		return nil, fmt.Errorf("look at what is uploaded: %w", err)
	}
	byNumber := make(map[int]Stored, len(list.Parts))
	for _, p := range list.Parts {
		byNumber[p.Part] = p
	}
	return byNumber, nil
}

// put stores a part in place of the one with its number. A conflict with other uploads passes.
func (c campaign) put(ctx context.Context, number int, r request) (Stored, error) {
	r.method, r.path = http.MethodPut, c.partPath(number)
	for try := 1; ; try++ {
		var answer Stored
		err := c.call(ctx, r, &answer)
		if !isRefusal(err, http.StatusConflict) || try == maxTries {
			return answer, err
		}
		if gone := c.draft(ctx); gone != nil {
			return answer, gone
		}
		if err := c.pause(ctx, backoff(try), err.Error()); err != nil {
			return answer, err
		}
	}
}

func (c campaign) remove(ctx context.Context, number int) error {
	err := c.call(ctx, request{method: http.MethodDelete, path: c.partPath(number)}, nil)
	if isRefusal(err, http.StatusNotFound) { // it was removed, and the answer lost
		return nil
	}
	return err
}

func isRefusal(err error, status int) bool {
	refused, is := errors.AsType[*RefusedError](err)
	return is && refused.Status == status
}
