package dynamostore_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sluice/internal/dynamostore"
	"sluice/internal/recipients"
)

// between does something else just before the first transaction.
type between struct {
	next http.RoundTripper
	once sync.Once
	do   func()
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "TransactWriteItems") {
		b.once.Do(b.do)
	}
	return b.next.RoundTrip(r)
}

// Whatever comes between what an upload has read and what it writes, the sums are those of the parts, every page that a part
// names is there, and no other. What came later and was stored is not overwritten.
func TestAnUploadMeetsAnother(t *testing.T) {
	type uploading func(ctx context.Context, s *dynamostore.Store) error
	put := func(u recipients.Upload) uploading {
		return func(ctx context.Context, s *dynamostore.Store) error {
			_, err := s.PutPart(ctx, campaignID, u)
			return err
		}
	}
	remove := func(ctx context.Context, s *dynamostore.Store) error { return s.RemovePart(ctx, campaignID, 1) }
	// Under number 1, 100 rows are stored.
	for name, c := range map[string]struct {
		do, meets  uploading
		err        error
		want       int // recipients under number 1
		uploads    int
		pages, bad int
	}{
		"of the same part": {
			do: put(aPart(1, "two", 1200)), meets: put(refusing(aPart(1, "three", 30), 5)), err: recipients.ErrChanged, want: 30,
			uploads: 2, pages: 1, bad: 1,
		},
		"of the same content": {
			do: put(refusing(aPart(1, "two", 1200), 7)), meets: put(refusing(aPart(1, "two", 1200), 7)), want: 1200, uploads: 2,
			pages: 2, bad: 1,
		},
		"that brings back what it replaces": {
			do: put(aPart(1, "two", 1200)), meets: func(ctx context.Context, s *dynamostore.Store) error {
				return errors.Join(put(aPart(1, "three", 30))(ctx, s), put(aPart(1, "one", 100))(ctx, s))
			}, err: recipients.ErrChanged, want: 100, uploads: 3, pages: 1,
		},
		"of another part":       {do: put(aPart(1, "two", 50)), meets: put(aPart(2, "two", 0)), want: 50, uploads: 3, pages: 1},
		"that removes the part": {do: put(aPart(1, "two", 50)), meets: remove, err: recipients.ErrChanged, uploads: 2},
		"when it removes the part": {
			do: remove, meets: put(aPart(1, "two", 1200)), err: recipients.ErrChanged, want: 1200, uploads: 2, pages: 2,
		},
		"and both remove the part": {do: remove, meets: remove, err: recipients.ErrNotFound, uploads: 2},
		"and the list has no room": {
			do: put(aPart(1, "two", 1200)), meets: put(full(2)), err: recipients.ErrTooMany, want: 100, uploads: 2, pages: 1,
		},
		"and the list has just so":  {do: put(aPart(1, "two", 100)), meets: put(full(2)), want: 100, uploads: 3, pages: 1},
		"and only the part was new": {do: put(full(1)), meets: put(full(1)), want: recipients.MaxList - 100, uploads: 2},
	} {
		t.Run(name, func(t *testing.T) {
			healthy, table, m := metered(t)
			aDraft(t, healthy)
			if err := put(aPart(1, "one", 100))(t.Context(), healthy); err != nil {
				t.Fatal(err)
			}
			s := dynamostore.New(client("http://dynamodb.local", &between{next: m, do: func() {
				if err := c.meets(t.Context(), healthy); err != nil {
					t.Error(err)
				}
			}}), tableName)
			if err := c.do(t.Context(), s); !errors.Is(err, c.err) {
				t.Errorf("it ends with %v, want %v", err, c.err)
			}
			sums(t, healthy, c.want, c.uploads)
			if pages, bad := count(t, table, "PAGE#"), count(t, table, "REFUSED#"); pages != c.pages || bad != c.bad {
				t.Errorf("%d pages and %d of refused rows are left, should be %d and %d", pages, bad, c.pages, c.bad)
			}
		})
	}
}

// full is a part that fills a list but for 100 rows. It has no pages.
func full(number int) recipients.Upload {
	return recipients.Upload{Part: recipients.Part{Number: number, Digest: "full", Accepted: recipients.MaxList - 100}}
}

// sums says that the campaign has the sums of its parts, of which the first has so many recipients, who are all there.
func sums(t *testing.T, s *dynamostore.Store, want, uploads int) {
	t.Helper()
	c, err := s.Campaign(t.Context(), campaignID)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := s.Parts(t.Context(), campaignID)
	if err != nil {
		t.Fatal(err)
	}
	accepted, refused, first := 0, 0, 0
	for _, p := range parts {
		accepted, refused = accepted+p.Accepted, refused+p.Refused
		if p.Number == 1 {
			first = p.Accepted
		}
		there := 0
		if err := s.Entries(t.Context(), campaignID, p, func(_ int, entries []recipients.Entry) error {
			there += len(entries)
			return nil
		}); err != nil || len(p.Pages) > 0 && there != p.Accepted {
			t.Errorf("of %d recipients of part %d %d are there, %v", p.Accepted, p.Number, there, err)
		}
	}
	if c.Recipients != accepted || c.Refused != refused || first != want || c.Uploads != uploads {
		t.Errorf("the campaign has %d recipients and %d refused, its parts %d and %d; part 1 has %d, want %d; %d uploads, want %d",
			c.Recipients, c.Refused, accepted, refused, first, want, c.Uploads, uploads)
	}
}
