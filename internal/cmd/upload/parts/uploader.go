package parts

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"
)

// MaxPart is the highest number of a part.
const MaxPart = 999

// Uploader uploads files to one campaign, one after the other.
type Uploader struct {
	Client   *Client
	Campaign string
	// Columns says which column is what, as the API takes it ("number:Mobile,first_name:Vorname"); empty: by their headers.
	Columns string
	// First is the number of the file's first part, 0 to MaxPart; the others follow it. Part 0 is what came with the campaign.
	First int
	// Replace puts the file's parts in place of others with their numbers, and removes those behind its last one.
	Replace bool
	// Parallel is how many parts are under way at the same moment, at least 1.
	Parallel int
	// Plain sends parts as they are, not packed with gzip.
	Plain bool
	// Limits are those of the parts that the file is cut into; Usual if they are zero. Other ones make other parts.
	Limits Limits
	// OnPart is told of each part that is there, one at a time, in any order; nil for nobody.
	OnPart func(Done)
}

// Done is a part that the campaign has.
type Done struct {
	Stored
	// FirstLine, LastLine and Read are the Part's.
	FirstLine, LastLine int
	Read                int64
	// WasThere: it did not have to be sent.
	WasThere bool
}

// Result is what a campaign has of the file.
type Result struct {
	Parts, Sent int
	// Duplicates are rows whose number stands earlier in their part. Rows is the sum of these three.
	Rows, Accepted, Refused, Duplicates int
	// Missing are variables, in order, that a part which was sent has no column for: their defaults stand in its texts.
	Missing []string
	// Surplus are the campaign's parts behind the file's last one, Removed those of them that were removed.
	Surplus, Removed []int
}

// TakenError: a part of the campaign has another content, which is not overwritten unasked.
type TakenError struct {
	Stored Stored
	// Free is the first number behind all that the campaign has.
	Free int
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("part %d of the campaign holds something else than this file does there (%d rows); nothing was overwritten",
		e.Stored.Part, e.Stored.Rows)
}

// Upload sends what the campaign does not have of a CSV file, which may be packed with gzip. With an error comes what the
// campaign has: the same call goes on there. The errors are a *TakenError, a *RefusedError, the file's own, or say that the API could not be reached.
func (u *Uploader) Upload(ctx context.Context, file io.Reader) (Result, error) {
	cut, err := NewCutter(file, cmp.Or(u.Limits, Usual()), u.Columns != "")
	if err != nil {
		return Result{}, err
	}
	c := campaign{u.Client, u.Campaign}
	if err := c.draft(ctx); err != nil {
		return Result{}, err
	}
	stored, err := c.stored(ctx)
	if err != nil {
		return Result{}, err
	}
	t := &transfer{Uploader: u, campaign: c, stored: stored}
	err = t.run(ctx, cut)
	return t.result, err
}

// transfer is one upload.
type transfer struct {
	*Uploader
	campaign campaign
	stored   map[int]Stored // when it began

	mu     sync.Mutex
	result Result
}

// job is a part to be sent.
type job struct {
	Part
	number int
	digest string
}

func (t *transfer) run(ctx context.Context, file *Cutter) error {
	group, inTime := errgroup.WithContext(ctx)
	jobs, behind := make(chan job), t.First
	group.Go(func() error {
		defer close(jobs)
		var err error
		behind, err = t.cut(inTime, file, jobs)
		return err
	})
	for range t.Parallel {
		group.Go(func() error { return t.work(inTime, jobs) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if behind == t.First {
		return errors.New("the file has no rows")
	}
	return t.tidy(ctx, behind)
}

// cut hands on the parts that are missing, and returns the number behind the last one of the file. It sends the first one
// itself, before the others: so what is wrong with the whole file is said of that, and once.
func (t *transfer) cut(ctx context.Context, file *Cutter, jobs chan<- job) (int, error) {
	for number := t.First; ; number++ {
		p, err := file.Next()
		switch {
		case errors.Is(err, io.EOF):
			return number, nil
		case err != nil:
			return number, err
		case number > MaxPart:
			return number, fmt.Errorf("from part %d on, the file has more parts than there are numbers, which end with %d", t.First, MaxPart)
		}
		j := job{p, number, digest(p, t.Columns)}
		there, is := t.stored[number]
		switch {
		case is && there.Digest == j.digest:
			t.note(Done{there, p.FirstLine, p.LastLine, p.Read, true})
			continue
		case is && !t.Replace:
			return number, &TakenError{there, slices.Max(slices.Collect(maps.Keys(t.stored))) + 1}
		}
		if number == t.First {
			if err := t.send(ctx, j); err != nil {
				return number, err
			}
			continue
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return number, ctx.Err()
		}
	}
}

func (t *transfer) work(ctx context.Context, jobs <-chan job) error {
	for j := range jobs {
		if err := t.send(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) send(ctx context.Context, j job) error {
	r := request{query: url.Values{"first_row": {strconv.Itoa(j.FirstLine)}}, body: j.Body}
	if t.Columns != "" {
		r.query.Set("columns", t.Columns)
	}
	if !t.Plain {
		r.body, r.isPacked = packed(j.Body), true
	}
	s, err := t.campaign.put(ctx, j.number, r)
	if err != nil {
		return fmt.Errorf("part %d (lines %d to %d): %w%s", j.number, j.FirstLine, j.LastLine, err, j.shifted(err))
	}
	if s.Digest != j.digest {
		return fmt.Errorf("part %d (lines %d to %d) is stored, but not as this program reads it: is it of the API's version?",
			j.number, j.FirstLine, j.LastLine)
	}
	t.note(Done{s, j.FirstLine, j.LastLine, j.Read, false})
	return nil
}

// aLine is how the API names one.
var aLine = regexp.MustCompile(`\bline [0-9]`)

// shifted says which lines the API speaks of when it refuses a part and names one: it knows no other ones.
func (p Part) shifted(err error) string {
	if p.Shift == 0 || !isRefusal(err, http.StatusUnprocessableEntity) || !aLine.MatchString(err.Error()) {
		return ""
	}
	return fmt.Sprintf("\nLines in that are the part's: add %d for those of the file", p.Shift)
}

func packed(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	return b.Bytes()
}

func (t *transfer) note(d Done) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &t.result
	r.Parts, r.Rows, r.Accepted = r.Parts+1, r.Rows+d.Rows, r.Accepted+d.Accepted
	r.Refused, r.Duplicates = r.Refused+d.Refused, r.Duplicates+d.Duplicates
	if !d.WasThere {
		r.Sent++
	}
	for name, header := range d.Columns {
		if at, known := slices.BinarySearch(r.Missing, name); header == "" && !known {
			r.Missing = slices.Insert(r.Missing, at, name)
		}
	}
	if t.OnPart != nil {
		t.OnPart(d)
	}
}

// tidy deals with the parts behind the file's end.
func (t *transfer) tidy(ctx context.Context, behind int) error {
	for _, number := range slices.Sorted(maps.Keys(t.stored)) {
		switch {
		case number < behind:
		case !t.Replace:
			t.result.Surplus = append(t.result.Surplus, number)
		default:
			if err := t.campaign.remove(ctx, number); err != nil {
				return fmt.Errorf("remove part %d: %w", number, err)
			}
			t.result.Removed = append(t.result.Removed, number)
		}
	}
	return nil
}
